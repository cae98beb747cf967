"""From an answer to ASGI messages: JSON, files with ranges, event streams; headers on all."""

from collections.abc import AsyncIterator, Mapping
from urllib.parse import quote

import msgspec
from starlette.types import Receive, Send
from starlette.types import Scope as Asgi

from unibos.core.module.endpoint import Answer, AnyAnswer, Event, EventAnswer, FileAnswer

# Nothing that the API serves is a page: a browser may neither guess a type nor run anything.
SECURITY: list[tuple[bytes, bytes]] = [
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
]
_JSON = (b"content-type", b"application/json")
_PING_SECONDS = 15


async def send_answer(answer: AnyAnswer, asgi: Asgi, receive: Receive, send: Send) -> None:
    """Send whatever a handler answered."""
    if isinstance(answer, Answer):
        await _send_body(answer, asgi, send)
    elif isinstance(answer, FileAnswer):
        await _send_file(answer, asgi, receive, send)
    else:
        await _send_events(answer, asgi, receive, send)


async def send_bytes(
    status: int, body: bytes, headers: list[tuple[bytes, bytes]], asgi: Asgi, send: Send
) -> None:
    """Send a whole body with the security headers; a HEAD request gets the headers alone."""
    length = (b"content-length", str(len(body)).encode())
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [*headers, length, *SECURITY],
        }
    )
    await send({"type": "http.response.body", "body": b"" if asgi["method"] == "HEAD" else body})


async def _send_body(answer: Answer, asgi: Asgi, send: Send) -> None:
    headers = [
        (name.lower().encode("latin-1"), value.encode("latin-1"))
        for name, value in answer.headers.items()
    ]
    if answer.body is None:
        if answer.status in (204, 304):
            await send(
                {
                    "type": "http.response.start",
                    "status": answer.status,
                    "headers": [*headers, *SECURITY],
                }
            )
            await send({"type": "http.response.body", "body": b""})
            return
        await send_bytes(answer.status, b"", headers, asgi, send)
        return
    body = answer.body if isinstance(answer.body, bytes) else msgspec.json.encode(answer.body)
    if not any(name == b"content-type" for name, _ in headers):
        headers.append(_JSON)
    await send_bytes(answer.status, body, headers, asgi, send)


async def _send_file(answer: FileAnswer, asgi: Asgi, receive: Receive, send: Send) -> None:
    if answer.etag in _header(asgi, b"if-none-match").split(", "):
        await _send_body(Answer(status=304, headers={"etag": answer.etag}), asgi, send)
        return
    from starlette.responses import FileResponse

    headers = {name.decode(): value.decode() for name, value in SECURITY}
    headers["cache-control"] = "private, no-cache"
    headers["etag"] = answer.etag
    headers["content-disposition"] = _disposition(answer)
    response = FileResponse(answer.path, media_type=answer.media_type, headers=headers)
    await response(asgi, receive, send)


def _disposition(answer: FileAnswer) -> str:
    kind = "inline" if answer.inline else "attachment"
    if not answer.filename:
        return kind
    return f"{kind}; filename*=UTF-8''{quote(answer.filename, safe='')}"


def _header(asgi: Asgi, wanted: bytes) -> str:
    for name, value in asgi["headers"]:
        if name == wanted:
            text: str = value.decode("latin-1")
            return text
    return ""


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
