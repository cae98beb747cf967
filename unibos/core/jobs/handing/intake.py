"""How the bytes to work on come to a hub: as parts that outlive a cut, checked when whole."""

import asyncio
import shutil
from collections.abc import AsyncGenerator, AsyncIterator
from functools import partial
from typing import Final

from unibos.base.errors import Conflict, Invalid, StorageFull, TooLarge, Unavailable
from unibos.core.jobs.leasing.messages import Input
from unibos.core.store import blobs
from unibos.core.store.blobs import Blob, Upload
from unibos.core.store.store import OrgStore

_RESERVE: Final = 64 * 1024 * 1024
"""What stays free on the disk for the database."""


def require_room(org: OrgStore, input_: Input, limit: int) -> None:
    """Make sure, before its bytes travel, that an input can be kept.

    :raises TooLarge: ``blob_too_large``.
    :raises Forbidden: ``limit_reached``.
    :raises StorageFull: ``storage_full``.
    """
    if input_.size > limit:
        raise blobs.too_large(limit)
    org.read(lambda view: blobs.require_room(view, input_.sha256, input_.size))
    folder = org.blobs.folder.parent
    if shutil.disk_usage(folder).free < input_.size + _RESERVE:
        raise StorageFull("storage_full", "The input does not fit on the hub's disk.")


async def receive(org: OrgStore, input_: Input, offset: int, chunks: AsyncIterator[bytes]) -> Blob:
    """Take the bytes from ``offset`` on; what arrives before a cut stays for the next time.

    :raises Conflict: ``upload_offset_wrong`` with ``received``, ``upload_in_progress``.
    :raises Invalid: ``blob_hash_mismatch``; what arrived is forgotten.
    :raises Unavailable: ``transfer_cut`` when fewer bytes came.
    """
    upload = await _resumed(org, input_)
    if upload.size != offset:
        upload.pause()
        raise Conflict(
            "upload_offset_wrong",
            f"{upload.size} bytes were received; the rest must begin there.",
            received=upload.size,
        )
    try:
        await _fill(upload, input_.size, chunks)
    except (Invalid, StorageFull, TooLarge):
        upload.abort()
        raise
    except BaseException:
        upload.pause()
        raise
    return await asyncio.to_thread(upload.finish, org.blobs, input_.sha256)


async def _resumed(org: OrgStore, input_: Input) -> Upload:
    files, size = org.blobs, input_.size
    afresh = files.received(org.org, input_.sha256) > size
    resume = partial(files.resume, org.org, input_.sha256, size, afresh=afresh)
    resuming = asyncio.create_task(asyncio.to_thread(resume))
    try:
        return await asyncio.shield(resuming)
    except asyncio.CancelledError:
        # The thread goes on, and nobody else could send the bytes while its part is open.
        resuming.add_done_callback(_let_go)
        raise


def _let_go(resuming: "asyncio.Task[Upload]") -> None:
    if not resuming.cancelled() and resuming.exception() is None:
        resuming.result().pause()


async def _fill(upload: Upload, size: int, chunks: AsyncIterator[bytes]) -> None:
    try:
        async for chunk in chunks:
            if upload.size + len(chunk) > size:
                raise Invalid("blob_hash_mismatch", f"More than the {size} bytes came.")
            upload.write(chunk)
    finally:
        if isinstance(chunks, AsyncGenerator):
            await chunks.aclose()
    if upload.size < size:
        raise Unavailable("transfer_cut", f"{upload.size} of {size} bytes came.")
