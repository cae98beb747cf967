"""The work of one lease, in a child process or on the caller's thread."""

import logging
import os
import threading
from collections.abc import Callable
from typing import Any

from unibos.base.errors import Error
from unibos.core.jobs.child import unexpected
from unibos.core.jobs.kind import HeavyKind, PortableKind, Task
from unibos.core.jobs.messages import Request
from unibos.core.jobs.pace import Pace
from unibos.core.jobs.process import Child
from unibos.core.jobs.worker.desk import Desk
from unibos.core.jobs.worker.options import Options
from unibos.core.store.job import Progress

log = logging.getLogger(__name__)

_PRINTED_LOGGED = 1000


class _Ended(BaseException):
    """Leaves light work that is to end; no Exception, for work may catch those."""


class Work:
    """What is done between the claim and the outcome.

    :param tell: gets each progress that is due to be told, on the thread of the work.
    """

    def __init__(
        self,
        desk: Desk,
        kind: HeavyKind | PortableKind,
        options: Options,
        tell: Callable[[Progress], None],
    ) -> None:
        self._desk = desk
        self._kind = kind
        self._options = options
        self._pace = Pace(tell, options.progress_seconds)
        self._lock = threading.Lock()
        self._child: Child | None = None
        self._why: Error | None = None

    def end(self, why: Error) -> None:
        """Make it end: a child at once, a thread when it next reports."""
        with self._lock:
            self._why = self._why or why
            if self._child is not None:
                self._child.kill(self._why)

    def do(self) -> Any:
        """Do the work on this thread; what it returns is a JSON value.

        :raises Error: why there is no result; what :meth:`end` was given.
        """
        if self._why is not None:
            raise self._why
        try:
            if isinstance(self._kind, HeavyKind):
                return self._in_child(self._kind)
            return self._kind.work(self._desk.lease.args, self._report)
        except _Ended:
            assert self._why is not None  # noqa: S101 - only _report raises it
            raise self._why from None
        except Error:
            raise
        except Exception as error:
            log.exception("the work of %s failed unexpectedly", self._kind.name)
            raise unexpected(error) from error

    def _in_child(self, kind: HeavyKind) -> Any:
        lease, most = self._desk.lease, self._options.memory_mb
        request = Request(
            kind=kind.name,
            task=Task(lease.args, self._desk.input.resolve() if lease.input else None),
            folder=self._desk.made.resolve(),
            memory_mb=min(lease.memory_mb or most, most),
            parent=os.getpid(),
        )
        with self._lock:
            if self._why is not None:
                raise self._why
            warm = kind.warm_up is not None
            child = self._child = Child(self._options.command, request, warm=warm)
        try:
            return child.run(self._pace, lease.timeout_seconds)
        except Error as error:
            if error is not self._why and error.code.startswith("job_"):
                # What it printed may tell why, but only to the operator.
                facts = {"kind": kind.name, "job": lease.job, "code": error.code}
                printed = child.printed.strip()[-_PRINTED_LOGGED:]
                log.warning("a child ended badly", extra=facts | {"printed": printed})
            raise

    def _report(self, value: float | None, phase: str = "") -> None:
        if self._why is None:
            self._pace.tell(Progress(value, phase))
        if self._why is not None:
            raise _Ended
