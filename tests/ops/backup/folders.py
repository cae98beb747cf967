"""Data folders that tests fill, back up and compare."""

import hashlib
import os
import shutil
from pathlib import Path

from unibos.core.identity.keys import InstanceKey
from unibos.core.store import blobs, collections, records
from unibos.core.store.definitions import Collection
from unibos.core.store.drafts import Schema
from unibos.core.store.store import Options, Store
from unibos.ops.backup.age import Key
from unibos.ops.backup.snapshot import BLOB_FOLDERS

KEY = Key.from_raw(bytes(range(32)))
PLAIN = Collection("plain", Schema({}))
TABLES = ("records", "blobs", "blob_uses", "collections", "users", "orgs", "meta")


class NoServer:
    """Where nobody runs there is nobody to ask."""

    def copy(self, name):
        raise AssertionError("a server was asked for a copy")

    forget = copy


NOBODY = NoServer()


class Data:
    """A data folder whose stores are opened when they are needed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self.id = InstanceKey.open(folder).id

    def store(self, name: str = "node") -> Store:
        return Store(self.folder, name, self.id, options=Options(blobs=BLOB_FOLDERS[name]))

    def fill(self, records: int = 0, blobs: int = 0, size: int = 3000, name: str = "node") -> None:
        store = self.store(name)
        for number in range(records):
            write(store, {"number": number, "filler": os.urandom(20).hex()})
        for _ in range(blobs):
            keep(store, os.urandom(size))
        store.close()

    def replica(self, name: str = "node") -> tuple[str, int]:
        store = self.store(name)
        try:
            return store.replica.epoch, store.replica.tick()
        finally:
            store.close()

    def said(self, name: str = "node") -> dict:
        """All that is told by the database and the files, for comparison."""
        store = self.store(name)
        rows = store.read(
            lambda view: {
                table: sorted(map(repr, view.connection.execute(f"SELECT * FROM {table}")))
                for table in TABLES
            }
        )
        files = {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in (self.folder / BLOB_FOLDERS[name]).glob("??/*")
        }
        store.close()
        return {"rows": rows, "files": files}

    def blob_paths(self) -> list[Path]:
        return sorted((self.folder / "blobs").glob("??/*"))

    def remove(self) -> None:
        shutil.rmtree(self.folder)


def write(store: Store, data: dict) -> str:
    org = store.org("org-a")
    org.write(lambda tx: collections.declare(tx, PLAIN))
    return org.write(lambda tx: records.create(tx, "plain", PLAIN.draft(data))).id


def keep(store: Store, content: bytes) -> str:
    org = store.org("org-a")
    upload = org.blobs.upload(64 * 1024 * 1024)
    upload.write(content)
    blob = upload.finish(org.blobs)
    org.write(lambda tx: blobs.add(tx, blob))
    return blob.sha256


def count(store: Store) -> int:
    asked = "SELECT count(*) FROM records"
    return store.read(lambda view: view.connection.execute(asked).fetchone()[0])
