"""Slugs: short names of orgs for addresses and commands, made of a to z, 0 to 9 and hyphens."""

import re
import unicodedata
from collections.abc import Callable

from unibos.base.ids import is_id

MAX_LENGTH = 48
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?")
_FOLD = str.maketrans({"ı": "i", "İ": "i", "ß": "ss", "æ": "ae", "ø": "o", "đ": "d", "ł": "l"})


def is_slug(text: str) -> bool:
    """Tell whether ``text`` is a slug; an id is none, so that the two are never mistaken."""
    return _SLUG.fullmatch(text) is not None and not is_id(text)


def slug_of(name: str) -> str:
    """The slug that a name gives, such as ``isik-ailesi`` for "Işık Ailesi"."""
    parts = unicodedata.normalize("NFKD", name.translate(_FOLD).casefold())
    plain = "".join(part for part in parts if not unicodedata.combining(part))
    slug = re.sub(r"[^a-z0-9]+", "-", plain)[:MAX_LENGTH].strip("-")
    return slug if is_slug(slug) else "org"


def free_slug(name: str, taken: Callable[[str], bool]) -> str:
    """:func:`slug_of` the name, with a number behind it where it is taken already."""
    wanted, number = slug_of(name), 1
    slug = wanted
    while taken(slug):
        number += 1
        tail = f"-{number}"
        slug = wanted[: MAX_LENGTH - len(tail)].rstrip("-") + tail
    return slug
