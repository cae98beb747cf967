"""What /proc tells, checked on processes that this test starts."""

import os
import subprocess
import sys

import process
import pytest

WRITER = "import sys; sys.stdin.readline()"


@pytest.fixture
def child():
    with subprocess.Popen([sys.executable, "-c", WRITER], stdin=subprocess.PIPE) as made:
        yield made
        made.stdin.close()


def test_a_family_holds_its_children(child):
    assert process.family(child.pid) == [child.pid]
    assert child.pid in process.family(os.getpid())


def test_memory_is_counted(child):
    memory = process.memory_kib(child.pid)
    assert memory["rss"] >= memory["pss"] > 0


def test_processor_time_grows_with_work():
    before = process.cpu_seconds(os.getpid())
    while process.cpu_seconds(os.getpid()) == before:
        sum(range(10_000))


def test_an_ended_process_has_used_nothing():
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    assert process.cpu_seconds(done.pid) == 0
    assert process.memory_kib(done.pid) == {"rss": 0, "pss": 0}
    assert process.written_bytes(done.pid) == 0


def test_a_session_is_found_while_it_lives():
    with subprocess.Popen(
        [sys.executable, "-c", WRITER], stdin=subprocess.PIPE, start_new_session=True
    ) as made:
        assert set(process.of_sessions([made.pid])) == {made.pid}
        made.stdin.close()
    assert process.of_sessions([made.pid]) == {}
