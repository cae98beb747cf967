"""What a collection is: name, schema, how far it may travel, what of it is searched."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec

from unibos.core.store.drafts import Draft, Schema


class Strategy(StrEnum):
    """What happens when two replicas changed the same record."""

    FIELDS = "fields"
    RECORD = "record"
    FIRST = "first"
    BOTH = "both"
    MANUAL = "manual"


class Export(StrEnum):
    """How far a collection's records may travel, from nowhere to everywhere."""

    LOCAL = "local"
    NODES = "nodes"
    HUB = "hub"

    @property
    def reach(self) -> int:
        """0 for the node alone, 2 for everywhere."""
        return _REACH[self]


_REACH = {export: number for number, export in enumerate(Export)}


class Search(msgspec.Struct, frozen=True):
    """Which top-level fields the full-text index holds: one as title, others as body.

    A record that has the field ``unless`` (such as the time at which it went to the bin) is left
    out.
    """

    title: str | None = None
    body: tuple[str, ...] = ()
    unless: str | None = None


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection as declared by a module or a user.

    :param module: the module that declared it; None for a user's own.
    :param ceiling: the widest ``export`` that anybody can set.
    :param managed: only the module writes its records; people go through the module's endpoints.
    :param key: a top-level text field by whose value records are found fast.
    :param moment: a top-level text field, a time in ISO 8601, by which they are listed fast.
    :param blobs: top-level text fields that name a blob by its SHA-256; the blob travels with the
        record.
    """

    name: str
    schema: Schema
    strategy: Strategy = Strategy.FIELDS
    export: Export = Export.LOCAL
    ceiling: Export = Export.HUB
    search: Search = Search()
    module: str | None = None
    managed: bool = False
    key: str | None = None
    blobs: tuple[str, ...] = ()
    moment: str | None = None

    def draft(self, data: Mapping[str, Any]) -> Draft:
        """Check a record's data; see :meth:`Schema.draft`."""
        key, moment = (_text_of(data, name) for name in (self.key, self.moment))
        return self.schema.draft(data, self._words(data), key, moment)

    def blob_uses(self, id_: str, data: Mapping[str, Any]) -> dict[str, str]:
        """The blobs that a record names, by what says who needs them (see :func:`blobs.add`)."""
        uses = {}
        for number, field in enumerate(self.blobs):
            named = data.get(field)
            if isinstance(named, str):
                uses[f"{self.name}/{id_}/{field}" if number else f"{self.name}/{id_}"] = named
        return uses

    def _words(self, data: Mapping[str, Any]) -> tuple[Any, ...]:
        declared = self.search
        if declared.unless and declared.unless in data:
            return ()
        title = data.get(declared.title, "") if declared.title else ""
        return (title, *(data.get(name) for name in declared.body))


def _text_of(data: Mapping[str, Any], name: str | None) -> str | None:
    value = data.get(name) if name else None
    return value if isinstance(value, str) else None
