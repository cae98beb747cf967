"""Status: how the instance is doing, for those who use it."""

import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from msgspec import Struct

from unibos.base.errors import Forbidden
from unibos.core.identity.scope import Role, Scope
from unibos.core.module.endpoint import Answer, Call, Endpoint
from unibos.core.module.manifest import Module
from unibos.core.store import census, integrity
from unibos.core.store.transaction import View


class Disk(Struct, frozen=True):
    """Bytes; ``database`` with its log."""

    free: int
    total: int
    database: int
    blobs: int


class Status(Struct, frozen=True, kw_only=True):
    """The instance and the asker's org."""

    version: str
    instance: str
    roles: list[str]
    board: str
    profile: str
    uptime_seconds: int
    online: bool
    setup_done: bool
    org: str
    users: int
    records: dict[str, int]
    jobs: dict[str, int]
    modules: dict[str, dict[str, int]]
    disk: Disk


class Found(Struct, frozen=True):
    """One thing that is not as it was written."""

    code: str
    detail: str


class Integrity(Struct, frozen=True):
    """The outcome of a check; ``sound`` when nothing was found."""

    sound: bool
    findings: list[Found]


class IntegrityQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """``deep`` also reads every blob and compares its hash."""

    deep: bool = False


@dataclass(frozen=True, slots=True)
class About:
    """What does not change while the process lives, and how to ask for what does."""

    version: str
    instance: str
    roles: tuple[str, ...]
    board: str
    profile: str
    database: Path
    online: Callable[[], bool]
    setup_done: Callable[[], bool]


def endpoints(about: About, modules: tuple[Module, ...]) -> tuple[Endpoint, ...]:
    """The endpoints of one instance."""
    started = time.monotonic()

    async def status(scope: Scope, call: Call) -> Answer:
        def look(view: View) -> tuple[census.Census, dict[str, dict[str, int]]]:
            counted = {
                module.name: dict(module.status(view)) for module in modules if module.status
            }
            return census.take(view), counted

        counts, by_module = await scope.store.aread(look)
        return Answer(
            Status(
                version=about.version,
                instance=about.instance,
                roles=list(about.roles),
                board=about.board,
                profile=about.profile,
                uptime_seconds=int(time.monotonic() - started),
                online=about.online(),
                setup_done=about.setup_done(),
                org=scope.org,
                users=counts.users,
                records=counts.records,
                jobs=counts.jobs,
                modules=by_module,
                disk=disk(about.database, counts.blob_bytes),
            )
        )

    return (
        Endpoint("GET", "/status", status, "How the instance is doing", {200: Status}, Role.VIEWER),
        integrity_endpoint(shared=False),
    )


def integrity_endpoint(*, shared: bool) -> Endpoint:
    """The endpoint that checks the whole database.

    :param shared: by several orgs, so that only operators may ask.
    """

    async def check(scope: Scope, call: Call) -> Answer:
        if shared:
            scope.require_operator()
        files, deep = scope.store.blobs, call.query.deep
        findings = await scope.store.aread(lambda view: integrity.check(view, files, deep=deep))
        found = [Found(item.code, item.detail) for item in findings]
        return Answer(Integrity(not found, found))

    return Endpoint(
        "GET",
        "/integrity",
        check,
        "Check everything stored",
        {200: Integrity},
        Role.OWNER,
        query=IntegrityQuery,
        errors=(Forbidden,) if shared else (),
    )


def disk(database: Path, blob_bytes: int) -> Disk:
    """How much room there is, and what a role takes of it."""
    usage = shutil.disk_usage(database.parent)
    files: Mapping[str, Path] = {
        suffix: database.with_name(database.name + suffix) for suffix in ("", "-wal", "-shm")
    }
    size = sum(path.stat().st_size for path in files.values() if path.exists())
    return Disk(usage.free, usage.total, size, blob_bytes)
