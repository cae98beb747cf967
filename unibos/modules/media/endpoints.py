"""What photos and videos can be asked over any door."""

from collections.abc import Mapping
from functools import partial

from msgspec import UNSET, json

from unibos.base.clock import iso
from unibos.base.errors import Conflict, Invalid, NotFound, TooLarge
from unibos.core.identity.scope import Role, Scope
from unibos.core.jobs.kind import JobKind
from unibos.core.module.endpoint import Answer, Call, Endpoint, File
from unibos.core.store import query, records
from unibos.core.store.jobs import JobState
from unibos.core.store.records import Record
from unibos.core.store.transaction import Transaction, View
from unibos.modules.media import intake, kept
from unibos.modules.media.albums import albums
from unibos.modules.media.collection import MEDIA, NAME
from unibos.modules.media.files import Kind
from unibos.modules.media.shapes import (
    MediaChange,
    MediaListing,
    MediaOut,
    MediaPage,
    Removal,
    Taken,
    shown,
)

_ONE = "/media/{id}"


def endpoints(reading: Mapping[Kind, JobKind], limits: Mapping[Kind, int]) -> tuple[Endpoint, ...]:
    """The endpoints over single photos and videos.

    :param reading: the kind of job that reads a new one.
    :param limits: the most bytes of one.
    """

    async def add_media(scope: Scope, call: Call) -> Answer:
        arrival = await intake.receive(scope, call.body, limits)
        record, made = await scope.store.awrite(lambda tx: intake.keep(tx, arrival, reading))
        data = record.data
        taken = Taken(record.id, data["kind"], data["status"], data["job"])
        return Answer(taken, 201 if made else 200)

    async def reprocess_media(scope: Scope, call: Call) -> Answer:
        id_ = call.path["id"]
        record = await scope.store.awrite(lambda tx: intake.reprocess(tx, id_, reading))
        return Answer(Taken(id_, record.data["kind"], "queued", record.data["job"]), 202)

    return (
        Endpoint(
            "POST",
            "/media",
            add_media,
            "Take a photo or a video in; the same bytes again are the same one",
            {201: Taken, 200: Taken},
            body=File(max(limits.values()), "file"),
            errors=(Invalid, TooLarge),
        ),
        Endpoint(
            "GET",
            "/media",
            list_media,
            "List photos and videos",
            {200: MediaPage},
            Role.VIEWER,
            query=MediaListing,
            errors=(Invalid, NotFound),
        ),
        Endpoint(
            "GET",
            _ONE,
            get_media,
            "Read what is known of a photo or a video",
            {200: MediaOut},
            Role.VIEWER,
            errors=(NotFound,),
        ),
        Endpoint(
            "PATCH",
            _ONE,
            change_media,
            "Change title, tags or the place's name",
            {200: MediaOut},
            body=MediaChange,
            errors=(NotFound, Invalid, TooLarge),
        ),
        Endpoint(
            "DELETE",
            _ONE,
            remove_media,
            "Put a photo or a video into the bin, or remove it for good",
            {204: None},
            query=Removal,
            errors=(NotFound,),
        ),
        Endpoint(
            "POST",
            f"{_ONE}/restore",
            restore_media,
            "Take a photo or a video out of the bin",
            {200: MediaOut},
            errors=(NotFound,),
        ),
        Endpoint(
            "POST",
            f"{_ONE}/reprocess",
            reprocess_media,
            "Read a photo or a video again",
            {202: Taken},
            errors=(NotFound, Conflict),
        ),
    )


async def list_media(scope: Scope, call: Call) -> Answer:
    """A page of photos and videos; those in the bin only when asked for."""
    asked: MediaListing = call.query
    return Answer(await scope.store.aread(lambda view: _page(view, asked)))


def _page(view: View, asked: MediaListing) -> MediaPage:
    if asked.album is not None:
        _require_plain(asked)
        fits = partial(_fits, asked)
        found, more = albums.members(view, asked.album, asked.cursor, asked.limit, fits)
    else:
        wanted = query.Query(_filters(asked), asked.sort, asked.limit, asked.cursor, asked.q)
        page = query.page(view, NAME, wanted)
        found, more = page.items, page.next
    return MediaPage([_shown(view, record) for record in found], more)


def _require_plain(asked: MediaListing) -> None:
    if asked.q is not None or asked.sha256 is not None or asked.sort != "-moment":
        raise Invalid(
            "filter_invalid",
            "An album is listed in its own order, by month, kind, status and tag.",
            hint="Leave out q, sha256 and sort, or leave out album.",
        )


def _fits(asked: MediaListing, record: Record) -> bool:
    """Whether a member of an album is asked for."""
    data = record.data
    return (
        asked.bin == ("binned_at" in data)
        and asked.month in (None, data["moment"][:7])
        and asked.kind in (None, data["kind"])
        and asked.status in (None, data["status"])
        and (asked.tag is None or asked.tag in data.get("tags", ()))
    )


def _filters(asked: MediaListing) -> tuple[str, ...]:
    filters = [f"binned_at{'!=' if asked.bin else '='}null"]
    if asked.sort.endswith("moment") and asked.sha256 is None:
        # All have one; this way the index that holds them in order is taken.
        filters.append("moment!=null")
    if asked.month is not None:
        # After "9" comes ":", and so after every moment of the month.
        filters += [f'moment>="{asked.month}"', f'moment<"{asked.month}:"']
    named = {"kind": asked.kind, "status": asked.status, "sha256": asked.sha256}
    filters += [f'{name}="{value}"' for name, value in named.items() if value is not None]
    if asked.tag is not None:
        # As JSON, so that a tag that looks like a number is a text nevertheless.
        filters.append(f"tags:{json.encode(asked.tag).decode()}")
    return tuple(filters)


async def get_media(scope: Scope, call: Call) -> Answer:
    """One photo or video."""
    id_ = call.path["id"]
    return Answer(await scope.store.aread(lambda view: _shown(view, kept.find(view, id_))))


async def change_media(scope: Scope, call: Call) -> Answer:
    """Change what a person may change."""
    id_, asked = call.path["id"], call.body
    changes: dict[str, object] = {}
    if asked.title is not UNSET:
        changes["title"] = asked.title
    if asked.tags is not UNSET:
        changes["tags"] = sorted(set(asked.tags))
    if asked.place_name is not UNSET:
        changes |= {"place_name": asked.place_name, "place_chosen": True}

    def change(tx: Transaction) -> MediaOut:
        kept.find(tx, id_)
        return _shown(tx, records.patch(tx, NAME, id_, changes, MEDIA.draft))

    return Answer(await scope.store.awrite(change))


async def remove_media(scope: Scope, call: Call) -> Answer:
    """Into the bin, or away for good."""
    id_ = call.path["id"]

    def bin_(tx: Transaction) -> None:
        if "binned_at" not in kept.find(tx, id_).data:
            records.patch(tx, NAME, id_, {"binned_at": iso(tx.now())}, MEDIA.draft)

    def purge(tx: Transaction) -> None:
        intake.purge(tx, id_)

    await scope.store.awrite(purge if call.query.purge else bin_)
    return Answer(status=204)


async def restore_media(scope: Scope, call: Call) -> Answer:
    """Out of the bin."""
    id_ = call.path["id"]
    return Answer(await scope.store.awrite(lambda tx: _shown(tx, intake.restore(tx, id_))))


def _shown(view: View, record: Record) -> MediaOut:
    """A record that waits is being read when its job runs; no write is spent on telling so."""
    job = intake.open_job(view, record.data)
    return shown(record, running=job is not None and job.state is JobState.RUNNING)
