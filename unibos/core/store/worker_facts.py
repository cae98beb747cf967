"""What a worker found about itself when it started, and the claimant that this makes of it."""

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from unibos.core.store.claimant import Claimant
from unibos.core.store.job import Locality

MIB = 1024 * 1024

Name = Annotated[str, Meta(min_length=1, max_length=200)]


class WorkerFacts(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a worker found about itself when it started.

    :param kinds: the kinds that it knows, each with the latest version of it.
    :param capabilities: such as ``tesseract``, ``tesseract:tur``, ``ffmpeg``, ``ffmpeg:libx264``,
        ``gpu``, ``v4l2:h264``; with ``versions`` of the programs behind them.
    :param queues: the queues that it takes jobs from; empty: all.
    :param slots: heavy jobs at the same time.
    :param memory_mb: the most memory that a job's work may take, in MiB.
    :param max_size_mb: the largest input, in MiB.
    """

    type: Annotated[str, Meta(max_length=50)] = "all"
    version: Annotated[str, Meta(max_length=50)] = ""
    board: Annotated[str, Meta(max_length=200)] = ""
    cores: Annotated[int, Meta(ge=1, le=4096)] = 1
    slots: Annotated[int, Meta(ge=0, le=1024)] = 1
    memory_mb: Annotated[int, Meta(ge=0, lt=2**31)] = 320
    max_size_mb: Annotated[int, Meta(ge=0, lt=2**31)] = 1024
    queues: Annotated[tuple[Name, ...], Meta(max_length=100)] = ()
    kinds: Annotated[dict[Name, int], Meta(max_length=500)] = {}
    capabilities: Annotated[tuple[Name, ...], Meta(max_length=500)] = ()
    versions: Annotated[dict[Name, Annotated[str, Meta(max_length=200)]], Meta(max_length=100)] = {}

    @property
    def text(self) -> str:
        """As the database keeps it."""
        return msgspec.json.encode(self, order="deterministic").decode()


def read_facts(text: str) -> WorkerFacts | None:
    """Facts that the database keeps; None where it keeps none, or those of a later version."""
    try:
        return msgspec.json.decode(text, type=WorkerFacts)
    except msgspec.DecodeError:
        return None


def claimant_of(
    facts: WorkerFacts, *, owner: str, place: Locality, org: str | None = None
) -> Claimant:
    """The worker as the claim of jobs sees it."""
    return Claimant(
        owner=owner,
        place=place,
        kinds=facts.kinds,
        queues=frozenset(facts.queues) or None,
        capabilities=frozenset(facts.capabilities),
        memory_mb=facts.memory_mb,
        max_size=facts.max_size_mb * MIB,
        org=org,
    )
