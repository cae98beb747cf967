"""The server's side of a child: start it, listen to it, and end it with all that it started."""

import os
import selectors
import signal
import threading
import time
from contextlib import suppress
from typing import Any

import msgspec

from unibos.base.errors import Error, TooLarge, Unavailable
from unibos.core.jobs import messages
from unibos.core.jobs.birth import start
from unibos.core.jobs.pace import Pace

_PRINTED_KEPT = 4096
_READ = 65536
_EXIT_SECONDS = 2


class Child:
    """One child process for one request; it lives in a process group of its own.

    :param command: starts a program that calls ``serve_child``.
    :param warm: whether it is borne by a nursery, for kinds that have a ``warm_up``.
    :raises Unavailable: ``job_not_started``.
    """

    def __init__(
        self, command: tuple[str, ...], request: messages.Request, *, warm: bool = False
    ) -> None:
        self._why: Error | None = None
        self._outcome: messages.Done | messages.Broken | None = None
        self._line = bytearray()
        self._printed = bytearray()
        self._lock = threading.Lock()
        self._reaped = False
        self._process = start(command, request, warm=warm)

    @property
    def pid(self) -> int:
        """The id of the process and of its group."""
        return self._process.pid

    @property
    def printed(self) -> str:
        """The end of what the child and its programs printed; for the log."""
        return self._printed.decode(errors="replace")

    def kill(self, why: Error) -> None:
        """End it and all that it started, at once; :meth:`run` then raises ``why``."""
        with self._lock:
            self._why = self._why or why
            self._kill_group()

    def run(self, pace: Pace, timeout_seconds: float) -> Any:
        """Wait for the outcome; call once.

        :param pace: is told each progress.
        :returns: the JSON value that the work returned.
        :raises Error: the work's own; what :meth:`kill` was given; ``job_timeout``,
            ``job_crashed``, ``job_out_of_memory``, ``job_error``, ``job_result_too_large``.
        """
        deadline = time.monotonic() + timeout_seconds
        pidfd = os.pidfd_open(self.pid)
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(pidfd, selectors.EVENT_READ)
                self._listen(selector, pidfd, pace, deadline)
        finally:
            code = self._reap(pidfd)
        if self._why is not None:
            raise self._why
        if self._outcome is None:
            raise _crashed(code)
        if isinstance(self._outcome, messages.Broken):
            raise self._outcome.error()
        return self._outcome.result

    def _listen(
        self, selector: selectors.BaseSelector, pidfd: int, pace: Pace, deadline: float
    ) -> None:
        """Read until the outcome or the end of the process, whichever comes first."""
        out, err = self._streams()
        for stream in (out, err):
            os.set_blocking(stream, False)
            selector.register(stream, selectors.EVENT_READ)
        while self._outcome is None:
            pause = deadline - time.monotonic()
            if pause <= 0:
                self.kill(_too_slow())
                return
            ready = {key.fd for key, _ in selector.select(_shorter(pause, pace.wait()))}
            for stream in ready - {pidfd}:
                if not self._read(stream, out, pace):
                    selector.unregister(stream)
            pace.flush()
            if pidfd in ready:
                return

    def _read(self, stream: int, out: int, pace: Pace | None) -> bool:
        """Take in what is there, up to a limit; False at the stream's end."""
        chunk = os.read(stream, _READ)
        if stream == out:
            self._hear(chunk, pace)
        else:
            self._printed += chunk
            del self._printed[:-_PRINTED_KEPT]
        return bool(chunk)

    def _hear(self, chunk: bytes, pace: Pace | None) -> None:
        *lines, rest = chunk.split(b"\n")
        for part in lines:
            self._line += part
            self._understand(bytes(self._line), pace)
            self._line.clear()
        self._line += rest
        if len(self._line) > messages.LONGEST_LINE:
            self.kill(_too_large())
            self._line.clear()

    def _understand(self, line: bytes, pace: Pace | None) -> None:
        try:
            message = messages.read_line(line)
        except msgspec.MsgspecError:
            # Something was printed before the child had its pipe for itself.
            return
        if not isinstance(message, messages.Told):
            self._outcome = message
        elif pace is not None:
            pace.tell(message.progress)

    def _reap(self, pidfd: int) -> int:
        """See to it that nothing of it is left; the exit code as ``subprocess`` gives it."""
        if self._outcome is not None:
            with selectors.DefaultSelector() as selector:
                selector.register(pidfd, selectors.EVENT_READ)
                selector.select(_EXIT_SECONDS)
        with self._lock:
            # Until it is waited for, nobody else can get its id.
            self._kill_group()
            code = self._process.wait()
            self._reaped = True
        os.close(pidfd)
        out, err = self._streams()
        for stream in (out, err):
            self._drain(stream, out)
        self._process.close()
        return code

    def _drain(self, stream: int, out: int) -> None:
        """Read what the dead left in a pipe, which holds 64 KiB at most unless root changed it."""
        with suppress(BlockingIOError):
            for _ in range(32):
                if not self._read(stream, out, None):
                    return

    def _kill_group(self) -> None:
        if not self._reaped:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)

    def _streams(self) -> tuple[int, int]:
        return self._process.out, self._process.err


def _shorter(pause: float, other: float | None) -> float:
    return pause if other is None else min(pause, other)


def _too_slow() -> Error:
    return Unavailable("job_timeout", "The work took longer than its kind allows.")


def _too_large() -> Error:
    return TooLarge("job_result_too_large", "The work's result is too large to be kept.")


def _crashed(code: int) -> Error:
    how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
    hint = ""
    if code == -signal.SIGKILL:
        hint = "The machine may have run out of memory; the log of the kernel says so."
    return Unavailable("job_crashed", f"The work's process was ended {how}.", hint=hint)
