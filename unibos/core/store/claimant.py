"""Who asks for jobs: what it knows, what it can take, and how far it is from the jobs."""

from collections.abc import Mapping
from dataclasses import dataclass

from unibos.core.store.job import LOCALITIES, Locality


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimant:
    """A worker, as the claim of jobs sees it.

    :param owner: names it in leases; the same in each of its lives.
    :param place: where it is, as the least locality that a job must have to come to it:
        ``node_only`` on the machine that has the jobs, ``attached`` joined to that very instance,
        ``hub`` on the hub's machine and ``any`` joined to the hub, for jobs of the hub's nodes.
    :param kinds: the kinds that it knows, each with the latest version of it.
    :param queues: the queues that it takes jobs from; None for all.
    :param capabilities: what it has of that which jobs require or prefer.
    :param memory_mb: the most memory that a job's work may take, in MiB; None: no limit.
    :param max_size: the largest input, in bytes; None: no limit.
    :param org: the only org that it works for; None: for all.
    """

    owner: str
    place: Locality
    kinds: Mapping[str, int]
    queues: frozenset[str] | None = None
    capabilities: frozenset[str] = frozenset()
    memory_mb: int | None = None
    max_size: int | None = None
    org: str | None = None

    @property
    def localities(self) -> tuple[Locality, ...]:
        """The localities of the jobs that may come to it."""
        return LOCALITIES[LOCALITIES.index(self.place) :]

    @property
    def far(self) -> bool:
        """Whether it is of the hub, so that a job which came back from there stays away from it
        for a while."""
        return self.place in ("hub", "any")
