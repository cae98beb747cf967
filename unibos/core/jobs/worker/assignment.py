"""A job in a worker's hands, from its lease until the source took its outcome."""

import asyncio
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from unibos.base.errors import Error
from unibos.core.jobs.leasing.messages import Lease, Report
from unibos.core.jobs.worker.desk import Desk
from unibos.core.jobs.worker.work import Work
from unibos.core.store.job import JobError, Progress

T = TypeVar("T")

Phase = Literal["fetching", "working", "sending", "reporting"]


@dataclass(slots=True)
class Assignment:
    """What is known of one attempt.

    :param work: None where there is none to do: the outcome is known.
    :param on_disk: whether its desk has a folder.
    :ivar why: why it was made to end.
    """

    desk: Desk
    work: Work | None
    on_disk: bool
    phase: Phase = "fetching"
    progress: Progress | None = None
    why: Error | None = None
    begun: float = field(default_factory=time.monotonic)
    _ended: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def lease(self) -> Lease:
        """The right to it."""
        return self.desk.lease

    @property
    def working(self) -> bool:
        """Whether there is no outcome yet."""
        return self.work is not None and self.phase in ("fetching", "working")

    def end(self, why: Error) -> None:
        """Make it end, whatever is being done."""
        self.why = self.why or why
        self._ended.set()
        if self.work is not None:
            self.work.end(self.why)

    async def unless_ended(self, doing: Coroutine[Any, Any, T]) -> T:
        """Wait for something, but not beyond the end.

        :raises Error: why it was made to end.
        """
        task = asyncio.ensure_future(doing)
        ended = asyncio.ensure_future(self._ended.wait())
        try:
            await asyncio.wait((task, ended), return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
            assert self.why is not None  # noqa: S101 - it ended
            raise self.why
        finally:
            task.cancel()
            ended.cancel()


def done(lease: Lease, result: Any) -> Report:
    """The work returned."""
    return Report(org=lease.org, job=lease.job, attempt=lease.attempt, type="done", result=result)


def failed(lease: Lease, error: Error) -> Report:
    """The work raised."""
    return Report(
        org=lease.org,
        job=lease.job,
        attempt=lease.attempt,
        type="failed",
        error=JobError(error.code, error.detail, error.hint),
        error_kind=type(error).__name__,
    )


def back(lease: Lease, error: Error) -> Report:
    """The job is handed back for no fault of its own."""
    return Report(
        org=lease.org,
        job=lease.job,
        attempt=lease.attempt,
        type="back",
        error=JobError(error.code, error.detail, error.hint),
    )
