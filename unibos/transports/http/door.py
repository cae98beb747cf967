"""The door: one ASGI app for each path, from request to answer.

Who asks is settled first, then the request is read and checked, then the handler runs; whatever
goes wrong becomes a problem document here and nowhere else.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol, cast

from starlette.types import Message, Receive, Send
from starlette.types import Scope as Asgi

from unibos.base.errors import Error, Unauthenticated, Unavailable, Unsupported
from unibos.base.log import masked
from unibos.core.identity.scope import Role, Scope, stands
from unibos.core.identity.tokens import token_expired
from unibos.core.module.endpoint import (
    AnyAnswer,
    Call,
    Endpoint,
    Handler,
    OpenHandler,
    Upload,
)
from unibos.transports.http.answering import send_answer, send_bytes
from unibos.transports.http.bodies import Disconnected, disconnected
from unibos.transports.http.errors import problem
from unibos.transports.http.headers import MEMBERSHIP_HEADER
from unibos.transports.http.reading import read_call

log = logging.getLogger(__name__)

LOCAL_UID = "unibos.uid"
"""The key in an ASGI scope under which the local socket puts its peer's user id."""


_TRIES = frozenset(
    {
        "join_proof_invalid",
        "join_token_invalid",
        "login_failed",
        "machine_token_used",
        "node_revoked",
        "password_wrong",
        "peer_foreign",
        "refresh_reused",
        "setup_code_wrong",
        "worker_revoked",
    }
)


_PASSING = frozenset({"blob_pending"})
"""Passes by itself, and calls for nobody."""


class Gate(Protocol):
    """Tells who asks."""

    def authenticate(self, access_token: str) -> Scope:
        """The scope of a token's owner, or an error."""
        ...

    def local_scope(self, uid: int, org: str) -> Scope:
        """The scope of a process on this machine, in the org that it names (empty: the
        instance's own), or an error."""
        ...

    def machine(self, token: str, membership: str) -> Scope:
        """The scope of a node that joined, by its machine token, or an error.

        :param membership: the credential that it showed, where it is not known otherwise; empty:
            none.
        """
        ...

    def worker(self, token: str) -> Scope:
        """The scope of a worker that joined, by its machine token, or an error."""
        ...


class State:
    """What all doors of a server share: whether it is stopping, and how much was asked.

    :ivar fetch_blob: has a blob come that an org waits for, and tells whether it is here now; None
        where there is nobody to ask.
    """

    def __init__(self) -> None:
        self.stopping = False
        self.fetch_blob: Callable[[str, str], Awaitable[bool]] | None = None
        self.answered: dict[tuple[str, int], int] = {}

    def count(self, method: str, status: int) -> None:
        """Take note of one answer, for the metrics."""
        key = (method, status)
        self.answered[key] = self.answered.get(key, 0) + 1


class _Reply:
    """Passes an answer on and remembers its status; 0 until it began."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        await self._send(message)


class Door:
    """All endpoints of one path."""

    def __init__(self, endpoints: Sequence[Endpoint], gate: Gate, state: State) -> None:
        self._by_method: Mapping[str, Endpoint] = {item.method: item for item in endpoints}
        self._gate = gate
        self._state = state
        methods = set(self._by_method) | ({"HEAD"} if "GET" in self._by_method else set())
        self._allow = ", ".join(sorted(methods)).encode()

    async def __call__(self, asgi: Asgi, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if asgi["type"] != "http":
            return
        reply = _Reply(send)
        try:
            await self._answer(asgi, receive, reply)
        except Disconnected:
            return
        except asyncio.CancelledError:
            # The time that a stop gives is over.
            if reply.status or not self._state.stopping:
                raise
            await send_bytes(*problem(_stopping()), asgi, reply)
        except Error as error:
            if reply.status:
                raise
            await send_bytes(*problem(error), asgi, reply)
            _tell(error, reply.status, asgi)
        except Exception:
            log.exception("request failed", extra={"path": _path(asgi)})
            if reply.status:
                raise
            fault = Error("internal_error", "Something went wrong here; the log says what.")
            await send_bytes(*problem(fault), asgi, reply)
        finally:
            self._state.count(asgi["method"], reply.status)

    async def _answer(self, asgi: Asgi, receive: Receive, send: Send) -> None:
        method = asgi["method"]
        endpoint = self._by_method.get("GET" if method == "HEAD" else method)
        if endpoint is None:
            await self._refuse_method(asgi, send)
        else:
            await self._serve(endpoint, asgi, receive, send)

    async def _serve(self, endpoint: Endpoint, asgi: Asgi, receive: Receive, send: Send) -> None:
        if self._state.stopping:
            raise _stopping()
        if endpoint.role is None:
            call = await read_call(endpoint, asgi, receive)
            answer = await cast("OpenHandler", endpoint.handler)(call)
        else:
            scope = self._who(asgi, endpoint, endpoint.role)
            call = await read_call(endpoint, asgi, receive)
            if endpoint.body is not None:
                call = _still(scope, call)
            work = self._handled(endpoint, scope, call)
            answer = await (_unless_gone(work, receive) if endpoint.patient else work)
        await send_answer(answer, asgi, receive, send, packed=endpoint.packed)

    async def _handled(self, endpoint: Endpoint, scope: Scope, call: Call) -> AnyAnswer:
        """What the handler answers; once more where a blob was wanting that comes from a peer."""
        handler = cast("Handler", endpoint.handler)
        try:
            return await handler(scope, call)
        except Unavailable as error:
            fetch, sha256 = self._state.fetch_blob, error.facts.get("sha256")
            if error.code != "blob_pending" or endpoint.body is not None or fetch is None:
                raise
            if not isinstance(sha256, str) or not await fetch(scope.org, sha256):
                raise
        _require_standing(scope)
        return await handler(scope, call)

    def _who(self, asgi: Asgi, endpoint: Endpoint, role: Role) -> Scope:
        said = _header(asgi, b"authorization")
        if said is not None and endpoint.machine:
            shown = (_header(asgi, MEMBERSHIP_HEADER.encode()) or b"").decode("latin-1")
            return self._gate.machine(_bearer(said), shown)
        if said is not None and endpoint.worker:
            return self._gate.worker(_bearer(said))
        if said is not None:
            scope = self._gate.authenticate(_bearer(said))
        elif LOCAL_UID in asgi and not endpoint.machine:
            org = (_header(asgi, b"unibos-org") or b"").decode("latin-1")
            scope = self._gate.local_scope(asgi[LOCAL_UID], org)
        else:
            raise Unauthenticated(
                "token_missing",
                "This needs an access token.",
                hint="Log in with POST /api/v1/auth/login and send Authorization: Bearer ….",
            )
        scope.require(role)
        return scope

    async def _refuse_method(self, asgi: Asgi, send: Send) -> None:
        error = Unsupported("method_not_allowed", f"This path takes {self._allow.decode()}.")
        status, body, headers = problem(error)
        await send_bytes(status, body, [*headers, (b"allow", self._allow)], asgi, send)


async def _unless_gone(work: Coroutine[Any, Any, AnyAnswer], receive: Receive) -> AnyAnswer:
    """The answer, as long as somebody waits for it; the request has been read to its end."""
    answer = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(disconnected(receive))
    try:
        await asyncio.wait((answer, gone), return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            raise Disconnected
        return answer.result()
    finally:
        answer.cancel()
        gone.cancel()
        await asyncio.gather(answer, gone, return_exceptions=True)


def _still(scope: Scope, call: Call) -> Call:
    """A body takes as long to arrive as its sender likes. Who has been shut out meanwhile does
    nothing with it any more."""
    if isinstance(call.body, Upload):
        body = call.body
        return replace(call, body=Upload(_to_the_end(scope, body), body.media_type, body.filename))
    _require_standing(scope)
    return call


async def _to_the_end(scope: Scope, upload: Upload) -> AsyncIterator[bytes]:
    async for chunk in upload.chunks():
        yield chunk
    _require_standing(scope)


def _require_standing(scope: Scope) -> None:
    if not scope.store.read(lambda view: stands(view, scope)):
        # Whether the session ended or the role changed, a new token tells.
        raise token_expired()


def _stopping() -> Unavailable:
    return Unavailable("stopping", "The server is stopping.", retry_after=5)


def _tell(error: Error, status: int, asgi: Asgi) -> None:
    """Tell the operator of refusals that call for a person: trouble here, or somebody who tries."""
    if status >= 500 and error.code not in _PASSING:
        facts = {"code": error.code, "detail": error.detail, "path": _path(asgi)}
        log.warning("request refused", extra=facts)
    elif error.code in _TRIES:
        client = asgi.get("client")
        log.warning("refused", extra={"code": error.code, "address": client[0] if client else ""})


def _path(asgi: Asgi) -> str:
    """The path as a log may have it: what is secret in it goes under a secret's name."""
    path: str = asgi["path"]
    for name, value in asgi.get("path_params", {}).items():
        path = path.replace(value, masked(value, name))
    return path


def _header(asgi: Asgi, wanted: bytes) -> bytes | None:
    return next((value for name, value in asgi["headers"] if name == wanted), None)


def _bearer(header: bytes) -> str:
    kind, _, token = header.decode("latin-1").partition(" ")
    if kind.lower() != "bearer" or not token:
        raise Unauthenticated("token_invalid", "The Authorization header has no bearer token.")
    return token.strip()
