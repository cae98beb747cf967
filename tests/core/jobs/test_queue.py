"""The threads that run what is due."""

import os
import subprocess
import sys
import threading

import pytest

from unibos.core.jobs import queue
from unibos.core.jobs.queue import Chore, TaskQueue


class Calls:
    """Remembers calls and lets a test wait for some."""

    def __init__(self):
        self.all = []
        self.changed = threading.Condition()

    def __call__(self, *values):
        with self.changed:
            self.all.append(values)
            self.changed.notify_all()

    def wait(self, count):
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.all) >= count, 20)


@pytest.fixture
def made():
    queues = []

    def make(*args, **options):
        queues.append(TaskQueue(*args, **options))
        return queues[-1]

    yield make
    for each in queues:
        each.stop(5)


def test_each_message_is_run_once_with_what_was_put(made):
    calls = Calls()
    tasks = made(2, calls)
    tasks.start()
    for number in range(20):
        tasks.put(f"job-{number}", number)
    calls.wait(20)
    assert sorted(calls.all) == sorted((f"job-{number}", number) for number in range(20))


def test_as_many_at_once_as_there_are_workers_and_one_for_chores(made):
    together = threading.Barrier(3)
    calls = Calls()

    def run(job, attempt):
        together.wait(20)
        calls(job)

    tasks = made(2, run)
    tasks.start()
    for number in range(3):
        tasks.put(str(number), 1)
    calls.wait(3)


def test_chores_are_done_at_their_minutes(made):
    done = Calls()
    made(1, Calls(), [Chore("every minute", "*", done)]).start()
    done.wait(1)


def test_a_chore_at_a_minute_that_never_comes_is_refused(made):
    with pytest.raises(ValueError, match="61"):
        made(1, Calls(), [Chore("never", "61", Calls())])


def test_a_chore_that_fails_harms_nobody(made, caplog):
    calls = Calls()

    def fail():
        calls()
        raise RuntimeError("broken chore")

    tasks = made(1, calls, [Chore("failing", "*", fail)])
    tasks.start()
    calls.wait(1)
    tasks.put("job", 1)
    calls.wait(2)
    assert tasks.healthy


def test_stop_ends_all_threads_and_says_when_one_is_stuck(made):
    free, entered = threading.Event(), threading.Event()

    def run(job, attempt):
        entered.set()
        free.wait(20)

    tasks = made(1, run)
    tasks.start()
    tasks.put("job", 1)
    assert entered.wait(20)
    assert not tasks.stop(0.01)
    free.set()
    assert tasks.stop(20)
    assert not tasks.healthy


def test_a_thread_that_died_is_started_anew(made):
    calls = Calls()
    dying = threading.Event()

    def run(job, attempt):
        if attempt == 0:
            dying.set()
            raise SystemExit
        calls(job)

    tasks = made(1, run)
    tasks.start()
    tasks.put("deadly", 0)
    tasks.put("deadly", 0)
    assert dying.wait(20)
    for thread in tasks._threads()[1:]:
        thread.join(20)
    assert not tasks.healthy
    tasks.revive()
    assert tasks.healthy
    tasks.put("job", 1)
    calls.wait(1)


def test_threads_not_yet_started_and_stopped_ones_are_not_started_anew(made):
    tasks = made(1, Calls())
    tasks.revive()
    assert not any(thread.is_alive() for thread in tasks._threads())
    tasks.start()
    assert tasks.stop(20)
    tasks.revive()
    assert not any(thread.is_alive() for thread in tasks._threads())


def test_signal_handlers_are_left_alone(made):
    import signal

    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    made(1, Calls()).start()
    after = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    assert after == before


def test_messages_are_json():
    storage = queue._Json()
    message = queue.Message("1", "run", args=("job", 3), kwargs={})
    assert storage.serialize(message).startswith(b'["1","run",')
    assert storage.deserialize(storage.serialize(message)).args == ["job", 3]


def test_brokers_that_are_installed_are_not_imported(tmp_path):
    for name in ("redis", "psycopg", "gevent"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('a broker was imported')\n")
    code = (
        "import sys, unibos.core.jobs.queue\n"
        "assert 'huey' in sys.modules\n"
        "assert not {'redis', 'psycopg', 'gevent'} & set(sys.modules)\n"
        "try:\n    import redis\nexcept SystemExit:\n    print('importable again')\n"
    )
    path = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr, done.returncode) == ("importable again\n", "", 0)
