"""How answers look."""

import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unibos.clients.cli import show


@pytest.fixture
def istanbul(monkeypatch):
    monkeypatch.setenv("TZ", "Europe/Istanbul")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_moments_are_told_in_the_users_zone(istanbul):
    assert show.moment("2026-01-02T22:04:05.678Z") == "2026-01-03 01:04"
    assert show.moment(None) == ""


@pytest.mark.parametrize(
    ("count", "told"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1536, "1.5 KiB"), (5 * 1024**4, "5.0 TiB")],
)
def test_sizes(count, told):
    assert show.size(count) == told


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0, "0 s"), (59.9, "59 s"), (61, "1 min 1 s"), (3600, "1 h"), (90061, "1 d 1 h")],
)
def test_durations(seconds, told):
    assert show.duration(seconds) == told


def test_columns_are_as_wide_as_they_need(capsys):
    show.table(("A", "Bee"), [("long cell", 1), ("東京", None)])
    assert capsys.readouterr().out.splitlines() == ["A          Bee", "long cell  1", "東京"]


def test_a_terminal_cuts_what_is_too_long(capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "10")
    show.table(("A",), [("x" * 30,)])
    assert capsys.readouterr().out.splitlines()[1] == "x" * 9 + "…"


def test_facts_without_a_value_are_left_out(capsys):
    show.facts({"Id": "1", "Title": None, "Pages": 0, "Tags": ""})
    assert capsys.readouterr().out == "Id     1\nPages  0\n"


@given(st.text())
def test_what_came_over_the_wire_cant_steer_a_terminal(value):
    assert "\x1b" not in show.clean(value)
    assert len(show.clean(value).splitlines()) <= 1


def test_text_into_a_pipe_is_as_it_is_and_on_a_terminal_harmless(monkeypatch):
    read = "a\x1b[2J\tb\n\nc"
    assert show.text(read) == read
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert show.text(read) == "a\\x1b[2J   b\n\nc"
