"""Kinds of jobs that misbehave in every way that matters, known to test servers and children."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from unibos.base.errors import Invalid, StorageFull
from unibos.core.jobs.child import die_with_parent
from unibos.core.jobs.kind import HeavyKind, LightKind, Task
from unibos.core.store import collections, records
from unibos.core.store.drafts import Schema

SEEN = collections.Collection("seen", Schema({"type": "object"}))


def work(task, folder, report):
    if task.input is not None:
        return task.input.read_text()
    return ACTIONS[task.args["do"]](task.args, folder, report)


def echo(args, folder, report):
    print("a library that chats on standard output")
    subprocess.run(["echo", "and so does its program"], check=True)
    report(0.5, "half")
    return {
        "said": args["say"],
        "folder": str(folder),
        "here": str(Path.cwd()),
        "temporary": os.environ["TMPDIR"],
        "nice": os.nice(0),
        "badness": Path("/proc/self/oom_score_adj").read_text().strip(),
        "alone": os.getpgid(0) == os.getpid() == os.getsid(0),
        "environment": sorted(os.environ),
        "command": sys.argv,
    }


def sleep(args, folder, report):
    """Write the process ids, of a program of its own too, where the test finds them."""
    program = subprocess.Popen(["sleep", "60"], preexec_fn=die_with_parent)  # noqa: PLW1509 - a child has one thread
    fresh = Path(args["pids"] + ".new")
    fresh.write_text(f"{os.getpid()} {program.pid}")
    fresh.rename(args["pids"])
    report(None, "sleeping")
    time.sleep(60)


def eat(args, folder, report):
    return len(bytearray(1024 * 1024 * 1024))


def die(args, folder, report):
    print("these are my last words", file=sys.stderr, flush=True)
    os.kill(os.getpid(), args.get("signal", signal.SIGSEGV))


def leave(args, folder, report):
    os._exit(7)


def refuse(args, folder, report):
    raise Invalid("picture_empty", "There is nothing on it.", hint="Send another.")


def break_down(args, folder, report):
    raise RuntimeError("a secret that must not get out")


def boast(args, folder, report):
    return "x" * args["bytes"]


def unspeakable(args, folder, report):
    return object()


def slow(args, folder, report):
    for step in range(args.get("steps", 10)):
        report(step / 10, f"step {step}")
        time.sleep(args.get("seconds", 0.02))
    return "slow but done"


def sleep_after_progress(args, folder, report):
    report(0, "first")
    for step in range(100):
        report(step / 100, "next")
    report(1, "last")
    time.sleep(60)


def write(args, folder, report):
    (folder / "page.txt").write_text(args["text"])
    return "written"


def leave_a_program(args, folder, report):
    return subprocess.Popen(["sleep", "60"]).pid


ACTIONS = {
    "sleep_after_progress": sleep_after_progress,
    "write": write,
    "leave_a_program": leave_a_program,
    "echo": echo,
    "sleep": sleep,
    "eat": eat,
    "die": die,
    "leave": leave,
    "refuse": refuse,
    "break": break_down,
    "boast": boast,
    "unspeakable": unspeakable,
    "slow": slow,
}


def prepare(store, job):
    if job.args["do"] == "unprepared":
        raise Invalid("not_prepared", "It cannot be done.")
    return Task(job.args, Path(job.args["input"]) if "input" in job.args else None)


def complete(tx, job, result):
    """The effect that must happen exactly once: a record of its own."""
    match job.args.get("complete"):
        case "full":
            raise StorageFull("storage_full", "No room.")
        case "refuse":
            raise Invalid("refused", "No.")
        case "break":
            raise RuntimeError("a secret that must not get out")
    records.create(tx, "seen", SEEN.draft({"job": job.id, "result": "done"}))
    return result


def failed(tx, job, error):
    if job.args.get("failed") == "break":
        raise RuntimeError("it cannot even fail")
    records.create(tx, "seen", SEEN.draft({"job": job.id, "result": error.code}))


HEAVY = HeavyKind(
    name="test.heavy",
    queue="test",
    prepare=prepare,
    work=work,
    complete=complete,
    failed=failed,
    timeout_seconds=30,
)
HURRIED = HeavyKind(name="test.hurried", prepare=prepare, work=work, timeout_seconds=0.5)
SMALL = HeavyKind(name="test.small", prepare=prepare, work=work, memory_mb=256)

GO = threading.Event()
"""Light work waits for it where its arguments say so."""


def light(store, job, report):
    do = job.args.get("do")
    if do == "refuse":
        raise Invalid("refused", "No.")
    if do == "break":
        raise RuntimeError("a secret that must not get out")
    if do == "report":
        while True:
            report(0.1, "again")
            time.sleep(0.01)
    if do == "deaf":
        GO.wait(30)
    return job.args.get("say")


LIGHT = LightKind(name="test.light", run=light, complete=complete, failed=failed)

KINDS = (HEAVY, HURRIED, SMALL, LIGHT)
