"""The way from a worker to the instance that has the jobs: over a network, or none in tests."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol

from unibos.core.jobs.leasing.messages import (
    Claim,
    Heard,
    Input,
    Lease,
    Report,
    Sign,
    Verdict,
)


class LeaseLink(Protocol):
    """What a worker asks a source; for one event loop.

    Each call raises ``Unavailable`` where the source does not answer, and ``Unauthenticated`` or
    ``Forbidden`` where it does not know the worker (``worker_revoked``).
    """

    async def sign(self, sign: Sign) -> Heard:
        """Tell that it lives."""
        ...

    async def claim(self, claim: Claim) -> list[Lease]:
        """Ask for jobs, and wait for the first one as long as the claim says."""
        ...

    async def report(self, reports: list[Report]) -> list[Verdict]:
        """Tell of attempts; the verdicts are in the same order."""
        ...

    async def fetch(self, lease: Lease, input_: Input, to: Path) -> None:
        """Have the input's bytes in a file, whole and checked; goes on where a cut was.

        :raises Conflict: ``job_lost``.
        :raises Damaged: ``blob_damaged``: what came is something else.
        """
        ...

    async def send(self, lease: Lease, name: str, chunks: AsyncIterator[bytes], size: int) -> None:
        """Send a file that the work made; a file of the same name is replaced.

        :raises Conflict: ``job_lost``.
        :raises TooLarge: ``job_output_too_large``.
        """
        ...

    async def close(self) -> None:
        """Let go of the connections."""
        ...
