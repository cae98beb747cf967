"""What a job is: its states, its row in the table, and what happened to it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal, get_args

import msgspec

from unibos.base.clock import iso

_encode = msgspec.json.encode

Locality = Literal["node_only", "attached", "hub", "any"]
"""How far a job may go from the instance that it was made at, each one further than the one before:
that machine alone; the workers that were joined to that very instance; its hub's own machine; any
worker of its hub."""

LOCALITIES: tuple[Locality, ...] = get_args(Locality)

REALTIME = "realtime"
"""The queue of jobs that somebody waits for; it comes before all others."""

_CEILINGS: tuple[tuple[str, Locality], ...] = (
    ("wimm.", "node_only"),
    ("documents.sensitive.", "node_only"),
    ("cctv.", "node_only"),
)


def ceiling(kind: str) -> Locality:
    """The furthest that a job of this kind may ever go, whatever kinds, rules and policies say."""
    return next((most for start, most in _CEILINGS if kind.startswith(start)), "any")


def nearest(*localities: Locality) -> Locality:
    """The one of these that lets a job go the least far."""
    return min(localities, key=LOCALITIES.index)


class JobState(StrEnum):
    """Where a job is in its life; the last three are final.

    One that waits needs the results of others first; it is queued when they are done.
    """

    WAITING = "waiting"
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """Whether nothing will change any more."""
        return self in (JobState.DONE, JobState.FAILED, JobState.CANCELLED)


class Progress(msgspec.Struct, frozen=True):
    """How far a job has got.

    :param value: between 0 and 1; None when nobody can tell.
    :param phase: what is being done, in few words.
    """

    value: float | None = None
    phase: str = ""


class JobError(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why an attempt failed, in the words of :class:`unibos.base.errors.Error`."""

    code: str
    detail: str
    hint: str = ""


@dataclass(frozen=True, kw_only=True)
class JobSpec:
    """What the table must know of a kind of job.

    :param name: such as ``documents.read``; the module's name comes first.
    :param queue: the named line that it waits in.
    :param priority: a higher one runs earlier.
    :param max_attempts: how often it may be tried before it has failed for good.
    :param locality: how far it may go; rules and the export policy of its collection may only
        hold it nearer.
    :param requires: capabilities that whoever runs it must have, such as ``gpu``.
    :param prefer: a capability that whoever runs it should have, for ``fallback_seconds``; then
        anybody may take it.
    :param version: of what is asked of the work: only who knows this version, or a later one, may
        run it.
    :param memory_mb: memory that the work needs, in MiB; None for what a child gets anyway.
    :param collection: whose records it works on, and whose export policy therefore holds for it.
    :param max_size_mb: a job with a larger input, in MiB, does not leave its machine; None: no
        such limit.
    """

    name: str
    queue: str = "default"
    priority: int = 0
    max_attempts: int = 3
    locality: Locality = "any"
    requires: tuple[str, ...] = ()
    prefer: str = ""
    fallback_seconds: float = 30
    version: int = 1
    memory_mb: int | None = None
    collection: str = ""
    max_size_mb: int | None = None


class Job(msgspec.Struct, frozen=True):
    """A job as it stands. Times are in milliseconds since 1970.

    :param attempt: how often it was started; the fence: who runs an older attempt is refused.
    :param max_attempts: grows with each stop of the server that was not the job's fault.
    :param interruptions: how often the server ended without handing the job back.
    :param result: JSON value kept by its kind once it is done.
    :param memory_mb: 0 for what a child gets anyway.
    :param size: of its input, in bytes.
    :param prefer_until: until then it waits for somebody who has what it prefers.
    :param here_until: until then no worker of the hub may have it; it came back from there.
    :param needs: ids of the jobs whose results it needs; ``open_needs`` of them are not done.
    """

    org: str
    id: str
    kind: str
    queue: str
    priority: int
    state: JobState
    args: dict[str, Any]
    attempt: int
    max_attempts: int
    interruptions: int
    run_at: int
    lease_until: int | None
    owner: str | None
    progress: Progress | None
    result: Any
    error: JobError | None
    created_at: int
    finished_at: int | None
    version: int
    locality: Locality
    requires: tuple[str, ...]
    prefer: str
    prefer_until: int
    here_until: int
    memory_mb: int
    size: int
    collection: str
    batch: str | None
    needs: tuple[str, ...]
    open_needs: int

    @property
    def json(self) -> bytes:
        """The job as the API gives it."""
        return _encode(
            {
                "id": self.id,
                "kind": self.kind,
                "queue": self.queue,
                "priority": self.priority,
                "state": self.state.value,
                "progress": self.progress,
                "attempt": self.attempt,
                "max_attempts": self.max_attempts,
                "run_at": iso(self.run_at),
                "error": self.error,
                "result": self.result,
                "created_at": iso(self.created_at),
                "finished_at": None if self.finished_at is None else iso(self.finished_at),
                "locality": self.locality,
                "requires": self.requires,
                "prefer": self.prefer or None,
                "size": self.size,
                "worker": self.owner,
                "batch": self.batch,
                "needs": self.needs,
            }
        )


@dataclass(frozen=True, slots=True)
class JobEvent:
    """Something that happened to a job.

    :param num: rises over all jobs of the instance; the id of a server-sent event.
    :param type: the state it came into, or ``progress``.
    :param at: milliseconds since 1970.
    """

    num: int
    job: str
    type: str
    at: int
    data: dict[str, Any]

    @property
    def json(self) -> bytes:
        """The event as the API gives it."""
        return _encode(
            {
                "num": self.num,
                "job": self.job,
                "type": self.type,
                "at": iso(self.at),
                "data": self.data,
            }
        )


@dataclass(frozen=True, slots=True)
class JobPage:
    """Jobs, newest first, and the cursor of the next page or None."""

    items: list[Job]
    next: str | None


COLUMNS = ", ".join(Job.__struct_fields__)
"""A job's row, in the order of the fields."""


def to_row(job: Job) -> tuple[Any, ...]:
    """The row of :data:`COLUMNS` of a job."""
    values = list(msgspec.structs.astuple(job))
    for place, _ in _JSON:
        if values[place] is not None:
            values[place] = _encode(values[place]).decode()
    return tuple(values)


def from_row(row: tuple[Any, ...]) -> Job:
    """A job from a row of :data:`COLUMNS`."""
    values = list(row)
    for place, decode in _JSON:
        if values[place] is not None:
            values[place] = decode(values[place])
    values[_STATE] = JobState(values[_STATE])
    return Job(*values)


_STATE = Job.__struct_fields__.index("state")
_JSON = tuple(
    (Job.__struct_fields__.index(name), msgspec.json.Decoder(type_).decode)
    for name, type_ in (
        ("args", dict[str, Any]),
        ("progress", Progress),
        ("result", Any),
        ("error", JobError),
        ("requires", tuple[str, ...]),
        ("needs", tuple[str, ...]),
    )
)
