"""Jobs that anybody may ask for: a photo in a wanted size, and its small pictures made anew."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from unibos.base.errors import Invalid, NotFound
from unibos.core.jobs.kind import HeavyKind, Report, Task
from unibos.core.store import blobs, records
from unibos.core.store.blobs import Blob
from unibos.core.store.jobs import Job
from unibos.core.store.store import OrgStore
from unibos.core.store.transaction import Transaction
from unibos.modules.media import kept
from unibos.modules.media.collection import MEDIA, NAME
from unibos.modules.media.jobs import Options, collect, swap, taken, task_of

_TIMEOUT_SECONDS = 10 * 60
_RESIZED = "resized"
_Side = Annotated[int, Meta(ge=1, le=16384)]


class Asked(Struct, frozen=True, forbid_unknown_fields=True):
    """Which photo."""

    media: Annotated[str, Meta(min_length=1, max_length=64)]


class AskedSize(Struct, frozen=True, forbid_unknown_fields=True):
    """Which photo, and how large: it fits into ``width`` × ``height`` and is never made larger."""

    media: Annotated[str, Meta(min_length=1, max_length=64)]
    width: _Side
    height: _Side
    format: Literal["jpeg", "png", "webp"] = "jpeg"
    quality: Annotated[int, Meta(ge=1, le=100)] = 85


def resize_kind(options: Options) -> HeavyKind:
    """The kind ``media.resize``: the picture becomes a blob, which the job's result names."""

    def prepare(store: OrgStore, job: Job) -> Task:
        return _photo(store, job, options)

    return HeavyKind(
        name="media.resize",
        queue="media",
        collection=NAME,
        timeout_seconds=_TIMEOUT_SECONDS,
        accept=_accept_size,
        prepare=prepare,
        work=_resize,
        collect=_collect_resized,
        complete=_keep_resized,
    )


def thumbnail_kind(options: Options) -> HeavyKind:
    """The kind ``media.thumbnail``: thumbnail and preview of a photo are made anew."""

    def prepare(store: OrgStore, job: Job) -> Task:
        return _photo(store, job, options)

    return HeavyKind(
        name="media.thumbnail",
        queue="media",
        collection=NAME,
        timeout_seconds=_TIMEOUT_SECONDS,
        accept=_accept,
        prepare=prepare,
        work=_thumbnail,
        collect=collect,
        complete=_keep_pictures,
    )


def _accept(args: Mapping[str, Any]) -> dict[str, Any]:
    return _checked(args, Asked)


def _accept_size(args: Mapping[str, Any]) -> dict[str, Any]:
    return _checked(args, AskedSize)


def _checked(args: Mapping[str, Any], shape: type[Struct]) -> dict[str, Any]:
    try:
        accepted: dict[str, Any] = msgspec.to_builtins(msgspec.convert(dict(args), shape))
    except msgspec.ValidationError as error:
        raise Invalid("job_args_invalid", f"{error}.") from error
    return accepted


def _photo(store: OrgStore, job: Job, options: Options) -> Task:
    """The task for a photo.

    :raises Invalid: ``media_not_found``, ``media_no_photo``.
    """
    id_ = job.args["media"]
    try:
        kind = store.read(lambda view: kept.find(view, id_)).data["kind"]
    except NotFound as error:
        # As something that no later attempt mends.
        raise Invalid(error.code, error.detail) from error
    if kind != "photo":
        raise Invalid("media_no_photo", f"{id_} is a {kind}.")
    return task_of(store, id_, {**job.args, "options": msgspec.to_builtins(options)})


def _resize(task: Task, workdir: Path, report: Report) -> Any:
    from unibos.modules.media.photos.pictures import fitted, opened, upright

    report(None, "resizing")
    width, height = task.args["width"], task.args["height"]
    with opened(_input(task), task.args["media_type"], _options(task)) as image:
        picture = fitted(upright(image, max(width, height)).picture, width, height)
    format_ = task.args["format"]
    picture.save(workdir / _RESIZED, format_.upper(), quality=task.args["quality"])
    return {"width": picture.width, "height": picture.height, "media_type": f"image/{format_}"}


def _collect_resized(store: OrgStore, result: Any, folder: Path) -> Any:
    made = folder / _RESIZED
    if made.is_symlink():
        raise Invalid("job_result_invalid", "What was made is no file.")
    return {**result, **taken(store, made)}


def _keep_resized(tx: Transaction, _job: Job, result: Any) -> Any:
    """Let the org have the picture, as if somebody had put it there."""
    blobs.add(tx, Blob(result["sha256"], result["size"]))
    return result


def _thumbnail(task: Task, workdir: Path, report: Report) -> Any:
    from unibos.modules.media.photos.pictures import opened, save_pictures, upright

    report(None, "making pictures")
    options = _options(task)
    with opened(_input(task), task.args["media_type"], options) as image:
        picture = upright(image, max(options.preview, options.thumbnail)).picture
    save_pictures(picture, options, workdir)
    return {}


def _keep_pictures(tx: Transaction, job: Job, result: Any) -> Any:
    try:
        present = records.get(tx, NAME, job.args["media"])
    except NotFound:
        return None
    changes = swap(tx, present.id, present.data, result["blobs"])
    records.patch(tx, NAME, present.id, changes, MEDIA.draft)
    return {field: blob["sha256"] for field, blob in result["blobs"].items()}


def _options(task: Task) -> Options:
    return msgspec.convert(task.args["options"], Options)


def _input(task: Task) -> Path:
    if task.input is None:
        raise ValueError("media have a file")
    return task.input
