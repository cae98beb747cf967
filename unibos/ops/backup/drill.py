"""A rehearsal: can the newest snapshot be brought back? Nothing is started, nothing stays."""

import random
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from unibos.base.errors import Damaged
from unibos.core.store import copies
from unibos.ops.backup import restore
from unibos.ops.backup.create import QUIET, Progress
from unibos.ops.backup.repository import Repository
from unibos.ops.backup.snapshot import Entry, Header
from unibos.ops.backup.verify import Finding


@dataclass(frozen=True, slots=True)
class Drilled:
    """What was brought back, and what was not right with it.

    :param read: how many blobs were read whole.
    """

    header: Header
    records: int
    read: int
    findings: list[Finding]


def drill(
    repository: Repository,
    header: Header,
    work: Path,
    sample: int,
    progress: Progress = QUIET,
) -> Drilled:
    """Bring the databases back into a temporary folder, check them, and read some blobs.

    :param work: where the temporary folder is made; it needs the room of the databases.
    :param sample: how many blobs are read, chosen by chance; what they are is compared by hash.
    :raises Damaged: ``backup_damaged``.
    :raises StorageFull: ``storage_full``.
    """
    restore.refuse_newer(header)
    with (
        repository.locked(alone=False),
        tempfile.TemporaryDirectory(prefix="unibos-drill-", dir=work) as folder,
    ):
        blobs = _chosen(repository, header, sample)
        databases = sum(one.size for one in header.databases)
        progress.begin(databases + sum(one.size for one in blobs))
        restore.put_databases(repository, header, Path(folder), progress)
        findings = [
            Finding(one.code, one.detail, header.number)
            for one in restore.check(Path(folder), header, without_blobs=True)
        ]
        records = 0
        for database in header.databases:
            there = copies.contents(Path(folder) / f"{database.name}.db")
            records += there.records
            if (there.records, there.blobs) != (database.records, database.blobs):
                said = f"{database.name}: {there.records} records, {there.blobs} blobs"
                findings.append(Finding("backup_counts", said, header.number))
        findings += _read(repository, header, blobs, progress)
    return Drilled(header, records, len(blobs), findings)


def _chosen(repository: Repository, header: Header, sample: int) -> list[Entry]:
    """Some of the blobs, each as likely as the others, without a list of all."""
    chosen: list[Entry] = []
    blobs = (entry for entry in repository.entries(header) if entry.kind == "blob")
    for count, entry in enumerate(blobs):
        if count < sample:
            chosen.append(entry)
        elif (place := random.randrange(count + 1)) < sample:  # noqa: S311 - chance, no secret
            chosen[place] = entry
    return chosen


def _read(
    repository: Repository, header: Header, blobs: list[Entry], progress: Progress
) -> Iterator[Finding]:
    for entry in blobs:
        try:
            for chunk in repository.read(entry):
                progress.advance(len(chunk))
        except Damaged as error:
            yield Finding(error.code, f"blob {entry.sha256}: {error.detail}", header.number)
