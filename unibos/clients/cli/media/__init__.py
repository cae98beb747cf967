"""`unibos media`: photos and videos."""

from unibos.clients.cli.command import group
from unibos.clients.cli.media.adding import add
from unibos.clients.cli.media.albums import albums
from unibos.clients.cli.media.keeping import (
    purge,
    reprocess,
    restore,
    set_place,
    set_title,
    tag,
    to_bin,
)
from unibos.clients.cli.media.looking import duplicates, get, list_media, show_media, timeline

media = group(
    "media",
    add,
    list_media,
    show_media,
    get,
    timeline,
    duplicates,
    albums,
    tag,
    set_title,
    set_place,
    to_bin,
    restore,
    purge,
    reprocess,
    text="Work with photos and videos.",
)

__all__ = ["media"]
