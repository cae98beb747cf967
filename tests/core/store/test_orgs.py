"""Orgs at the store: making, finding, changing, limits, and their end."""

import sqlite3
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.core.store.conftest import NOTES
from unibos.base.errors import Conflict, Forbidden, NotFound
from unibos.base.ids import new_id
from unibos.core.store import (
    accounts,
    blobs,
    collections,
    invitations,
    jobs,
    meta,
    orgs,
    purging,
    records,
)
from unibos.core.store.blobs import Blob
from unibos.core.store.job import JobSpec
from unibos.core.store.schema import MIGRATIONS, migrate
from unibos.core.store.slugs import free_slug, is_slug, slug_of
from unibos.core.store.store import Store
from unibos.core.store.system import System

GB = 10**9


def make(store, name="Home", **more):
    id_ = new_id()
    return store.write(lambda tx: orgs.create(tx, id_, name, "family", **more), id_)


def refused(code, kind, store, change, org):
    with pytest.raises(kind) as caught:
        store.write(change, org)
    assert caught.value.code == code
    return caught.value


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Işık Ailesi", "isik-ailesi"),
        ("İstanbul ŞÇĞÜÖ", "istanbul-scguo"),
        ("Straße & Søn", "strasse-son"),
        ("  --  ", "org"),
        ("日本", "org"),
        ("a" * 80, "a" * 48),
        ("01a207db-7f80-7000-8000-000000000000", "org"),
    ],
)
def test_a_slug_comes_from_the_name(name, slug):
    assert slug_of(name) == slug


@given(st.text(max_size=80), st.integers(0, 12))
def test_a_free_slug_is_a_slug_that_nobody_has(name, others):
    taken = set()
    for _ in range(others + 1):
        slug = free_slug(name, taken.__contains__)
        assert is_slug(slug)
        assert slug not in taken
        taken.add(slug)


def test_an_org_is_found_by_id_and_slug(store):
    org = make(store, "Işık")
    assert (org.slug, org.plan, org.delete_after) == ("isik", "self_hosted", None)
    assert store.read(orgs.get, org.id) == org
    for name in (org.id, "isik"):
        assert store.read(lambda view, name=name: orgs.resolve(view, name)) == org.id
    assert store.read(lambda view: orgs.resolve(view, "Isik")) is None
    with pytest.raises(NotFound):
        store.read(orgs.get, "isik")


def test_slugs_are_unique(store):
    first, second = make(store, "Home"), make(store, "Home")
    assert (first.slug, second.slug) == ("home", "home-2")
    id_ = new_id()
    change = lambda tx: orgs.create(tx, id_, "Other", "team", slug="home")  # noqa: E731 - one change
    refused("slug_taken", Conflict, store, change, id_)
    taking = replace(second, slug="home")
    refused("slug_taken", Conflict, store, lambda tx: orgs.save(tx, taking), second.id)
    # One's own id as a name of somebody else is taken as well.
    taking = replace(second, slug=first.id)
    refused("slug_taken", Conflict, store, lambda tx: orgs.save(tx, taking), second.id)


def test_pages_go_through_all_orgs_in_order(store):
    made = [make(store, f"Org {number}") for number in range(5)]
    seen, after = [], ""
    while page := store.read(lambda view, after=after: orgs.page(view, after, 2)):
        seen += page
        after = page[-1].id
    assert seen == sorted(made, key=lambda org: org.id)


def test_all_of_an_org_is_kept(store):
    org = make(store)
    changed = replace(
        org,
        name="Other",
        slug="other",
        type="team",
        plan="starter",
        max_users=0,
        max_nodes=2,
        max_storage_gb=3,
        enabled_modules=("notes",),
        custom_domain="data.example.org",
        delete_after=5,
    )
    heard = []
    end = store.listen(heard.extend)
    store.write(lambda tx: orgs.save(tx, changed), org.id)
    assert store.read(orgs.get, org.id) == changed
    assert [(one.org, one.topic, one.id) for one in heard] == [(org.id, "identity", org.id)]
    store.write(lambda tx: orgs.save(tx, changed), org.id)
    assert len(heard) == 1
    store.write(lambda tx: orgs.save(tx, org), org.id)
    end()
    assert store.read(orgs.get, org.id) == org


def test_a_domain_belongs_to_one_org(store):
    first, second = make(store), make(store)
    mine = replace(first, custom_domain="data.example.org")
    store.write(lambda tx: orgs.save(tx, mine), first.id)
    taking = replace(second, custom_domain="data.example.org")
    refused("domain_taken", Conflict, store, lambda tx: orgs.save(tx, taking), second.id)


def test_an_org_of_before_slugs_is_called_by_its_id(store):
    id_ = new_id()
    insert = "INSERT INTO orgs (id, name, type, created_at) VALUES (?, 'Old', 'family', 1)"
    store.write(lambda tx: tx.connection.execute(insert, (id_,)).rowcount)
    assert store.read(orgs.get, id_).slug == id_


def test_a_database_of_before_orgs_had_limits_is_counted(tmp_path):
    path = tmp_path / "node.db"
    connection = sqlite3.connect(path, isolation_level=None)
    migrate(connection, path, System(), MIGRATIONS[:1])
    connection.execute("INSERT INTO orgs VALUES ('old', 'Old', 'family', 1)")
    for sha256, size in (("a", 3), ("b", 4)):
        connection.execute("INSERT INTO blobs VALUES ('old', ?, ?, 1)", (sha256 * 64, size))
    connection.close()
    store = Store(tmp_path, "node", "origin-a")
    found, usage = store.read(lambda view: (orgs.get(view), orgs.usage(view)), "old")
    store.close()
    assert (found.slug, found.plan, usage.storage_bytes) == ("old", "self_hosted", 7)


def member(tx, name, role="member"):
    email = f"{name}@example.org"
    return accounts.create(tx, email, email, name, "verifier", role)


def row(tx, table, **values):
    """A made-up row of the org in a table, with something in every column that wants it."""
    columns = tx.connection.execute(f"PRAGMA table_info({table})").fetchall()
    for _, name, kind, needed, default, key in columns:
        if (needed or key) and default is None and name not in (*values, "num"):
            values[name] = 1 if kind == "INTEGER" else f"{name} of {tx.org}"
    values["org"] = tx.org
    places = ", ".join("?" * len(values))
    statement = f"INSERT INTO {table} ({', '.join(values)}) VALUES ({places})"
    tx.connection.execute(statement, tuple(values.values()))


def node(tx, number):
    row(tx, "nodes", id=f"node-{tx.org}-{number}")


def test_limits_count_what_the_org_has(store):
    org, other = make(store), make(store)
    limited = replace(org, max_users=2, max_nodes=1, max_storage_gb=1)

    def fill(tx):
        member(tx, f"one-{tx.org}")
        node(tx, 1)
        blobs.add(tx, Blob("a" * 64, GB // 2))

    store.write(lambda tx: orgs.save(tx, limited), org.id)
    for one in (org, other):
        store.write(fill, one.id)
    assert store.read(orgs.usage, org.id) == orgs.Usage(1, 1, GB // 2)
    store.read(orgs.require_room_for_user, org.id)
    store.write(lambda tx: member(tx, "two"), org.id)
    store.read(lambda view: orgs.require_room_for_bytes(view, GB // 2), org.id)
    asked = (
        ("max_users", 2, 2, orgs.require_room_for_user),
        ("max_nodes", 1, 1, orgs.require_room_for_node),
        (
            "max_storage_gb",
            GB // 2,
            GB,
            lambda view: orgs.require_room_for_bytes(view, GB // 2 + 1),
        ),
    )
    for limit, present, allowed, ask in asked:
        with pytest.raises(Forbidden) as caught:
            store.read(ask, org.id)
        told = caught.value
        assert (told.code, told.facts) == (
            "limit_reached",
            {"limit": limit, "present": present, "allowed": allowed},
        )
        option = "--" + limit.replace("_", "-")
        assert f"sudo unibos hub orgs set {org.slug} {option} N" in told.hint
        store.read(ask, other.id)


def test_a_revoked_node_leaves_room(store):
    org = make(store)
    store.write(lambda tx: orgs.save(tx, replace(org, max_nodes=1)), org.id)
    store.write(lambda tx: node(tx, 1), org.id)
    revoke = "UPDATE nodes SET revoked_at = 1 WHERE org = ?"
    store.write(lambda tx: tx.connection.execute(revoke, (org.id,)).rowcount)
    store.read(orgs.require_room_for_node, org.id)


def test_the_limit_of_storage_binds_where_blobs_are_named(store):
    org = make(store)
    store.write(lambda tx: orgs.save(tx, replace(org, max_storage_gb=1)), org.id)
    whole = Blob("a" * 64, GB)
    assert store.write(lambda tx: blobs.add(tx, whole), org.id)
    # Once more is no more, whoever uses it.
    assert not store.write(lambda tx: blobs.add(tx, whole, "documents/x"), org.id)
    one_more = Blob("b" * 64, 1)
    told = refused("limit_reached", Forbidden, store, lambda tx: blobs.add(tx, one_more), org.id)
    assert told.facts["limit"] == "max_storage_gb"
    assert store.read(orgs.usage, org.id).storage_bytes == GB
    with pytest.raises(NotFound):
        store.read(lambda view: blobs.get(view, one_more.sha256), org.id)
    for used_by in ("", "documents/x"):
        store.write(lambda tx, used_by=used_by: blobs.release(tx, whole.sha256, used_by), org.id)
    assert store.write(lambda tx: blobs.add(tx, one_more), org.id)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=10)
@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(1, 4), st.sampled_from("xy"))))
def test_the_bytes_are_those_of_the_blobs(store, steps):
    doors = [store.org(make(store).id) for _ in range(2)]
    for first, adds, number, used_by in steps:
        door, blob = doors[first], Blob(f"{number:064x}", 10**number)
        if adds:
            door.write(lambda tx, blob=blob, used_by=used_by: blobs.add(tx, blob, used_by))
        else:
            door.write(
                lambda tx, blob=blob, used_by=used_by: blobs.release(tx, blob.sha256, used_by)
            )
        for one in doors:
            stored = one.read(
                lambda view: view.connection.execute(
                    "SELECT coalesce(sum(size), 0) FROM blobs WHERE org = ?", (view.org,)
                ).fetchone()
            )
            assert (one.read(orgs.usage).storage_bytes,) == stored


def test_an_org_that_closes_is_open_to_nobody_else(store):
    org = make(store)
    store.read(orgs.require_open, org.id)
    store.write(lambda tx: orgs.save(tx, replace(org, delete_after=9)), org.id)
    with pytest.raises(Forbidden) as caught:
        store.read(orgs.require_open, org.id)
    assert (caught.value.code, caught.value.facts) == ("org_closing", {"delete_after": 9})
    assert store.read(lambda view: orgs.expired(view, 8)) == []
    assert store.read(lambda view: orgs.expired(view, 9)) == [org.id]


READ = JobSpec(name="test.read")


def furnish(store, org, shared):
    """Rows of the org in every table."""
    collections_of_org = store.org(org)
    collections_of_org.write(lambda tx: collections.declare(tx, NOTES))

    def fill(tx):
        owner = member(tx, f"owner-{org}", "owner")
        accounts.join(tx, shared, "member")
        accounts.open_session(tx, owner.id, 1, 2)
        for number in range(7):
            records.create(tx, "notes", NOTES.draft({"title": f"word{number}"}))
        blobs.add(tx, Blob("a" * 64, 5), "notes/x")
        jobs.add(tx, READ, {})
        invitations.create(tx, "x@example.org", "x@example.org", "member", "h", owner.id, 1, 9)
        meta.put(tx, "module:notes", "1")
        node(tx, 1)
        for table in purging.tables(tx):
            count = f"SELECT count(*) FROM {table} WHERE org = ?"
            if tx.connection.execute(count, (org,)).fetchone() == (0,):
                row(tx, table)

    collections_of_org.write(fill)


def everything(path):
    """All rows of all tables, but for those that the store writes for itself."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    names = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'search_%'"
        " AND name NOT LIKE 'sqlite_%'"
    ).fetchall()
    found = {name: connection.execute(f"SELECT * FROM {name}").fetchall() for (name,) in names}
    found["search"] = connection.execute("SELECT rowid, * FROM search").fetchall()
    connection.close()
    found["meta"] = [row for row in found["meta"] if row[0] != "counters"]
    return found


def purge(store, org, now, limit):
    store.write(lambda tx: purging.begin(tx, now), org)
    while (batch := store.read(lambda view: purging.some(view, limit), org)) is not None:
        assert len(batch.keys) <= limit
        store.write(lambda tx, batch=batch: purging.remove(tx, batch, now), org)
    assert store.write(lambda tx: purging.finish(tx, now), org)


@pytest.fixture
def three(store):
    """Three orgs with rows everywhere, and a user whom they share."""
    home = make(store, "Home")
    shared = store.write(lambda tx: member(tx, "shared"), home.id)
    made = [make(store, f"Org {number}") for number in range(3)]
    for org in made:
        furnish(store, org.id, shared)
    return made


@pytest.mark.parametrize("limit", [1, 3, 200])
def test_a_purge_leaves_nothing_of_one_org_and_all_of_the_others(store, three, limit):
    gone = three[1]
    present = everything(store.path)
    tables = store.read(purging.tables)
    for name in tables:
        assert any(gone.id in row for row in present[name]), f"{name} has no row to purge"
    store.write(lambda tx: orgs.save(tx, replace(gone, delete_after=5)), gone.id)
    purge(store, gone.id, 5, limit)
    left = everything(store.path)
    owner = f"owner-{gone.id}@example.org"
    for name, rows in present.items():
        expected = [
            row
            for row in rows
            if gone.id not in row and owner not in row and f"{gone.id}/module:notes" not in row
        ]
        assert left[name] == expected, name
    assert (
        store.read(lambda view: view.connection.execute("PRAGMA foreign_key_check").fetchall())
        == []
    )


def test_every_table_with_an_org_is_known(store, three):
    present = everything(store.path)
    named = {name for name, rows in present.items() if any(three[0].id in row for row in rows)}
    assert named == {*store.read(purging.tables), "orgs", "search"}


def test_an_org_that_is_not_due_loses_nothing(store, three):
    org = three[0]
    batch = store.read(lambda view: purging.some(view, 1), org.id)
    for mark in (None, 6):
        store.write(lambda tx, mark=mark: orgs.save(tx, replace(org, delete_after=mark)), org.id)
        before = everything(store.path)
        for change in (
            lambda tx: purging.begin(tx, 5),
            lambda tx: purging.remove(tx, batch, 5),
            lambda tx: purging.finish(tx, 5),
        ):
            refused("org_not_due", Conflict, store, change, org.id)
        assert everything(store.path) == before


def test_an_org_stays_while_somebody_writes_in_it(store, three):
    org = three[0]
    store.write(lambda tx: orgs.save(tx, replace(org, delete_after=5)), org.id)
    assert not store.write(lambda tx: purging.finish(tx, 5), org.id)
    assert store.read(orgs.find, org.id) is not None


def test_a_batch_of_one_org_removes_nothing_of_another(store, three):
    due, other = three[0], three[1]
    store.write(lambda tx: orgs.save(tx, replace(due, delete_after=5)), due.id)
    strange = store.read(lambda view: purging.some(view, 200), other.id)
    before = everything(store.path)
    store.write(lambda tx: purging.remove(tx, strange, 5), due.id)
    assert everything(store.path) == before


def test_a_collection_of_a_purged_org_is_forgotten(store, three):
    org = three[0]
    assert store.read(lambda view: collections.get(view, "notes"), org.id) == NOTES
    store.write(lambda tx: orgs.save(tx, replace(org, delete_after=5)), org.id)
    purge(store, org.id, 5, 200)
    with pytest.raises(NotFound):
        store.read(lambda view: collections.get(view, "notes"), org.id)
