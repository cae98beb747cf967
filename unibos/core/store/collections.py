"""Collections: the verbs that declare and find them."""

from typing import Any

import msgspec

from unibos.base.errors import Conflict, Forbidden, NotFound
from unibos.core.store.definitions import Collection, Export, Search, Strategy
from unibos.core.store.drafts import Schema
from unibos.core.store.transaction import Transaction, View

MAX_COLLECTIONS = 500

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


def _find(view: View, name: str) -> Collection | None:
    row = view.connection.execute(_SELECT + " AND name = ?", (view.org, name)).fetchone()
    return _from_row(row) if row else None


def get(view: View, name: str) -> Collection:
    """One collection of the org.

    :raises NotFound: ``collection_not_found``.
    """
    key = (view.org, name)
    known = view.definitions.get(key)
    if known is not None:
        return known
    found = _find(view, name)
    if found is None:
        raise NotFound(
            "collection_not_found",
            f"There is no collection {name[:64]!r}.",
            hint="unibos collection list shows those that exist.",
        )
    # Never over what a commit has put there meanwhile: this view may be older.
    return view.definitions.setdefault(key, found)


def names(view: View) -> list[str]:
    """The names of all collections of the org."""
    rows = view.connection.execute("SELECT name FROM collections WHERE org = ?", (view.org,))
    return [name for (name,) in rows]


def every(view: View) -> list[Collection]:
    """All collections of the org, by name."""
    rows = view.connection.execute(_SELECT + " ORDER BY name", (view.org,))
    return [_from_row(row) for row in rows]


def declare(tx: Transaction, collection: Collection) -> None:
    """Make or renew a definition; nothing is written when it stands already.

    :raises Conflict: ``collection_exists`` when a module or another module owns the name.
    """
    present = _find(tx, collection.name)
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
    key, known = (tx.org, collection.name), tx.definitions
    tx.after_commit.append(lambda: known.update({key: collection}))


def create(tx: Transaction, collection: Collection) -> None:
    """Make a collection that does not exist yet.

    :raises Conflict: ``collection_exists``, ``too_many_collections``.
    """
    if len(names(tx)) >= MAX_COLLECTIONS:
        raise Conflict(
            "too_many_collections",
            f"An org has at most {MAX_COLLECTIONS} collections.",
            hint="Keep records of one shape in one collection, and tell them apart by a field.",
        )
    if _find(tx, collection.name) is not None:
        raise Conflict(
            "collection_exists",
            f"There is a collection {collection.name!r} already.",
            hint="Choose another name.",
        )
    declare(tx, collection)
