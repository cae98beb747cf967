"""Notifications as the API shows them."""

from typing import Annotated

from msgspec import Meta, Struct

from unibos.base.clock import iso
from unibos.base.ids import made_at_ms
from unibos.core.module.endpoint import Listing
from unibos.core.store.records import Record
from unibos.modules.care.notifications.targets.target import Level


class NotificationIn(Struct, frozen=True, forbid_unknown_fields=True):
    """A notification that a user or a script makes."""

    title: Annotated[str, Meta(min_length=1, max_length=200)]
    body: Annotated[str, Meta(max_length=4000)] = ""
    level: Level = "info"


class Notification(Struct, frozen=True, kw_only=True):
    """A notification; ``sent`` tells which targets took it, and when."""

    id: str
    level: Level
    title: str
    body: str
    source: str
    created_at: str
    read_at: str | None
    sent: dict[str, str]


class NotificationPage(Struct, frozen=True):
    """Notifications, newest first; ``targets`` are those that the settings name."""

    items: list[Notification]
    next: str | None
    targets: list[str]


class NotificationListing(Listing, frozen=True, forbid_unknown_fields=True):
    """Which notifications."""

    unread: bool = False
    level: Level | None = None


class NotificationChange(Struct, frozen=True, forbid_unknown_fields=True):
    """Whether it was read."""

    read: bool


def notification(record: Record) -> Notification:
    """A record as the API shows it."""
    data = record.data
    return Notification(
        id=record.id,
        level=data["level"],
        title=data["title"],
        body=data.get("body", ""),
        source=data["source"],
        created_at=iso(made_at_ms(record.id)),
        read_at=data.get("read_at"),
        sent=data.get("sent", {}),
    )
