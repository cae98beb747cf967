"""Events in systemd's native protocol, as a journal on a real socket gets them."""

import logging
import os
import socket
from pathlib import Path

import pytest

from unibos.base import journal, log

LOGGER = logging.getLogger("unibos.test")


def parsed(datagram):
    """What a journal makes of a datagram."""
    fields, rest = {}, datagram
    while rest:
        line, _, rest = rest.partition(b"\n")
        name, sign, value = line.partition(b"=")
        if not sign:
            length = int.from_bytes(rest[:8], "little")
            value, rest = rest[8 : 8 + length], rest[9 + length :]
        fields[name.decode()] = value.decode()
    return fields


@pytest.fixture
def told(tmp_path, monkeypatch):
    """Start logging to a journal; gives its events."""
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind("socket")
        listener.settimeout(5)
        monkeypatch.setattr(journal, "SOCKET", Path("socket"))
        with (tmp_path / "stderr").open("w+") as stream:
            status = os.fstat(stream.fileno())
            log.start(
                "info", "auto", stream, {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}
            )
            yield listener, lambda: parsed(listener.recv(1 << 20)), stream
            log.start("warning")


def test_an_event_has_its_fields(told):
    _, event, _ = told
    LOGGER.warning("low %s", "disk", extra={"free_mb": 3, "where": "/a", "api_token": "hush"})
    got = event()
    assert got["MESSAGE"].startswith("unibos.test: low disk free_mb=3 where=/a")
    expected = {
        "PRIORITY": "4",
        "SYSLOG_IDENTIFIER": "unibos",
        "UNIBOS_LOGGER": "unibos.test",
        "UNIBOS_FREE_MB": "3",
        "UNIBOS_WHERE": "/a",
        "UNIBOS_API_TOKEN": log.HIDDEN,
    }
    assert got | expected == got
    assert got["CODE_FILE"] == __file__


def test_an_exception_is_told_where_it_happened(told):
    _, event, _ = told
    try:
        int("bad")
    except ValueError:
        LOGGER.exception("failed")
    got = event()
    assert got["PRIORITY"] == "3"
    assert got["UNIBOS_ERROR"] == "ValueError: invalid literal for int() with base 10: 'bad'"
    assert "test_journal.py" in got["UNIBOS_AT"]


def test_nothing_that_came_from_outside_makes_a_field_or_an_event(told):
    _, event, _ = told
    LOGGER.warning("name\nPRIORITY=0\nFORGED=1", extra={"where": "a\nFORGED=2", "a=b\nFORGED": "x"})
    got = event()
    assert got["PRIORITY"] == "4"
    assert "FORGED" not in got
    assert "\n" not in got["MESSAGE"] + got["UNIBOS_WHERE"]


def test_a_value_of_several_lines_keeps_them():
    field = journal._field("A", "x\nB=1")
    assert parsed(field) == {"A": "x\nB=1"}


def test_a_huge_event_is_cut_and_still_goes(told):
    _, event, _ = told
    LOGGER.warning("x" * 1_000_000)
    assert len(event()["MESSAGE"]) < 60_000


def test_without_a_journal_that_listens_lines_are_written(told):
    listener, _, stream = told
    listener.close()
    LOGGER.warning("still here")
    stream.flush()
    stream.seek(0)
    assert "<4>unibos.test: still here" in stream.read()
