"""Changes of things that have ids, told one by one: documents, photos, videos."""

from collections.abc import Iterable
from typing import Any

import click

from unibos.clients.cli import show
from unibos.clients.cli.asked import Asked
from unibos.clients.cli.words import say
from unibos.clients.paths import below


def change(asked: Asked, base: str, id_: str, changes: dict[str, object]) -> None:
    """Change one thing below a path."""
    answer = asked.api().change("PATCH", below(base, id_), changes)
    _told(asked, answer, id_, say("{id} is changed."))


def retag(asked: Asked, base: str, id_: str, tags: Iterable[str], remove: Iterable[str]) -> None:
    """Add tags to one thing, and take some off."""
    present = asked.api().get(below(base, id_)).get("tags") or []
    gone = set(remove)
    wanted = [one for one in dict.fromkeys((*present, *tags)) if one not in gone]
    change(asked, base, id_, {"tags": wanted})


def to_bin(asked: Asked, base: str, ids: Iterable[str]) -> None:
    """Move things to the bin."""
    _each(asked, "DELETE", base, ids, "", say("{id} is in the bin."))


def restore(asked: Asked, base: str, ids: Iterable[str]) -> None:
    """Take things out of the bin."""
    _each(asked, "POST", base, ids, "/restore", say("{id} is back."))


def purge(asked: Asked, base: str, ids: Iterable[str]) -> None:
    """Delete things for good."""
    _each(asked, "DELETE", base, ids, "?purge=true", say("{id} is deleted."))


def reprocess(asked: Asked, base: str, ids: Iterable[str]) -> None:
    """Read things anew."""
    _each(asked, "POST", base, ids, "/reprocess", say("{id} is queued."))


def _each(asked: Asked, method: str, base: str, ids: Iterable[str], tail: str, words: str) -> None:
    api = asked.api()
    for id_ in ids:
        path = below(base, id_) + tail
        answer = api.post(path) if method == "POST" else api.change(method, path)
        _told(asked, answer, id_, words)


def _told(asked: Asked, answer: Any, id_: str, words: str) -> None:
    if asked.json:
        show.line(answer or {"id": id_})
    else:
        click.echo(words.format(id=show.clean(id_)))
