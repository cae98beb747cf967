"""The manifest by which a feature plugs in, and its installation into an org."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from unibos.core.jobs.kind import JobKind
from unibos.core.module.endpoint import Endpoint
from unibos.core.store import collections, meta
from unibos.core.store.definitions import Collection
from unibos.core.store.store import OrgStore
from unibos.core.store.transaction import Transaction, View

Migration = Callable[[Transaction], None]


@dataclass(frozen=True, slots=True)
class Module:
    """A feature: what it keeps, what it can be asked, what work it does.

    :param collections: with schema, strategy, export default and ceiling.
    :param migrations: changes of the module's own records, in order; each runs once for an org,
        in its own transaction. Add at the end; never change one that was released.
    :param status: counts of the module's own for ``unibos status``.
    """

    name: str
    collections: tuple[Collection, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()
    jobs: tuple[JobKind, ...] = ()
    migrations: tuple[Migration, ...] = ()
    status: Callable[[View], Mapping[str, int]] | None = None


def install(module: Module, store: OrgStore) -> None:
    """Make the module's collections and run its open migrations; writes nothing when up to date."""
    key = f"module:{module.name}"
    present = {item.name: item for item in store.read(collections.every)}
    for collection in module.collections:
        if present.get(collection.name) != collection:
            store.write(partial(collections.declare, collection=collection))
    done = int(store.read(lambda view: meta.get(view, key)) or 0)
    for number, step in enumerate(module.migrations[done:], start=done + 1):

        def run(tx: Transaction, step: Migration = step, number: int = number) -> None:
            step(tx)
            meta.put(tx, key, str(number))

        store.write(run)
