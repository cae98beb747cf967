"""The words of a record: what a person could search for."""

from collections.abc import Iterable, Mapping


def texts(value: object) -> Iterable[str]:
    """All strings in a JSON value, in order; not the names of fields."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from texts(inner)
