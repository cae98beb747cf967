"""The way from a node to its hub for jobs that the hub's workers are to do."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol

from unibos.core.jobs.handing.messages import Handover, HandoverIn, Output, Watch


class HandoverLink(Protocol):
    """What a node asks its hub; for one event loop.

    Each call raises ``Unavailable`` where the hub does not answer.
    """

    async def hand(self, job: str, asked: HandoverIn) -> Handover:
        """Hand a job over; asked again with the same attempt, it tells how the job stands.

        :raises Conflict: ``no_worker``: no worker of the hub could do it.
        :raises Forbidden: ``job_stays``: its kind must not leave its node.
        :raises TooMany: ``too_many_handovers``.
        """
        ...

    async def send(
        self, job: str, attempt: int, offset: int, size: int, chunks: AsyncIterator[bytes]
    ) -> None:
        """Send the input's bytes from ``offset`` on; with the last one the job is queued.

        :raises Conflict: ``upload_offset_wrong`` with ``received``, ``upload_in_progress``.
        :raises Invalid: ``blob_hash_mismatch``; what arrived is forgotten.
        :raises NotFound: ``handover_not_found``.
        """
        ...

    async def watch(self, watch: Watch) -> list[Handover]:
        """All that this node has at the hub, without results, once something is not as known."""
        ...

    async def get(self, job: str, attempt: int) -> Handover:
        """One of them, with its result; ``gone`` where the hub does not have it."""
        ...

    async def fetch(self, job: str, attempt: int, output: Output, to: Path) -> None:
        """Have a file that the work made, whole and checked.

        :raises NotFound: ``handover_not_found``.
        :raises Damaged: ``blob_damaged``: what came is something else.
        """
        ...

    async def drop(self, job: str, attempt: int, *, unless_running: bool = False) -> bool:
        """Have the hub forget the job and all that came with it, also when it is done or was never
        known; False when a worker has it and it was not to be taken from them."""
        ...

    async def close(self) -> None:
        """Let go of the connections."""
        ...
