"""A node's way to hand jobs over to its hub, over HTTP."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote

import msgspec
from msgspec import Struct

from unibos.base.errors import Unauthenticated
from unibos.core.identity.federation.contact import Contact
from unibos.core.identity.federation.enrolling import HubAddress
from unibos.core.identity.keys import InstanceKey
from unibos.core.identity.registry.machine_tokens import MachineTokens
from unibos.core.jobs.handing.direct import damaged
from unibos.core.jobs.handing.messages import Handover, HandoverIn, Handovers, Output, Watch
from unibos.transports.http.hub_line import HubEnd, decoded, lost
from unibos.transports.http.line import ANSWER_BYTES, Line, Question
from unibos.transports.http.parts import Part

if TYPE_CHECKING:
    import httpx2

SILENT_S = 60.0
TOTAL_S = 120.0
RESULT_BYTES = 80 * 1024 * 1024
"""More than the longest result of a job, which a child's last line holds."""

_API = "/api/v1/handovers"

T = TypeVar("T")


class HandoverClient:
    """The HTTP :class:`unibos.core.jobs.handing.link.HandoverLink` of one node to its hub.

    :param key: the node's, which signs its requests.
    :param contact: what is known of the hub; it also knows the hub's time.
    """

    def __init__(self, address: HubAddress, key: InstanceKey, contact: Contact) -> None:
        self._line = Line(address.urls, address.certificate, HubEnd(address.hub, contact))
        self._tokens = MachineTokens(key, address.hub)
        self._contact = contact

    async def hand(self, job: str, asked: HandoverIn) -> Handover:
        """See :class:`HandoverLink`."""
        return await self._ask("PUT", _path(job), asked, Handover)

    async def send(
        self, job: str, attempt: int, offset: int, size: int, chunks: AsyncIterator[bytes]
    ) -> None:
        """See :class:`HandoverLink`."""
        headers = {
            "content-type": "application/octet-stream",
            "content-length": str(size - offset),
        }
        if offset:
            headers["content-range"] = Part(offset, size - 1, size).header
        path = f"{_path(job)}/input?attempt={attempt}"
        question = Question("PUT", path, chunks, self._token, ANSWER_BYTES, headers, SILENT_S)
        async with self._line.open(question) as response:
            await self._line.whole(response, ANSWER_BYTES)

    async def watch(self, watch: Watch) -> list[Handover]:
        """See :class:`HandoverLink`."""
        silent_s = watch.wait_seconds + SILENT_S
        return (await self._ask("POST", f"{_API}/watch", watch, Handovers, silent_s)).items

    async def get(self, job: str, attempt: int) -> Handover:
        """See :class:`HandoverLink`."""
        return await self._ask("GET", f"{_path(job)}?attempt={attempt}", None, Handover)

    async def fetch(self, job: str, attempt: int, output: Output, to: Path) -> None:
        """See :class:`HandoverLink`."""
        name = quote(output.name, safe="")
        path = f"{_path(job)}/outputs/{name}?attempt={attempt}"
        question = Question("GET", path, None, self._token, ANSWER_BYTES, {}, SILENT_S)
        digest, size = hashlib.sha256(), 0
        async with self._opened(question) as response:
            with to.open("wb") as file:
                async with aclosing(self._line.pieces(response)) as pieces:
                    async for piece in pieces:
                        size += len(piece)
                        if size > output.size:
                            raise damaged(output)
                        digest.update(piece)
                        await asyncio.to_thread(file.write, piece)
        if digest.hexdigest() != output.sha256:
            raise damaged(output)

    async def drop(self, job: str, attempt: int, *, unless_running: bool = False) -> bool:
        """See :class:`HandoverLink`."""
        flag = "&unless_running=true" if unless_running else ""
        path = f"{_path(job)}?attempt={attempt}{flag}"
        return (await self._ask("DELETE", path, None, _Dropped)).dropped

    async def close(self) -> None:
        """See :class:`HandoverLink`."""
        await self._line.close()

    def _token(self) -> str:
        return self._tokens.issue(self._contact.now())

    async def _ask(
        self,
        method: str,
        path: str,
        body: Struct | None,
        type_: type[T],
        silent_s: float = SILENT_S,
    ) -> T:
        data = None if body is None else msgspec.json.encode(body)
        question = Question(method, path, data, self._token, RESULT_BYTES, {}, silent_s)
        try:
            async with asyncio.timeout(TOTAL_S), self._opened(question) as response:
                answer = decoded(await self._line.whole(response, RESULT_BYTES), type_)
        except TimeoutError:
            raise lost(f"no answer within {TOTAL_S:.0f} seconds") from None
        self._contact.reached()
        return answer

    @asynccontextmanager
    async def _opened(self, question: Question) -> "AsyncIterator[httpx2.Response]":
        """The answer; it is asked a second time where this node had the hub's time wrong."""
        async with AsyncExitStack() as stack:
            try:
                response = await stack.enter_async_context(self._line.open(question))
            except Unauthenticated as error:
                self._learn(error)
                response = await stack.enter_async_context(self._line.open(question))
            yield response

    def _learn(self, error: Unauthenticated) -> None:
        """The hub's time from its refusal of a token that was not of this time; else the
        refusal."""
        told = error.facts.get("time")
        if error.code != "machine_token_expired" or not isinstance(told, int):
            raise error
        self._contact.heard(told)


class _Dropped(Struct, frozen=True):
    dropped: bool


def _path(job: str) -> str:
    return f"{_API}/{quote(job, safe='')}"
