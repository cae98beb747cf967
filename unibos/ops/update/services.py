"""Who starts and stops the program: systemd, or nobody but its user.

Where no service runs, the updater starts the new program itself for its trial, and stops it again.
"""

import ctypes
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from unibos.ops.update.place import Releases

_STOP_SECONDS = 90
_PR_SET_PDEATHSIG = 1
_LOG = "trial.log"


class Services(Protocol):
    """What runs the current release."""

    @property
    def units(self) -> tuple[str, ...]:
        """What is started again when all is done; empty: nothing."""
        ...

    def stop(self) -> None:
        """Stop it; nothing of it runs on return.

        :raises Unavailable: ``update_service``.
        """
        ...

    def start(self) -> None:
        """Start the current release, without waiting until it is ready.

        :raises Unavailable: ``update_service``.
        """
        ...

    def trouble(self) -> str:
        """Why it will never get ready; empty: it still may."""
        ...


class ByHand:
    """No service: a trial runs as a child of the updater and dies with it.

    :param arguments: of the program.
    """

    units: tuple[str, ...] = ()

    def __init__(self, releases: Releases, data: Path, arguments: tuple[str, ...]) -> None:
        self._releases = releases
        self._data = data
        self._arguments = arguments
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the current release as the user who owns the data."""
        owner = self._data.stat()
        other = os.geteuid() == 0 and owner.st_uid != 0
        # For root alone: a server without an owner says its setup code.
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        with os.fdopen(os.open(self._releases.root / _LOG, flags, 0o600), "wb") as log:
            self._child = subprocess.Popen(
                [self._releases.root / "current" / "unibos", *self._arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_dies_with(os.getpid()),  # noqa: PLW1509 -- the updater has one thread
                user=owner.st_uid if other else None,
                group=owner.st_gid if other else None,
                extra_groups=[] if other else None,
            )

    def stop(self) -> None:
        """End the trial."""
        if self._child is None:
            return
        self._child.terminate()
        try:
            self._child.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._child = None

    def trouble(self) -> str:
        """Whether it has ended."""
        if self._child is None or self._child.poll() is None:
            return ""
        lines = (self._releases.root / _LOG).read_text(errors="replace").splitlines()
        said = " ".join(lines[-2:])[:300].rstrip(".")
        return f"it ended with {self._child.returncode}: {said}"


def _dies_with(parent: int) -> Callable[[], None]:
    library = ctypes.CDLL(None)

    def prepare() -> None:
        library.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return prepare
