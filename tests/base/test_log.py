"""One line an event, nothing forged, nothing secret."""

import io
import json
import logging
import os
import re
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unibos.base import log


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture(autouse=True)
def root_logger():
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = before


def started(format="auto", level="info", stream=None, environ=None):
    stream = stream or io.StringIO()
    log.start(level, format, stream, environ or {})
    return stream


def events(stream):
    return [json.loads(line) for line in stream.getvalue().splitlines()]


LOGGER = logging.getLogger("unibos.test")


def test_text_has_time_level_name_message_and_fields():
    stream = started()
    LOGGER.info("listening", extra={"address": "http://a:1", "roles": ["node"], "took": 1.5})
    line = stream.getvalue()
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d INFO unibos\.test: listening "
        r'address=http://a:1 roles="\[\\"node\\"\]" took=1\.5\n',
        line,
    )


def test_the_local_zone_is_told(monkeypatch):
    import time

    monkeypatch.setenv("TZ", "Europe/Istanbul")
    time.tzset()
    try:
        stream = started()
        LOGGER.info("x")
        assert "+03:00 INFO" in stream.getvalue()
    finally:
        monkeypatch.undo()
        time.tzset()


def test_values_with_spaces_are_quoted():
    stream = started()
    LOGGER.info("x", extra={"a": "two words", "b": 'quo"te', "c": "", "d": "k=v"})
    assert stream.getvalue().endswith('x a="two words" b="quo\\"te" c="" d="k=v"\n')


def test_json_is_one_object_a_line():
    stream = started("json")
    LOGGER.warning("low %s", "disk", extra={"free_mb": 3, "where": {"path": "/a"}})
    [event] = events(stream)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", event.pop("time"))
    assert event == {
        "level": "warning",
        "logger": "unibos.test",
        "message": "low disk",
        "free_mb": 3,
        "where": {"path": "/a"},
    }


def test_fields_cant_replace_what_every_event_has():
    stream = started("json")
    LOGGER.info("true", extra={"level": "forged", "logger": "forged", "time": "forged"})
    [event] = events(stream)
    assert "forged" not in event.values()


def test_the_level_is_kept():
    stream = started(level="warning")
    LOGGER.info("no")
    LOGGER.warning("yes")
    assert stream.getvalue().count("\n") == 1


def test_a_second_start_replaces_the_first():
    first, second = started(), started()
    LOGGER.info("x")
    assert (first.getvalue(), second.getvalue().count("\n")) == ("", 1)


def test_a_terminal_gets_a_short_time_and_colours():
    stream = started(stream=Terminal())
    LOGGER.error("bad")
    plain = re.sub(r"\x1b\[[\d;]*m", "", stream.getvalue())
    assert re.fullmatch(r"\d\d:\d\d:\d\d ERROR    unibos\.test: bad\n", plain)
    assert "\x1b[31m" in stream.getvalue()


@pytest.mark.parametrize(
    ("level", "priority"),
    [("debug", 7), ("info", 6), ("warning", 4), ("error", 3), ("critical", 2)],
)
def test_the_journal_gets_a_priority_and_no_time(tmp_path, level, priority):
    with (tmp_path / "journal").open("w+") as stream:
        status = os.fstat(stream.fileno())
        environ = {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}
        log.start("debug", "text", stream, environ)
        getattr(LOGGER, level)("event", extra={"a": 1})
        log.start("debug", "json", stream, environ)
        getattr(LOGGER, level)("event")
        stream.seek(0)
        text, line = stream.read().splitlines()
    assert text == f"<{priority}>unibos.test: event a=1"
    assert line.startswith(f"<{priority}>{{")


def test_another_stream_than_the_journals_is_not_the_journal(tmp_path):
    with (tmp_path / "file").open("w") as stream:
        assert not log.is_journal(stream, {"JOURNAL_STREAM": "1:1"})
        assert not log.is_journal(stream, {})
    assert not log.is_journal(io.StringIO(), {"JOURNAL_STREAM": "1:1"})


@pytest.mark.parametrize("format", ["text", "json"])
@pytest.mark.parametrize(
    "forged", ["a\n<3>root: forged", "a\r\nb", "a\x1b[2Jb", "a\u2028b", "a\u202eb"]
)
def test_input_cant_forge_a_line_or_steer_a_terminal(format, forged):
    stream = started(format)
    LOGGER.info("login %s", forged, extra={"user": forged, forged: forged})
    line = stream.getvalue()
    assert len(line.splitlines()) == 1
    assert line[:-1].isprintable()


@given(st.text())
def test_what_is_escaped_is_printable_or_a_space(text):
    assert len(log.escaped(text).splitlines()) <= 1
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e]", log.escaped(text))


def test_letters_of_any_language_stay():
    assert log.escaped("Şişli – Grüße – 東京") == "Şişli – Grüße – 東京"


@pytest.mark.parametrize("format", ["text", "json"])
@pytest.mark.parametrize(
    "extra",
    [
        {"password": "hunter2"},
        {"new_password": "hunter2"},
        {"access_token": "hunter2"},
        {"setup_code": "hunter2"},
        {"Authorization": "Bearer hunter2"},
        {"headers": [{"Authorization": "hunter2"}]},
        {"body": {"user": {"secret": "hunter2"}}},
        {"url": "/events?token=hunter2"},
        {"body": '{"password": "hunter2"}'},
        {"header": "Authorization: Basic hunter2"},
    ],
)
def test_secrets_are_masked(format, extra):
    stream = started(format)
    LOGGER.info("x", extra=extra)
    LOGGER.info("got %s", extra)
    assert "hunter2" not in stream.getvalue()
    assert stream.getvalue().count("•••") + stream.getvalue().count(r"\u2022" * 3) == 2


def test_a_message_masks_what_it_says_itself():
    stream = started()
    LOGGER.info("curl -H 'Authorization: Bearer hunter2' /x?refresh_token=hunter2&limit=3")
    assert "hunter2" not in stream.getvalue()
    assert "&limit=3" in stream.getvalue()


def test_plain_words_about_secrets_stay():
    stream = started()
    LOGGER.info("the token has expired; password changed")
    assert "the token has expired; password changed" in stream.getvalue()


def failing():
    try:
        int("no\nnumber")
    except ValueError as error:
        raise RuntimeError("can't, password=hunter2") from error


def logged_failure(format, stream=None):
    stream = started(format, stream=stream)
    try:
        failing()
    except RuntimeError:
        LOGGER.exception("job failed", extra={"job": 7})
    return stream


def test_an_exception_stays_on_its_line():
    line = logged_failure("text").getvalue()
    assert len(line.splitlines()) == 1
    assert "job=7 error=\"RuntimeError: can't, password=••• < ValueError: invalid" in line
    assert re.search(
        r'at="base/test_log\.py:\d+ failing < base/test_log\.py:\d+ logged_failure"', line
    )


def test_an_exception_in_json():
    [event] = events(logged_failure("json"))
    assert event["error"].startswith("RuntimeError: can't, password=•••")
    assert "failing" in event["at"]


def test_a_terminal_gets_the_traceback_below():
    text = logged_failure("auto", Terminal()).getvalue()
    first, *rest = text.splitlines()
    assert "job failed" in first
    assert rest[0].strip().startswith("Traceback")
    assert all(line.startswith("    ") for line in rest)
    assert "hunter2" not in text


def test_without_an_exception_at_hand_nothing_is_added():
    stream = started("json")
    LOGGER.info("x", exc_info=True)
    assert "error" not in events(stream)[0]


def test_what_json_does_not_know_is_written_as_text(tmp_path):
    stream = started("json")
    LOGGER.info("x", extra={"path": tmp_path, "ids": {1}, "none": None})
    [event] = events(stream)
    assert (event["path"], event["ids"], event["none"]) == (str(tmp_path), [1], None)


def test_standard_error_is_the_default(capsys):
    log.start(environ={})
    assert logging.getLogger().handlers[-1].stream is sys.stderr
