"""`unibos media add`: take photos and videos in."""

import json
from typing import Any

import click

from unibos.clients.cli import sending, show
from unibos.clients.cli.asked import Asked
from unibos.clients.cli.bar import bar
from unibos.clients.cli.command import command
from unibos.clients.cli.exits import Exit
from unibos.clients.cli.finding import MEDIA_SUFFIXES, find, names_in
from unibos.clients.cli.media.describing import camera_and_place, taken
from unibos.clients.cli.sending import Outcome
from unibos.clients.cli.words import say
from unibos.clients.paths import ALBUMS, MEDIA, below

_TOGETHER = 500


@command(
    "add",
    "unibos media add photo.jpg film.mp4",
    "unibos media add ~/Pictures --album 0197a0c0-5b3e-7c1a-9d55-0a4b2f8e6d11 --wait",
    "find /media/card -name '*.JPG' -print0 | unibos media add --files-from -",
)
@click.argument("files", nargs=-1, metavar="FILE|FOLDER…")
@click.option("--files-from", metavar="FILE", help="Names of files, one a line; - is stdin.")
@click.option("--tag", "tags", multiple=True, help="Give this tag to what is added; repeatable.")
@click.option("--album", metavar="ID", help="Put them into this album, in this order.")
@click.option("--wait", is_flag=True, help="Wait until all is read, and tell what was found.")
@click.pass_obj
def add(
    asked: Asked,
    files: tuple[str, ...],
    files_from: str | None,
    tags: tuple[str, ...],
    album: str | None,
    wait: bool,
) -> int:
    """Take photos and videos in; the same ones again are passed over."""
    named = [*files, *(names_in(files_from) if files_from else ())]
    found = list(find(named, MEDIA_SUFFIXES))
    if not found:
        raise click.UsageError(say("There are no files to add."))
    api = asked.api()
    outcomes = []
    with bar(sum(sending.size(file) for file in found)) as shown:
        for outcome in sending.all_sent(api, MEDIA, found, tags, shown.advance):
            outcomes.append(outcome)
            if not (asked.json and wait):
                shown.line(_line(asked, outcome))
    if album is not None:
        _put(asked, album, [outcome.id for outcome in outcomes if outcome.id])
    if wait:
        for outcome in sending.all_read(api, MEDIA, outcomes):
            click.echo(_line(asked, outcome))
    if not asked.json:
        sending.sum_up(outcomes)
    bad = any(outcome.state in ("refused", "failed") for outcome in outcomes)
    return Exit.FAILED if bad else Exit.OK


def _put(asked: Asked, album: str, ids: list[str]) -> None:
    for start in range(0, len(ids), _TOGETHER):
        some = {"members": ids[start : start + _TOGETHER]}
        asked.api().post(below(ALBUMS, album, "members"), some)


def _line(asked: Asked, outcome: Outcome) -> str:
    if asked.json:
        told = vars(outcome).copy()
        told["media"] = told.pop("shown")
        return json.dumps(told, ensure_ascii=False)
    return sending.line(outcome, _found(outcome.shown or {}))


def _found(one: dict[str, Any]) -> str:
    told = (taken(one), *camera_and_place(one))
    return ", ".join(show.clean(value) for value in told if value)
