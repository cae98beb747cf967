"""Taking a blob's bytes from a peer: into a part that outlives a cut, checked, then the org's."""

import asyncio
import shutil
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass
from typing import Final

from unibos.base.errors import Invalid, StorageFull, Unavailable
from unibos.core.store import blobs, orgs, pending_blobs
from unibos.core.store.blobs import Upload
from unibos.core.store.store import OrgStore
from unibos.core.store.system import reach
from unibos.core.store.transaction import View

SMALL: Final = 256 * 1024
"""Blobs up to this size, such as thumbnails, are fetched at once also where it is on demand."""

CHUNK: Final = 256 * 1024
_RESERVE = 64 * 1024 * 1024
"""What stays free on the disk for the database."""

OF_ONE_BLOB: Final = frozenset(
    {
        "blob_hash_mismatch",
        "blob_missing",
        "blob_not_found",
        "blob_not_wanted",
        "blob_pending",
        "blob_too_large",
        "limit_reached",
        "storage_full",
        "upload_in_progress",
        "upload_offset_wrong",
    }
)
"""Trouble with one blob that does not keep the others from travelling."""


@dataclass(frozen=True, slots=True)
class BlobRules:
    """What this replica takes.

    :param eager: take everything; else only what is small, and the rest when somebody reads it.
    :param limit: the most bytes of one blob.
    """

    eager: bool = True
    limit: int = 100 * 1024 * 1024

    @property
    def largest(self) -> int | None:
        """The most bytes of a blob that is taken before somebody reads it; None: no such limit."""
        return None if self.eager else SMALL


def require_takable(view: View, store: OrgStore, sha256: str, size: int, rules: BlobRules) -> None:
    """Make sure, before its bytes travel, that a blob can be kept.

    :raises TooLarge: ``blob_too_large``.
    :raises Forbidden: ``limit_reached``.
    :raises StorageFull: ``storage_full``.
    """
    if size > rules.limit:
        raise blobs.too_large(rules.limit)
    orgs.require_room_for_bytes(view, size)
    to_come = size - store.blobs.received(store.org, sha256)
    if shutil.disk_usage(store.blobs.folder.parent).free < to_come + _RESERVE:
        raise StorageFull(
            "storage_full",
            f"A blob of {size} bytes does not fit on the disk.",
            hint="Free some space (unibos doctor shows how much is left); it is tried again.",
        )


async def begin(store: OrgStore, sha256: str, size: int) -> Upload:
    """Begin to take bytes in, or go on after a cut; :attr:`Upload.size` says where.

    :raises Conflict: ``upload_in_progress``.
    """
    files = store.blobs
    afresh = files.received(store.org, sha256) > size

    def resume() -> Upload:
        return files.resume(store.org, sha256, size, afresh=afresh)

    resuming = asyncio.create_task(asyncio.to_thread(resume))
    try:
        return await asyncio.shield(resuming)
    except asyncio.CancelledError:
        # The thread goes on, and nobody else could take the blob in while its part is open.
        resuming.add_done_callback(_let_go)
        raise


async def receive(
    store: OrgStore,
    upload: Upload,
    sha256: str,
    size: int,
    chunks: AsyncIterator[bytes],
    before_each: Callable[[], object],
) -> None:
    """Take the rest of the bytes, check them, and let the org have the blob.

    After a cut, what has arrived stays for the next time.

    :param before_each: called before each chunk is taken; raises to end it.
    :raises Invalid: ``blob_hash_mismatch``; what arrived is forgotten.
    :raises Unavailable: ``transfer_cut`` when fewer bytes came.
    :raises Forbidden: ``limit_reached``.
    :raises StorageFull: ``storage_full``.
    """
    await _fill(upload, size, chunks, before_each)
    reach("sync.blob_whole")
    blob = await asyncio.to_thread(upload.finish, store.blobs, sha256)
    await store.awrite(lambda tx: pending_blobs.arrived(tx, blob))
    reach("sync.blob_kept")


async def _fill(
    upload: Upload, size: int, chunks: AsyncIterator[bytes], before_each: Callable[[], object]
) -> None:
    try:
        if upload.size < size:
            await _write(upload, size, chunks, before_each)
        if upload.size < size:
            raise Unavailable(  # noqa: TRY301 - what has arrived is kept below
                "transfer_cut", f"{upload.size} of {size} bytes came; the rest follows later."
            )
    except (Invalid, StorageFull):
        upload.abort()
        raise
    except BaseException:
        upload.pause()
        raise


async def _write(
    upload: Upload, size: int, chunks: AsyncIterator[bytes], before_each: Callable[[], object]
) -> None:
    try:
        async for chunk in chunks:
            before_each()
            if upload.size + len(chunk) > size:
                raise _too_many(size)
            upload.write(chunk)
            reach("sync.blob_chunk")
    finally:
        if isinstance(chunks, AsyncGenerator):
            await chunks.aclose()


def _too_many(size: int) -> Invalid:
    return Invalid("blob_hash_mismatch", f"More than the {size} bytes came that were told.")


def _let_go(resuming: "asyncio.Task[Upload]") -> None:
    if not resuming.cancelled() and resuming.exception() is None:
        resuming.result().pause()
