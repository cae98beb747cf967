"""What peers ask of each other: hello, changes, blobs. Asked by nodes only, over HTTP."""

import asyncio
import os
import re
from collections.abc import Awaitable, Callable
from typing import Any

from msgspec import Struct

from unibos.base.errors import (
    Conflict,
    Error,
    Forbidden,
    Invalid,
    NotFound,
    StorageFull,
    TooLarge,
    Unavailable,
    Unsupported,
)
from unibos.core.identity.scope import Role, Scope
from unibos.core.module.endpoint import Answer as Reply
from unibos.core.module.endpoint import Call, Endpoint, File, Media, StreamAnswer
from unibos.core.sync.blobs.blobs import BlobAnswer
from unibos.core.sync.blobs.giving import read_chunks
from unibos.core.sync.exchange.answer import Answer
from unibos.core.sync.exchange.messages import (
    MESSAGE_BYTES,
    BlobsOffered,
    BlobsWanted,
    Hello,
    HelloAnswer,
    Ids,
    IdsPage,
    News,
    Pull,
    Pulled,
    Push,
    Pushed,
    Wait,
)
from unibos.transports.http.parts import Part, declared, part_of, within

_FROM = re.compile(r"bytes=(\d{1,18})-")
_ERRORS = (Conflict, Forbidden, NotFound, Unavailable)


def endpoints(answer: Answer, blobs: BlobAnswer, limit: int) -> tuple[Endpoint, ...]:
    """The endpoints of one replica, for its peers.

    :param limit: the most bytes of a blob.
    """

    async def put_blob(scope: Scope, call: Call) -> Reply:
        """Take a blob, or a part of one; the last part, or the whole, is answered by 204."""
        size = declared(call.headers) or 0
        part = part_of(call.headers, empty=True) or Part(0, size - 1, size)
        chunks = within(call.body.chunks(), part)
        try:
            await blobs.put(scope, call.path["sha256"], part.first, part.total, chunks)
        except Unavailable as error:
            if error.code == "transfer_cut" and part.last + 1 < part.total:
                return Reply(status=202)
            raise
        return Reply(status=204)

    async def get_blob(scope: Scope, call: Call) -> StreamAnswer:
        """A blob, or the rest of one (``Range: bytes=N-``)."""
        sha256 = call.path["sha256"]
        found = _FROM.fullmatch(call.headers.get("range", ""))
        first = int(found[1]) if found else 0
        path = await blobs.get(scope, sha256, first)
        size = (await asyncio.to_thread(os.stat, path)).st_size
        chunks = read_chunks(scope.store, path, first)
        if found is None:
            return StreamAnswer(chunks, size)
        if first >= size:
            raise Invalid("range_unsatisfiable", f"The file has {size} bytes.", size=size)
        headers = {"content-range": f"bytes {first}-{size - 1}/{size}"}
        return StreamAnswer(chunks, size - first, 206, headers)

    return (
        _asked("hello", answer.hello, "Begin a round", Hello, HelloAnswer, Unsupported),
        _asked("pull", answer.pull, "Take changes of a collection", Pull, Pulled),
        _asked(
            "push", answer.push, "Give changes of a collection", Push, Pushed, Invalid, StorageFull
        ),
        _asked("ids", answer.ids, "Ask which records there are", Ids, IdsPage),
        _asked("wait", answer.wait, "Be told when there is something new", Wait, News),
        _asked("blobs/offer", blobs.offer, "Ask which blobs are wanted", BlobsOffered, BlobsWanted),
        Endpoint(
            "PUT",
            "/sync/blobs/{sha256}",
            put_blob,
            "Give a blob, or a part of one",
            {202: None, 204: None},
            Role.VIEWER,
            body=File(limit),
            errors=(*_ERRORS, Invalid, StorageFull, TooLarge),
            machine=True,
        ),
        Endpoint(
            "GET",
            "/sync/blobs/{sha256}",
            get_blob,
            "Take a blob, or the rest of one",
            {200: Media(), 206: Media()},
            Role.VIEWER,
            errors=(*_ERRORS, Invalid),
            machine=True,
        ),
    )


def _asked(
    name: str,
    ask: Callable[[Scope, Any], Awaitable[Struct]],
    summary: str,
    body: type,
    answer: type,
    *errors: type[Error],
) -> Endpoint:
    """An endpoint whose body and answer are messages."""

    async def handler(scope: Scope, call: Call) -> Reply:
        return Reply(await ask(scope, call.body))

    return Endpoint(
        "POST",
        f"/sync/{name}",
        handler,
        summary,
        {200: answer},
        Role.VIEWER,
        body=body,
        body_limit=MESSAGE_BYTES,
        errors=(*_ERRORS, *errors),
        machine=True,
        packed=True,
    )
