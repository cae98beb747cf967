"""Versions of releases: numbers with dots, such as ``1.4.0``; also names of folders."""

import re

PATTERN = r"^[0-9]{1,6}(\.[0-9]{1,6}){1,3}\Z"


def is_version(text: str) -> bool:
    """Whether a text is a version, and so safe as the name of a folder."""
    return re.match(PATTERN, text) is not None


def rank(version: str) -> tuple[int, ...]:
    """What versions are compared by; ``1.4`` is ``1.4.0``."""
    numbers = [int(part) for part in version.split(".")]
    return tuple(numbers + [0] * (4 - len(numbers)))
