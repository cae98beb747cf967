"""From what stands in file, environment or command line to a setting's value, or why not."""

import re
from collections.abc import Iterable
from pathlib import Path
from types import UnionType
from typing import Any, Literal, get_args, get_origin

import msgspec

from unibos.base.config.settings import Setting
from unibos.base.errors import Misconfigured

_WORDS = {"true": True, "yes": True, "on": True, "1": True}
_WORDS |= {"false": False, "no": False, "off": False, "0": False}


def from_text(setting: Setting, text: str, origin: str) -> object:
    """Read a value out of an environment variable or a command line option.

    Lists are separated by commas; truth is ``true/false``, ``yes/no``, ``on/off`` or ``1/0``.

    :raises Misconfigured: ``bad_setting``.
    """
    kind = _plain(setting.kind)
    value: object = text.strip()
    if get_origin(kind) is tuple:
        value = [part.strip() for part in text.split(",") if part.strip()]
    elif kind is bool:
        value = _WORDS.get(text.strip().lower(), text)
    elif kind is int and re.fullmatch(r"[+-]?\d{1,18}", text.strip()):
        value = int(text)
    return from_value(setting, value, origin)


def from_value(setting: Setting, value: object, origin: str) -> object:
    """Check a value that has its type already, as the file gives it.

    :raises Misconfigured: ``bad_setting``, with what is expected and where the value stands.
    """
    try:
        return msgspec.convert(value, type=setting.kind, dec_hook=_path)
    except (msgspec.ValidationError, ValueError):
        shown = "" if setting.about.secret else f", not {_shown(value)}"
        raise Misconfigured(
            "bad_setting",
            f"{setting.key} must be {expected(setting)}{shown} ({origin}).",
            hint=f"{setting.key}: {setting.about.help}.",
            key=setting.key,
            origin=origin,
        ) from None


def choices(setting: Setting) -> tuple[str, ...]:
    """The words that a setting takes; none where it takes more than a few words."""
    kind = _plain(setting.kind)
    return get_args(kind) if get_origin(kind) is Literal else ()


def expected(setting: Setting) -> str:
    """What a setting takes, in words."""
    return setting.about.expects or _words(setting.kind)


def _words(kind: Any) -> str:
    plain = _plain(kind)
    if get_origin(plain) is tuple:
        return f"a list, each {_words(get_args(plain)[0])}"
    if get_origin(plain) is Literal:
        return "one of " + ", ".join(get_args(plain))
    if plain is bool:
        return "true or false"
    if plain is int:
        return "a whole number" + _range(kind)
    return "a path" if plain is Path else "text" + _range(kind)


def _plain(kind: Any) -> Any:
    """The type without its limits and without ``None``."""
    if hasattr(kind, "__metadata__"):
        return _plain(kind.__origin__)
    if get_origin(kind) is UnionType:
        return next(part for part in get_args(kind) if part is not type(None))
    return kind


def _range(kind: Any) -> str:
    metas = [m for m in getattr(kind, "__metadata__", ()) if isinstance(m, msgspec.Meta)]
    bounds = _first(m.ge for m in metas), _first(m.le for m in metas)
    if None not in bounds:
        return f" from {bounds[0]} to {bounds[1]}"
    lengths = _first(m.min_length for m in metas), _first(m.max_length for m in metas)
    return "" if None in lengths else f" of {lengths[0]} to {lengths[1]} characters"


def _first(found: Iterable[object]) -> object:
    return next((one for one in found if one is not None), None)


def _path(kind: type, value: object) -> object:
    if kind is Path and isinstance(value, str) and value:
        return Path(value).expanduser().absolute()
    raise ValueError


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"
