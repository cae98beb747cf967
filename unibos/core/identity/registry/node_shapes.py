"""A node as the API shows it."""

from typing import Annotated

from msgspec import Meta, Struct

from unibos.base.clock import iso
from unibos.core.identity.registry.presence import KnownNode, State, report_of
from unibos.core.store.nodes import NodeRow


class Node(Struct, frozen=True, kw_only=True):
    """An instance that joined the org; what it never told is None.

    :param skew_ms: by how much its clock was ahead of the hub's when it was seen last.
    """

    id: str
    name: str
    state: State
    version: str | None
    board: str | None
    profile: str | None
    joined_at: str
    seen_at: str
    revoked_at: str | None
    skew_ms: int | None
    uptime_seconds: int | None
    disk_free: int | None
    disk_total: int | None
    temperature_c: float | None
    queue_length: int | None


class NodePage(Struct, frozen=True):
    """One page of an org's nodes."""

    items: list[Node]
    next: str | None


class NodeChange(Struct, frozen=True, forbid_unknown_fields=True):
    """What can be changed of a node."""

    name: Annotated[str, Meta(max_length=200)]


def shown(row: NodeRow, known: KnownNode | None, state: State) -> Node:
    """A node from what the database has, and what it told since."""
    fresh = known is not None and known.report is not None
    report = known.report if known is not None and fresh else report_of(row)
    seen_at = known.seen_at if known is not None and fresh else row.seen_at
    return Node(
        id=row.id,
        name=row.name,
        state=state,
        version=report.version if report else None,
        board=report.board if report else None,
        profile=report.profile if report else None,
        joined_at=iso(row.joined_at),
        seen_at=iso(seen_at),
        revoked_at=None if row.revoked_at is None else iso(row.revoked_at),
        skew_ms=report.clock - seen_at if report else None,
        uptime_seconds=report.uptime_seconds if report else None,
        disk_free=report.disk_free if report else None,
        disk_total=report.disk_total if report else None,
        temperature_c=report.temperature_c if report else None,
        queue_length=report.queue_length if report else None,
    )
