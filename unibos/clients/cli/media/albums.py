"""`unibos media albums`: photos and videos in an order that somebody chose."""

from typing import Any

import click

from unibos.clients.cli import show
from unibos.clients.cli.asked import Asked
from unibos.clients.cli.asking import confirm
from unibos.clients.cli.command import command, group
from unibos.clients.cli.words import say
from unibos.clients.paths import ALBUMS, below

_ID = "0197a0c0-5b3e-7c1a-9d55-0a4b2f8e6d11"
_PHOTO = "0197a0c1-11aa-7d02-8e31-5f60c2a9b3d4"


@command("list", "unibos media albums list")
@click.option("--limit", type=click.IntRange(1), default=50, help="At most so many (50).")
@click.pass_obj
def list_albums(asked: Asked, limit: int) -> None:
    """List albums, the newest first."""
    page = asked.api().page(ALBUMS, limit)
    if asked.json:
        show.document(page._asdict())
        return
    heads = (say("Id"), say("Count"), say("Title"))
    show.table(heads, ([one["id"], one["count"], one["title"]] for one in page.items))
    show.more(page.next)


@command(
    "create",
    "unibos media albums create 'Summer 2026'",
    f"unibos media albums create Snow {_PHOTO}",
)
@click.argument("title")
@click.argument("media_ids", nargs=-1, metavar="ID…")
@click.pass_obj
def create(asked: Asked, title: str, media_ids: tuple[str, ...]) -> None:
    """Make an album, perhaps with its first photos and videos."""
    answer = asked.api().post(ALBUMS, {"title": title, "members": list(media_ids)})
    if asked.json:
        show.document(answer)
    else:
        click.echo(answer["id"])


@command(
    "put",
    f"unibos media albums put {_ID} {_PHOTO}",
    f"unibos media albums put {_ID} {_PHOTO} --before 0197a0c1-2b00-7aaa-9000-1f1e1d1c1b1a",
)
@click.argument("album_id", metavar="ALBUM")
@click.argument("media_ids", nargs=-1, required=True, metavar="ID…")
@click.option("--before", metavar="ID", help="In front of this one; else at the end.")
@click.pass_obj
def put(asked: Asked, album_id: str, media_ids: tuple[str, ...], before: str | None) -> None:
    """Put photos and videos into an album, or to another place in it."""
    wanted: dict[str, object] = {"members": list(media_ids)}
    if before is not None:
        wanted["before"] = before
    _told(asked, asked.api().post(below(ALBUMS, album_id, "members"), wanted))


@command("remove", f"unibos media albums remove {_ID} {_PHOTO}")
@click.argument("album_id", metavar="ALBUM")
@click.argument("media_ids", nargs=-1, required=True, metavar="ID…")
@click.pass_obj
def remove(asked: Asked, album_id: str, media_ids: tuple[str, ...]) -> None:
    """Take photos and videos out of an album; they themselves stay."""
    wanted = {"members": list(media_ids)}
    _told(asked, asked.api().post(below(ALBUMS, album_id, "members", "remove"), wanted))


@command("title", f"unibos media albums title {_ID} 'Summer in Rome'")
@click.argument("album_id", metavar="ALBUM")
@click.argument("title")
@click.pass_obj
def set_title(asked: Asked, album_id: str, title: str) -> None:
    """Give an album another title."""
    _told(asked, asked.api().change("PATCH", below(ALBUMS, album_id), {"title": title}))


@command("cover", f"unibos media albums cover {_ID} {_PHOTO}")
@click.argument("album_id", metavar="ALBUM")
@click.argument("media_id", metavar="ID")
@click.pass_obj
def set_cover(asked: Asked, album_id: str, media_id: str) -> None:
    """Choose the one to show an album by."""
    _told(asked, asked.api().change("PATCH", below(ALBUMS, album_id), {"cover": media_id}))


@command("delete", f"unibos media albums delete {_ID} --yes")
@click.argument("album_id", metavar="ALBUM")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def delete(asked: Asked, album_id: str, yes: bool) -> None:
    """Delete an album; its photos and videos stay."""
    confirm(say("Delete the album? What is in it stays."), yes=yes)
    asked.api().change("DELETE", below(ALBUMS, album_id))
    if asked.json:
        show.document({"id": album_id})
    else:
        click.echo(say("{id} is deleted.").format(id=show.clean(album_id)))


def _told(asked: Asked, answer: dict[str, Any]) -> None:
    if asked.json:
        show.document(answer)
    else:
        click.echo(
            say("{title}: {count} in it", title=show.clean(answer["title"]), count=answer["count"])
        )


albums = group(
    "albums",
    list_albums,
    create,
    put,
    remove,
    set_title,
    set_cover,
    delete,
    text="Work with albums.",
)
