"""What a worker and the instance that has the jobs (the source) say to each other."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from unibos.core.store.job import JobError, Progress
from unibos.core.store.worker_facts import Name, WorkerFacts

__all__ = [
    "LONGEST_WAIT",
    "MOST_LEASES",
    "Attempt",
    "Claim",
    "FileName",
    "Heard",
    "Input",
    "Lease",
    "Leases",
    "Name",
    "Report",
    "Reports",
    "Sha256",
    "Sign",
    "Verdict",
    "Verdicts",
    "WorkerFacts",
]

MOST_LEASES = 64
"""Jobs that one claim can bring, and reports that one call can hold."""
LONGEST_WAIT = 30.0
"""Seconds that a claim may wait for a job."""

Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
FileName = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,99}\Z")]
"""A file that the work made, in its folder."""


class Claim(Struct, frozen=True, forbid_unknown_fields=True):
    """A worker asks for jobs.

    :param most: how many it has room for.
    :param wait_seconds: how long it would wait for the first one.
    :param sort: which of its kinds it has room for: those with a child, or light ones.
    """

    most: Annotated[int, Meta(ge=1, le=MOST_LEASES)] = 1
    wait_seconds: Annotated[float, Meta(ge=0, le=LONGEST_WAIT)] = 0
    sort: Literal["heavy", "light"] = "heavy"


class Input(Struct, frozen=True):
    """The bytes that a job works on."""

    sha256: Sha256
    size: Annotated[int, Meta(ge=0, lt=2**62)]


class Lease(Struct, frozen=True, kw_only=True):
    """A job that a worker may work on, for so long.

    :param args: what the work gets: the task's, not those that the job was asked for with.
    :param lease_seconds: report within this time, or somebody else gets the job.
    :param timeout_seconds: the longest time of the work.
    """

    org: str
    job: str
    attempt: int
    kind: str
    queue: str
    priority: int
    args: dict[str, Any]
    input: Input | None = None
    lease_seconds: float
    timeout_seconds: float
    memory_mb: int | None = None


class Leases(Struct, frozen=True):
    """The answer to a claim; empty when no job came in time."""

    items: list[Lease]


class Report(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a worker tells of one attempt.

    :param type: ``running`` keeps the lease, perhaps with a progress; ``done`` comes with the
        result, after all files that the work made were sent; ``failed`` with the error and the
        name of its kind in ``base.errors``; ``back`` hands the job back, for no fault of its own;
        with the error ``job_interrupted`` the worker died during it.
    """

    org: str
    job: str
    attempt: int
    type: Literal["running", "done", "failed", "back"]
    progress: Progress | None = None
    result: Any = None
    error: JobError | None = None
    error_kind: Annotated[str, Meta(max_length=50)] = ""


class Reports(Struct, frozen=True, forbid_unknown_fields=True):
    """Reports of several attempts."""

    items: Annotated[list[Report], Meta(max_length=MOST_LEASES)]


class Verdict(Struct, frozen=True, omit_defaults=True):
    """What became of one report.

    :param code: empty: it was taken. ``job_lost``: the attempt does not have the job any more, so
        its work is to be ended. Anything else: the job's end could not be written, and why; the
        work need not be done again, the report may be sent again (``storage_full``, …).
    """

    job: str
    attempt: int
    code: str = ""


class Verdicts(Struct, frozen=True):
    """The answer to reports, in their order."""

    items: list[Verdict]


class Attempt(Struct, frozen=True, forbid_unknown_fields=True):
    """One attempt at a job."""

    org: Annotated[str, Meta(max_length=64)]
    job: Annotated[str, Meta(max_length=64)]
    attempt: int


class Sign(Struct, frozen=True, forbid_unknown_fields=True):
    """A worker's sign of life.

    :param facts: told at its start, and when they changed.
    :param running: jobs that it works on.
    :param stopping: it takes no more jobs.
    :param left: told at its start, before it asks for jobs: the attempts that it still has from
        an earlier life. What else it had was lost with that life.
    """

    facts: WorkerFacts | None = None
    running: Annotated[int, Meta(ge=0, le=4096)] = 0
    stopping: bool = False
    left: Annotated[list[Attempt], Meta(max_length=512)] | None = None


class Heard(Struct, frozen=True, kw_only=True):
    """The answer to a sign of life.

    :param time: the source's, in milliseconds since 1970.
    :param source: its instance id.
    :param facts_wanted: it does not know this worker's facts.
    """

    time: int
    source: str
    name: str
    heartbeat_seconds: int
    facts_wanted: bool = False
