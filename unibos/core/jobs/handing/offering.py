"""Which jobs are offered to the hub, and what it says to that."""

import asyncio
import logging
from collections.abc import Callable, Collection, Hashable
from dataclasses import replace
from functools import partial
from typing import Final

from unibos.base.clock import iso
from unibos.base.errors import Error, TooMany, Unavailable
from unibos.core.jobs.handing.errand import Errand, Tools
from unibos.core.jobs.handing.gate import Gate
from unibos.core.jobs.handing.messages import Handover
from unibos.core.jobs.handing.need import Need, of_job
from unibos.core.jobs.handing.pauses import Pauses
from unibos.core.jobs.kind import LightKind
from unibos.core.jobs.routing.explain import Obstacle, not_due, stays_for_now, too_far
from unibos.core.store import offers
from unibos.core.store.job import Job
from unibos.core.store.system import reach
from unibos.core.store.transaction import View

log = logging.getLogger(__name__)

_FULL: Final = "hub full"
_SAME_TIME: Final = 4

Given = Callable[[Errand, Handover], None]
Ended = Callable[[str, int | None], None]


class Offering:
    """Looks for jobs that the hub's workers should do, and hands them over; for one event loop.

    :param given: told of each job that the hub has taken.
    :param ended: told of each that it was asked about, with the attempt that it may have for
        nothing; None: it has none.
    """

    def __init__(self, tools: Tools, gate: Gate, given: Given, ended: Ended) -> None:
        self._tools = tools
        self._gate = gate
        self._given = given
        self._ended = ended
        self._going: dict[str, asyncio.Task[int | None]] = {}
        self._pauses = Pauses()
        kinds = tools.outcomes.kinds
        self._light = [name for name, kind in kinds.items() if isinstance(kind, LightKind)]

    async def look(self, waiting: int, present: Collection[str]) -> int | None:
        """Hand over what is due; the value is when to look again, None: when something changed.

        :param waiting: jobs that wait at the hub for a worker.
        :param present: jobs that are there.
        """
        now = self._tools.now()
        room = min(self._tools.options.waiting - waiting, _SAME_TIME) - len(self._going)
        if room <= 0:
            return None
        if self._pauses.stands(_FULL, now):
            return self._pauses.next_end(now)
        but = {*present, *self._going}
        found, due = await self._tools.giving.store.aread(partial(self._due, now=now, but=but))
        for job in found[:room]:
            task = asyncio.create_task(self._offer(job))
            self._going[job.id] = task
            task.add_done_callback(partial(self._gone, job.id))
        times = (due, self._pauses.next_end(now))
        return min((time for time in times if time is not None), default=None)

    def obstacle(self, view: View, job: Job, now: int) -> Obstacle:
        """What stands between a job that waits and an offer to the hub."""
        if job.kind in self._light or job.kind not in self._tools.outcomes.kinds:
            return "stays_here", f"{job.kind} is done where its data is."
        if job.locality in ("node_only", "attached"):
            return too_far(job)
        if job.run_at > now:
            return not_due(job)
        if job.here_until > now:
            return stays_for_now(job)
        if not self._gate.at(view)(job):
            return "export_blocked", "The export policies do not let it leave the node."
        return self._patience(job, now)

    def _patience(self, job: Job, now: int) -> Obstacle:
        """Why a job that may be offered is not, for the present."""
        offered_at = job.run_at + int(self._tools.options.hand_over_seconds * 1000)
        if self._pauses.stands(_FULL, now):
            return "hub_busy", "The hub does not take jobs now; it is asked again."
        if self._pauses.stands(_like(job), now) or self._pauses.stands(job.id, now):
            return "hub_refused", "The hub has no worker for it; it is asked again."
        if offered_at > now and self._tools.can_here(job):
            return "here_first", f"It can be done here; the hub is asked at {iso(offered_at)}."
        return None

    def is_on_its_way(self, id_: str) -> bool:
        """Whether the hub is being asked about a job just now."""
        return id_ in self._going

    def again(self) -> None:
        """Whatever the hub refused, ask again."""
        self._pauses.end_all()

    async def stop(self) -> None:
        """End what is on its way."""
        for task in self._going.values():
            task.cancel()
        await asyncio.gather(*self._going.values(), return_exceptions=True)

    def _gone(self, id_: str, task: "asyncio.Task[int | None]") -> None:
        del self._going[id_]
        if task.cancelled():
            return
        if (error := task.exception()) is not None:
            log.error("a job could not be handed over", exc_info=error)
            self._refused(id_)
        self._ended(id_, None if error is not None else task.result())

    def _due(self, view: View, now: int, but: Collection[str]) -> tuple[list[Job], int | None]:
        """Jobs to be handed over now, the most important first, and when there may be others."""
        may_go = self._gate.at(view)
        patience = int(self._tools.options.hand_over_seconds * 1000)
        times = [offers.next_due(view, now)]
        found = []
        for job in offers.due(view, now, but=self._light):
            if job.id in but or job.kind not in self._tools.outcomes.kinds:
                continue
            if self._pauses.stands(_like(job), now) or self._pauses.stands(job.id, now):
                continue
            if job.run_at + patience > now and self._tools.can_here(job):
                times.append(job.run_at + patience)
            elif may_go(job):
                found.append(job)
        found.sort(key=lambda job: (-job.priority, job.run_at, job.id))
        return found, min((time for time in times if time is not None), default=None)

    async def _offer(self, job: Job) -> int | None:
        """Hand one job over, if the hub takes it and nobody here has it by then; the value is an
        attempt that the hub took for nothing."""
        tools, giving = self._tools, self._tools.giving
        kind, attempt = tools.outcomes.kinds[job.kind], job.attempt + 1
        try:
            parcel = await asyncio.to_thread(giving.pack, kind, job, attempt, tools.now())
        except Error as error:
            await self._fail(job, error)
            return None
        if parcel.asked.input is not None and not job.collection:
            # Nobody said how far these bytes may travel.
            self._refused(job.id)
            return None
        if not giving.may_go(job):
            return None
        try:
            said = await giving.link.hand(job.id, parcel.asked)
        except Error as error:
            self._no(job, error)
            # Who does not answer may have heard it all the same.
            return attempt if isinstance(error, Unavailable) else None
        reach("handing.handed")
        self._pauses.taken(_like(job))
        self._pauses.taken(_FULL)
        until = tools.now() + int(tools.options.lease_seconds * 1000)
        taken = await giving.take(job, parcel, until)
        if taken is None:
            return attempt
        self._given(Errand(taken, tools, parcel), said)
        return None

    async def _fail(self, job: Job, error: Error) -> None:
        """A job that cannot even be prepared fails here, as it would in this node's own hands."""
        tools = self._tools
        until = tools.now() + int(tools.options.lease_seconds * 1000)
        owner = f"hub:{tools.giving.hub}"
        taken = await tools.giving.store.awrite(
            partial(offers.take, job=job, owner=owner, lease_until=until)
        )
        if taken is not None:
            await asyncio.to_thread(tools.outcomes.failed, taken, error)

    def _no(self, job: Job, error: Error) -> None:
        log.info("the hub does not take a job", extra={"job": job.id, "code": error.code})
        if isinstance(error, TooMany | Unavailable):
            self._refused(_FULL)
        elif error.code in ("no_worker", "job_stays"):
            self._refused(_like(job))
        else:
            self._refused(job.id)

    def _refused(self, what: Hashable) -> None:
        self._pauses.refused(what, self._tools.now())


def _like(job: Job) -> Need:
    """Jobs for which the hub has the same answer: their sizes count as if they were rounded up."""
    return replace(of_job(job), size=1 << job.size.bit_length())
