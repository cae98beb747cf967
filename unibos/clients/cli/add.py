"""`unibos add`: take documents in.

Each file is asked for by its hash first, so a call that was interrupted goes on where it was,
and nothing is sent twice.
"""

import hashlib
import json
import mimetypes
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from unibos.base.errors import Error, Forbidden, StorageFull, Unauthenticated, Unavailable
from unibos.clients.cli import show
from unibos.clients.cli.asked import Asked
from unibos.clients.cli.bar import bar
from unibos.clients.cli.command import command
from unibos.clients.cli.exits import Exit
from unibos.clients.cli.finding import find, names_in
from unibos.clients.cli.words import say
from unibos.clients.paths import DOCUMENTS, below

if TYPE_CHECKING:
    from unibos.clients.api import Api

_ENDED = ("done", "failed")
_PATIENCE_S = 2.0
# What hits one file hits the next ones too: better stop than fail a thousand times.
_FATAL = (Forbidden, StorageFull, Unauthenticated, Unavailable)


@dataclass
class Outcome:
    """What became of one file: ``added``, ``known``, ``refused``, then ``done`` or ``failed``."""

    file: str
    state: str
    id: str | None = None
    error: dict[str, Any] | None = None
    document: dict[str, Any] | None = None


@command(
    "add",
    "unibos add receipt.jpg",
    "unibos add ~/Scans --tag taxes --wait",
    "find . -name '*.pdf' -print0 | unibos add --files-from -",
)
@click.argument("files", nargs=-1, metavar="FILE|FOLDER…")
@click.option("--files-from", metavar="FILE", help="Names of files, one a line; - is stdin.")
@click.option("--tag", "tags", multiple=True, help="Give this tag to what is added; repeatable.")
@click.option("--wait", is_flag=True, help="Wait until all is read, and tell what was found.")
@click.pass_obj
def add(
    asked: Asked, files: tuple[str, ...], files_from: str | None, tags: tuple[str, ...], wait: bool
) -> int:
    """Take documents in: photos, scans, PDF and text files."""
    found = list(find([*files, *(names_in(files_from) if files_from else ())]))
    if not found:
        raise click.UsageError(say("There are no files to add."))
    api = asked.api()
    outcomes = []
    with bar(sum(_size(file) for file in found)) as shown:
        for outcome in _all_added(api, found, tags, shown.advance):
            outcomes.append(outcome)
            if not (asked.json and wait):
                shown.line(_line(asked, outcome))
    if wait:
        for outcome in _read(api, outcomes):
            click.echo(_line(asked, outcome))
    if not asked.json:
        _sum_up(outcomes)
    bad = any(outcome.state in ("refused", "failed") for outcome in outcomes)
    return Exit.FAILED if bad else Exit.OK


def _all_added(
    api: "Api", files: Iterable[Path], tags: tuple[str, ...], progress: Callable[[int], None]
) -> Iterator[Outcome]:
    for file in files:
        try:
            yield _added(api, file, tags, progress)
        except _FATAL as error:
            error.hint = f"{error.hint} " + say("The same call again goes on from here.")
            raise
        except Error as error:
            told = {"code": error.code, "detail": error.detail}
            yield Outcome(str(file), "refused", error=told)
        except OSError as error:
            told = {"code": "file_unreadable", "detail": error.strerror or str(error)}
            yield Outcome(str(file), "refused", error=told)


def _added(
    api: "Api", file: Path, tags: tuple[str, ...], progress: Callable[[int], None]
) -> Outcome:
    with file.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
        known = api.get(DOCUMENTS, sha256=digest, limit=1)["items"]
        if known:
            progress(_size(file))
            return Outcome(str(file), "known", known[0]["id"], document=known[0])
        media_type = mimetypes.guess_type(file.name)[0]
        answer, is_new = api.upload(DOCUMENTS, opened, file.name, progress, media_type)
    if tags:
        api.change("PATCH", below(DOCUMENTS, answer["id"]), {"tags": list(tags)})
    return Outcome(str(file), "added" if is_new else "known", answer["id"], document=answer)


def _read(api: "Api", outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
    """Each outcome once its document is read; those that were refused as they are."""
    for outcome in outcomes:
        pause = 0.1
        while outcome.id:
            outcome.document = api.get(below(DOCUMENTS, outcome.id))
            if outcome.document["status"] in _ENDED:
                outcome.state = outcome.document["status"]
                outcome.error = outcome.document.get("error")
                break
            time.sleep(pause)
            pause = min(pause * 1.5, _PATIENCE_S)
        yield outcome


def _line(asked: Asked, outcome: Outcome) -> str:
    if asked.json:
        return json.dumps(vars(outcome), ensure_ascii=False)
    words = {
        "added": say("added"),
        "known": say("is here already"),
        "refused": say("refused"),
        "done": say("read"),
        "failed": say("could not be read"),
    }
    line = f"{show.clean(outcome.file)}: {words[outcome.state]}  {outcome.id or ''}".rstrip()
    if outcome.error:
        line += f"  {show.clean(outcome.error.get('detail'))}"
    elif outcome.state == "done" and outcome.document:
        line += f"  {_found(outcome.document)}"
    return line.rstrip()


def _found(document: dict[str, Any]) -> str:
    fields = document.get("fields") or {}
    some = (fields.get("merchant"), fields.get("date"), fields.get("total"), fields.get("currency"))
    told = [show.clean(value) for value in some if value not in (None, "")]
    return ", ".join([show.clean(document.get("kind")), *told]).strip(", ")


def _sum_up(outcomes: Iterable[Outcome]) -> None:
    count = Counter(outcome.state for outcome in outcomes)
    parts = [
        (count["added"], say("{count} added")),
        (count["done"], say("{count} read")),
        (count["known"], say("{count} here already")),
        (count["refused"], say("{count} refused")),
        (count["failed"], say("{count} could not be read")),
    ]
    click.echo(", ".join(words.format(count=number) for number, words in parts if number))


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0
