"""Children that a warm process bears: the same care, and the same ends."""

import os
import select
import signal
import socket
import subprocess
import threading
from pathlib import Path

import pytest

from tests.core.jobs.processes import CHILD, gone, sleeping
from unibos.base.errors import Error, Unavailable
from unibos.core.jobs import messages, nursery
from unibos.core.jobs.kind import Task
from unibos.core.jobs.pace import Pace
from unibos.core.jobs.process import Child

STOP = Unavailable("server_stopping", "The server stops.")


@pytest.fixture(autouse=True)
def _none_left():
    yield
    nursery._close_all()


def child(folder, name="child", memory_mb=512, **args):
    own = folder / name
    own.mkdir()
    args["pids"] = str(own / "pids")
    request = messages.Request("test.heavy", Task(args), own, memory_mb, os.getpid())
    return Child(CHILD, request, warm=True)


def end(one):
    return one.run(Pace(lambda _: None, 0), 30)


def parent_of(pid):
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def test_each_job_has_a_confined_child_of_its_own_and_one_parent(tmp_path):
    pids, parents = set(), set()
    for number in range(3):
        one = child(tmp_path, f"child-{number}", do="sleep")
        sleeping(tmp_path / f"child-{number}" / "pids")
        pids.add(one.pid)
        parents.add(parent_of(one.pid))
        assert os.getpgid(one.pid) == one.pid
        one.kill(STOP)
        with pytest.raises(Unavailable):
            end(one)
    assert (len(pids), len(parents)) == (3, 1)
    assert os.getpid() not in parents


def test_its_work_is_as_confined_as_ever(tmp_path):
    one = child(tmp_path, do="echo", say="Grüße\n")
    result = end(one)
    assert result["said"] == "Grüße\n"
    assert result["here"] == result["temporary"] == str(tmp_path / "child")
    assert (result["nice"], result["badness"]) == (min(19, os.nice(0) + 10), "500")
    assert "a library that chats" in one.printed
    assert gone(one.pid)


@pytest.mark.parametrize(
    ("args", "code"),
    [
        ({"do": "refuse"}, "picture_empty"),
        ({"do": "break"}, "job_error"),
        ({"do": "die"}, "job_crashed"),
        ({"do": "leave"}, "job_crashed"),
    ],
)
def test_who_fails_fails_alone(args, code, tmp_path):
    with pytest.raises(Error) as raised:
        end(child(tmp_path, **args))
    assert raised.value.code == code
    assert end(child(tmp_path, "next", do="boast", bytes=5)) == "xxxxx"


def test_a_crash_is_told_with_its_signal(tmp_path):
    with pytest.raises(Error) as raised:
        end(child(tmp_path, do="die"))
    assert "signal 11" in raised.value.detail


def test_a_child_is_killed_with_all_that_it_started(tmp_path):
    one = child(tmp_path, do="sleep")
    pids = sleeping(tmp_path / "child" / "pids")
    threading.Timer(0, one.kill, (STOP,)).start()
    with pytest.raises(Unavailable) as raised:
        end(one)
    assert raised.value is STOP
    assert all(gone(pid) for pid in [*pids, one.pid])


def test_when_the_nursery_is_killed_its_children_end_and_another_takes_its_place(tmp_path):
    one = child(tmp_path, do="sleep")
    pids = sleeping(tmp_path / "child" / "pids")
    first = parent_of(one.pid)
    os.kill(first, signal.SIGKILL)
    with pytest.raises(Error) as raised:
        end(one)
    assert raised.value.code == "job_crashed"
    assert gone(pids[0])
    assert gone(first)
    assert end(child(tmp_path, "next", do="boast", bytes=5)) == "xxxxx"


def test_a_nursery_that_nobody_asks_leaves(tmp_path):
    one = child(tmp_path, do="sleep")
    sleeping(tmp_path / "child" / "pids")
    first = parent_of(one.pid)
    one.kill(STOP)
    with pytest.raises(Unavailable):
        end(one)
    nursery._close_all()
    assert gone(first)


def test_a_server_that_died_before_it_read_an_answer_is_no_error():
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        warm = subprocess.Popen(CHILD, stdin=theirs, stdout=subprocess.DEVNULL, stderr=-1)
    with ours, Path(os.devnull).open("rb") as null:
        ours.send(b"test.heavy")
        socket.send_fds(ours, [b"fork"], [null.fileno()] * 3)
        # The answer is there.
        assert select.select([ours], [], [], 30)[0]
    _, printed = warm.communicate(timeout=30)
    assert (warm.returncode, printed) == (0, b"")
