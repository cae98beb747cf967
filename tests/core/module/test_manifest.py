"""Installing a module: collections are declared, migrations run once, in order, or not at all."""

import pytest

from unibos.base.errors import Conflict, Invalid
from unibos.core.module.manifest import Module, install
from unibos.core.store import collections, meta, records
from unibos.core.store.definitions import Collection
from unibos.core.store.drafts import Schema
from unibos.core.store.store import Store

THINGS = Collection("things", Schema({}), module="shop")


@pytest.fixture
def store(tmp_path):
    opened = Store(tmp_path, "node", "a")
    yield opened
    opened.close()


@pytest.fixture
def org(store):
    return store.org("org-a")


def step(name: str):
    def run(tx) -> None:
        records.create(tx, "things", THINGS.draft({"step": name}))

    return run


def steps(org) -> list[str]:
    rows = org.read(
        lambda view: view.connection.execute(
            "SELECT data ->> 'step' FROM records ORDER BY seq"
        ).fetchall()
    )
    return [name for (name,) in rows]


def test_a_module_is_installed_once(org):
    module = Module("shop", collections=(THINGS,), migrations=(step("one"), step("two")))
    heard = []
    install(module, org)
    stop = org.listen(heard.extend)
    install(module, org)
    stop()
    assert (steps(org), heard) == (["one", "two"], [])
    install(Module("shop", (THINGS,), migrations=(*module.migrations, step("three"))), org)
    assert steps(org) == ["one", "two", "three"]


def test_a_failing_migration_keeps_what_went_before_it(org):
    def broken(tx) -> None:
        step("half")(tx)
        raise Invalid("broken", "no")

    module = Module("shop", (THINGS,), migrations=(step("one"), broken))
    with pytest.raises(Invalid):
        install(module, org)
    assert steps(org) == ["one"]
    assert org.read(lambda view: meta.get(view, "module:shop")) == "1"


def test_a_changed_definition_replaces_the_old_one(org):
    install(Module("shop", (THINGS,)), org)
    schema = Schema({"required": ["price"]})
    install(Module("shop", (Collection("things", schema, module="shop"),)), org)
    with pytest.raises(Invalid):
        org.read(lambda view: collections.get(view, "things")).draft({})


def test_a_module_cannot_take_the_collection_of_another(org):
    install(Module("shop", (THINGS,)), org)
    theirs = Collection("things", Schema({"required": ["x"]}), module="other")
    with pytest.raises(Conflict) as caught:
        install(Module("other", (theirs,)), org)
    assert caught.value.code == "collection_exists"
