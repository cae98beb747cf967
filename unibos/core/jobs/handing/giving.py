"""Giving one job to the hub: what the work gets is made here, asked about, and sent."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from unibos.base.errors import Conflict, Unavailable
from unibos.core.jobs.handing.gate import Gate
from unibos.core.jobs.handing.link import HandoverLink
from unibos.core.jobs.handing.messages import Handover, HandoverIn
from unibos.core.jobs.kind import HeavyKind, JobKind, Task
from unibos.core.jobs.leasing.messages import Input
from unibos.core.store import export_log, jobs, offers
from unibos.core.store.blobs import is_name
from unibos.core.store.job import Job
from unibos.core.store.store import OrgStore
from unibos.core.store.transaction import Transaction

CHUNK: Final = 256 * 1024
_BUSY_SECONDS: Final = 2.0
_TRIES: Final = 30


@dataclass(frozen=True, slots=True)
class Parcel:
    """A job as it goes to the hub.

    :param path: of the bytes to work on, where there are any.
    """

    asked: HandoverIn
    path: Path | None


@dataclass(frozen=True, slots=True)
class Giving:
    """Gives jobs of one node to its hub.

    :param hub: its instance id.
    """

    store: OrgStore
    link: HandoverLink
    gate: Gate
    hub: str

    def pack(self, kind: JobKind, job: Job, attempt: int, now: int) -> Parcel:
        """Make what goes to the hub; on a thread, for a file may have to be read.

        :raises Error: what the kind's ``prepare`` raises.
        """
        if isinstance(kind, HeavyKind):
            task = kind.prepare(self.store, job)
        else:
            task = Task(self.store.read(lambda view: jobs.portable_args(view, job)))
        input_ = None if task.input is None else _input(task.input)
        asked = HandoverIn(
            attempt=attempt,
            kind=job.kind,
            version=job.version,
            queue=job.queue,
            priority=job.priority,
            locality=job.locality,
            requires=job.requires,
            prefer=job.prefer,
            prefer_seconds=min(max(0, job.prefer_until - now) / 1000, 86400),
            memory_mb=job.memory_mb or None,
            args=task.args,
            input=input_,
        )
        return Parcel(asked, task.input)

    def may_go(self, job: Job) -> bool:
        """Whether the owner lets the job go, at this moment."""
        return self.store.read(lambda view: self.gate.at(view)(job))

    async def take(self, job: Job, parcel: Parcel, lease_until: int) -> Job | None:
        """Have the job for the hub, and write down what goes there; None when it is too late.

        The value is the job with the hub's attempt.
        """

        def take(tx: Transaction) -> Job | None:
            if not self.gate.at(tx)(job):
                return None
            taken = offers.take(tx, job, f"hub:{self.hub}", lease_until)
            if taken is not None:
                size = parcel.asked.input.size if parcel.asked.input else 0
                export_log.add(tx, self.hub, job.collection, "job", 1, size, 0, 0)
            return taken

        return await self.store.awrite(take)

    async def send(self, job: Job, parcel: Parcel, said: Handover) -> Handover:
        """Send the input, from where the hub has it.

        :raises Unavailable: ``export_stopped``, and where the hub does not answer.
        :raises Error: what the hub answers.
        """
        for _ in range(_TRIES):
            if said.state != "sending" or parcel.asked.input is None or parcel.path is None:
                return said
            size = parcel.asked.input.size
            offset = min(said.received, size)
            chunks = self._chunks(job, parcel.path, offset)
            try:
                await self.link.send(job.id, job.attempt, offset, size, chunks)
            except Conflict as error:
                if error.code not in ("upload_offset_wrong", "upload_in_progress"):
                    raise
                # Somebody else of the org, such as sync, may bring the same bytes just now.
                await asyncio.sleep(_BUSY_SECONDS if error.code == "upload_in_progress" else 0)
            finally:
                if isinstance(chunks, AsyncGenerator):
                    await chunks.aclose()
            said = await self.link.hand(job.id, parcel.asked)
        raise Unavailable("upload_in_progress", "The hub takes the same bytes from somebody else.")

    async def _chunks(self, job: Job, path: Path, offset: int) -> AsyncIterator[bytes]:
        with path.open("rb") as file:
            file.seek(offset)
            while True:
                if not self.may_go(job):
                    raise Unavailable("export_stopped", "The job may not go to the hub any more.")
                chunk = await asyncio.to_thread(file.read, CHUNK)
                if not chunk:
                    return
                yield chunk


def _input(path: Path) -> Input:
    """What the hub is to check; blobs have their hash for a name."""
    name, size = path.name, path.stat().st_size
    if is_name(name):
        return Input(name, size)
    with path.open("rb") as file:
        return Input(hashlib.file_digest(file, "sha256").hexdigest(), size)
