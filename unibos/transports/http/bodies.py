"""Request bodies: whole or in pieces, never more than a limit."""

from collections.abc import AsyncIterator, Mapping

from starlette.types import Receive

from unibos.base.errors import TooLarge


class Disconnected(Exception):
    """The client went away before its request was whole; there is nobody to answer."""


async def whole(headers: Mapping[str, str], receive: Receive, limit: int) -> bytes:
    """The whole body, of at most ``limit`` bytes."""
    refuse_large(headers, limit)
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        body: bytes = message.get("body", b"")
        if len(body) > limit:
            raise too_large(limit)
        return body
    parts = []
    size = 0
    while True:
        if message["type"] == "http.disconnect":
            raise Disconnected
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > limit:
            raise too_large(limit)
        if not message.get("more_body"):
            return b"".join(parts)
        message = await receive()


async def chunks(receive: Receive) -> AsyncIterator[bytes]:
    """The body in pieces as they arrive; whoever takes them counts them."""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        if message.get("body"):
            yield message["body"]
        if not message.get("more_body"):
            return


async def disconnected(receive: Receive) -> None:
    """Return when the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


def refuse_large(headers: Mapping[str, str], limit: int) -> None:
    """Refuse by the declared length, before anything is read."""
    declared = headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise too_large(limit)


def too_large(limit: int) -> TooLarge:
    """The error for a body over its limit, in bytes."""
    return TooLarge("body_too_large", f"The body has more than {limit} bytes.", limit=limit)
