"""Files on their way out: whole, in one range (RFC 9110, section 14), or not at all where known."""

import asyncio
import os
import re
from urllib.parse import quote

from starlette.types import Receive, Send
from starlette.types import Scope as Asgi

from unibos.base.errors import Invalid
from unibos.core.module.endpoint import FileAnswer
from unibos.transports.http.headers import SECURITY, header, is_known, send_empty

_RANGE = re.compile(r"bytes\s*=\s*(\d{0,18})-(\d{0,18})\s*", re.IGNORECASE)
_CACHE_CONTROL = b"cache-control"


async def send_file(answer: FileAnswer, asgi: Asgi, receive: Receive, send: Send) -> None:
    """Send a file, or the one range of it that was asked for; several are answered by the whole.

    :raises Invalid: ``range_unsatisfiable``.
    """
    headers = {
        b"etag": answer.etag.encode(),
        b"content-disposition": _disposition(answer).encode(),
        **dict(SECURITY),
        _CACHE_CONTROL: b"private, no-cache",
    }
    if is_known(asgi, answer.etag):
        await send_empty(304, list(headers.items()), send)
        return
    from starlette.responses import FileResponse

    stat = await asyncio.to_thread(os.stat, answer.path)
    response = FileResponse(
        answer.path,
        media_type=answer.media_type,
        headers={name.decode(): value.decode() for name, value in headers.items()},
        stat_result=stat,
    )
    await response(_one_range(asgi, answer.etag, stat.st_size), receive, send)


def _one_range(asgi: Asgi, etag: str, size: int) -> Asgi:
    """The request with its range in the one form that every library reads alike, or without it."""
    others = [pair for pair in asgi["headers"] if pair[0] not in (b"range", b"if-range")]
    wanted = None
    if header(asgi, b"if-range") in ("", etag):
        wanted = _range(header(asgi, b"range"), size)
    if wanted is not None:
        others.append((b"range", b"bytes=%d-%d" % wanted))
    return {**asgi, "headers": others}


def _range(text: str, size: int) -> tuple[int, int] | None:
    """First and last byte; None for what is to be ignored."""
    found = _RANGE.fullmatch(text)
    if found is None or found.groups() == ("", ""):
        return None
    first, last = found.groups()
    if not first:
        begin, end = max(0, size - int(last)), size - 1
    else:
        begin, end = int(first), min(int(last or size), size - 1)
        if last and int(last) < begin:
            return None
    if begin > end:
        raise Invalid("range_unsatisfiable", f"The file has {size} bytes.", size=size)
    return begin, end


def _disposition(answer: FileAnswer) -> str:
    kind = "inline" if answer.inline else "attachment"
    if not answer.filename:
        return kind
    return f"{kind}; filename*=UTF-8''{quote(answer.filename, safe='')}"
