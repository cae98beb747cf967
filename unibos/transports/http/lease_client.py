"""A worker's way to the instance that has the jobs, over HTTP: over the network, each request
signed with the worker's key, or over the socket of an instance on the same machine."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

import msgspec
from msgspec import Struct

from unibos.base.errors import Damaged, Unauthenticated
from unibos.base.local_socket import address_of
from unibos.core.identity.keys import InstanceKey
from unibos.core.identity.registry.machine_tokens import MachineTokens
from unibos.core.identity.registry.worker_shapes import WorkerEnrolled, WorkerEnrollment
from unibos.core.jobs.leasing.messages import (
    Claim,
    Heard,
    Input,
    Lease,
    Leases,
    Report,
    Reports,
    Sign,
    Verdict,
    Verdicts,
)
from unibos.transports.http.headers import WORKER_HEADER
from unibos.transports.http.lease_ends import SourceEnd
from unibos.transports.http.line import Line, Question
from unibos.transports.http.told_time import ToldTime

if TYPE_CHECKING:
    import httpx2

SILENT_S = 60.0
TOTAL_S = 120.0
LEASES_BYTES = 64 * 1024 * 1024
"""Arguments of all the jobs that one claim can bring."""
FILES_AT_ONCE = 4
"""More at the same time make none of them faster."""

_API = "/api/v1"
_LOCAL = "http://localhost"
_SMALL = 64 * 1024
_LONGEST_ADDRESS = 107
"""Of a socket (unix(7)); a longer path goes by its folder, which must not be replaced then."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SourceAddress:
    """Which instance, and where.

    :param id: its instance id.
    :param urls: where it is reached, best first.
    :param certificate: PEM of the only one that it may show; empty: a public one; None: not known
        yet, so it must vouch for the one that it shows.
    """

    id: str
    urls: tuple[str, ...]
    certificate: str | None = None


class LeaseClient:
    """The HTTP :class:`unibos.core.jobs.leasing.link.LeaseLink`.

    :param lines: for messages, and for files.
    :param tokens: sign requests; None where the kernel tells the source who asks.
    :param name: what the worker calls itself there.
    """

    def __init__(
        self,
        lines: tuple[Line, Line],
        end: SourceEnd,
        tokens: MachineTokens | None,
        name: str = "",
        stack: AsyncExitStack | None = None,
    ) -> None:
        self._line, self._files = lines
        self._end = end
        self._tokens = tokens
        self._headers = {WORKER_HEADER: quote(name)[:200]} if name else {}
        self._stack = stack
        self._time = ToldTime()
        self._few = asyncio.Semaphore(FILES_AT_ONCE)

    @classmethod
    def joined(
        cls,
        address: SourceAddress,
        key: InstanceKey,
        newly_vouched: Callable[[str], object] = lambda _: None,
    ) -> "LeaseClient":
        """The way to an instance that this worker joined.

        :param newly_vouched: gets the PEM of a certificate that it newly vouches for.
        """
        end = SourceEnd(address.id, newly_vouched)
        lines = (
            Line(address.urls, address.certificate, end),
            Line(address.urls, address.certificate, end),
        )
        return cls(lines, end, MachineTokens(key, address.id))

    @classmethod
    def local(cls, socket: Path, name: str) -> "LeaseClient":
        """The way to the instance behind a socket of this machine.

        :param name: what the worker calls itself, so that several can ask.
        :raises Unavailable: ``source_unreachable``: there is no such folder.
        """
        end, stack, address = SourceEnd(""), AsyncExitStack(), str(socket)
        if len(os.fsencode(socket)) > _LONGEST_ADDRESS:
            try:
                address = stack.enter_context(address_of(socket))
            except OSError as error:
                raise end.lost(f"{socket}: {error.strerror}") from None
        lines = Line((_LOCAL,), "", end, address), Line((_LOCAL,), "", end, address)
        return cls(lines, end, None, name, stack)

    async def enroll(self, asked: WorkerEnrollment) -> WorkerEnrolled:
        """Become a worker of the instance; nobody is asked who asks.

        :raises Error: what the instance refuses with.
        """
        question = Question("POST", f"{_API}/workers/enroll", msgspec.json.encode(asked))
        enrolled: WorkerEnrolled = await self._ask(question, WorkerEnrolled)
        return enrolled

    async def leave(self) -> None:
        """Be a worker no longer."""
        await self._ask(self._question("POST", f"{_API}/workers/leave", None), None)

    async def sign(self, sign: Sign) -> Heard:
        """See :class:`LeaseLink`."""
        heard = await self._post("workers/sign", sign, Heard)
        self._time.heard(heard.time)
        return heard

    async def claim(self, claim: Claim) -> list[Lease]:
        """See :class:`LeaseLink`."""
        silent_s = claim.wait_seconds + SILENT_S
        return (await self._post("leases", claim, Leases, silent_s)).items

    async def report(self, reports: list[Report]) -> list[Verdict]:
        """See :class:`LeaseLink`."""
        return (await self._post("leases/reports", Reports(reports), Verdicts)).items

    async def fetch(self, lease: Lease, input_: Input, to: Path) -> None:
        """See :class:`LeaseLink`. What came stays beside ``to`` until it is whole."""
        part = to.with_name(f"{to.name}.part")
        async with self._few:
            digest = await asyncio.to_thread(_digest_of, part)
            begun = part.stat().st_size if part.exists() else 0
            if begun < input_.size:
                await self._rest(_path(lease, "input"), input_, part, begun, digest)
        if digest.hexdigest() != input_.sha256:
            part.unlink(missing_ok=True)
            raise _damaged(lease)
        part.touch()
        part.replace(to)

    async def send(self, lease: Lease, name: str, chunks: AsyncIterator[bytes], size: int) -> None:
        """See :class:`LeaseLink`."""
        headers = {"content-type": "application/octet-stream", "content-length": str(size)}
        path = f"{_path(lease, 'outputs')}/{quote(name, safe='')}"
        question = self._question("PUT", path, chunks, headers=headers)
        async with self._few:
            try:
                async with self._files.open(question) as response:
                    await self._files.whole(response, _SMALL)
            except Unauthenticated as error:
                self._time.learn(error)
                # Some of it is gone, so it has to begin anew.
                raise self._end.lost("it has another time") from None

    async def close(self) -> None:
        """See :class:`LeaseLink`."""
        await self._line.close()
        await self._files.close()
        if self._stack is not None:
            await self._stack.aclose()

    async def _rest(
        self, path: str, input_: Input, part: Path, begun: int, digest: "hashlib._Hash"
    ) -> None:
        """What is wanting of an input, behind what came before."""
        headers = {"range": f"bytes={begun}-"} if begun else {}
        question = self._question("GET", path, None, headers=headers)
        async with self._opened(self._files, question) as response:
            if not _begins_at(response, begun):
                part.unlink(missing_ok=True)
                raise self._end.lost("it sends another part than was asked for")
            with part.open("ab") as file:
                async with aclosing(self._files.pieces(response)) as pieces:
                    async for piece in pieces:
                        begun += len(piece)
                        if begun > input_.size:
                            raise self._end.lost("it sends more than it said")
                        digest.update(piece)
                        await asyncio.to_thread(file.write, piece)
        if begun < input_.size:
            raise self._end.lost("the line broke")

    def _question(
        self,
        method: str,
        path: str,
        body: bytes | AsyncIterator[bytes] | None,
        silent_s: float = SILENT_S,
        headers: dict[str, str] | None = None,
    ) -> Question:
        token = None if self._tokens is None else self._token
        shown = {**self._headers, **(headers or {})}
        return Question(method, path, body, token, LEASES_BYTES, shown, silent_s)

    def _token(self) -> str:
        assert self._tokens is not None  # noqa: S101 - only then it is asked for
        return self._tokens.issue(self._time.now())

    async def _post(
        self, path: str, asked: Struct, type_: type[T], silent_s: float = SILENT_S
    ) -> T:
        body = msgspec.json.encode(asked)
        question = self._question("POST", f"{_API}/{path}", body, silent_s)
        answer: T = await self._ask(question, type_)
        return answer

    async def _ask(self, question: Question, type_: type[T] | None) -> Any:
        total_s = max(TOTAL_S, question.silent_s + SILENT_S)
        try:
            async with asyncio.timeout(total_s), self._opened(self._line, question) as response:
                data = await self._line.whole(response, LEASES_BYTES)
        except TimeoutError:
            raise self._end.lost(f"no answer within {total_s:.0f} seconds") from None
        if type_ is None:
            return None
        try:
            return msgspec.json.decode(data, type=type_)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raise self._end.lost("what came is no answer to a worker") from None

    @asynccontextmanager
    async def _opened(self, line: Line, question: Question) -> "AsyncIterator[httpx2.Response]":
        """The answer; it is asked a second time where this worker had the source's time wrong."""
        async with AsyncExitStack() as stack:
            try:
                response = await stack.enter_async_context(line.open(question))
            except Unauthenticated as error:
                self._time.learn(error)
                response = await stack.enter_async_context(line.open(question))
            yield response


def _path(lease: Lease, what: str) -> str:
    org, job = quote(lease.org, safe=""), quote(lease.job, safe="")
    return f"{_API}/leases/{org}/{job}/{lease.attempt}/{what}"


def _digest_of(part: Path) -> "hashlib._Hash":
    digest = hashlib.sha256()
    if part.exists():
        with part.open("rb") as file:
            while piece := file.read(1024 * 1024):
                digest.update(piece)
    return digest


def _begins_at(response: "httpx2.Response", offset: int) -> bool:
    """Whether the answer is the file from this byte on."""
    if response.status_code == 200:
        return not offset
    said: str = response.headers.get("content-range", "")
    return response.status_code == 206 and said.startswith(f"bytes {offset}-")


def _damaged(lease: Lease) -> Damaged:
    return Damaged("blob_damaged", f"What came as the input of the job {lease.job} is another one.")
