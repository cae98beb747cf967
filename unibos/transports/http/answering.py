"""From an answer to ASGI messages: JSON, pages, files, event streams; headers on all."""

from collections.abc import AsyncIterator, Mapping

import msgspec
from starlette.types import Receive, Send
from starlette.types import Scope as Asgi

from unibos.core.module.endpoint import (
    Answer,
    AnyAnswer,
    Event,
    EventAnswer,
    FileAnswer,
    StreamAnswer,
)
from unibos.transports.http.headers import SECURITY, Headers, header, is_known, secured, send_empty
from unibos.transports.http.packing import ENCODING, WORTH_BYTES, pack, takes_packed

_JSON = (b"content-type", b"application/json")
_PING_SECONDS = 15


async def send_answer(
    answer: AnyAnswer, asgi: Asgi, receive: Receive, send: Send, *, packed: bool = False
) -> None:
    """Send whatever a handler answered.

    :param packed: a large JSON body goes out in gzip to who takes it.
    """
    if isinstance(answer, Answer):
        await _send_body(answer, asgi, send, packed=packed)
    elif isinstance(answer, StreamAnswer):
        from unibos.transports.http.streaming import send_stream

        await send_stream(answer, asgi, receive, send)
    elif isinstance(answer, FileAnswer):
        from unibos.transports.http.files import send_file

        await send_file(answer, asgi, receive, send)
    else:
        await _send_events(answer, asgi, receive, send)


async def send_bytes(status: int, body: bytes, headers: Headers, asgi: Asgi, send: Send) -> None:
    """Send a whole body with the security headers; a HEAD request gets the headers alone."""
    length = (b"content-length", str(len(body)).encode())
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [*secured(headers), length],
        }
    )
    await send({"type": "http.response.body", "body": b"" if asgi["method"] == "HEAD" else body})


async def _send_body(answer: Answer, asgi: Asgi, send: Send, *, packed: bool) -> None:
    headers = [
        (name.lower().encode("latin-1"), value.encode("latin-1"))
        for name, value in answer.headers.items()
    ]
    etag = answer.headers.get("etag")
    if etag is not None and asgi["method"] in ("GET", "HEAD") and is_known(asgi, etag):
        await send_empty(304, secured(headers), send)
        return
    if answer.body is None:
        await send_empty(answer.status, secured(headers), send)
        return
    body = answer.body if isinstance(answer.body, bytes) else msgspec.json.encode(answer.body)
    if not any(name == b"content-type" for name, _ in headers):
        headers.append(_JSON)
    accepted = header(asgi, b"accept-encoding") if packed else ""
    if len(body) > WORTH_BYTES and takes_packed(accepted):
        body = await pack(body)
        headers.append((b"content-encoding", ENCODING.encode()))
    await send_bytes(answer.status, body, headers, asgi, send)


async def _send_events(answer: EventAnswer, asgi: Asgi, receive: Receive, send: Send) -> None:
    from sse_starlette import EventSourceResponse

    response = EventSourceResponse(
        _as_sse(answer.events),
        ping=_PING_SECONDS,
        headers={name.decode(): value.decode() for name, value in SECURITY},
    )
    await response(asgi, receive, send)


async def _as_sse(events: AsyncIterator[Event]) -> AsyncIterator[Mapping[str, str]]:
    async for event in events:
        data = event.data if isinstance(event.data, bytes) else msgspec.json.encode(event.data)
        yield {"event": event.type, "id": event.id, "data": data.decode()}
