"""Where a backup lies: a folder, or ``https://HUB/NAME`` for a shelf of a hub."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from unibos.base.errors import Invalid
from unibos.clients.cli.asked import Asked
from unibos.clients.cli.words import say

if TYPE_CHECKING:
    from unibos.ops.backup.shelf import Shelf


def meant(asked: Asked, place: str) -> "Path | Shelf":
    """The folder or the shelf that is meant.

    :raises Invalid: ``bad_url``.
    """
    if not place.startswith(("http://", "https://")):
        return Path(place)
    from unibos.clients.remote_shelf import RemoteShelf

    parts = urlsplit(place)
    name = parts.path.strip("/")
    if not parts.hostname or not name or "/" in name or parts.query or parts.fragment:
        raise Invalid(
            "bad_url",
            say("{url} is no shelf such as https://hub.local:8000/kitchen.", url=place),
        )
    return RemoteShelf(replace(asked, url=f"{parts.scheme}://{parts.netloc}").api(), name)
