"""`unibos media list`, `show`, `get`, `timeline`, `duplicates`: what there is."""

from typing import Any

import click

from unibos.clients.cli import show
from unibos.clients.cli.asked import Asked
from unibos.clients.cli.command import command
from unibos.clients.cli.fetching import fetch
from unibos.clients.cli.media.describing import facts
from unibos.clients.cli.words import say
from unibos.clients.paths import MEDIA, MEDIA_DUPLICATES, MEDIA_TIMELINE, below

_ID = "0197a0c0-5b3e-7c1a-9d55-0a4b2f8e6d11"
_STATES = click.Choice(["queued", "done", "failed"])
_KINDS = click.Choice(["photo", "video"])
_ORDERS = click.Choice(["-moment", "moment", "-created_at", "created_at"])
_SUFFIXES = {"original": "", "preview": ".jpg", "thumbnail": ".webp", "playable": ".mp4"}


@command(
    "list",
    "unibos media list --month 2026-11",
    f"unibos media list --album {_ID} --kind photo",
    "unibos media list -q 'nikon rome'",
)
@click.option("-q", "--query", help="Only what contains these words.")
@click.option("--month", metavar="YYYY-MM", help="Only of this month.")
@click.option("--kind", type=_KINDS, help="Only of this kind.")
@click.option("--album", metavar="ID", help="Only of this album, in its order.")
@click.option("--status", type=_STATES, help="Only in this state.")
@click.option("--tag", help="Only with this tag.")
@click.option("--bin", "in_bin", is_flag=True, default=None, help="What lies in the bin.")
@click.option("--sort", type=_ORDERS, help="Sort by this field; -FIELD turns it round.")
@click.option("--limit", type=click.IntRange(1), default=50, help="At most so many (50).")
@click.pass_obj
def list_media(
    asked: Asked, /, query: str | None, in_bin: bool | None, limit: int, **wanted: Any
) -> None:
    """List photos and videos, the latest first."""
    binned = "true" if in_bin else None
    page = asked.api().page(MEDIA, limit, q=query, bin=binned, **wanted)
    if asked.json:
        show.document(page._asdict())
        return
    heads = (say("Id"), say("Time"), say("Kind"), say("State"), say("Camera"), say("Title"))
    show.table(heads, (_row(one) for one in page.items))
    show.more(page.next)


@command("show", f"unibos media show {_ID}")
@click.argument("media_id", metavar="ID")
@click.pass_obj
def show_media(asked: Asked, media_id: str) -> None:
    """Show what is known of a photo or a video."""
    answer = asked.api().get(below(MEDIA, media_id))
    if asked.json:
        show.document(answer)
    else:
        show.facts(facts(answer))


@command(
    "get",
    f"unibos media get {_ID}",
    f"unibos media get {_ID} --what preview -o photo.jpg",
)
@click.argument("media_id", metavar="ID")
@click.option(
    "--what",
    type=click.Choice(list(_SUFFIXES)),
    default="original",
    help="Which of its files (original).",
)
@click.option("-o", "--output", metavar="FILE", help="Where to; - is standard output.")
@click.option("--force", is_flag=True, help="Overwrite what is there.")
@click.pass_obj
def get(asked: Asked, media_id: str, what: str, output: str | None, force: bool) -> None:
    """Fetch the original, or what was made of it."""
    fallback = f"{media_id}{_SUFFIXES[what]}"
    fetch(asked, below(MEDIA, media_id, what), media_id, output, fallback, force=force)


@command("timeline", "unibos media timeline")
@click.pass_obj
def timeline(asked: Asked) -> None:
    """Tell how many photos and videos each month has."""
    answer = asked.api().get(MEDIA_TIMELINE)
    if asked.json:
        show.document(answer)
        return
    heads = (say("Month"), say("Photos"), say("Videos"))
    show.table(heads, ([one["month"], one["photos"], one["videos"]] for one in answer["items"]))


@command("duplicates", "unibos media duplicates", "unibos media duplicates --json")
@click.option("--limit", type=click.IntRange(1), default=50, help="At most so many (50).")
@click.pass_obj
def duplicates(asked: Asked, limit: int) -> None:
    """Show photos that are the same, or nearly so; of each group the one to keep comes first."""
    page = asked.api().page(MEDIA_DUPLICATES, limit)
    if asked.json:
        show.document(page._asdict())
        return
    heads = (say("Group"), say("Alike"), say("Id"), say("Pixels"), say("Size"), say("Title"))
    show.table(
        heads, (row for number, group in enumerate(page.items, 1) for row in _of(number, group))
    )
    show.more(page.next)


def _of(number: int, group: dict[str, Any]) -> list[list[object]]:
    return [
        [
            number,
            say(group["kind"]),
            one["id"],
            f"{one.get('width') or '?'} × {one.get('height') or '?'}",
            show.size(one["size"]),
            one.get("title"),
        ]
        for one in group["items"]
    ]


def _row(one: dict[str, Any]) -> list[object]:
    when = str(one["moment"])[:16].replace("T", " ")
    title = one.get("title")
    return [one["id"], when, say(one["kind"]), show.state(one["status"]), one.get("camera"), title]
