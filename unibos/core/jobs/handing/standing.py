"""How a handover stands, as the hub tells its node."""

from functools import partial
from typing import Literal

from unibos.core.jobs.handing.messages import Handover
from unibos.core.jobs.handing.relay import asked_of, is_permanent, outputs_of
from unibos.core.store import handovers, jobs
from unibos.core.store.handovers import Kept
from unibos.core.store.job import Job, JobError, JobState
from unibos.core.store.store import OrgStore
from unibos.core.store.transaction import View

_GONE = JobError("job_cancelled", "The job was cancelled at the hub.")


def all_of(org: OrgStore, node: str) -> list[Handover]:
    """All that a node has at the hub, without results."""
    kept = org.read(partial(handovers.of_node, node=node))
    return [_brief(org, each) for each in kept]


def whole(org: OrgStore, kept: Kept) -> Handover:
    """One of them, with what came of it."""
    if kept.state is None or not kept.state.final:
        return _brief(org, kept)

    def look(view: View) -> Handover:
        return _ended(kept, jobs.get(view, kept.relay))

    return org.read(look)


def _ended(kept: Kept, relay: Job) -> Handover:
    if relay.state is JobState.DONE:
        return Handover(
            job=kept.job,
            attempt=kept.attempt,
            state="done",
            result=relay.result["result"],
            outputs=outputs_of(relay),
        )
    return Handover(
        job=kept.job,
        attempt=kept.attempt,
        state="failed",
        error=relay.error if relay.state is JobState.FAILED and relay.error else _GONE,
        error_kind="Invalid" if is_permanent(relay) else "Unavailable",
    )


def _brief(org: OrgStore, kept: Kept) -> Handover:
    state = _STATES[kept.state]
    received = 0
    if state == "sending" and (input_ := asked_of(kept).input):
        received = org.blobs.received(org.org, input_.sha256)
    return Handover(
        job=kept.job,
        attempt=kept.attempt,
        state=state,
        received=received,
        worker=kept.owner,
        progress=kept.progress,
    )


_STATES: dict[JobState | None, Literal["sending", "queued", "running", "done", "failed"]] = {
    None: "sending",
    JobState.WAITING: "queued",
    JobState.QUEUED: "queued",
    JobState.RUNNING: "running",
    JobState.DONE: "done",
    JobState.FAILED: "failed",
    JobState.CANCELLED: "failed",
}
