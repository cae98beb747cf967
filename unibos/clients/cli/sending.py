"""Sending files to be taken in, one after the other.

Each file is asked for by its hash first, so a call that was interrupted goes on where it was,
and nothing is sent twice.
"""

import hashlib
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
from unibos.clients.cli.words import say
from unibos.clients.paths import below

if TYPE_CHECKING:
    from unibos.clients.api import Api

_ENDED = ("done", "failed")
_PATIENCE_S = 2.0
# What hits one file hits the next ones too: better stop than fail a thousand times.
_FATAL = (Forbidden, StorageFull, Unauthenticated, Unavailable)


@dataclass
class Outcome:
    """What became of one file: ``added``, ``known``, ``refused``, then ``done`` or ``failed``.

    :param shown: what the server shows of it.
    """

    file: str
    state: str
    id: str | None = None
    error: dict[str, Any] | None = None
    shown: dict[str, Any] | None = None


def all_sent(
    api: "Api",
    path: str,
    files: Iterable[Path],
    tags: tuple[str, ...],
    progress: Callable[[int], None],
) -> Iterator[Outcome]:
    """Send files to an endpoint that takes them in; what is refused does not stop the others.

    :param progress: is told how many bytes more went through.
    """
    for file in files:
        try:
            yield _sent(api, path, file, tags, progress)
        except _FATAL as error:
            error.hint = f"{error.hint} " + say("The same call again goes on from here.")
            raise
        except Error as error:
            told = {"code": error.code, "detail": error.detail}
            yield Outcome(str(file), "refused", error=told)
        except OSError as error:
            told = {"code": "file_unreadable", "detail": error.strerror or str(error)}
            yield Outcome(str(file), "refused", error=told)


def _sent(
    api: "Api", path: str, file: Path, tags: tuple[str, ...], progress: Callable[[int], None]
) -> Outcome:
    with file.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
        known = api.get(path, sha256=digest, limit=1)["items"]
        if known:
            progress(size(file))
            return Outcome(str(file), "known", known[0]["id"], shown=known[0])
        media_type = mimetypes.guess_type(file.name)[0]
        answer, is_new = api.upload(path, opened, file.name, progress, media_type)
    if tags:
        api.change("PATCH", below(path, answer["id"]), {"tags": list(tags)})
    return Outcome(str(file), "added" if is_new else "known", answer["id"], shown=answer)


def all_read(api: "Api", path: str, outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
    """Each outcome once its file is read; those that were refused as they are."""
    for outcome in outcomes:
        pause = 0.1
        while outcome.id:
            outcome.shown = api.get(below(path, outcome.id))
            if outcome.shown["status"] in _ENDED:
                outcome.state = outcome.shown["status"]
                outcome.error = outcome.shown.get("error")
                break
            time.sleep(pause)
            pause = min(pause * 1.5, _PATIENCE_S)
        yield outcome


def line(outcome: Outcome, found: str) -> str:
    """An outcome in a line for people.

    :param found: what was found in a file that was read.
    """
    words = {
        "added": say("added"),
        "known": say("is here already"),
        "refused": say("refused"),
        "done": say("read"),
        "failed": say("could not be read"),
    }
    told = f"{show.clean(outcome.file)}: {words[outcome.state]}  {outcome.id or ''}".rstrip()
    if outcome.error:
        told += f"  {show.clean(outcome.error.get('detail'))}"
    elif outcome.state == "done":
        told += f"  {found}"
    return told.rstrip()


def sum_up(outcomes: Iterable[Outcome]) -> None:
    """How many files came to what."""
    count = Counter(outcome.state for outcome in outcomes)
    parts = [
        (count["added"], say("{count} added")),
        (count["done"], say("{count} read")),
        (count["known"], say("{count} here already")),
        (count["refused"], say("{count} refused")),
        (count["failed"], say("{count} could not be read")),
    ]
    click.echo(", ".join(words.format(count=number) for number, words in parts if number))


def size(file: Path) -> int:
    """How many bytes a file has; 0 for one that cannot be looked at."""
    try:
        return file.stat().st_size
    except OSError:
        return 0
