"""The jobs of a video: it is read, and when browsers cannot show it, a copy is made that they can.

The second job is made in the transaction that ends the first, so there is one exactly where one is
needed; its record tells which, and why there is no copy when it failed.
"""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from unibos.base.errors import Conflict, Error, NotFound
from unibos.core.jobs.kind import HeavyKind, Report, Task
from unibos.core.store import jobs, records
from unibos.core.store.jobs import Job, JobError
from unibos.core.store.store import OrgStore
from unibos.core.store.transaction import Transaction
from unibos.modules.media.collection import MEDIA, NAME
from unibos.modules.media.jobs import Options, collect, complete, reading_kind, swap, task_of
from unibos.modules.media.reading import Reading

_READ_SECONDS = 15 * 60
_COPY_SECONDS = 12 * 3600
_MEMORY_MB = 1024
"""ffmpeg maps 300 MiB before it begins; decoding 4K needs 600 more."""
_AV1_MEMORY_MB = 2048
"""With less, SVT-AV1 waits for ever for threads that it could not make."""
_COPY_PRIORITY = -10


def kinds(options: Options) -> tuple[HeavyKind, ...]:
    """The kinds of jobs for videos; the first one reads a video that was taken in."""
    copying = _copying_kind(options)

    def complete_(tx: Transaction, job: Job, result: Any) -> Any:
        ended = complete(tx, job, result)
        if ended is not None:
            _ask_for_copy(tx, job, copying, options)
        return ended

    reading = reading_kind(
        "media.video",
        options,
        _read,
        timeout_seconds=_READ_SECONDS,
        requires=("ffmpeg",),
        memory_mb=_MEMORY_MB,
        warm_up=_warm_up,
    )
    return (replace(reading, complete=complete_), copying)


def _copying_kind(options: Options) -> HeavyKind:
    def prepare(store: OrgStore, job: Job) -> Task:
        return task_of(store, job.args["media"], {"options": msgspec.to_builtins(options)})

    return HeavyKind(
        name="media.transcode",
        queue="media",
        priority=_COPY_PRIORITY,
        collection=NAME,
        requires=("ffmpeg",),
        memory_mb=_AV1_MEMORY_MB if options.transcode == "av1" else _MEMORY_MB,
        timeout_seconds=_COPY_SECONDS,
        prepare=prepare,
        work=_copy,
        collect=collect,
        complete=_copied,
        failed=_not_copied,
        warm_up=_warm_up,
    )


def _warm_up() -> None:
    from unibos.modules.media.videos import encoders, work  # noqa: F401 - loads what is needed

    # Where there is no ffmpeg, each job says so itself.
    with suppress(Error):
        encoders.listed()


def _read(
    source: Path, media_type: str, options: Options, workdir: Path, report: Report
) -> Reading:
    from unibos.modules.media.videos.work import read_video

    return read_video(source, media_type, options, workdir, report)


def _copy(task: Task, workdir: Path, report: Report) -> Any:
    from unibos.modules.media.videos.work import make_playable

    if task.input is None:
        raise ValueError("a video has a file")
    options = msgspec.convert(task.args["options"], Options)
    made = make_playable(task.input, task.args["media_type"], options, workdir, report)
    return msgspec.to_builtins(made)


def _ask_for_copy(tx: Transaction, job: Job, copying: HeavyKind, options: Options) -> None:
    """Queue the second job where the first found that it is needed."""
    record = records.get(tx, NAME, job.args["media"])
    data = record.data
    if options.transcode == "off" or data.get("browser_ready", False) or "playable" in data:
        return
    _cancel(tx, data.get("playable_job"))
    made = jobs.add(tx, copying, {"media": record.id}, size=data["size"])
    changes = {"playable_job": made.id, "playable_error": None}
    records.patch(tx, NAME, record.id, changes, MEDIA.draft)


def _cancel(tx: Transaction, id_: str | None) -> None:
    """End a copy that an earlier reading asked for."""
    if id_ is None:
        return
    try:
        jobs.cancel(tx, id_)
    except (NotFound, Conflict):
        # It is over, or so long over that it was forgotten.
        return


def _copied(tx: Transaction, job: Job, result: Any) -> Any:
    """Keep the copy; what was purged meanwhile stays gone."""
    try:
        present = records.get(tx, NAME, job.args["media"])
    except NotFound:
        return None
    copy = result["blobs"].get("playable")
    if copy is not None:
        changes: dict[str, Any] = {"playable_error": None}
        changes |= swap(tx, present.id, present.data, {"playable": copy})
        records.patch(tx, NAME, present.id, changes, MEDIA.draft)
    return result["result"]


def _not_copied(tx: Transaction, job: Job, error: JobError) -> None:
    """Say why; the original stays, and so does what was read of it."""
    try:
        present = records.get(tx, NAME, job.args["media"])
    except NotFound:
        return
    if present.data.get("playable_job") == job.id:
        changes = {"playable_error": msgspec.to_builtins(error)}
        records.patch(tx, NAME, present.id, changes, MEDIA.draft)
