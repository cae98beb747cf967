"""Replicas whose records name blobs, and ways between them that break."""

import hashlib
import os
from functools import partial

from tests.core.sync.replicas import Replica, plain
from unibos.base.errors import Error, Unavailable
from unibos.base.ids import new_id
from unibos.core.store import blobs, collections, pending_blobs, records, replication
from unibos.core.store.definitions import Export
from unibos.core.sync.blobs.blobs import BlobRules, exchange
from unibos.core.sync.exchange.round import Round

LIMIT = 1 << 24
FILES = ("sha256", "thumbnail")


def files(name="files", export=Export.HUB, **more):
    """A collection whose records name blobs."""
    return plain(name, export, blobs=FILES, **more)


def name_of(data):
    return hashlib.sha256(data).hexdigest()


class Cut(Exception):
    """Not what the way raises: the test's own."""


class Way:
    """A link that ends after so many bytes of blobs, and counts what it carries.

    :param wrong: gives other bytes for those of a blob.
    """

    def __init__(self, link, bytes_left=None, wrong=None):
        self._link = link
        self.bytes_left = bytes_left
        self.wrong = wrong or {}
        self.carried = 0
        self.asked = []

    def __getattr__(self, name):
        return getattr(self._link, name)

    async def offer(self, asked):
        self.asked.append(asked)
        return await self._link.offer(asked)

    def _cut(self, chunk):
        """The part of a chunk that gets through, and whether the way ends behind it."""
        if self.bytes_left is None:
            part, ends = chunk, False
        else:
            part, ends = chunk[: self.bytes_left], len(chunk) > self.bytes_left
            self.bytes_left -= len(part)
        self.carried += len(part)
        return part, ends

    async def _through(self, chunks):
        async for chunk in chunks:
            part, ends = self._cut(chunk)
            if part:
                yield part
            if ends:
                raise Unavailable("peer_unreachable", "The way ends here.")

    async def put_blob(self, sha256, offset, size, chunks):
        await self._link.put_blob(sha256, offset, size, self._through(chunks))

    async def get_blob(self, sha256, offset):
        if sha256 in self.wrong:
            yield self.wrong[sha256][offset:]
            return
        async for chunk in self._through(self._link.get_blob(sha256, offset)):
            yield chunk


class Keeper(Replica):
    """A replica that exchanges blobs, too."""

    def __init__(self, *args, rules=None, **more):
        self.rules = rules or BlobRules(limit=LIMIT)
        super().__init__(*args, **more)

    def way(self, other, **more):
        return Way(other.link(self), **more)

    async def sync(self, other, way=None, **more):
        """A round with blobs, over a way that may break."""
        step = partial(exchange, self.local, self.org, rules=self.rules)
        link = way or self.way(other)
        return await Round(self.local, self.org, link, blobs=step).run(**more)

    def take_in(self, data, collection="files", **more):
        """A record and its blob; gives the record's id."""
        blob = self.store_bytes(data)
        thumbnail = more.pop("thumbnail", None)
        small = self.store_bytes(thumbnail) if thumbnail else None

        def keep(tx):
            id_ = new_id(tx.stamp()[0])
            values = {"sha256": blob.sha256} | more
            blobs.add(tx, blob, f"{collection}/{id_}")
            if small:
                values["thumbnail"] = small.sha256
                blobs.add(tx, small, f"{collection}/{id_}/thumbnail")
            draft = collections.get(tx, collection).draft(values)
            return records.create(tx, collection, draft, id_).id

        return self.home.write(keep)

    def store_bytes(self, data):
        upload = self.home.blobs.upload(LIMIT)
        upload.write(data)
        return upload.finish(self.home.blobs)

    def purge(self, id_, collection="files"):
        """Delete a record as its module does, with the uses of its blobs."""

        def work(tx):
            found = collections.get(tx, collection)
            named = found.blob_uses(id_, replication.find(tx, collection, id_).version.fields)
            records.delete(tx, collection, id_)
            for used_by, sha256 in named.items():
                blobs.release(tx, sha256, used_by)

        self.home.write(work)

    def bytes_of(self, sha256):
        """The blob's bytes, or the code of the reason why there are none."""
        try:
            path = self.home.read(lambda view: blobs.open_path(view, self.home.blobs, sha256))
        except Error as error:
            return error.code
        return path.read_bytes()

    def waiting(self):
        return self.home.read(pending_blobs.waiting).blobs

    def parts(self):
        """Unfinished uploads on the disk."""
        folder = self.home.blobs.folder / "incoming"
        return sorted(folder.iterdir()) if folder.exists() else []


def some_bytes(size):
    return os.urandom(size)
