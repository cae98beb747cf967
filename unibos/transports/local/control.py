"""A socket for a few commands: one line of JSON asks, one line of JSON answers.

Who may ask, the kernel decides: the socket is for its owner and for root (unix(7)).
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec

from unibos.base.errors import Error, Malformed, NotFound
from unibos.base.local_socket import address_of

log = logging.getLogger(__name__)

_LONGEST_LINE = 64 * 1024
_SECONDS = 10
"""That who connected has to say what they want."""
_LAST_SECONDS = 1
"""That an answer under way gets at the end."""

Handler = Callable[[dict[str, Any]], Awaitable[object]]
"""Gets what was asked; what it returns is the answer."""


@asynccontextmanager
async def control(path: Path, handlers: Mapping[str, Handler]) -> AsyncIterator[None]:
    """Answer commands for as long as the context lasts.

    :param path: of the socket; a stale one of an earlier life is replaced.
    :param handlers: by the name of the command.
    """

    present: set[asyncio.Task[None] | None] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        present.add(asyncio.current_task())
        try:
            writer.write(await _answer(reader, handlers))
            await writer.drain()
        except (OSError, TimeoutError):
            # Whoever asked has gone, or never said what they want.
            pass
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
            present.discard(asyncio.current_task())

    path.unlink(missing_ok=True)
    with address_of(path) as address:
        server = await asyncio.start_unix_server(serve, address, limit=_LONGEST_LINE)
    path.chmod(0o600)
    try:
        yield
    finally:
        server.close()
        path.unlink(missing_ok=True)
        if waiting := [task for task in present if task is not None]:
            await asyncio.wait(waiting, timeout=_LAST_SECONDS)


async def _answer(reader: asyncio.StreamReader, handlers: Mapping[str, Handler]) -> bytes:
    try:
        async with asyncio.timeout(_SECONDS):
            line = await reader.readline()
        answer = await _handled(line, handlers)
        return msgspec.json.encode({"answer": answer}) + b"\n"
    except Error as error:
        return _told(error)
    except (ValueError, RecursionError):
        log.warning("a command over the local socket was no line of JSON")
        return _told(Malformed("command_malformed", "This is no command."))


async def _handled(line: bytes, handlers: Mapping[str, Handler]) -> object:
    asked = json.loads(line)
    if not isinstance(asked, dict):
        raise Malformed("command_malformed", "This is no command.")
    handler = handlers.get(str(asked.pop("do", "")))
    if handler is None:
        raise NotFound("command_unknown", "This version does not know that command.")
    return await handler(asked)


def _told(error: Error) -> bytes:
    told = {
        "kind": type(error).__name__,
        "code": error.code,
        "detail": error.detail,
        "hint": error.hint,
    }
    return msgspec.json.encode({"error": told}) + b"\n"
