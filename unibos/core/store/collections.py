"""Collections: the verbs that declare and find them.

A definition carries a clock, so that replicas agree on the newest one. ``version`` counts the
changes of what may be sent, and ``horizon`` is the ``seq`` below which deletions are forgotten.
"""

from dataclasses import dataclass, replace
from typing import Any

import msgspec

from unibos.base.errors import Conflict, Forbidden, NotFound
from unibos.core.store.clocks import Clock
from unibos.core.store.definitions import Collection, Export, Search, Strategy
from unibos.core.store.drafts import Schema
from unibos.core.store.transaction import Transaction, View

MAX_COLLECTIONS = 500

_COLUMNS = "name, schema, strategy, export, ceiling, search, module, managed, key, blobs, moment"
_SELECT = f"SELECT {_COLUMNS} FROM collections WHERE org = ?"  # noqa: S608 - a constant


@dataclass(frozen=True, slots=True)
class Standing:
    """How a collection stands in sync.

    :param head: the ``seq`` of its newest change; 0 when it has none.
    :param defined: the clock of its definition.
    :param horizon: deletions up to this ``seq`` may be forgotten already.
    """

    name: str
    head: int
    export: Export
    ceiling: Export
    version: int
    horizon: int
    defined: Clock


def _from_row(row: tuple[Any, ...]) -> Collection:
    name, schema, strategy, export, ceiling, search, module, managed, key, blobs, moment = row
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
        tuple(msgspec.json.decode(blobs)),
        moment,
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
        raise not_found(name)
    # Never over what a commit has put there meanwhile: this view may be older.
    return view.definitions.setdefault(key, found)


def not_found(name: str) -> NotFound:
    """The answer for a collection that does not exist, or that the asker may not hear of."""
    return NotFound(
        "collection_not_found",
        f"There is no collection {name[:64]!r}.",
        hint="unibos collection list shows those that exist.",
    )


def names(view: View) -> list[str]:
    """The names of all collections of the org."""
    rows = view.connection.execute("SELECT name FROM collections WHERE org = ?", (view.org,))
    return [name for (name,) in rows]


def every(view: View) -> list[Collection]:
    """All collections of the org, by name."""
    rows = view.connection.execute(_SELECT + " ORDER BY name", (view.org,))
    return [_from_row(row) for row in rows]


def standings(view: View) -> dict[str, Standing]:
    """How all collections of the org stand, by name."""
    rows = view.connection.execute(
        "SELECT name, coalesce((SELECT max(seq) FROM records r WHERE r.org = c.org"
        " AND r.collection = c.name), 0), export, ceiling, version, horizon, hlc, origin"
        " FROM collections c WHERE org = ? ORDER BY name",
        (view.org,),
    )
    return {
        name: Standing(name, head, Export(export), Export(ceiling), version, horizon, (hlc, origin))
        for name, head, export, ceiling, version, horizon, hlc, origin in rows
    }


def version(view: View, name: str) -> int:
    """The version of what may be sent of a collection.

    :raises NotFound: ``collection_not_found``.
    """
    get(view, name)
    row = view.connection.execute(
        "SELECT version FROM collections WHERE org = ? AND name = ?", (view.org, name)
    ).fetchone()
    return int(row[0]) if row else 0


def declare(tx: Transaction, collection: Collection) -> None:
    """Make or renew a definition; nothing is written when it stands already.

    What a person has set as export stays.

    :raises Conflict: ``collection_exists`` when a module or another module owns the name.
    """
    present = _find(tx, collection.name)
    if present is not None:
        collection = replace(collection, export=_within(present.export, collection.ceiling))
    if present == collection:
        return
    if present is not None:
        _require_owner(present, collection)
    require_within(collection.name, collection.export, collection.ceiling)
    _keep(tx, collection, tx.stamp())


def adopt(tx: Transaction, collection: Collection, defined: Clock) -> bool:
    """Take a peer's definition where it is newer than the one here; False where it is not.

    What may go out is decided here, so the export stays as it is.

    :param collection: with the export that it gets where it is not known yet.
    :raises Conflict: ``too_many_collections``; ``collection_exists`` when another module, or no
        module, owns the name.
    """
    standing = standings(tx).get(collection.name)
    if standing is None:
        _require_room(tx)
    elif standing.defined >= defined:
        return False
    else:
        _require_owner(get(tx, collection.name), collection)
        collection = replace(collection, export=_within(standing.export, collection.ceiling))
    _keep(tx, collection, defined)
    return True


def set_export(tx: Transaction, name: str, export: Export) -> bool:
    """Say how far the collection's records may travel; False, and nothing is written, when it is
    so already. What peers have is counted anew.

    :raises NotFound: ``collection_not_found``.
    :raises Forbidden: ``export_over_ceiling``.
    """
    present = get(tx, name)
    if present.export is export:
        return False
    require_within(name, export, present.ceiling)
    tx.connection.execute(
        "UPDATE collections SET export = ?, version = version + 1 WHERE org = ? AND name = ?",
        (export, tx.org, name),
    )
    _remember(tx, replace(present, export=export))
    return True


def require_within(name: str, export: Export, ceiling: Export) -> None:
    """Make sure that nobody sends what its ceiling keeps.

    :raises Forbidden: ``export_over_ceiling``.
    """
    if export.reach > ceiling.reach:
        raise Forbidden(
            "export_over_ceiling",
            f"{name!r} may go no further than {ceiling!s}.",
            hint="The ceiling stands where the collection is declared; nobody can raise it.",
            ceiling=str(ceiling),
        )


def renew_version(tx: Transaction, name: str) -> None:
    """Have every peer told the whole collection again, of which more may be sent than before."""
    tx.connection.execute(
        "UPDATE collections SET version = version + 1 WHERE org = ? AND name = ?", (tx.org, name)
    )


def raise_horizon(tx: Transaction, name: str, seq: int) -> None:
    """Say that deletions up to ``seq`` are forgotten."""
    tx.connection.execute(
        "UPDATE collections SET horizon = max(horizon, ?) WHERE org = ? AND name = ?",
        (seq, tx.org, name),
    )


def _within(export: Export, ceiling: Export) -> Export:
    return export if export.reach <= ceiling.reach else ceiling


def _keep(tx: Transaction, collection: Collection, defined: Clock) -> None:
    tx.connection.execute(
        "INSERT INTO collections (org, name, module, schema, strategy, export, ceiling, search,"
        " managed, key, blobs, moment, hlc, origin)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (org, name) DO UPDATE SET module = excluded.module, schema = excluded.schema,"
        " strategy = excluded.strategy, export = excluded.export, ceiling = excluded.ceiling,"
        " search = excluded.search, managed = excluded.managed, key = excluded.key,"
        " blobs = excluded.blobs, moment = excluded.moment,"
        " hlc = excluded.hlc, origin = excluded.origin",
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
            msgspec.json.encode(collection.blobs).decode(),
            collection.moment,
            *defined,
        ),
    )
    _remember(tx, collection)


def _remember(tx: Transaction, collection: Collection) -> None:
    key, known = (tx.org, collection.name), tx.definitions
    tx.after_commit.append(lambda: known.update({key: collection}))


def _require_owner(present: Collection, wanted: Collection) -> None:
    if present.module != wanted.module:
        raise Conflict("collection_exists", f"{wanted.name!r} belongs to someone else.")


def _require_room(view: View) -> None:
    if len(names(view)) >= MAX_COLLECTIONS:
        raise Conflict(
            "too_many_collections",
            f"An org has at most {MAX_COLLECTIONS} collections.",
            hint="Keep records of one shape in one collection, and tell them apart by a field.",
        )


def create(tx: Transaction, collection: Collection) -> None:
    """Make a collection that does not exist yet.

    :raises Conflict: ``collection_exists``, ``too_many_collections``.
    """
    _require_room(tx)
    if _find(tx, collection.name) is not None:
        raise Conflict(
            "collection_exists",
            f"There is a collection {collection.name!r} already.",
            hint="Choose another name.",
        )
    declare(tx, collection)
