"""Making a notification, and the job that sends it to one target."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from unibos.base.clock import iso
from unibos.base.errors import NotFound
from unibos.base.ids import made_at_ms
from unibos.core.jobs.kind import LightKind, Report
from unibos.core.store import jobs, leases, query, records
from unibos.core.store.jobs import Job
from unibos.core.store.records import Record
from unibos.core.store.store import OrgStore
from unibos.core.store.transaction import Transaction, View
from unibos.modules.care.notifications.collection import KEPT, NAME, NOTIFICATIONS
from unibos.modules.care.notifications.targets.target import Level, News, Target

_QUEUE = "realtime"
_PRIORITY = 10
_WEEK_MS = 7 * 24 * 3600 * 1000
_ATTEMPTS = 10
"""With growing pauses of up to an hour this is about half a day without a network."""


class Notifier:
    """Makes notifications.

    :param targets: where they go beside the event stream.
    """

    def __init__(self, targets: Sequence[Target]) -> None:
        self.targets = {target.name: target for target in targets}
        self.kind = LightKind(
            name="care.notify",
            queue=_QUEUE,
            priority=_PRIORITY,
            max_attempts=_ATTEMPTS,
            locality="node_only",
            run=self._send,
            complete=self._sent,
        )

    def notify(
        self, tx: Transaction, level: Level, title: str, body: str, *, source: str, about: str = ""
    ) -> Record | None:
        """Keep a notification, and have it sent; the oldest beyond the limit make room.

        :param source: what tells it, such as ``health`` or ``user``.
        :param about: the trouble that it is about; while one about the same stands unread, or is
            younger than a week, nothing is told again, and the value is None.
        """
        if about and is_told(tx, about):
            return None
        data: dict[str, Any] = {"level": level, "title": title[:200], "source": source}
        if body:
            data["body"] = body[:4000]
        if about:
            data["about"] = about
        record = records.create(tx, NAME, NOTIFICATIONS.draft(data))
        for target in self.targets:
            jobs.add(tx, self.kind, {"notification": record.id, "target": target})
        _make_room(tx)
        return record

    def _send(self, store: OrgStore, job: Job, report: Report) -> Any:
        target = self.targets.get(job.args["target"])
        if target is None:
            # The settings have changed since.
            return {"sent": False}
        try:
            record = store.read(lambda view: records.get(view, NAME, job.args["notification"]))
        except NotFound:
            return {"sent": False}
        report(None, f"to {target.name}")
        target.send(_news(record))
        return {"sent": True}

    def _sent(self, tx: Transaction, job: Job, result: Any) -> Any:
        if result["sent"]:
            changes = {"sent": {job.args["target"]: iso(tx.now())}}
            try:
                records.patch(tx, NAME, job.args["notification"], changes, NOTIFICATIONS.draft)
            except NotFound:
                return result
        return result


def is_told(view: View, about: str) -> bool:
    """Whether a notification about this stands unread, or is younger than a week."""
    same = f"about={msgspec.json.encode(about).decode()}"
    young = f"created_at>{iso(max(0, leases.newest_time(view) - _WEEK_MS))}"
    asked = (query.Query((same, more), limit=1) for more in ("read_at=null", young))
    return any(query.page(view, NAME, each).items for each in asked)


def _news(record: Record) -> News:
    data: Mapping[str, Any] = record.data
    return News(
        id=record.id,
        level=data["level"],
        title=data["title"],
        body=data.get("body", ""),
        source=data["source"],
        at=iso(made_at_ms(record.id)),
    )


def _make_room(tx: Transaction) -> None:
    counted = query.count_by(tx, NAME, "level")
    over = sum(counted.values()) - KEPT
    if over > 0:
        oldest = query.page(tx, NAME, query.Query(sort="created_at", limit=min(over, 50)))
        for record in oldest.items:
            records.delete(tx, NAME, record.id)
