"""`unibos media tag`, `title`, `place`, `bin` and what else changes photos and videos."""

import click

from unibos.clients.cli import changing
from unibos.clients.cli.asked import Asked
from unibos.clients.cli.asking import confirm
from unibos.clients.cli.command import command
from unibos.clients.cli.words import say
from unibos.clients.paths import MEDIA

_ID = "0197a0c0-5b3e-7c1a-9d55-0a4b2f8e6d11"


@command("tag", f"unibos media tag {_ID} beach 2026", f"unibos media tag {_ID} --remove beach")
@click.argument("media_id", metavar="ID")
@click.argument("tags", nargs=-1)
@click.option("--remove", multiple=True, metavar="TAG", help="Take this tag off; repeatable.")
@click.pass_obj
def tag(asked: Asked, media_id: str, tags: tuple[str, ...], remove: tuple[str, ...]) -> None:
    """Add tags to a photo or a video, or take some off."""
    changing.retag(asked, MEDIA, media_id, tags, remove)


@command("title", f"unibos media title {_ID} 'The first snow'")
@click.argument("media_id", metavar="ID")
@click.argument("title")
@click.pass_obj
def set_title(asked: Asked, media_id: str, title: str) -> None:
    """Give a photo or a video a title."""
    changing.change(asked, MEDIA, media_id, {"title": title})


@command("place", f"unibos media place {_ID} 'Rome, Italy'")
@click.argument("media_id", metavar="ID")
@click.argument("name")
@click.pass_obj
def set_place(asked: Asked, media_id: str, name: str) -> None:
    """Name the place where it was taken; an empty name takes it away."""
    changing.change(asked, MEDIA, media_id, {"place_name": name or None})


@command("bin", f"unibos media bin {_ID}")
@click.argument("media_ids", nargs=-1, required=True, metavar="ID…")
@click.pass_obj
def to_bin(asked: Asked, media_ids: tuple[str, ...]) -> None:
    """Move photos and videos to the bin."""
    changing.to_bin(asked, MEDIA, media_ids)


@command("restore", f"unibos media restore {_ID}")
@click.argument("media_ids", nargs=-1, required=True, metavar="ID…")
@click.pass_obj
def restore(asked: Asked, media_ids: tuple[str, ...]) -> None:
    """Take photos and videos out of the bin."""
    changing.restore(asked, MEDIA, media_ids)


@command("purge", f"unibos media purge {_ID} --yes")
@click.argument("media_ids", nargs=-1, required=True, metavar="ID…")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def purge(asked: Asked, media_ids: tuple[str, ...], yes: bool) -> None:
    """Delete photos and videos for good."""
    confirm(say("Delete {count} for good?", count=len(media_ids)), yes=yes)
    changing.purge(asked, MEDIA, media_ids)


@command("reprocess", f"unibos media reprocess {_ID}")
@click.argument("media_ids", nargs=-1, required=True, metavar="ID…")
@click.pass_obj
def reprocess(asked: Asked, media_ids: tuple[str, ...]) -> None:
    """Read photos and videos anew."""
    changing.reprocess(asked, MEDIA, media_ids)
