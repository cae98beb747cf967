"""How a child comes into the world: started as a program, or borne by a nursery."""

import os
import subprocess
import sys
from typing import Protocol

from unibos.base.errors import Unavailable
from unibos.core.jobs import messages, nursery

_PASSED_ON = {"HOME", "LANG", "LANGUAGE", "LD_LIBRARY_PATH", "PATH", "TESSDATA_PREFIX", "TZ"}
_PASSED_ON_PREFIXES = ("COVERAGE_", "LC_", "PYTHON", "_PYI_")


class Process(Protocol):
    """A process that was started, in a group of its own; ``out`` and ``err`` are descriptors."""

    @property
    def pid(self) -> int:
        """Its id, and its group's."""

    @property
    def out(self) -> int:
        """What it answers."""

    @property
    def err(self) -> int:
        """What it prints."""

    def wait(self) -> int:
        """Its exit code, once it has ended; until this is called, nobody else gets its id."""

    def close(self) -> None:
        """Let go of its streams."""


class _Program:
    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        assert process.stderr is not None  # noqa: S101 - it is a pipe
        self.pid = process.pid
        self.wait = process.wait
        self._stdout, self._stderr = process.stdout, process.stderr
        self.out, self.err = self._stdout.fileno(), self._stderr.fileno()

    def close(self) -> None:
        self._stdout.close()
        self._stderr.close()


class _Borne:
    def __init__(self, parent: nursery.Nursery, pid: int, out: int, err: int) -> None:
        self.pid, self.out, self.err = pid, out, err
        self._parent = parent

    def wait(self) -> int:
        return self._parent.reap(self.pid)

    def close(self) -> None:
        os.close(self.out)
        os.close(self.err)


def start(command: tuple[str, ...], request: messages.Request, *, warm: bool) -> Process:
    """Start a child for a request.

    :param warm: have a nursery bear it.
    :raises Unavailable: ``job_not_started``.
    """
    # In memory, so that writing it never waits for the child and nothing of it is on a disk.
    stdin = os.memfd_create("unibos-job")
    try:
        with os.fdopen(os.dup(stdin), "wb") as file:
            file.write(messages.encode(request))
        os.lseek(stdin, 0, os.SEEK_SET)
        return _borne(command, request.kind, stdin) if warm else _program(command, stdin)
    except OSError as error:
        raise Unavailable(
            "job_not_started", f"No process could be started for the job ({error.strerror})."
        ) from error
    finally:
        os.close(stdin)


def _program(command: tuple[str, ...], stdin: int) -> _Program:
    return _Program(
        subprocess.Popen(
            command,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
            env=_environment(),
        )
    )


def _borne(command: tuple[str, ...], kind: str, stdin: int) -> _Borne:
    (out, its_out), (err, its_err) = os.pipe(), os.pipe()
    try:
        parent, pid = nursery.born(command, kind, _environment(), (stdin, its_out, its_err))
    except OSError:
        os.close(out)
        os.close(err)
        raise
    finally:
        os.close(its_out)
        os.close(its_err)
    return _Borne(parent, pid, out, err)


def _environment() -> dict[str, str]:
    """What a child needs of our environment; the rest may hold secrets."""
    passed = {
        name: value
        for name, value in os.environ.items()
        if name in _PASSED_ON or name.startswith(_PASSED_ON_PREFIXES)
    }
    if getattr(sys, "frozen", False):
        # A frozen child looks for its libraries where its parent did; it gives the path back
        # before it starts other programs (packaging/surroundings.py).
        if "LD_LIBRARY_PATH" in passed:
            passed["LD_LIBRARY_PATH_ORIG"] = passed["LD_LIBRARY_PATH"]
        passed["LD_LIBRARY_PATH"] = str(vars(sys)["_MEIPASS"])
    return passed
