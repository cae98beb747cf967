"""Relays: the kinds of jobs as a hub has them for its nodes.

A relay has the name and the work of its kind, so that any worker can do it. Around the work it
knows nothing of the node's records: the work gets the arguments and the input that came with the
handover, and what it made is kept for the node.
"""

import re
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from unibos.base.errors import NotFound
from unibos.core.jobs.handing.messages import HandoverIn, Output
from unibos.core.jobs.kind import HeavyKind, JobKind, PortableKind, Task
from unibos.core.store import blobs, handovers
from unibos.core.store.blobs import Blob
from unibos.core.store.handovers import Kept
from unibos.core.store.job import Job
from unibos.core.store.store import OrgStore
from unibos.core.store.transaction import Transaction, View

ATTEMPTS: Final = 2
"""Of a relay; the node tries again by itself. Two, because what fails for good ends at the first,
which tells the node apart what another attempt would meet again (see :func:`is_permanent`)."""

MOST_OUTPUTS: Final = 1000
_FILE = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")


def relays(kinds: Iterable[JobKind]) -> tuple[JobKind, ...]:
    """The relays of all kinds whose work can be done away from their records."""
    return tuple(_relay(kind) for kind in kinds if isinstance(kind, HeavyKind | PortableKind))


def is_permanent(job: Job) -> bool:
    """Whether a relay failed in a way that another attempt would meet again."""
    return job.attempt < job.max_attempts


def asked_of(kept: Kept) -> HandoverIn:
    """What the node asked for."""
    return msgspec.json.decode(kept.asked, type=HandoverIn)


def used_by(relay: str) -> str:
    """How the bytes of a handover are held."""
    return f"job/{relay}"


def outputs_of(job: Job) -> list[Output]:
    """The files that the work made."""
    return msgspec.convert((job.result or {}).get("outputs", []), list[Output])


def _relay(kind: HeavyKind | PortableKind) -> JobKind:
    common: dict[str, Any] = {
        "name": kind.name,
        "queue": kind.queue,
        "max_attempts": ATTEMPTS,
        "version": kind.version,
        "memory_mb": kind.memory_mb,
    }
    if isinstance(kind, PortableKind):
        return PortableKind(**common, work=kind.work, complete=_complete_values)
    return HeavyKind(
        **common,
        prepare=_prepare,
        work=kind.work,
        collect=_collect,
        complete=_complete,
        timeout_seconds=kind.timeout_seconds,
    )


def _prepare(store: OrgStore, job: Job) -> Task:
    def find(view: View) -> Task:
        kept = handovers.of_relay(view, job.id)
        if kept is None:
            raise not_found()
        asked = asked_of(kept)
        if asked.input is None:
            return Task(asked.args)
        return Task(asked.args, blobs.open_path(view, store.blobs, asked.input.sha256))

    return store.read(find)


def _collect(store: OrgStore, result: Any, folder: Path) -> Any:
    """Make all files blobs; until the end of the job names them, they are orphans."""
    made = [_as_blob(store, path) for path in _files(folder)]
    return {"result": result, "outputs": msgspec.to_builtins(made)}


def _files(folder: Path) -> Iterator[Path]:
    """Plain files with plain names; who did the work may have been talked into others."""
    found = 0
    for path in sorted(folder.iterdir()):
        if _FILE.fullmatch(path.name) and stat.S_ISREG(path.lstat().st_mode):
            found += 1
            if found > MOST_OUTPUTS:
                return
            yield path


def _as_blob(store: OrgStore, path: Path) -> Output:
    upload = store.blobs.upload(path.stat().st_size)
    try:
        with path.open("rb") as file:
            while chunk := file.read(1024 * 1024):
                upload.write(chunk)
    except BaseException:
        upload.abort()
        raise
    blob = upload.finish(store.blobs)
    return Output(path.name, blob.sha256, blob.size)


def _complete(tx: Transaction, job: Job, made: Any) -> Any:
    """Keep what was made; the input is not needed any more."""
    kept = handovers.of_relay(tx, job.id)
    if kept is None:
        raise not_found()
    for each in msgspec.convert(made["outputs"], list[Output]):
        blobs.add(tx, Blob(each.sha256, each.size), used_by(job.id))
    asked = asked_of(kept)
    if asked.input is not None and not _is_output(made, asked.input.sha256):
        blobs.release(tx, asked.input.sha256, used_by(job.id))
    return made


def _complete_values(tx: Transaction, job: Job, result: Any) -> Any:
    del tx, job
    return {"result": result, "outputs": []}


def _is_output(made: Any, sha256: str) -> bool:
    return any(each["sha256"] == sha256 for each in made["outputs"])


def not_found() -> NotFound:
    """The answer for a handover that is not here, or not the asker's."""
    return NotFound("handover_not_found", "This hub does not have the job.")
