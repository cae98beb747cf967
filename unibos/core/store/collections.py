"""Collections: named sets of records with a declared schema, and the check that guards them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec

from unibos.base.errors import Conflict, Forbidden, NotFound
from unibos.core.store.drafts import Draft, Schema
from unibos.core.store.transaction import Transaction, View


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
        return list(Export).index(self)


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

    def draft(self, data: Mapping[str, Any]) -> Draft:
        """Check a record's data; see :meth:`Schema.draft`."""
        key = data.get(self.key) if self.key else None
        return self.schema.draft(data, self._words(data), key if isinstance(key, str) else None)

    def _words(self, data: Mapping[str, Any]) -> tuple[Any, ...]:
        declared = self.search
        if declared.unless and declared.unless in data:
            return ()
        title = data.get(declared.title, "") if declared.title else ""
        return (title, *(data.get(name) for name in declared.body))


class Cache:
    """Collections by org and name; filled by reads, emptied by committed definitions."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], Collection] = {}

    def get(self, view: View, name: str) -> Collection | None:
        """The collection, from memory or from the database."""
        key = (view.org, name)
        known = self._known.get(key)
        if known is None:
            row = view.connection.execute(_SELECT + " AND name = ?", key).fetchone()
            if row is None:
                return None
            known = self._known[key] = _from_row(row)
        return known

    def forget(self, org: str, name: str) -> None:
        """Have the next question go to the database."""
        self._known.pop((org, name), None)


_SELECT = (
    "SELECT name, schema, strategy, export, ceiling, search, module, managed, key"
    " FROM collections WHERE org = ?"
)


def _from_row(row: tuple[Any, ...]) -> Collection:
    name, schema, strategy, export, ceiling, search, module, managed, key = row
    return Collection(
        name,
        Schema(msgspec.json.decode(schema)),
        Strategy(strategy),
        Export(export),
        Export(ceiling),
        msgspec.json.decode(search, type=Search),
        module,
        bool(managed),
        key,
    )


def get(view: View, name: str) -> Collection:
    """One collection of the org.

    :raises NotFound: ``collection_not_found``.
    """
    found = view.collections.get(view, name)
    if found is None:
        raise NotFound(
            "collection_not_found",
            f"There is no collection {name!r}.",
            hint="unibos collection list shows those that exist.",
        )
    return found


def every(view: View) -> list[Collection]:
    """All collections of the org, by name."""
    rows = view.connection.execute(_SELECT + " ORDER BY name", (view.org,))
    return [_from_row(row) for row in rows]


def declare(tx: Transaction, collection: Collection) -> None:
    """Make or renew a definition; nothing is written when it stands already.

    :raises Conflict: ``collection_exists`` when a module or another module owns the name.
    """
    present = tx.collections.get(tx, collection.name)
    if present == collection:
        return
    if present is not None and present.module != collection.module:
        raise Conflict("collection_exists", f"{collection.name!r} belongs to someone else.")
    if collection.export.reach > collection.ceiling.reach:
        raise Forbidden(
            "export_over_ceiling",
            f"{collection.name!r} may go no further than {collection.ceiling!s}.",
        )
    tx.connection.execute(
        "INSERT INTO collections (org, name, module, schema, strategy, export, ceiling, search,"
        " managed, key) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (org, name) DO UPDATE SET"
        " schema = excluded.schema, strategy = excluded.strategy, export = excluded.export,"
        " ceiling = excluded.ceiling, search = excluded.search, managed = excluded.managed,"
        " key = excluded.key",
        (
            tx.org,
            collection.name,
            collection.module,
            msgspec.json.encode(collection.schema.declared).decode(),
            collection.strategy,
            collection.export,
            collection.ceiling,
            msgspec.json.encode(collection.search).decode(),
            collection.managed,
            collection.key,
        ),
    )
    org, name, known = tx.org, collection.name, tx.collections
    tx.after_commit.append(lambda: known.forget(org, name))


def create(tx: Transaction, collection: Collection) -> None:
    """Make a collection that does not exist yet.

    :raises Conflict: ``collection_exists``.
    """
    if tx.collections.get(tx, collection.name) is not None:
        raise Conflict(
            "collection_exists",
            f"There is a collection {collection.name!r} already.",
            hint="Choose another name.",
        )
    declare(tx, collection)
