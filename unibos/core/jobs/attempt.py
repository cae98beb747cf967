"""One attempt at a job: from its claim until its outcome is known."""

import logging
import os
import shutil
import threading
from functools import partial
from typing import Any

from unibos.base.errors import Conflict, Error, StorageFull, Unavailable
from unibos.core.jobs.child import unexpected
from unibos.core.jobs.kind import HeavyKind, JobKind, PortableKind, Task
from unibos.core.jobs.messages import Request
from unibos.core.jobs.options import Options
from unibos.core.jobs.pace import Pace
from unibos.core.jobs.process import Child
from unibos.core.store import jobs, leases
from unibos.core.store.job import Job, Progress
from unibos.core.store.store import Store

log = logging.getLogger(__name__)

_PRINTED_LOGGED = 1000


class _Ended(BaseException):
    """Leaves the work of a light job that is to end; no Exception, for work may catch those."""


class Attempt:
    """The work of one attempt, in a child or on the caller's thread."""

    def __init__(self, store: Store, job: Job, kind: JobKind, options: Options) -> None:
        self.job = job
        self.kind = kind
        self.why: Error | None = None
        """Why it was made to end."""
        self.trouble: Error | None = None
        """Why its end could not be written as it was to be."""
        self.ending = False
        """Whether its end is being written."""
        self.renew_at = 0
        """When the lease is to be renewed."""
        self.folder = options.folder / f"{job.id}-{job.attempt}"
        self._store = store
        self._options = options
        self._pace = Pace(self._write, options.progress_seconds)
        self._lock = threading.Lock()
        self._child: Child | None = None

    def end(self, why: Error) -> None:
        """Make it end: a child at once, a thread when it next reports."""
        with self._lock:
            self.why = self.why or why
            if self._child is not None:
                self._child.kill(self.why)

    def work(self) -> Any:
        """Do the work on this thread; what it returns is a JSON value.

        :raises Error: why there is no result; ``why`` itself when it was made to end.
        """
        if self.why is not None:
            raise self.why
        try:
            if isinstance(self.kind, HeavyKind):
                return self._in_child(self.kind)
            if isinstance(self.kind, PortableKind):
                args = self._store.read(partial(jobs.portable_args, job=self.job), self.job.org)
                return self.kind.work(args, self._report)
            return self.kind.run(self._store.org(self.job.org), self.job, self._report)
        except _Ended:
            assert self.why is not None  # noqa: S101 - only _report raises it
            raise self.why from None
        except Error:
            raise
        except Exception as error:
            log.exception("the work of %s failed unexpectedly", self.kind.name)
            raise unexpected(error) from error

    def _in_child(self, kind: HeavyKind) -> Any:
        task = kind.prepare(self._store.org(self.job.org), self.job)
        child = None
        try:
            self.folder.mkdir(parents=True)
            most = self._options.memory_mb
            request = Request(
                kind=kind.name,
                task=_absolute(task),
                folder=self.folder.resolve(),
                memory_mb=min(kind.memory_mb or most, most),
                parent=os.getpid(),
            )
            with self._lock:
                if self.why is not None:
                    raise self.why
                warm = kind.warm_up is not None
                child = self._child = Child(self._options.command, request, warm=warm)
            result = child.run(self._pace, kind.timeout_seconds)
            return kind.collect(self._store.org(self.job.org), result, self.folder)
        except Error as error:
            if child is not None and error is not self.why:
                _tell(self.job, error, child.printed)
            raise
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _report(self, value: float | None, phase: str = "") -> None:
        if self.why is None:
            self._pace.tell(Progress(value, phase))
        if self.why is not None:
            raise _Ended

    def _write(self, progress: Progress) -> None:
        try:
            self._store.write(lambda tx: leases.progress(tx, self.job, progress), self.job.org)
        except Conflict as error:
            self.end(error)
        except (StorageFull, Unavailable):
            # Progress is not worth failing for; the outcome will meet the same trouble.
            pass


def _tell(job: Job, error: Error, printed: str) -> None:
    """What a child printed may tell why it failed, but only to the operator."""
    if error.code.startswith("job_"):
        log.warning("the child of %s %s ended: %s", job.kind, job.id, error.code)
        if printed.strip():
            log.warning("the last that it printed: %s", printed.strip()[-_PRINTED_LOGGED:])


def _absolute(task: Task) -> Task:
    """The child works in a folder of its own."""
    return task if task.input is None else Task(task.args, task.input.resolve())
