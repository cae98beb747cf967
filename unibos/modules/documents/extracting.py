"""The job that reads the text of any blob of the org, and keeps it as its result only."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from unibos.base.errors import Invalid
from unibos.core.jobs.kind import HeavyKind, Report, Task
from unibos.core.store import blobs
from unibos.core.store.jobs import Job
from unibos.core.store.store import OrgStore
from unibos.core.store.transaction import View
from unibos.modules.documents.collection import NAME
from unibos.modules.documents.intake import TESSERACT
from unibos.modules.documents.reading import SUPPORTED, Options
from unibos.modules.documents.texts import fitting

_TIMEOUT_SECONDS = 30 * 60
_HEX = frozenset("0123456789abcdef")


def extracting_kind(options: Options) -> HeavyKind:
    """The job kind ``documents.extract_text``, with the settings to read by.

    Its arguments are ``sha256``, a blob of the org, and ``media_type``; its result has ``text``,
    ``pages``, ``language`` and ``confidence``. Nobody knows whose record the blob is, so it goes no
    further than documents may.
    """

    def prepare(store: OrgStore, job: Job) -> Task:
        files = store.blobs

        def find(view: View) -> Task:
            path = blobs.open_path(view, files, job.args["sha256"])
            args = {
                "media_type": job.args["media_type"],
                "options": msgspec.to_builtins(options),
            }
            return Task(args, path)

        return store.read(find)

    return HeavyKind(
        name="documents.extract_text",
        queue="ocr",
        collection=NAME,
        prefer=TESSERACT,
        timeout_seconds=_TIMEOUT_SECONDS,
        prepare=prepare,
        work=work,
        accept=accept,
    )


def accept(args: Mapping[str, Any]) -> dict[str, Any]:
    """A blob, and what it is.

    :raises Invalid: ``job_args_invalid``.
    """
    sha256, media_type = args.get("sha256"), args.get("media_type")
    named = isinstance(sha256, str) and len(sha256) == 64 and set(sha256) <= _HEX
    if not named or media_type not in SUPPORTED or len(args) > 2:
        raise Invalid(
            "job_args_invalid",
            "It takes sha256, a blob, and media_type, one of " + ", ".join(sorted(SUPPORTED)) + ".",
        )
    return dict(args)


def work(task: Task, workdir: Path, report: Report) -> Any:
    """Read the file; runs in the child."""
    from unibos.modules.documents.reading import read

    if task.input is None:
        raise ValueError("a blob is a file")
    options = msgspec.convert(task.args["options"], Options)
    reading = read(task.input, task.args["media_type"], options, workdir, report)
    text, cut = fitting("\f".join(page.text.replace("\f", "\n") for page in reading.pages))
    return {
        "text": text,
        "text_cut": cut,
        "pages": len(reading.pages),
        "language": reading.language,
        "confidence": reading.confidence,
    }
