"""What the hub's workers made comes home, and lands in the records exactly once."""

import asyncio
import logging
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from unibos.base.errors import Conflict, Error, StorageFull, TooLarge, Unavailable
from unibos.core.jobs.child import unexpected
from unibos.core.jobs.handing.link import HandoverLink
from unibos.core.jobs.handing.messages import Handover
from unibos.core.jobs.kind import HeavyKind
from unibos.core.jobs.leasing.outputs import MOST_BYTES, MOST_FILES, SPARED_BYTES
from unibos.core.jobs.outcome import Outcomes, error_of
from unibos.core.store.job import Job
from unibos.core.store.store import OrgStore
from unibos.core.store.system import reach

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Landing:
    """Ends jobs of one node with what came of them at the hub.

    :param folder: where files wait until their kind takes them; what is in it is removed.
    """

    store: OrgStore
    link: HandoverLink
    outcomes: Outcomes
    folder: Path

    async def land(self, job: Job, said: Handover) -> None:
        """End the job; fenced by its attempt, so a second time changes nothing.

        :param said: ``done`` or ``failed``, with what came of it.
        :raises Conflict: ``job_lost``.
        :raises StorageFull: ``storage_full``: it is to be tried again.
        :raises Unavailable: the hub does not answer, or the store is closed.
        """
        if said.state == "failed":
            await asyncio.to_thread(
                self.outcomes.failed, job, error_of(said.error_kind, said.error)
            )
            return
        files, size = len(said.outputs), sum(max(0, each.size) for each in said.outputs)
        if files > MOST_FILES or size > MOST_BYTES:
            error = TooLarge("job_output_too_large", "The work made more than is taken here.")
            await asyncio.to_thread(self.outcomes.failed, job, error)
            return
        folder = self.folder / f"{job.id}-{job.attempt}"
        try:
            await asyncio.to_thread(self._require_room, size)
            await _to_its_end(partial(folder.mkdir, parents=True, exist_ok=True))
            for output in said.outputs:
                await self.link.fetch(job.id, job.attempt, output, folder / output.name)
            reach("handing.fetched")
            await _to_its_end(partial(self._end, job, said.result, folder))
            reach("handing.landed")
        except OSError as error:
            raise StorageFull("storage_full", f"A result cannot be kept: {error}.") from error
        finally:
            await _to_its_end(partial(shutil.rmtree, folder, ignore_errors=True))

    def clear(self) -> None:
        """Remove what an earlier life that was killed left; for threads, and before the first
        :meth:`land`."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _require_room(self, size: int) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(self.folder).free < size + SPARED_BYTES:
            raise StorageFull("storage_full", "The disk has no room for what the work made.")

    def _end(self, job: Job, result: Any, folder: Path) -> None:
        try:
            self.outcomes.done(job, self._collected(job, result, folder))
        except (Conflict, StorageFull) as error:
            if isinstance(error, StorageFull) or error.code == "job_lost":
                raise
            self.outcomes.failed(job, error)
        except Unavailable as error:
            if error.code in ("store_closed", "store_overloaded"):
                raise
            self.outcomes.failed(job, error)
        except Error as error:
            self.outcomes.failed(job, error)

    def _collected(self, job: Job, result: Any, folder: Path) -> Any:
        kind = self.outcomes.kinds[job.kind]
        if not isinstance(kind, HeavyKind):
            return result
        try:
            return kind.collect(self.store, result, folder)
        except Error:
            raise
        except Exception as error:
            log.exception("what %s made could not be collected", job.kind)
            raise unexpected(error) from error


async def _to_its_end(work: Callable[[], object]) -> None:
    """Work on a thread, which is done to its end even where its caller is cancelled: that one
    then removes the files that the work reads, and nothing but this call removes them."""
    task = asyncio.create_task(asyncio.to_thread(work))
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.gather(task, return_exceptions=True)
        raise
