"""The child's side of a heavy job: take one request, work, answer, end.

The process is confined before the module's code runs: nice 10, limited memory, the first to go
when the machine runs out of it, killed with the server, and with a standard output that libraries
may print to without disturbing the answer.
"""

import ctypes
import os
import resource
import signal
import tempfile
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO

import msgspec

from unibos.base.errors import Error, TooLarge, Unavailable
from unibos.core.jobs import messages, nursery
from unibos.core.jobs.kind import HeavyKind, JobKind
from unibos.core.store.job import Progress

_MIB = 1024 * 1024
_PR_SET_PDEATHSIG = 1
_OUT_OF_MEMORY = messages.encode(
    messages.Broken.of(
        TooLarge(
            "job_out_of_memory",
            "The work needs more memory than a job may take.",
            hint="jobs.memory_mb in the configuration sets the limit.",
        )
    )
)


def serve_child(kinds: Callable[[], Iterable[JobKind]]) -> int:
    """Be a child from the first moment to the last; the value is the process's exit code.

    :param kinds: gives the kinds that this program knows; called once the process is safe, so
        this is the place for imports that are slow or print.
    """
    if nursery.is_asked():
        return _serve_nursery(kinds)
    stdin, out = _own_pipes()
    die_with_parent()
    try:
        request = messages.read_request(stdin.read())
    except msgspec.MsgspecError:
        return 2
    if os.getppid() != request.parent:
        return 3
    confine(request)
    answer(kinds, request, out)
    return 0


def _serve_nursery(kinds: Callable[[], Iterable[JobKind]]) -> int:
    """Be the parent of children, see :mod:`unibos.core.jobs.nursery`."""
    nursery_pid = os.getpid()
    known: list[JobKind] = []

    def warm_up(name: str) -> None:
        known.extend(kind for kind in kinds() if kind.name == name)
        for kind in known:
            if isinstance(kind, HeavyKind) and kind.warm_up is not None:
                kind.warm_up()

    def be_child() -> None:
        stdin, out = _own_pipes()
        die_with_parent()
        if os.getppid() == nursery_pid:
            request = messages.read_request(stdin.read())
            confine(request)
            answer(lambda: known, request, out)

    return nursery.serve(warm_up, be_child)


def answer(
    kinds: Callable[[], Iterable[JobKind]], request: messages.Request, out: BinaryIO
) -> None:
    """Do the work; its progress and its outcome are written to ``out``."""

    def report(value: float | None, phase: str = "") -> None:
        _send(out, messages.Told(Progress(value, phase)))

    try:
        kind = next((kind for kind in kinds() if kind.name == request.kind), None)
        if not isinstance(kind, HeavyKind):
            raise Unavailable(  # noqa: TRY301 - the outcome is told in one place
                "job_kind_unknown", f"This program has no heavy work named {request.kind}."
            )
        result = kind.work(request.task, request.folder, report)
        _send(out, messages.Done(result))
    except MemoryError:
        out.write(_OUT_OF_MEMORY)
        out.flush()
    except Error as error:
        _send(out, messages.Broken.of(error))
    except Exception as error:  # noqa: BLE001 - whatever it was, the server is to know
        traceback.print_exc()
        _send(out, messages.Broken.of(unexpected(error)))


def unexpected(error: BaseException) -> Error:
    """An error that no module raised on purpose, without what it might give away."""
    return Unavailable(
        "job_error",
        f"The work ended with an unexpected error ({type(error).__name__}).",
        hint="The log has more; please report it.",
    )


def confine(request: messages.Request) -> None:
    """Limit what this process, and each one that it starts, can take from the others."""
    os.chdir(request.folder)
    # Python asks only once where temporary files go, perhaps before this.
    tempfile.tempdir = str(request.folder)
    os.environ["TMPDIR"] = str(request.folder)
    os.nice(10)
    Path("/proc/self/oom_score_adj").write_text("500")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    limit = request.memory_mb * _MIB
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def die_with_parent() -> None:
    """Have the kernel kill this process when the one that started it ends (prctl(2)).

    A child process that starts programs passes this as their ``preexec_fn``: the kernel does not
    hand the wish down.
    """
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _own_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Standard input and output for the server alone; print() goes to standard error from here."""
    stdin = os.fdopen(os.dup(0), "rb")
    out = os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    return stdin, out


def _send(out: BinaryIO, line: messages.Line) -> None:
    out.write(messages.encode(line))
    out.flush()
