"""Where releases come from: a folder, or an address on the network.

Nothing of it is trusted. The list is taken with its signature only, an archive by the size and hash
that the list tells. What was loaded of an archive stays, and the next attempt goes on from there.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from unibos.base.errors import Damaged, Misconfigured, StorageFull, Unavailable
from unibos.core.store.system import System, reach
from unibos.ops.update.index import MAX_BYTES, File
from unibos.ops.update.signature import verify

_PIECE = 256 * 1024
_SIGNATURE_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Progress:
    """What the caller hears: ``begin`` the bytes to load, ``advance`` so many more."""

    begin: Callable[[int], None] = field(default=lambda _total: None)
    advance: Callable[[int], None] = field(default=lambda _count: None)


QUIET = Progress()


class Source:
    """The releases of one channel.

    :param where: ``update.source``: a folder, or an address that begins with http.
    :raises Misconfigured: ``update_source_missing``.
    """

    def __init__(self, where: str, channel: str) -> None:
        if not where:
            raise Misconfigured(
                "update_source_missing",
                "There is no update.source.",
                hint="Set update.source to the folder or address that releases come from.",
            )
        self._where = where
        self._remote = where.startswith(("http://", "https://"))
        self._list = f"{channel}.json"

    def signed_list(self, key: bytes) -> bytes:
        """The list of releases, with its signature checked.

        :raises Unavailable: ``update_source_unreachable``.
        :raises Damaged: ``update_signature_wrong``, ``update_download_wrong``.
        """
        content = self._small(self._list, MAX_BYTES)
        signature = self._small(f"{self._list}.minisig", _SIGNATURE_BYTES)
        verify(content, signature.decode("utf-8", "replace"), key)
        return content

    def load(self, file: File, folder: Path, system: System, progress: Progress) -> Path:
        """Load an archive, or what is missing of it; where it is, checked.

        :raises Unavailable: ``update_source_unreachable``; what was loaded is kept.
        :raises Damaged: ``update_download_wrong``; nothing of it is kept.
        :raises StorageFull: ``update_disk_full``.
        """
        target = folder / f"{file.sha256}.part"
        progress.begin(file.size)
        with _room(folder):
            system.make_folder(folder)
            with system.append(target) as sink:
                self._go_on(file, target, sink, system, progress)
                system.sync(sink)
        reach("update.loaded")
        with target.open("rb") as whole:
            sha256 = hashlib.file_digest(whole, "sha256").hexdigest()
        if sha256 != file.sha256:
            target.unlink()
            raise _wrong(file.name, "its hash is another than the signed one")
        return target

    def _go_on(
        self, file: File, target: Path, sink: BinaryIO, system: System, progress: Progress
    ) -> None:
        done = sink.tell()
        progress.advance(done)
        while done < file.size:
            before = done
            try:
                for begin, piece in self._pieces(file.name, done):
                    if begin != done:
                        # It sends all of it anew.
                        sink.truncate(begin)
                        done = begin
                    if done + len(piece) > file.size:
                        sink.close()
                        target.unlink()
                        raise _wrong(file.name, "it is longer than the signed size")
                    system.write(sink, piece)
                    done += len(piece)
                    progress.advance(len(piece))
                    reach("update.piece")
            except Unavailable:
                # A bad line is no reason to stop as long as something comes through.
                if done <= before:
                    raise
            else:
                if done == before:
                    raise _unreachable(self._where, f"{file.name} ends after {done} bytes")

    def _small(self, name: str, limit: int) -> bytes:
        content = b""
        for _, piece in self._pieces(name, 0):
            content += piece
            if len(content) > limit:
                raise _wrong(name, f"it is longer than {limit} bytes")
        return content

    def _pieces(self, name: str, begin: int) -> Iterator[tuple[int, bytes]]:
        """The bytes of a file from ``begin`` on, or from 0 on, each piece with its place."""
        return self._asked(name, begin) if self._remote else self._read(name, begin)

    def _read(self, name: str, begin: int) -> Iterator[tuple[int, bytes]]:
        path = Path(self._where) / name
        with _reachable(str(path)), path.open("rb") as stream:
            stream.seek(begin)
            while piece := stream.read(_PIECE):
                yield begin, piece
                begin += len(piece)

    def _asked(self, name: str, begin: int) -> Iterator[tuple[int, bytes]]:
        import httpx2

        url = f"{self._where.rstrip('/')}/{name}"
        # The bytes as they are: what is counted and resumed is what was sent.
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={begin}-"} if begin else {})
        timeout = httpx2.Timeout(60, connect=15)
        with (
            _reachable(url),
            httpx2.stream(
                "GET", url, headers=headers, timeout=timeout, follow_redirects=True
            ) as answer,
        ):
            if answer.status_code not in (200, 206):
                raise _unreachable(url, f"status {answer.status_code}")
            start = f"bytes {begin}-"
            if answer.status_code == 200:
                begin = 0
            elif not answer.headers.get("content-range", "").startswith(start):
                raise _unreachable(url, "it sends another part than was asked for")
            # Each piece as it comes: what a broken line let through is kept.
            for piece in answer.iter_raw():
                yield begin, piece
                begin += len(piece)


@contextmanager
def _reachable(where: str) -> Iterator[None]:
    try:
        yield
    except (Unavailable, Damaged, StorageFull):
        raise
    except OSError as error:
        raise _unreachable(where, error.strerror or str(error)) from error
    except Exception as error:
        import httpx2

        if not isinstance(error, httpx2.HTTPError | httpx2.InvalidURL):
            raise
        raise _unreachable(where, str(error) or type(error).__name__) from error


@contextmanager
def _room(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise disk_full(folder, error.strerror or str(error)) from error


def disk_full(folder: Path, why: str) -> StorageFull:
    """What is said when there is no room for an update."""
    return StorageFull(
        "update_disk_full",
        f"There is no room for the update in {folder} ({why}). The present program stays.",
        hint="Free some space (unibos doctor shows how much is left), then try again.",
        folder=folder,
        why=why,
    )


def _unreachable(where: str, why: str) -> Unavailable:
    return Unavailable(
        "update_source_unreachable",
        f"Releases cannot be read from {where}: {why}.",
        hint="Check the network and update.source; what was loaded is kept.",
        where=where,
        why=why,
    )


def _wrong(name: str, why: str) -> Damaged:
    return Damaged(
        "update_download_wrong",
        f"{name} is not what was released: {why}. It was removed.",
        hint="Try again; if it comes again, the source is damaged or dishonest.",
        name=name,
        why=why,
    )
