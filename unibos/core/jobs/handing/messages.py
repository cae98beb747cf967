"""What a node and its hub say of jobs that the hub's workers are to do."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from unibos.core.jobs.leasing.messages import LONGEST_WAIT, FileName, Input, Name
from unibos.core.store.job import JobError, Locality, Progress

MOST_HANDED = 256
"""Jobs of one node that a hub takes at the same time."""


class HandoverIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A node asks its hub to have a job done.

    :param attempt: the node's; a later one takes the place of an earlier one of the same job.
    :param args: what the work gets, prepared by the node.
    :param input: the bytes to work on, which the node sends next.
    """

    attempt: Annotated[int, Meta(ge=1, lt=2**31)]
    kind: Name
    version: Annotated[int, Meta(ge=0, lt=2**31)]
    queue: Name
    priority: Annotated[int, Meta(gt=-(2**31), lt=2**31)]
    locality: Locality
    requires: Annotated[tuple[Name, ...], Meta(max_length=100)] = ()
    prefer: Annotated[str, Meta(max_length=200)] = ""
    prefer_seconds: Annotated[float, Meta(ge=0, le=86400)] = 0
    memory_mb: Annotated[int, Meta(ge=0, lt=2**31)] | None = None
    args: dict[str, Any] = {}
    input: Input | None = None


class Output(Struct, frozen=True):
    """A file that the work made."""

    name: FileName
    sha256: str
    size: int


class Handover(Struct, frozen=True, kw_only=True):
    """A job that was handed over, as the hub has it.

    :param state: ``sending`` until the input is there; ``queued``, ``running``; ``done`` with
        result and outputs where it was asked for alone, ``failed`` with the error, ``gone`` when
        the hub does not have it (any more).
    :param received: how many bytes of the input are there already.
    :param worker: who works on it.
    """

    job: str
    attempt: int
    state: Literal["sending", "queued", "running", "done", "failed", "gone"]
    received: int = 0
    worker: str | None = None
    progress: Progress | None = None
    result: Any = None
    outputs: list[Output] = []
    error: JobError | None = None
    error_kind: str = ""

    @property
    def word(self) -> str:
        """What a node says that it knows of it; another one with each change worth telling."""
        progress = self.progress or Progress()
        told = (str(self.attempt), self.state, self.worker, progress.value, progress.phase)
        return " ".join(str(each) for each in told)


class Handovers(Struct, frozen=True):
    """What a node has at its hub."""

    items: list[Handover]


class Watch(Struct, frozen=True, forbid_unknown_fields=True):
    """A node waits for something to happen to what it handed over.

    :param known: job id → :attr:`Handover.word`, as it was told last.
    """

    known: Annotated[dict[str, str], Meta(max_length=MOST_HANDED)]
    wait_seconds: Annotated[float, Meta(ge=0, le=LONGEST_WAIT)] = 0
