"""The source's side of leases: jobs are given to workers, and what they report lands here.

The table is the truth: ``attempt`` is the fence, and what is remembered here only spares looks. So
a worker goes on with what it has when its source was started anew.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Collection, Coroutine
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from unibos.base.errors import Conflict, Error, Invalid, NotFound, StorageFull, Unavailable
from unibos.core.jobs.jobs import Jobs
from unibos.core.jobs.kind import HeavyKind, LightKind, PortableKind
from unibos.core.jobs.leasing import held as attempts
from unibos.core.jobs.leasing.held import Given, Held, Key, lease_of
from unibos.core.jobs.leasing.messages import Attempt, Claim, Lease, Report, Verdict
from unibos.core.jobs.leasing.outputs import MOST_BYTES, Arriving, Outputs
from unibos.core.jobs.leasing.reporting import Reporting
from unibos.core.jobs.leasing.waiting import WaitingRoom
from unibos.core.store import jobs as verbs
from unibos.core.store import leases
from unibos.core.store.claimant import Claimant
from unibos.core.store.job import Job, JobState
from unibos.core.store.store import Store
from unibos.core.store.transaction import Changed

log = logging.getLogger(__name__)

MOST_HELD = 256
"""Jobs that one worker can have at the same time."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """Limits.

    :param folder: where what workers send is kept until the job's end; what else is in it is
        removed.
    :param lease_seconds: a worker that is silent for so long loses its jobs.
    :param progress_seconds: at least so long between two writes of a job's progress.
    :param output_bytes: the most that the work of one attempt may make.
    :param transfer_seconds: the longest time of an attempt beside its work's, for its files to come
        and go; then it has failed, whatever its worker says.
    """

    folder: Path
    lease_seconds: float = 60
    progress_seconds: float = 5
    output_bytes: int = MOST_BYTES
    transfer_seconds: float = 6 * 3600


class Leasing:
    """Leases of one instance's jobs; for one event loop, from :meth:`start` to :meth:`close`.

    :param jobs: runs those jobs here; its kinds are the ones that are given away.
    :param own: the owner under which the instance itself runs jobs, of which nothing is said here.
    """

    def __init__(
        self,
        store: Store,
        jobs: Jobs,
        options: Options,
        *,
        own: str,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._jobs = jobs
        self._options = options
        self._own = own
        self._monotonic = monotonic
        self._clock = jobs.outcomes.clock
        self._held: dict[Key, Held] = {}
        self._coming: Counter[str] = Counter()
        self._room = WaitingRoom(store, self._clock)
        self._reporting = Reporting(
            store, jobs.outcomes, options.lease_seconds, options.progress_seconds, monotonic
        )
        self._kinds = {
            "heavy": _names(jobs, HeavyKind),
            "light": _names(jobs, PortableKind),
        }
        self._some = asyncio.Event()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._expiring: asyncio.Task[None] | None = None
        self._deaf: Callable[[], None] = lambda: None

    def start(self) -> None:
        """Begin to give jobs away; what is left of attempts that are over is removed."""
        loop = asyncio.get_running_loop()

        def hear(changes: list[Changed]) -> None:
            jobs = [change for change in changes if change.topic == "job"]
            if jobs:
                loop.call_soon_threadsafe(self._heard, jobs)

        self._deaf = self._store.listen(hear)
        self._room.start()
        running = self._store.read(leases.running)
        self._keep({_folder(job) for job in running})
        if running:
            self._some.set()
        self._expiring = asyncio.create_task(self._expire())

    async def close(self) -> None:
        """Give no more jobs away; workers keep what they have, and report it to the next life.
        Another close does nothing."""
        self._deaf()
        self._deaf = lambda: None
        await self._room.close()
        if self._expiring is not None:
            self._expiring.cancel()
            await asyncio.gather(self._expiring, return_exceptions=True)
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def claim(self, claimant: Claimant, asked: Claim) -> list[Lease]:
        """Jobs for a worker; waits for the first one as long as it asks for."""
        kinds = self._kinds[asked.sort] & claimant.kinds.keys()
        deadline = self._monotonic() + asked.wait_seconds
        with self._room.guest(claimant.owner) as guest:
            while True:
                found: list[Lease] = []
                room = self._room_for(claimant.owner)
                if kinds and room > 0 and not guest.away:
                    found = await self._undisturbed(self._take(claimant, kinds, asked.most))
                if found:
                    # There may be more, for others.
                    self._room.ring()
                    return found
                left = deadline - self._monotonic()
                # Who has all that it may have would be woken for nothing, again and again.
                wanted = kinds if room > 0 else frozenset[str]()
                if not await self._room.wait(guest, claimant, wanted, left):
                    return []

    async def report(self, owner: str, reports: Collection[Report]) -> list[Verdict]:
        """Take what a worker tells; the verdicts are in the same order."""
        found = [(report, await self._find(owner, _key(report))) for report in reports]
        codes = await self._reporting.take(found)
        for (report, held), code in zip(found, codes, strict=True):
            if held is not None and report.type != "running" and code in ("", "job_lost"):
                await self._forget(held)
        return [
            Verdict(report.job, report.attempt, code)
            for report, code in zip(reports, codes, strict=True)
        ]

    async def input(self, owner: str, org: str, job: str, attempt: int) -> Given:
        """The bytes that a job of this worker's works on.

        :raises Conflict: ``job_lost``.
        :raises NotFound: ``job_input_none``.
        """
        held = await self._require(owner, (org, job, attempt))
        if held.task is None:
            await asyncio.to_thread(attempts.prepare, held, self._store.org(org))
        if held.given is None:
            raise NotFound("job_input_none", "This job works on no file.")
        return held.given

    async def output(
        self, owner: str, org: str, job: str, attempt: int, name: str, size: int | None
    ) -> Arriving:
        """Begin to take in a file that the work of a job of this worker's made.

        :param size: how many bytes will come; None: nobody says.
        :raises Conflict: ``job_lost``.
        :raises Invalid: ``job_output_name_invalid``.
        :raises TooLarge: ``job_output_too_large``.
        :raises StorageFull: ``storage_full``.
        """
        held = await self._require(owner, (org, job, attempt))
        if held.outputs is None:
            raise Invalid("job_output_name_invalid", "The work of this kind makes no files.")
        return held.outputs.begin(name, size)

    async def take_back(self, owner: str) -> int:
        """Have a worker lose all that it has, for no fault of the jobs; the count of them."""
        jobs = await self._store.aread(lambda view: leases.running(view, owner))
        for job in jobs:
            await self._settle(partial(self._jobs.outcomes.handed_back, job))
            await self._drop(job)
        return len(jobs)

    async def begun_anew(self, owner: str, left: Collection[Attempt]) -> int:
        """Queue again what an earlier life of a worker had, and this one has not; the count."""
        has = {(each.org, each.job, each.attempt) for each in left}
        jobs = await self._store.aread(lambda view: leases.running(view, owner))
        gone = [job for job in jobs if (job.org, job.id, job.attempt) not in has]
        for job in gone:
            await self._settle(partial(self._jobs.outcomes.interrupted, job))
            await self._drop(job)
        return len(gone)

    def send_away(self, owner: str) -> None:
        """Answer a worker that stops, and so wants no more jobs."""
        self._room.send_away(owner)

    def held_by(self, owner: str) -> list[Job]:
        """The jobs that a worker has, as far as is remembered."""
        return [held.job for held in self._held.values() if held.owner == owner]

    async def _take(self, claimant: Claimant, kinds: Collection[str], most: int) -> list[Lease]:
        due = self._room.due(claimant, kinds)
        now = self._clock.now()
        most = min(most, self._room_for(claimant.owner))
        if due is None or due > now or most <= 0:
            return []
        until = now + int(self._options.lease_seconds * 1000)
        self._coming[claimant.owner] += most
        try:
            taken = await self._store.awrite(
                lambda tx: leases.claim(
                    tx, claimant, now=now, lease_until=until, most=most, kinds=kinds
                )
            )
            held = [self._remember(claimant.owner, job) for job in taken]
        finally:
            self._coming[claimant.owner] -= most
        prepared = [await self._begin(each) for each in held]
        return [lease for lease in prepared if lease is not None]

    def _room_for(self, owner: str) -> int:
        """How many jobs more a worker may have, those counted that other calls of it are taking."""
        return MOST_HELD - len(self.held_by(owner)) - self._coming[owner]

    async def _begin(self, held: Held) -> Lease | None:
        """What a worker is told of a job that it has now; None where it cannot be prepared."""
        store = self._store.org(held.job.org)
        try:
            if isinstance(held.kind, HeavyKind):
                await asyncio.to_thread(attempts.prepare, held, store)
            else:
                attempts.prepare(held, store)
        except Error as error:
            await self._reporting.refuse(held, error)
            await self._forget(held)
            return None
        return lease_of(held, self._options.lease_seconds)

    async def _undisturbed(self, work: Coroutine[Any, Any, list[Lease]]) -> list[Lease]:
        """Jobs that were taken for somebody who has gone meanwhile are given back."""
        task = asyncio.create_task(work)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            self._later(self._give_back(task))
            raise

    async def _give_back(self, task: "asyncio.Task[list[Lease]]") -> None:
        for lease in await task:
            held = self._held.get((lease.org, lease.job, lease.attempt))
            if held is not None:
                await self._settle(partial(self._jobs.outcomes.handed_back, held.job))
                await self._forget(held)

    def _remember(self, owner: str, job: Job) -> Held:
        kind = self._jobs.kinds[job.kind]
        now = self._monotonic()
        held = Held(job, owner, kind, since=now, renewed=now)
        if isinstance(kind, HeavyKind):
            folder = self._options.folder / _folder(job)
            held.outputs = Outputs(folder, self._store.system, self._options.output_bytes)
        self._held[held.key] = held
        self._some.set()
        return held

    async def _find(self, owner: str, key: Key) -> Held | None:
        """The attempt, if this worker has it; after a restart, as the table says."""
        held = self._held.get(key)
        if held is not None:
            return held if held.owner == owner else None
        org, id_, attempt = key
        try:
            job = self._store.read(lambda view: verbs.get(view, id_), org)
        except NotFound:
            return None
        mine = job.state is JobState.RUNNING and (job.owner, job.attempt) == (owner, attempt)
        return self._remember(owner, job) if mine and job.kind in self._jobs.kinds else None

    async def _require(self, owner: str, key: Key) -> Held:
        held = await self._find(owner, key)
        if held is None:
            raise Conflict("job_lost", "This worker does not have the job (any more).")
        self._store.read(lambda view: leases.hold(view, held.job), held.job.org)
        return held

    async def _settle(self, outcome: Callable[[], None]) -> None:
        """Have the table take note of an end; where it cannot, the lease runs out."""
        try:
            await asyncio.to_thread(outcome)
        except Conflict:
            return
        except (StorageFull, Unavailable) as error:
            log.warning("a job could not be taken back", extra={"code": error.code})

    async def _drop(self, job: Job) -> None:
        held = self._held.get((job.org, job.id, job.attempt))
        if held is not None:
            await self._forget(held)

    async def _forget(self, held: Held) -> None:
        if self._held.pop(held.key, None) is None or held.outputs is None:
            return
        if held.outputs.folder.exists():
            await asyncio.to_thread(held.outputs.remove)

    def _heard(self, jobs: list[Changed]) -> None:
        """Jobs were changed."""
        if any(change.queued for change in jobs):
            self._room.ring()
        ids = {change.id for change in jobs}
        mine = [
            held
            for held in self._held.values()
            if held.job.id in ids and not (held.landing or held.ending.locked())
        ]
        if mine:
            self._later(self._forget_lost(mine))

    async def _forget_lost(self, mine: list[Held]) -> None:
        """Forget attempts whose jobs were cancelled or taken."""
        jobs = [held.job for held in mine]
        lost = self._store.read(lambda view: leases.lost(view, jobs))
        for held in mine:
            if held.job in lost and not held.ending.locked():
                await self._forget(held)

    async def _expire(self) -> None:
        """Take back jobs whose worker fell silent, or never comes to an end; sleeps while nobody
        has any."""
        while True:
            await self._some.wait()
            await asyncio.sleep(self._options.lease_seconds / 4)
            try:
                await self._take_back_silent()
                await self._end_endless()
            except Error as error:
                log.warning("silent workers are looked for later", extra={"code": error.code})

    async def _take_back_silent(self) -> None:
        now = self._clock.now()
        running = await self._store.aread(leases.running)
        others = [job for job in running if job.owner != self._own]
        if not others and not self._held:
            self._some.clear()
        for job in others:
            if job.lease_until is not None and job.lease_until <= now:
                log.info("a worker fell silent", extra={"job": job.id, "worker": job.owner})
                await self._settle(partial(self._jobs.outcomes.interrupted, job))
                await self._drop(job)

    async def _end_endless(self) -> None:
        """Have attempts fail whose worker goes on saying that they run."""
        now = self._monotonic()
        for held in tuple(self._held.values()):
            most = held.timeout_seconds + self._options.transfer_seconds
            if now - held.since <= most or held.ending.locked():
                continue
            facts = {"job": held.job.id, "worker": held.owner}
            log.warning("a worker did not end a job in %.0f s", most, extra=facts)
            error = Unavailable("job_timeout", "The worker did not end the job in time.")
            await self._settle(partial(self._jobs.outcomes.failed, held.job, error))
            await self._forget(held)

    def _keep(self, used: set[str]) -> None:
        """Remove the folders of attempts that are over."""
        if self._options.folder.exists():
            for folder in self._options.folder.iterdir():
                if folder.name not in used:
                    Outputs(folder, self._store.system).remove()

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _key(report: Report) -> Key:
    return report.org, report.job, report.attempt


def _folder(job: Job) -> str:
    return f"{job.org}-{job.id}-{job.attempt}"


def _names(jobs: Jobs, sort: type) -> frozenset[str]:
    return frozenset(
        name
        for name, kind in jobs.kinds.items()
        if isinstance(kind, sort) and not isinstance(kind, LightKind)
    )
