"""Is a repository as it was written: every snapshot readable, every object there, and whole?"""

from collections.abc import Callable
from dataclasses import dataclass

from unibos.base.errors import Damaged
from unibos.ops.backup.repository import Repository
from unibos.ops.backup.snapshot import Header


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it was written.

    :param snapshot: the number of the first snapshot that needs it; 0 stands for the key.
    """

    code: str
    detail: str
    snapshot: int


@dataclass(frozen=True, slots=True)
class Verified:
    """What was looked at, and what was found."""

    snapshots: int
    objects: int
    findings: list[Finding]


def verify(
    repository: Repository,
    *,
    deep: bool = False,
    begin: Callable[[int], None] = lambda _total: None,
    advance: Callable[[int], None] = lambda _count: None,
) -> Verified:
    """Look at all snapshots; every object once.

    :param deep: read and decrypt every object and compare its hash, not only its size.
    :param begin: told how many bytes there are to read when ``deep``.
    """
    findings: list[Finding] = []
    if repository.key_copies_differ():
        detail = "key.age and key-2.age are not alike: copy the one that opens over the other"
        findings.append(Finding("backup_key_damaged", detail, 0))
    headers = []
    for number in repository.numbers():
        try:
            headers.append(repository.header(number))
        except Damaged as error:
            findings.append(Finding(error.code, error.detail, number))
    begin(sum(header.size for header in headers))
    seen: set[bytes] = set()
    for header in headers:
        findings += _of_snapshot(repository, header, seen, advance, deep=deep)
    return Verified(len(headers), len(seen), findings)


def _of_snapshot(
    repository: Repository,
    header: Header,
    seen: set[bytes],
    advance: Callable[[int], None],
    *,
    deep: bool,
) -> list[Finding]:
    findings = []
    try:
        for entry in repository.entries(header):
            name = bytes.fromhex(repository.name(entry.kind, entry.sha256))
            advance(entry.size)
            if name in seen:
                continue
            seen.add(name)
            stored = repository.stored(entry.kind, entry.sha256)
            what = f"{entry.kind} {entry.sha256} in {repository.shelf.where(name.hex())}"
            if stored is None:
                findings.append(Finding("backup_object_missing", what, header.number))
            elif stored != entry.stored:
                said = f"{what}: {stored} bytes, not {entry.stored}"
                findings.append(Finding("backup_damaged", said, header.number))
            elif deep:
                try:
                    for _chunk in repository.read(entry):
                        pass
                except Damaged as error:
                    said = f"{what}: {error.detail}"
                    findings.append(Finding(error.code, said, header.number))
    except Damaged as error:
        findings.append(Finding(error.code, error.detail, header.number))
    return findings
