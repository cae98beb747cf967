"""Bytes on their way out while they are made."""

import asyncio
from collections.abc import AsyncGenerator

from starlette.types import Receive, Send
from starlette.types import Scope as Asgi

from unibos.core.module.endpoint import StreamAnswer
from unibos.transports.http.bodies import disconnected
from unibos.transports.http.headers import secured


async def send_stream(answer: StreamAnswer, asgi: Asgi, receive: Receive, send: Send) -> None:
    """Send the bytes until they end, or until nobody takes them any more.

    Where making them fails, the connection ends before all has come, so nobody takes a part for the
    whole.
    """
    headers = [
        (b"content-type", b"application/octet-stream"),
        (b"content-length", str(answer.size).encode()),
        *(
            (name.encode("latin-1"), text.encode("latin-1"))
            for name, text in answer.headers.items()
        ),
    ]
    start = {"type": "http.response.start", "status": answer.status, "headers": secured(headers)}
    chunks = answer.chunks
    gone = asyncio.ensure_future(disconnected(receive))
    try:
        # What cannot be made at all is an answer of its own.
        first = await anext(chunks, b"")
        await send(start)
        if asgi["method"] != "HEAD":
            await send({"type": "http.response.body", "body": first, "more_body": True})
            async for chunk in chunks:
                if gone.done():
                    return
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    finally:
        gone.cancel()
        if isinstance(chunks, AsyncGenerator):
            await chunks.aclose()
