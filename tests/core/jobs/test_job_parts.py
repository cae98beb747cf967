"""The small parts: kinds by name, the clock, the pace of progress, messages, pauses."""

import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.jobs.job_kinds import HEAVY, LIGHT
from unibos.base import errors
from unibos.core.jobs import messages
from unibos.core.jobs.clock import SteadyClock
from unibos.core.jobs.kind import LightKind, Task, by_name
from unibos.core.jobs.options import child_command
from unibos.core.jobs.outcome import LONGEST_PAUSE, pause_seconds
from unibos.core.jobs.pace import Pace
from unibos.core.store.job import Progress


def test_kinds_by_name():
    assert by_name([HEAVY, LIGHT, HEAVY]) == {"test.heavy": HEAVY, "test.light": LIGHT}


def test_two_kinds_of_one_name_are_refused():
    other = LightKind(name="test.heavy", run=lambda store, job, report: None)
    with pytest.raises(ValueError, match=r"test\.heavy"):
        by_name([HEAVY, other])


def test_a_child_is_started_from_source_or_from_the_binary(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/usr/bin/python3")
    assert child_command() == ("/usr/bin/python3", "-m", "unibos", "run-job")
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert child_command() == ("/usr/bin/python3", "run-job")


class Time:
    def __init__(self):
        self.wall = 1_000_000
        self.monotonic = 50.0

    def clock(self):
        return SteadyClock(lambda: self.wall, lambda: self.monotonic)

    def run(self, seconds):
        self.monotonic += seconds
        self.wall += int(seconds * 1000)


def test_the_clock_follows_the_wall_clock_forward():
    time = Time()
    clock = time.clock()
    assert clock.now() == 1_000_000
    time.run(1)
    assert clock.now() == 1_001_000
    time.wall += 86_400_000
    assert clock.now() == 87_401_000


def test_set_back_the_clock_goes_on_from_where_it_is():
    time = Time()
    clock = time.clock()
    clock.now()
    time.wall -= 86_400_000
    assert clock.now() == 1_000_000
    time.run(2.5)
    assert clock.now() == 1_002_500


def test_the_clock_is_never_behind_what_the_database_saw():
    time = Time()
    clock = time.clock()
    clock.see(5_000_000)
    assert clock.now() == 5_000_000
    clock.see(1)
    time.run(1)
    assert clock.now() == 5_001_000


@given(
    st.lists(
        st.tuples(st.sampled_from(["run", "set", "see"]), st.integers(-10_000, 10_000)),
        max_size=30,
    )
)
def test_the_clock_never_goes_back_and_never_stands_still(steps):
    time = Time()
    clock = time.clock()
    last = clock.now()
    for what, amount in steps:
        if what == "run":
            time.monotonic += abs(amount) / 1000
            assert clock.now() >= last + abs(amount) - 1
        elif what == "set":
            time.wall += amount
        else:
            clock.see(last + amount)
        assert clock.now() >= last
        last = clock.now()


def paced():
    time, written = Time(), []
    return time, written, Pace(written.append, 5, lambda: time.monotonic)


def test_the_first_progress_is_written_at_once_and_the_newest_after_a_pause():
    time, written, pace = paced()
    pace.tell(Progress(0.1))
    pace.tell(Progress(0.2))
    pace.tell(Progress(0.3))
    assert written == [Progress(0.1)]
    assert pace.wait() == 5
    time.run(4)
    assert pace.wait() == 1
    pace.flush()
    assert len(written) == 1
    time.run(1)
    assert pace.wait() == 0
    pace.flush()
    assert written == [Progress(0.1), Progress(0.3)]
    assert pace.wait() is None


def test_progress_that_says_nothing_new_is_not_written():
    time, written, pace = paced()
    for _ in range(3):
        pace.tell(Progress(0.1))
        time.run(10)
        pace.flush()
    assert written == [Progress(0.1)]


def test_a_request_travels():
    task = Task({"language": "eng"}, Path("/data/blobs/ab"))
    request = messages.Request("test.heavy", task, Path("/data/work/1"), 320, 42)
    line = messages.encode(request)
    assert line.endswith(b"\n")
    assert messages.read_request(line) == request


@pytest.mark.parametrize(
    "line",
    [
        messages.Told(Progress(0.5, "page 1")),
        messages.Done({"text": "line\nline"}),
        messages.Broken("Invalid", "bad", "It is bad.", "Mend it."),
    ],
)
def test_lines_travel(line):
    text = messages.encode(line)
    assert text.count(b"\n") == 1
    assert messages.read_line(text) == line


@pytest.mark.parametrize("text", [b"", b"hello", b'{"type":"done"}', b'{"type":"other"}'])
def test_what_is_no_line_is_refused(text):
    with pytest.raises(msgspec.MsgspecError):
        messages.read_line(text)


def test_an_error_is_of_the_same_kind_on_the_other_side():
    told = messages.Broken.of(errors.TooLarge("pdf_too_large", "Too many pages.", hint="Split it."))
    error = told.error()
    assert type(error) is errors.TooLarge
    assert (error.code, error.detail, error.hint) == (
        "pdf_too_large",
        "Too many pages.",
        "Split it.",
    )


@pytest.mark.parametrize("name", ["SystemExit", "annotations", "", "Nothing"])
def test_only_our_kinds_of_error_come_back(name):
    assert type(messages.Broken(name, "x", "y").error()) is errors.Error


def test_pauses_double_and_end_at_an_hour():
    middle = [pause_seconds(failures, 10, 0.5) for failures in (0, 1, 2, 3, 9, 10, 1000)]
    assert middle == [10, 10, 20, 40, 2560, LONGEST_PAUSE, LONGEST_PAUSE]
    assert pause_seconds(1, 10, 0) == 7.5
    assert pause_seconds(1, 10, 1) == 12.5
