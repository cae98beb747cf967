"""The node's side: hands jobs over to the hub's workers, watches them, and takes them back.

A job that is at the hub is this node's job all the time: its row here is leased by ``hub:ID``, with
the attempt as the fence. What the hub says lands only while that attempt has the job. One task
sleeps until a commit touches jobs or policies, the hub comes back, or a time is due; another one
keeps a single long poll open while something is at the hub.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import Final

from unibos.base.errors import Conflict, Error
from unibos.core.jobs.handing.errand import Errand, Options, Tools
from unibos.core.jobs.handing.gate import Gate
from unibos.core.jobs.handing.giving import Giving
from unibos.core.jobs.handing.landing import Landing
from unibos.core.jobs.handing.link import HandoverLink
from unibos.core.jobs.handing.messages import Handover, Watch
from unibos.core.jobs.handing.need import of_job
from unibos.core.jobs.handing.offering import Offering
from unibos.core.jobs.jobs import Jobs
from unibos.core.jobs.routing.explain import Reason, standing
from unibos.core.store import leases
from unibos.core.store.claimant import Claimant
from unibos.core.store.job import Job, JobState
from unibos.core.store.store import OrgStore
from unibos.core.store.transaction import Changed, View

log = logging.getLogger(__name__)

LONGEST_SLEEP: Final = 60.0
POLL_SECONDS: Final = 25.0
_BETWEEN_SECONDS: Final = 0.1
"""Between two looks: many commits are worth one."""
_TROUBLE_MS: Final = 30_000
_AWAY_FIRST_MS: Final = 5_000
_AWAY_LONGEST_MS: Final = 300_000
_TOPICS: Final = ("job", "policy", "export")
_NAME: Final = "the hub"

Takers = Callable[[], Iterable[Claimant]]


class Handing:
    """Jobs of one node that its hub's workers do; for one event loop.

    :param hub: the hub's instance id.
    :param takers: who takes jobs of this node without the hub: its own runner, its workers.
    """

    def __init__(
        self,
        store: OrgStore,
        jobs: Jobs,
        link: HandoverLink,
        hub: str,
        gate: Gate,
        takers: Takers,
        options: Options,
    ) -> None:
        self._store = store
        self._link = link
        self._gate = gate
        self._takers = takers
        self._owner = f"hub:{hub}"
        giving = Giving(store, link, gate, hub)
        landing = Landing(store, link, jobs.outcomes, options.folder)
        self._tools = Tools(giving, landing, jobs.outcomes, options, self._can_here)
        self._offering = Offering(self._tools, gate, self._given, self._offered)
        self._errands: dict[str, Errand] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._to_drop: dict[str, int] = {}
        self._looked = False
        self._away_until = 0
        self._away_ms = _AWAY_FIRST_MS
        self._watching: asyncio.Task[None] | None = None
        self._woken = asyncio.Event()

    def start(self) -> None:
        """Take up what was handed over in an earlier life, and begin."""
        self._loop = asyncio.get_running_loop()
        self._deaf = self._store.listen(self._heard)
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End; what is at the hub stays there, and is taken up at the next start."""
        self._deaf()
        # First whoever begins others.
        await _ended(self._task)
        await self._offering.stop()
        await _ended(*self._tasks.values(), *filter(None, [self._watching]))
        await self._link.close()

    def hub_is(self, there: bool) -> None:  # noqa: FBT001 - what a contact's listener is told
        """The hub answers again, or does not any more."""
        if there:
            self._away_until, self._away_ms = 0, _AWAY_FIRST_MS
            self._looked = False
            self._offering.again()
            self._woken.set()

    @property
    def handed(self) -> dict[str, str]:
        """Ids of the jobs that are at the hub, with how they stand there."""
        return {id_: errand.state for id_, errand in self._errands.items()}

    def reason(self, view: View, job: Job, now: int) -> Reason:
        """What stands between a job of this node and the hub's workers.

        :param now: milliseconds since 1970.
        """
        errand = self._errands.get(job.id)
        if job.state is JobState.RUNNING and job.owner == self._owner and errand is not None:
            return Reason(_NAME, may=True, code="has_it", text=f"It is at the hub: {errand.state}.")
        obstacle = standing(job) or self._offering.obstacle(view, job, now)
        if obstacle is None and self._away_until > now:
            obstacle = "hub_away", "The hub does not answer."
        if obstacle is not None:
            return Reason(_NAME, may=False, code=obstacle[0], text=obstacle[1])
        return Reason(_NAME, may=True, code="may_have", text="It is being offered to the hub.")

    def _heard(self, changes: list[Changed]) -> None:
        """Called on the writer thread after a commit."""
        if not self._woken.is_set() and any(change.topic in _TOPICS for change in changes):
            self._loop.call_soon_threadsafe(self._woken.set)

    async def _run(self) -> None:
        await asyncio.to_thread(self._tools.landing.clear)
        while True:
            self._woken.clear()
            try:
                due = await self._round()
            except Error as error:
                log.warning("jobs at the hub cannot be seen to now: %s", error.code)
                due = self._now() + _TROUBLE_MS
            except Exception:
                log.exception("jobs at the hub cannot be seen to now")
                due = self._now() + _TROUBLE_MS
            await self._sleep(due)

    async def _round(self) -> int | None:
        """Do what is due; the value is when something else is."""
        await self._reckon()
        times = [await self._renewed(errand) for errand in list(self._errands.values())]
        if self._away_until > self._now():
            times.append(self._away_until)
        else:
            try:
                times.append(await self._ask())
            except Error as error:
                times.append(self._away(error))
        return min((time for time in times if time is not None), default=None)

    async def _ask(self) -> int | None:
        """Do what needs the hub."""
        if not self._looked:
            await self._look(0)
        await self._drop()
        self._keep_watching()
        waiting = sum(errand.waits for errand in self._errands.values())
        return await self._offering.look(waiting, {*self._errands, *self._to_drop})

    async def _sleep(self, due: int | None) -> None:
        seconds = None
        if due is not None:
            seconds = min(max(0.0, (due - self._now()) / 1000), LONGEST_SLEEP)
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        await asyncio.sleep(_BETWEEN_SECONDS)

    async def _reckon(self) -> None:
        """Let go of what was cancelled here, call back what may not be at the hub any more, and
        take up what nobody sees to: of an earlier life, or after trouble."""
        # Before the look: what is given meanwhile, it does not know.
        present = {id_: errand.job.attempt for id_, errand in self._errands.items()}
        running, called = await self._store.aread(self._look_here)
        for id_, attempt in present.items():
            if id_ not in running or running[id_].attempt != attempt:
                await self._end(id_, back=False)
        for id_, job in running.items():
            if id_ not in self._errands and not self._offering.is_on_its_way(id_):
                self._begin(Errand(job, self._tools, taken_up=True))
        for id_ in called:
            await self._end(id_, back=True)

    def _look_here(self, view: View) -> tuple[dict[str, Job], list[str]]:
        """What the table says is at the hub, and what of it may not be there."""
        running = {job.id: job for job in leases.running(view, self._owner)}
        if not running:
            return {}, []
        may_go = self._gate.at(view)
        return running, [id_ for id_, job in running.items() if not may_go(job)]

    async def _renewed(self, errand: Errand) -> int | None:
        """Keep a job for the hub, unless that is lost; the value is when to do it again."""
        now, lease = self._now(), self._lease_ms
        if errand.renew_at > now:
            return errand.renew_at
        if now - errand.heard_at >= lease and self._can_here(errand.job):
            await self._end(errand.job.id, back=True)
            return None
        try:
            await self._store.awrite(partial(leases.renew, job=errand.job, lease_until=now + lease))
        except Conflict:
            await self._end(errand.job.id, back=False)
            return None
        errand.renew_at = now + lease // 2
        return errand.renew_at

    async def _end(self, id_: str, *, back: bool) -> None:
        """Answer for a job at the hub no more."""
        errand, task = self._errands.get(id_), self._tasks.get(id_)
        if errand is None or task is None:
            return
        await _ended(task)
        if back:
            with suppress(Conflict):
                await errand.hand_back()

    def _given(self, errand: Errand, said: Handover) -> None:
        """A job is at the hub now."""
        self._begin(errand)
        errand.hear(said)

    def _offered(self, id_: str, for_nothing: int | None) -> None:
        """The hub was asked about a job; it may have taken it too late."""
        if for_nothing is not None:
            self._to_drop[id_] = for_nothing
        self._woken.set()

    def _begin(self, errand: Errand) -> None:
        id_ = errand.job.id

        def ended(task: "asyncio.Task[None]") -> None:
            if not task.cancelled() and (error := task.exception()) is not None:
                log.error("a job at the hub was lost sight of", exc_info=error)
            if self._errands.get(id_) is errand:
                del self._errands[id_], self._tasks[id_]
            self._to_drop[id_] = max(errand.job.attempt, self._to_drop.get(id_, 0))
            self._woken.set()

        self._errands[id_] = errand
        self._tasks[id_] = asyncio.create_task(errand.run())
        self._tasks[id_].add_done_callback(ended)

    async def _drop(self) -> None:
        """Have the hub forget what this node does not answer for there any more."""
        for id_, attempt in list(self._to_drop.items()):
            await self._link.drop(id_, attempt)
            if self._to_drop.get(id_) == attempt:
                del self._to_drop[id_]

    def _keep_watching(self) -> None:
        if self._errands and (self._watching is None or self._watching.done()):
            self._watching = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        try:
            while self._errands:
                await self._look(POLL_SECONDS)
                # What is not settled here yet would be told again and again.
                await asyncio.sleep(_BETWEEN_SECONDS)
        except Error as error:
            self._away(error)
            self._woken.set()

    async def _look(self, seconds: float) -> None:
        """Hear how all stands at the hub."""
        asked = dict(self._errands)
        known = {id_: errand.word for id_, errand in asked.items()}
        said = await self._link.watch(Watch(known, seconds))
        self._away_ms, self._looked = _AWAY_FIRST_MS, True
        told = {each.job: each for each in said}
        for id_, each in told.items():
            self._hear(id_, each)
        for id_, errand in asked.items():
            if id_ not in told and self._errands.get(id_) is errand:
                errand.hear(_gone(errand))

    def _hear(self, id_: str, said: Handover) -> None:
        errand = self._errands.get(id_)
        if errand is not None and errand.job.attempt == said.attempt:
            if errand.word != said.word:
                waited = errand.waits
                errand.hear(said)
                if waited and not errand.waits:
                    self._woken.set()
            errand.heard_at = self._now()
        elif not self._offering.is_on_its_way(id_):
            self._to_drop[id_] = said.attempt
            self._woken.set()
            if errand is not None:
                errand.hear(_gone(errand))

    def _away(self, error: Error) -> int:
        """The hub does not answer as it should; the value is when to ask again."""
        log.info("the hub cannot be asked about jobs: %s", error.code)
        self._away_until = self._now() + self._away_ms
        self._away_ms = min(self._away_ms * 2, _AWAY_LONGEST_MS)
        return self._away_until

    def _can_here(self, job: Job) -> bool:
        need = of_job(job)
        return any(need.met_by(taker) for taker in self._takers())

    def _now(self) -> int:
        return self._tools.now()

    @property
    def _lease_ms(self) -> int:
        return int(self._tools.options.lease_seconds * 1000)


def _gone(errand: Errand) -> Handover:
    return Handover(job=errand.job.id, attempt=errand.job.attempt, state="gone")


async def _ended(*tasks: "asyncio.Task[None]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
