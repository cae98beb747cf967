"""Status of a hub: what it is and the asker's org has; what all orgs have, for operators only."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from msgspec import Struct

from unibos.core.identity.scope import Role, Scope
from unibos.core.module.endpoint import Answer, Call, Endpoint
from unibos.core.store import census
from unibos.core.store.transaction import View
from unibos.transports.http.routes.status import Disk, disk, integrity_endpoint


class Total(Struct, frozen=True, kw_only=True):
    """The whole hub; ``nodes`` by state, ``keys`` are the signing keys by state."""

    orgs: int
    users: int
    nodes: dict[str, int]
    keys: dict[str, int]
    disk: Disk


class HubStatus(Struct, frozen=True, kw_only=True):
    """The hub and the asker's org; ``total`` is null but for operators.

    ``fingerprint`` is the SHA-256 of the hub's own certificate, null where it shows another or
    none; ``addresses`` are where nodes reach it, ``nodes`` counts the org's by state.
    """

    version: str
    instance: str
    roles: list[str]
    name: str
    fingerprint: str | None
    addresses: list[str]
    board: str
    profile: str
    uptime_seconds: int
    setup_done: bool
    org: str
    users: int
    records: dict[str, int]
    nodes: dict[str, int]
    total: Total | None


@dataclass(frozen=True, slots=True)
class About:
    """What does not change while the process lives, and how to ask for what does.

    :param nodes: nodes by state, of one org or (None) of all.
    :param keys: signing keys by state.
    """

    version: str
    instance: str
    roles: tuple[str, ...]
    name: str
    fingerprint: str | None
    addresses: Callable[[], tuple[str, ...]]
    board: str
    profile: str
    database: Path
    setup_done: Callable[[], bool]
    nodes: Callable[[str | None], Mapping[str, int]]
    keys: Callable[[], Mapping[str, int]]


def endpoints(about: About) -> tuple[Endpoint, ...]:
    """The endpoints of one hub."""
    started = time.monotonic()

    def total(view: View) -> Total:
        counted = census.across(view)
        return Total(
            orgs=counted.orgs,
            users=counted.users,
            nodes=dict(about.nodes(None)),
            keys=dict(about.keys()),
            disk=disk(about.database, counted.blob_bytes),
        )

    async def status(scope: Scope, call: Call) -> Answer:
        def look(view: View) -> tuple[census.Census, Total | None]:
            return census.take(view), total(view) if scope.operator else None

        counts, all_orgs = await scope.store.aread(look)
        return Answer(
            HubStatus(
                version=about.version,
                instance=about.instance,
                roles=list(about.roles),
                name=about.name,
                fingerprint=about.fingerprint,
                addresses=list(about.addresses()),
                board=about.board,
                profile=about.profile,
                uptime_seconds=int(time.monotonic() - started),
                setup_done=about.setup_done(),
                org=scope.org,
                users=counts.users,
                records=counts.records,
                nodes=dict(about.nodes(scope.org)),
                total=all_orgs,
            )
        )

    return (
        Endpoint(
            "GET", "/status", status, "How the instance is doing", {200: HubStatus}, Role.VIEWER
        ),
        integrity_endpoint(shared=True),
    )
