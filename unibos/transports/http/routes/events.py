"""The event stream: what changes in the org, as it changes, resumable after a cut.

An event's id is ``seq.num``: how far the record feed and the job events have been told. What sync
tells, and what happens to workers, is not kept, so it is told from now on only.
"""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from unibos.base.errors import Invalid
from unibos.core.identity.registry.worker_events import WorkerEvents
from unibos.core.identity.scope import Role, Scope, stands
from unibos.core.module.endpoint import Call, Endpoint, Event, EventAnswer, Media
from unibos.core.store import feed, jobs
from unibos.core.store.bell import Bell
from unibos.core.store.records import Record
from unibos.core.store.transaction import View
from unibos.core.sync.schedule.events import SyncEvents

Topic = Literal["records", "jobs", "sync", "workers"]
_TOPICS: tuple[Topic, ...] = ("records", "jobs", "sync", "workers")
_BATCH = 200
_POSITION = re.compile(r"([0-9]{1,18})\.([0-9]{1,18})")


class EventQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which events; all when nothing is said."""

    topic: tuple[Topic, ...] = ()
    collection: Annotated[str, Meta(max_length=63)] | None = None


@dataclass(frozen=True, slots=True)
class Unkept:
    """What is told from now on only; a place in it is two numbers."""

    sync: SyncEvents
    workers: WorkerEvents

    def now(self) -> tuple[int, int]:
        """The place behind all that was told."""
        return self.sync.newest, self.workers.newest

    def after(
        self, at: tuple[int, int], org: str, topics: tuple[Topic, ...]
    ) -> tuple[list[tuple[str, Struct]], tuple[int, int]]:
        """What was told behind a place, each with its type, and the next place."""
        following = self.now()
        found: list[tuple[str, Struct]] = []
        if "sync" in topics:
            found += [("sync", what) for _, what in self.sync.after(at[0])]
        if "workers" in topics:
            found += [("worker", what) for _, what in self.workers.after(at[1], org)]
        return found, following


def endpoints(bell: Bell, told: SyncEvents | None, workers: WorkerEvents) -> tuple[Endpoint, ...]:
    """The endpoint over one store's bell.

    :param told: what sync tells, for the one org that it is of.
    :param workers: what happens to workers, of all orgs.
    """
    unkept = Unkept(told or SyncEvents(), workers)

    async def events(scope: Scope, call: Call) -> EventAnswer:
        asked: EventQuery = call.query
        since = _position(call.headers.get("last-event-id"))
        if since is None:
            since = scope.store.read(_now)
        return EventAnswer(_stream(bell, unkept, scope, asked, since))

    return (
        Endpoint(
            "GET",
            "/events",
            events,
            "What changes, as it changes (server-sent events)",
            {200: Media("text/event-stream")},
            Role.VIEWER,
            query=EventQuery,
            errors=(Invalid,),
        ),
    )


async def _stream(
    bell: Bell, unkept: Unkept, scope: Scope, asked: EventQuery, since: tuple[int, int]
) -> AsyncIterator[Event]:
    topics = asked.topic or _TOPICS
    at = unkept.now()
    while not bell.closed:
        rung = bell.next(scope.org)
        seq, num = since

        def look(
            view: View, seq: int = seq, num: int = num
        ) -> tuple[list[Record], list[Any]] | None:
            if not stands(view, scope):
                return None
            changed = feed.all_changes(view, seq, _BATCH) if "records" in topics else []
            told = jobs.all_events(view, num, _BATCH) if "jobs" in topics else []
            return changed, told

        seen = await scope.store.aread(look)
        if seen is None:
            return
        changed, told = seen
        for record in changed:
            since = (record.seq, since[1])
            if asked.collection in (None, record.collection):
                yield Event("record", f"{since[0]}.{since[1]}", _record(record))
        for event in told:
            since = (since[0], event.num)
            yield Event("job", f"{since[0]}.{since[1]}", event.json)
        news, at = unkept.after(at, scope.org, topics)
        for type_, what in news:
            yield Event(type_, f"{since[0]}.{since[1]}", what)
        if not changed and not told and not news:
            await rung.wait()


def _record(record: Record) -> bytes:
    if not record.deleted:
        return record.json
    return msgspec.json.encode({"id": record.id, "collection": record.collection, "deleted": True})


def _now(view: View) -> tuple[int, int]:
    return feed.newest_seq(view), jobs.newest_event(view)


def _position(last: str | None) -> tuple[int, int] | None:
    if not last:
        return None
    found = _POSITION.fullmatch(last)
    if found is None:
        raise event_id_invalid()
    return int(found[1]), int(found[2])


def event_id_invalid() -> Invalid:
    """The answer to a ``Last-Event-ID`` that no event of the stream has."""
    return Invalid("event_id_invalid", "Last-Event-ID is not one of this stream's.")
