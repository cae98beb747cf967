"""A store whose disk fills up; run as a program: full_disk.py FOLDER limit|tmpfs.

``limit`` bounds the size of files (RLIMIT_FSIZE); ``tmpfs`` needs root and a mount namespace of
its own, where FOLDER becomes a file system of 12 MiB. Both stand for a full disk: writes must be
refused with a clear error, reads go on, and with space again everything goes on.
"""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

from unibos.base.errors import StorageFull
from unibos.core.store import blobs, collections, integrity, query, records
from unibos.core.store.definitions import Collection
from unibos.core.store.drafts import Schema
from unibos.core.store.store import OrgStore, Store

PLAIN = Collection("plain", Schema({}))
MIB = 1024 * 1024


class Limit:
    """A disk that is full because no file may grow."""

    def __init__(self, folder: Path) -> None:
        self.hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]

    def fill(self) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (3 * MIB, self.hard))

    def free(self) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (self.hard, self.hard))


class Tmpfs:
    """A disk that is full because another file takes the room."""

    def __init__(self, folder: Path) -> None:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", folder], check=True)
        self.other = folder / "other"

    def fill(self) -> None:
        free = os.statvfs(self.other.parent)
        self.other.write_bytes(bytes(free.f_bavail * free.f_frsize - 2 * MIB))

    def free(self) -> None:
        self.other.unlink()


def write(org: OrgStore, size: int) -> str:
    draft = PLAIN.draft({"filler": os.urandom(size // 2).hex()})
    return org.write(lambda tx: records.create(tx, "plain", draft)).id


def upload(org: OrgStore, size: int) -> None:
    incoming = org.blobs.upload(64 * MIB)
    try:
        for _ in range(size // 65536):
            incoming.write(os.urandom(65536))
    except StorageFull:
        incoming.abort()
        raise
    blob = incoming.finish(org.blobs)
    org.write(lambda tx: blobs.add(tx, blob))


def main() -> None:
    folder = Path(sys.argv[1])
    disk = {"limit": Limit, "tmpfs": Tmpfs}[sys.argv[2]](folder)
    store = Store(folder, "node", "origin-a")
    org = store.org("org-a")
    org.write(lambda tx: collections.declare(tx, PLAIN))
    kept = [write(org, 1000) for _ in range(10)]
    disk.fill()
    codes = set()
    for _ in range(400):
        try:
            kept.append(write(org, 30_000))
        except StorageFull as error:
            codes.add(error.code)
            if error.hint == "":
                codes.add("no hint")
    refused_upload = False
    try:
        upload(org, 10 * MIB)
    except StorageFull as error:
        refused_upload = error.code == "storage_full"
    readable = sum(
        org.read(lambda view, one=one: records.get(view, "plain", one)).id == one for one in kept
    )
    disk.free()
    after = write(org, 30_000)
    upload(org, 4 * MIB)
    findings = [one.code for one in org.read(lambda view: integrity.check(view, org.blobs))]
    store.close()
    again = Store(folder, "node", "origin-a")
    present = again.org("org-a").read(lambda view: query.count_by(view, "plain", "nothing"))
    again.close()
    incoming = list((folder / "blobs" / "incoming").iterdir())
    print(
        json.dumps(
            {
                "codes": sorted(codes),
                "refused_upload": refused_upload,
                "unreadable": len(kept) - readable,
                "findings": findings,
                "missing": len([*kept, after]) - present[""],
                "left_over": len(incoming),
            }
        )
    )


if __name__ == "__main__":
    main()
