"""What notifications can be asked over any door."""

from unibos.base.clock import iso
from unibos.base.errors import Invalid, NotFound
from unibos.core.identity.scope import Role, Scope
from unibos.core.module.endpoint import Answer, Call, Endpoint
from unibos.core.store import query, records
from unibos.core.store.records import Record
from unibos.core.store.transaction import Transaction, View
from unibos.modules.care.notifications.collection import NAME, NOTIFICATIONS
from unibos.modules.care.notifications.sending import Notifier
from unibos.modules.care.notifications.shapes import (
    Notification,
    NotificationChange,
    NotificationIn,
    NotificationListing,
    NotificationPage,
    notification,
)

_ONE = "/notifications/{id}"


def endpoints(notifier: Notifier) -> tuple[Endpoint, ...]:
    """The endpoints over one instance's notifications."""

    async def list_notifications(scope: Scope, call: Call) -> Answer:
        asked: NotificationListing = call.query
        filters = ["read_at=null"] if asked.unread else []
        if asked.level is not None:
            filters.append(f"level={asked.level}")
        wanted = query.Query(tuple(filters), "-created_at", asked.limit, asked.cursor)
        page = await scope.store.aread(lambda view: query.page(view, NAME, wanted))
        items = [notification(record) for record in page.items]
        return Answer(NotificationPage(items, page.next, sorted(notifier.targets)))

    async def make_notification(scope: Scope, call: Call) -> Answer:
        asked: NotificationIn = call.body

        def make(tx: Transaction) -> Record:
            made = notifier.notify(tx, asked.level, asked.title, asked.body, source="user")
            assert made is not None  # noqa: S101 - it is about nothing that could be told already
            return made

        return Answer(notification(await scope.store.awrite(make)), 201)

    return (
        Endpoint(
            "GET",
            "/notifications",
            list_notifications,
            "List notifications",
            {200: NotificationPage},
            Role.VIEWER,
            query=NotificationListing,
            errors=(Invalid,),
        ),
        Endpoint(
            "POST",
            "/notifications",
            make_notification,
            "Notify: it is kept, told in the event stream and sent to all targets",
            {201: Notification},
            body=NotificationIn,
            errors=(Invalid,),
        ),
        Endpoint(
            "PATCH",
            _ONE,
            change_notification,
            "Mark a notification as read, or as unread",
            {200: Notification},
            body=NotificationChange,
            errors=(NotFound,),
        ),
        Endpoint(
            "DELETE",
            _ONE,
            remove_notification,
            "Remove a notification",
            {204: None},
            errors=(NotFound,),
        ),
    )


async def change_notification(scope: Scope, call: Call) -> Answer:
    """Read, or unread."""
    id_, asked = call.path["id"], call.body

    def change(tx: Transaction) -> Record:
        present = _find(tx, id_)
        if ("read_at" in present.data) == asked.read:
            return present
        changes = {"read_at": iso(tx.now()) if asked.read else None}
        return records.patch(tx, NAME, id_, changes, NOTIFICATIONS.draft)

    return Answer(notification(await scope.store.awrite(change)))


async def remove_notification(scope: Scope, call: Call) -> Answer:
    """Away for good."""
    id_ = call.path["id"]

    def remove(tx: Transaction) -> None:
        _find(tx, id_)
        records.delete(tx, NAME, id_)

    await scope.store.awrite(remove)
    return Answer(status=204)


def _find(view: View, id_: str) -> Record:
    try:
        return records.get(view, NAME, id_)
    except NotFound:
        detail = f"There is no notification {id_[:64]!r}."
        raise NotFound("notification_not_found", detail) from None
