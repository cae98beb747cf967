"""What may go to a peer, and what may be here."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unibos.base.errors import Forbidden, NotFound, Unavailable
from unibos.core.store import collections, export_log, policies
from unibos.core.store.definitions import Collection, Export
from unibos.core.store.drafts import Schema
from unibos.core.store.policies import Policy
from unibos.core.store.store import Store
from unibos.core.sync import export

ME = "origin-a"
OTHERS = ("origin-b", "origin-c", "stranger")
KINDS = st.sampled_from(["hub", "node"])
EXPORTS = st.sampled_from(Export)
NOTES = Collection("notes", Schema({}))
CAMERA = Collection("camera", Schema({}), ceiling=Export.NODES, module="cctv")


@pytest.fixture
def store(tmp_path):
    opened = Store(tmp_path, "node", ME)
    yield opened
    opened.close()


@pytest.fixture
def org(store):
    one = store.org("org-a")
    one.write(lambda tx: [collections.declare(tx, each) for each in (NOTES, CAMERA)])
    return one


def terms(org, local="node", peer="hub", had=()):
    return org.read(lambda view: export.terms(view, local, ME, peer, had))


def set_own(org, name, wanted):
    return org.write(lambda tx: export.set_own(tx, name, wanted))


def learn(org, origin, wanted, hlc=10, name="notes"):
    policy = Policy(name, origin, wanted, hlc)
    return org.write(lambda tx: policies.learn(tx, policy, Export.NODES))


@given(
    peer=KINDS,
    own=EXPORTS,
    told=st.dictionaries(st.sampled_from(OTHERS[:2]), EXPORTS),
    origins=st.sets(st.sampled_from((ME, *OTHERS)), min_size=1),
)
def test_the_strictest_author_and_this_instance_decide(peer, own, told, origins):
    known = export.Known(ME, {"notes": told}.__getitem__)
    made = export.Terms(peer, {"notes": own}, known, ())
    strictest = min(
        [own.reach, *(told.get(origin, Export.LOCAL).reach for origin in origins - {ME})]
    )
    least = {"node": Export.NODES, "hub": Export.HUB}[peer].reach
    assert made.allows("notes", origins) == (strictest >= least)
    assert not made.allows("plain", origins)


@given(
    kind=KINDS,
    told=st.dictionaries(st.sampled_from(OTHERS[:2]), EXPORTS),
    origins=st.sets(st.sampled_from((ME, *OTHERS)), min_size=1),
    more=st.sampled_from((ME, *OTHERS)),
)
def test_another_author_never_lets_a_record_be_in_more_places(kind, told, origins, more):
    known = export.Known(ME, {"notes": told}.__getitem__)
    if export.may_hold(kind, known, "notes", origins | {more}):
        assert export.may_hold(kind, known, "notes", origins)
    if "stranger" in origins:
        assert not export.may_hold(kind, known, "notes", origins)
    assert export.may_hold(kind, known, "notes", {ME})


def test_nothing_leaves_by_default(org):
    for peer in ("hub", "node"):
        assert not terms(org, peer=peer).allows("notes", [ME])
        assert not terms(org, peer=peer).offered("notes")


def test_a_node_s_own_policy_counts_and_a_hub_passes_on(org):
    assert set_own(org, "notes", Export.NODES)
    assert not set_own(org, "notes", Export.NODES)
    assert terms(org, peer="node").allows("notes", [ME])
    assert not terms(org, peer="hub").allows("notes", [ME])
    assert not terms(org, peer="node").allows("notes", [ME, "origin-b"])
    learn(org, "origin-b", Export.NODES)
    assert terms(org, peer="node").allows("notes", [ME, "origin-b"])
    set_own(org, "notes", Export.LOCAL)
    assert not terms(org, peer="node").allows("notes", ["origin-b"])
    assert terms(org, local="hub", peer="node").allows("notes", ["origin-b"])
    assert terms(org, local="hub", peer="hub").allows("notes", [ME])
    assert not terms(org, local="hub", peer="hub").allows("notes", ["origin-b"])


def test_a_collection_is_named_to_who_may_have_it_or_had_it(org):
    set_own(org, "notes", Export.NODES)
    assert terms(org, peer="node").offered("notes")
    assert not terms(org, peer="hub").offered("notes")
    assert terms(org, peer="hub", had={"notes"}).offered("notes")
    assert not terms(org, peer="hub", had={"notes"}).allows("notes", [ME])


def test_policies_are_told_of_offered_collections_only(org):
    set_own(org, "notes", Export.NODES)
    learn(org, "origin-b", Export.HUB)
    learn(org, "origin-b", Export.HUB, name="camera")

    def told(local, peer):
        made = terms(org, local, peer)
        found = org.read(lambda view: export.told(view, local, ME, made))
        return {(each.collection, each.origin, str(each.export)) for each in found}

    mine = ("notes", ME, "nodes")
    assert told("node", "node") == {mine, ("notes", "origin-b", "hub")}
    assert told("node", "hub") == set()
    assert told("hub", "node") == {
        ("notes", ME, "hub"),
        ("notes", "origin-b", "hub"),
        ("camera", ME, "nodes"),
        ("camera", "origin-b", "hub"),
    }


def test_an_own_policy_that_changed_is_newer_than_before(org):
    def hlc():
        made = terms(org, had={"notes"})
        [mine] = org.read(lambda view: export.told(view, "node", ME, made))
        return mine.hlc

    first = hlc()
    set_own(org, "notes", Export.HUB)
    second = hlc()
    set_own(org, "notes", Export.LOCAL)
    assert first < second < hlc()


def test_nobody_raises_a_ceiling(org):
    with pytest.raises(Forbidden) as caught:
        set_own(org, "camera", Export.HUB)
    assert (caught.value.code, caught.value.facts) == ("export_over_ceiling", {"ceiling": "nodes"})
    set_own(org, "camera", Export.NODES)
    assert not terms(org, peer="hub").offered("camera")
    assert terms(org, peer="node").allows("camera", [ME])
    assert not terms(org, local="hub", peer="hub").offered("camera")
    with pytest.raises(NotFound):
        set_own(org, "nothing", Export.HUB)


def test_a_lower_ceiling_narrows_what_was_set(org):
    set_own(org, "notes", Export.HUB)
    wider = org.read(lambda view: collections.get(view, "notes"))
    lower = Collection("notes", wider.schema, ceiling=Export.LOCAL)
    org.write(lambda tx: collections.declare(tx, lower))
    assert not terms(org).allows("notes", [ME])
    assert not terms(org, local="hub").allows("notes", [ME])


@pytest.mark.parametrize(
    ("kind", "ceiling", "taken"),
    [
        ("hub", Export.HUB, True),
        ("hub", Export.NODES, False),
        ("hub", Export.LOCAL, False),
        ("node", Export.NODES, True),
        ("node", Export.LOCAL, False),
    ],
)
def test_a_place_takes_no_definition_that_must_not_come_there(kind, ceiling, taken):
    if taken:
        export.require_place(kind, "camera", ceiling)
        return
    with pytest.raises(Forbidden) as caught:
        export.require_place(kind, "camera", ceiling)
    assert caught.value.code == "export_over_ceiling"


def test_the_kill_switch_is_one_org_s_and_tells_listeners(org, store):
    heard = []
    org.listen(heard.extend)
    assert org.write(export.stop)
    since = org.read(export.stopped_since)
    assert not org.write(export.stop)
    assert org.read(export.stopped_since) == since
    with pytest.raises(Unavailable) as caught:
        org.read(export.require_open)
    assert caught.value.code == "export_stopped"
    assert not store.read(export.stopped, "org-b")
    assert org.write(export.resume)
    assert not org.write(export.resume)
    org.read(export.require_open)
    assert {change.topic for change in heard} == {export.TOPIC}
    assert len(heard) == 2


def test_who_is_refused_by_the_kill_switch_is_in_the_log_once(org):
    def ask(peer):
        asyncio.run(export.admit(org, peer, "", "pull"))

    ask("peer-1")
    org.write(export.stop)
    for peer in ("peer-1", "peer-1", "peer-2", "peer-1"):
        with pytest.raises(Unavailable):
            ask(peer)
    told = org.read(lambda view: export_log.page(view, None, 9))
    assert [(one.peer, one.blocked) for one in told] == [
        ("peer-2", "export_stopped"),
        ("peer-1", "export_stopped"),
    ]
