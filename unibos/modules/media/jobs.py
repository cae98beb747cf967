"""What every reading of a photo or a video has in common: what it gets, and what becomes of it.

The work itself runs in a child, here or on another machine; it is told the media type and the
options, and leaves pictures in its folder under the names of :data:`FILES`.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from unibos.base.errors import Error, Forbidden, NotFound
from unibos.core.jobs.kind import HeavyKind, Report, Task
from unibos.core.store import blobs, records
from unibos.core.store.blobs import Blob
from unibos.core.store.jobs import Job, JobError
from unibos.core.store.store import OrgStore
from unibos.core.store.transaction import Transaction, View
from unibos.modules.media.collection import DERIVED, MEDIA, NAME
from unibos.modules.media.reading import FILES, Reading

_CHUNK = 1024 * 1024
_READ = tuple(name for name in Reading.__struct_fields__ if name != "moment")


class Options(Struct, frozen=True, kw_only=True):
    """How media are read; it travels with each job, for whoever works on it.

    :param thumbnail: the longest side of a thumbnail, in pixels.
    :param preview: the longest side of a picture that fills a screen; a little under half of what
        most cameras have, so that libjpeg decodes to half the size, in a quarter of the time.
    :param max_pixels: a picture with more is refused before it is decoded.
    :param transcode: what videos are made into that browsers cannot show.
    """

    thumbnail: Annotated[int, Meta(ge=16, le=1024)] = 320
    preview: Annotated[int, Meta(ge=256, le=8192)] = 1920
    max_pixels: int = 200_000_000
    transcode: Literal["off", "h264", "av1"] = "h264"


Work = Callable[[Path, str, Options, Path, Report], Reading]
"""Reads a file of a media type into a folder, telling how far it has got; runs in the child."""


def reading_kind(
    name: str, options: Options, read: Work, *, timeout_seconds: float, **spec: Any
) -> HeavyKind:
    """The kind of job that reads a photo, or a video: its argument is ``media``, the record's id.

    :param spec: what else :class:`JobSpec` may say.
    """

    def prepare(store: OrgStore, job: Job) -> Task:
        return task_of(store, job.args["media"], {"options": msgspec.to_builtins(options)})

    def work(task: Task, workdir: Path, report: Report) -> Any:
        if task.input is None:
            raise ValueError("media have a file")
        asked = msgspec.convert(task.args["options"], Options)
        reading = read(task.input, task.args["media_type"], asked, workdir, report)
        return msgspec.to_builtins(reading)

    return HeavyKind(
        name=name,
        queue="media",
        collection=NAME,
        timeout_seconds=timeout_seconds,
        prepare=prepare,
        work=work,
        collect=collect,
        complete=complete,
        failed=failed,
        **spec,
    )


def task_of(store: OrgStore, id_: str, args: Mapping[str, Any]) -> Task:
    """What a child gets to work on the original of a record: ``args``, and the media type.

    :raises NotFound: ``record_not_found``, ``blob_not_found``.
    """
    files = store.blobs

    def find(view: View) -> Task:
        data = records.get(view, NAME, id_).data
        path = blobs.open_path(view, files, data["sha256"])
        return Task({**args, "media_type": data["media_type"]}, path)

    return store.read(find)


def collect(store: OrgStore, result: Any, folder: Path) -> Any:
    """Make blobs of the files that the work left; until the record names them, they are orphans
    like any other.

    :return: ``{"result": …, "blobs": {field: {"sha256": …, "size": …}}}``.
    """
    made = {
        field: taken(store, folder / name)
        for name, field in FILES.items()
        if (folder / name).is_file() and not (folder / name).is_symlink()
    }
    return {"result": result, "blobs": made}


def taken(store: OrgStore, path: Path) -> dict[str, Any]:
    """A file of the child's folder as a blob: its name and its size."""
    upload = store.blobs.upload(path.stat().st_size)
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                upload.write(chunk)
    except (Error, OSError):
        upload.abort()
        raise
    blob = upload.finish(store.blobs)
    return {"sha256": blob.sha256, "size": blob.size}


def complete(tx: Transaction, job: Job, result: Any) -> Any:
    """Keep what was read; what was purged meanwhile stays gone."""
    reading = msgspec.convert(result["result"], Reading)
    try:
        present = records.get(tx, NAME, job.args["media"])
    except NotFound:
        return None
    made = dict.fromkeys(DERIVED) | result["blobs"]
    if "playable" in present.data and made["playable"] is None:
        # Another job made it; reading the original again does not unmake it.
        del made["playable"]
    changes = _changes(reading, present.data) | swap(tx, present.id, present.data, made)
    records.patch(tx, NAME, present.id, changes, MEDIA.draft)
    return {"width": reading.width, "height": reading.height, "seconds": reading.seconds}


def failed(tx: Transaction, job: Job, error: JobError) -> None:
    """Say why; the original stays."""
    changes = {"status": "failed", "error": msgspec.to_builtins(error)}
    try:
        records.patch(tx, NAME, job.args["media"], changes, MEDIA.draft)
    except NotFound:
        return


def swap(
    tx: Transaction, id_: str, data: Mapping[str, Any], made: Mapping[str, Any]
) -> dict[str, str | None]:
    """Let a record have its new derived files instead of the old ones.

    :param made: by field ``{"sha256": …, "size": …}``, or None where there is none any more.
    :return: the changes of the record.
    """
    changes: dict[str, str | None] = {}
    for field, new in made.items():
        old, used_by = data.get(field), f"{NAME}/{id_}/{field}"
        fresh = _added(tx, Blob(**new), used_by) if new else None
        if old is not None and old != fresh:
            blobs.release(tx, old, used_by)
        changes[field] = fresh
    return changes


def _added(tx: Transaction, blob: Blob, used_by: str) -> str | None:
    try:
        blobs.add(tx, blob, used_by)
    except Forbidden:
        # The org's limit for storage is reached; the original goes without this one.
        return None
    return blob.sha256


def _changes(reading: Reading, present: Mapping[str, Any]) -> dict[str, Any]:
    """What the record becomes; what only an earlier reading found is taken away."""
    found = msgspec.to_builtins(reading)
    changes = {name: _replacing(present.get(name), found.get(name)) for name in _READ}
    if reading.moment is not None:
        changes["moment"] = reading.moment
    if present.get("place_chosen", False):
        del changes["place_name"]
    return changes | {"status": "done", "error": None}


def _replacing(old: Any, new: Any) -> Any:
    """A merge patch that leaves nothing of the old object."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return dict.fromkeys(old) | dict(new)
    return new
