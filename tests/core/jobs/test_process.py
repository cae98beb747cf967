"""A child as its server sees it: real processes that work, misbehave and are killed."""

import os
import signal
import threading
from pathlib import Path

import pytest

from tests.core.jobs.processes import CHILD, gone, sleeping
from unibos.base.errors import Error, Invalid, TooLarge, Unavailable
from unibos.core.jobs import messages
from unibos.core.jobs.kind import Task
from unibos.core.jobs.pace import Pace
from unibos.core.jobs.process import Child
from unibos.core.store.job import Progress

STOP = Unavailable("server_stopping", "The server stops.")


class Run:
    """One child, its progress, and a folder."""

    def __init__(self, folder: Path, kind: str = "test.heavy", memory_mb: int = 512, **args):
        self.told: list[Progress] = []
        self.folder = folder / "child"
        self.folder.mkdir()
        request = messages.Request(kind, Task(args), self.folder, memory_mb, os.getpid())
        self.child = Child(args.get("command", CHILD), request)

    def __call__(self, timeout: float = 30) -> object:
        return self.child.run(Pace(self.told.append, 0), timeout)

    def fails(self, timeout: float = 30) -> Error:
        with pytest.raises(Error) as raised:
            self(timeout)
        return raised.value


def test_work_is_done_in_a_confined_process(tmp_path, monkeypatch):
    monkeypatch.setenv("UNIBOS_TOKEN", "secret")
    monkeypatch.setenv("SOME_PASSWORD", "secret")
    run = Run(tmp_path, do="echo", say="Grüße\n")
    result = run()
    assert result["said"] == "Grüße\n"
    assert result["here"] == result["folder"] == result["temporary"] == str(run.folder)
    assert result["nice"] == min(19, os.nice(0) + 10)
    assert result["badness"] == "500"
    assert result["alone"]
    assert result["command"] == list(CHILD[1:])
    assert not [name for name in result["environment"] if "UNIBOS" in name or "PASSWORD" in name]
    assert run.told == [Progress(0.5, "half")]
    assert "a library that chats" in run.child.printed
    assert "and so does its program" in run.child.printed
    assert gone(run.child.pid)


def test_a_large_result_and_a_large_request_pass(tmp_path):
    size = 3_000_000
    assert Run(tmp_path, do="boast", bytes=size, padding="y" * size)() == "x" * size


def test_a_result_over_the_limit_is_refused_and_the_child_killed(tmp_path, monkeypatch):
    monkeypatch.setattr(messages, "LONGEST_LINE", 100_000)
    run = Run(tmp_path, do="boast", bytes=10_000_000)
    error = run.fails()
    assert isinstance(error, TooLarge)
    assert error.code == "job_result_too_large"
    assert gone(run.child.pid)


def test_an_error_of_ours_arrives_as_it_was_raised(tmp_path):
    error = Run(tmp_path, do="refuse").fails()
    assert type(error) is Invalid
    assert (error.code, error.hint) == ("picture_empty", "Send another.")


@pytest.mark.parametrize("do", ["break", "unspeakable"])
def test_any_other_error_is_told_without_what_it_says(tmp_path, do):
    run = Run(tmp_path, do=do)
    error = run.fails()
    assert error.code == "job_error"
    assert "secret" not in error.detail
    assert "Traceback" in run.child.printed


def test_an_unknown_kind_is_an_error(tmp_path):
    assert Run(tmp_path, kind="test.light", do="echo").fails().code == "job_kind_unknown"


def test_a_crash_is_told_with_its_signal(tmp_path):
    run = Run(tmp_path, do="die")
    error = run.fails()
    assert error.code == "job_crashed"
    assert "signal 11" in error.detail
    assert run.child.printed.strip() == "these are my last words"


def test_killed_from_outside_is_a_crash_with_a_hint_at_memory(tmp_path):
    error = Run(tmp_path, do="die", signal=signal.SIGKILL).fails()
    assert error.code == "job_crashed"
    assert "memory" in error.hint


def test_leaving_without_an_answer_is_a_crash(tmp_path):
    assert "exit code 7" in Run(tmp_path, do="leave").fails().detail


def test_too_much_memory_is_told_as_such(tmp_path):
    error = Run(tmp_path, do="eat", memory_mb=256).fails()
    assert isinstance(error, TooLarge)
    assert error.code == "job_out_of_memory"


def test_a_program_that_cannot_be_started_is_an_error(tmp_path):
    with pytest.raises(Unavailable) as raised:
        Run(tmp_path, command=("/nowhere/python",))
    assert raised.value.code == "job_not_started"


def test_a_program_that_is_no_child_is_a_crash_and_its_chat_is_ignored(tmp_path):
    run = Run(tmp_path, command=("echo", "hello"))
    assert run.fails().code == "job_crashed"


def test_a_timeout_kills_the_child_and_its_programs(tmp_path):
    run = Run(tmp_path, do="sleep", pids=str(tmp_path / "pids"))
    ids = sleeping(tmp_path / "pids")
    assert run.fails(timeout=0.05).code == "job_timeout"
    assert run.told in ([], [Progress(None, "sleeping")])
    assert all(gone(pid) for pid in ids)


def test_a_kill_ends_the_child_and_its_programs_at_once(tmp_path):
    run = Run(tmp_path, do="sleep", pids=str(tmp_path / "pids"))
    ids = sleeping(tmp_path / "pids")
    killer = threading.Thread(target=run.child.kill, args=(STOP,))
    killer.start()
    assert run.fails() is STOP
    killer.join()
    assert all(gone(pid) for pid in ids)
    # Its id may be another process's by now.
    run.child.kill(STOP)


def test_progress_that_waited_is_written_while_the_child_works(tmp_path):
    """The last of many is told without another one coming."""
    run = Run(tmp_path, do="sleep_after_progress")
    told = threading.Event()

    def write(progress):
        run.told.append(progress)
        if progress == Progress(1, "last"):
            told.set()

    errors = []

    def work():
        with pytest.raises(Error) as raised:
            run.child.run(Pace(write, 0.05), 30)
        errors.append(raised.value)

    working = threading.Thread(target=work)
    working.start()
    assert told.wait(30)
    run.child.kill(STOP)
    working.join()
    assert errors == [STOP]
    assert run.told[0] == Progress(0, "first")
    assert len(run.told) < 50


def test_a_program_that_outlives_the_work_is_killed(tmp_path):
    sleeper = Run(tmp_path, do="leave_a_program")()
    assert gone(sleeper)


def test_a_request_cut_off_or_of_another_parent_is_not_worked_on(tmp_path):
    import subprocess

    for text, code in ((b'{"kind":', 2), (_request_of_another(tmp_path), 3)):
        done = subprocess.run(CHILD, input=text, capture_output=True, check=False)
        assert (done.returncode, done.stdout) == (code, b"")


def _request_of_another(folder: Path) -> bytes:
    return messages.encode(messages.Request("test.heavy", Task({"do": "echo"}), folder, 320, 1))
