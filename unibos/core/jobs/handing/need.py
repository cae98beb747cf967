"""What a job needs of whoever does it, and whether somebody has that."""

from dataclasses import dataclass

from unibos.core.store.claimant import Claimant
from unibos.core.store.job import Job, Locality


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """A job, as far as it matters to who may do it.

    :param memory_mb: 0 for what a child gets anyway.
    :param size: of the input, in bytes.
    """

    org: str
    kind: str
    version: int
    queue: str
    locality: Locality
    requires: frozenset[str]
    memory_mb: int = 0
    size: int = 0

    def met_by(self, who: Claimant) -> bool:
        """Whether somebody could do it, at some time."""
        return (
            who.org in (None, self.org)
            and who.kinds.get(self.kind, 0) >= self.version
            and (who.queues is None or self.queue in who.queues)
            and self.locality in who.localities
            and self.requires <= who.capabilities
            and (who.memory_mb is None or self.memory_mb <= who.memory_mb)
            and (who.max_size is None or self.size <= who.max_size)
        )


def of_job(job: Job) -> Need:
    """What a job in the table needs."""
    return Need(
        org=job.org,
        kind=job.kind,
        version=job.version,
        queue=job.queue,
        locality=job.locality,
        requires=frozenset(job.requires),
        memory_mb=job.memory_mb,
        size=job.size,
    )
