"""The hub in the same process, as a node's way to hand jobs over."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TypeVar

import msgspec

from unibos.base.errors import Damaged
from unibos.core.jobs.handing.keeping import Keeping
from unibos.core.jobs.handing.messages import Handover, HandoverIn, Output, Watch
from unibos.core.store.store import OrgStore

T = TypeVar("T", bound=msgspec.Struct)


class DirectHandover:
    """The :class:`unibos.core.jobs.handing.link.HandoverLink` to a hub in this process.

    Messages pass through their encoding, as they would on the way, so that both adapters carry the
    same.

    :param asking: the org's store at the hub, and which node asks, proved anew at each call.
    """

    def __init__(self, keeping: Keeping, asking: Callable[[], tuple[OrgStore, str]]) -> None:
        self._keeping = keeping
        self._asking = asking

    async def hand(self, job: str, asked: HandoverIn) -> Handover:
        """See :class:`HandoverLink`."""
        return _carried(await self._keeping.hand(*self._asking(), job, _carried(asked)))

    async def send(
        self, job: str, attempt: int, offset: int, size: int, chunks: AsyncIterator[bytes]
    ) -> None:
        """See :class:`HandoverLink`."""
        del size
        await self._keeping.receive(*self._asking(), job, attempt, offset, chunks)

    async def watch(self, watch: Watch) -> list[Handover]:
        """See :class:`HandoverLink`."""
        return _carried(await self._keeping.watch(*self._asking(), _carried(watch))).items

    async def get(self, job: str, attempt: int) -> Handover:
        """See :class:`HandoverLink`."""
        return _carried(await self._keeping.get(*self._asking(), job, attempt))

    async def fetch(self, job: str, attempt: int, output: Output, to: Path) -> None:
        """See :class:`HandoverLink`."""
        path = self._keeping.output(*self._asking(), job, attempt, output.name)
        await asyncio.to_thread(_copy, path, to, output)

    async def drop(self, job: str, attempt: int, *, unless_running: bool = False) -> bool:
        """See :class:`HandoverLink`."""
        return await self._keeping.drop(
            *self._asking(), job, attempt, unless_running=unless_running
        )

    async def close(self) -> None:
        """There is no connection to let go of."""


def _copy(path: Path, to: Path, output: Output) -> None:
    data = hashlib.sha256()
    with path.open("rb") as source, to.open("wb") as target:
        while chunk := source.read(1024 * 1024):
            data.update(chunk)
            target.write(chunk)
    if data.hexdigest() != output.sha256:
        raise damaged(output)


def damaged(output: Output) -> Damaged:
    """The error where a file is not what the hub said of it."""
    return Damaged("blob_damaged", f"The file {output.name} came with other bytes than were told.")


def _carried(message: T) -> T:
    return msgspec.json.decode(msgspec.json.encode(message), type=type(message))
