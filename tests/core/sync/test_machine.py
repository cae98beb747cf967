"""Replicas that write, meet, crash, lose contact and are restored agree in the end, lose nothing
silently, and tell nobody what is none of their business."""

import os
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from unibos.base.errors import NotFound
from unibos.core.store import collections, policies, records
from unibos.core.store.definitions import Export
from unibos.core.sync import export
from unibos.core.sync.collecting import Collecting, forget
from unibos.core.sync.exchange import quarantine

from .machine_checks import (
    SECRET,
    Watch,
    check_agreement,
    check_reach,
    check_words,
    true_policies,
)
from .machine_ledger import DIARY, FIELDS, FORMS, IDS, NAMES, NOTES, SHARED, Ledger
from .machine_world import CALM, OTHER_ORG, POINTS, Place, Template, Trouble, World
from .replicas import ORG

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
SETTINGS = settings(
    max_examples=2000 if LONG else 60,
    stateful_step_count=30,
    deadline=None,
    derandomize=not LONG,
    suppress_health_check=list(HealthCheck),
)
SWEEPS = 8

NODES = st.sampled_from(("a", "b", "c"))
PLACES = st.sampled_from(("a", "b", "c", "hub"))
LINKS = st.sampled_from((("a", "hub"), ("b", "hub"), ("c", "hub"), ("a", "b"), ("b", "a")))
PLANS = st.fixed_dictionaries(
    dict.fromkeys(FIELDS, st.sampled_from(("new", "new", "keep", "gone")))
)
VERBS = st.sampled_from(("create", "put", "put", "patch", "patch", "delete"))
PICKS = st.integers(0, 2)
WRITES = st.tuples(st.integers(0, 3), PICKS, VERBS, PLANS)
WORK = st.lists(st.tuples(PLACES, WRITES), min_size=2, max_size=6)
NUMBERS = st.integers(0, 8)
CUTS = st.builds(Trouble, st.just("cut"), NUMBERS, st.sampled_from(("asked", "answered")))
CRASHES = st.builds(Trouble, st.just("crash"), st.integers(0, 4), st.sampled_from(POINTS))
TROUBLES = st.one_of(st.just(CALM), CUTS, CRASHES)

MEANWHILE = st.sampled_from(("write", "round", "switch", "restore"))

_template = []


def template():
    if not _template:
        _template.append(Template())
    return _template[0]


def found(tx):
    tx.connection.execute(
        "INSERT INTO orgs (id, name, type, created_at) VALUES (?, 'Org', 'home', 0)", (ORG,)
    )


def admit(tx, instance):
    """Have the hub know a node as its own."""
    tx.connection.execute(
        "INSERT INTO nodes (org, id, name, public_key, join_token, report, joined_at,"
        " member_until, seen_at) VALUES (?, ?, ?, '', '', '{}', 0, 0, 0)",
        (ORG, instance, instance),
    )


class Machine(RuleBasedStateMachine):
    """Every example ends with healing, after which all that must be true is checked."""

    examples = messages = 0

    def __init__(self):
        super().__init__()
        self.ledger = Ledger()
        self.world = World(template(), Watch(self.ledger))
        self.healed = False

    @initialize(
        focus=st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True),
        work=WORK,
        shared=st.booleans(),
    )
    def begin(self, focus, work, shared):
        """Most happens in few collections; all may know the first records."""
        self.focus = focus
        hub = self.world.add(Place(self.world, "hub", "hub"))
        hub.home.write(found)
        for name in "abc":
            node = self.world.add(Place(self.world, name, installed=("forms",)))
            hub.home.write(lambda tx, node=node: admit(tx, node.instance))
            node.home.write(lambda tx: [collections.declare(tx, each) for each in (*SHARED, DIARY)])
            self.ledger.write(node, DIARY.name, 0, "put", {"a": "new", "b": "keep"})
        other = hub.store.org(OTHER_ORG)

        def fill(tx):
            collections.declare(tx, NOTES)
            records.put(tx, NOTES.name, IDS[0], NOTES.draft({"a": SECRET.decode()}))

        other.write(fill)
        self.write(work)
        if shared:
            self.sweep()
            self.write(work)

    @property
    def places(self):
        return list(self.world.places.values())

    def at(self, name):
        return self.world.places[name]

    def collection(self, number):
        return self.focus[number % len(self.focus)]

    @rule(work=WORK)
    def write(self, work):
        for name, (number, *write) in work:
            self.ledger.write(self.at(name), self.collection(number), *write)

    @rule(work=WORK, rounds=st.lists(st.tuples(LINKS, TROUBLES), min_size=1, max_size=4))
    def meet(self, work, rounds):
        self.write(work)
        for link, trouble in rounds:
            asker, answerer = link
            self.world.round(self.at(asker), self.at(answerer), trouble)
            self.ledger.dispute(self.places)

    @rule(link=LINKS, pull=st.booleans())
    def half(self, link, pull):
        """One way only."""
        asker, answerer = link
        self.world.round(self.at(asker), self.at(answerer), pull=pull, push=not pull)
        self.ledger.dispute(self.places)

    @rule(link=LINKS, at=NUMBERS, third=LINKS, write=WRITES, asking=st.booleans(), what=MEANWHILE)
    def interrupted(self, link, at, third, write, asking, what):
        """While a round goes on, somebody writes, another round begins, or the switch is turned."""
        asker, answerer = self.at(link[0]), self.at(link[1])

        async def act(*_):
            one = asker if asking else answerer
            if what == "write":
                number, *rest = write
                self.ledger.write(one, self.collection(number), *rest)
            elif what == "switch":
                one.home.write(export.stop)
            elif what == "restore":
                self.restored(one.name, "renewed")
            elif third[0] != link[0]:
                await self.world.ask(self.at(third[0]), self.at(third[1]))

        self.world.round(asker, answerer, Trouble("meanwhile", at, act=act))
        self.ledger.dispute(self.places)

    @rule(number=st.integers(0, 99))
    def again(self, number):
        self.world.again(number)

    @rule(name=PLACES)
    def restart(self, name):
        self.at(name).restart()

    @rule(name=PLACES, ahead=st.sampled_from((0, 0, 1, -1, 240, -240, 600, -600, 3600, -3600)))
    def skew(self, name, ahead):
        self.at(name).clock.ahead = ahead * 1000

    @rule(seconds=st.sampled_from((1, 60, 400)))
    def wait(self, seconds):
        self.world.ms += seconds * 1000
        for place in self.places:
            self.world.run(quarantine.retry(place.local, ORG))

    @rule(name=NODES, number=st.integers(0, 3), wanted=st.sampled_from(tuple(Export)))
    def policy(self, name, number, wanted):
        collection = self.collection(number)
        if collection == "family" and wanted is Export.HUB:
            return
        place = self.at(name)
        before = place.rows(
            "SELECT export FROM collections WHERE org = ? AND name = ?", ORG, collection
        )
        place.home.write(lambda tx: policies.set_own(tx, collection, wanted))
        if wanted.reach < Export(before[0][0]).reach:
            self.ledger.narrowed.add(collection)
            self.ledger.abandon(place)

    @rule(name=PLACES)
    def switch(self, name):
        home = self.at(name).home
        if not home.write(export.stop):
            home.write(export.resume)

    @rule(name=PLACES)
    def save(self, name):
        self.at(name).save()

    @rule(
        name=PLACES, way=st.sampled_from(("database", "folder", "renewed")), before=WORK, after=WORK
    )
    def restore(self, name, way, before, after):
        self.write(before)
        done = self.restored(name, way)
        self.write(after)
        if done and way != "renewed":
            self.recognise(self.at(name))

    def recognise(self, place):
        """Who knew most meets it before anybody else does. What was written anew in a record is
        taken by others for later than what it lost there, until somebody shows it the loss."""
        for each in self.places:
            each.home.write(export.resume)

        def known(link):
            other = link[0] if link[1] is place else link[1]
            return other.rows(
                "SELECT coalesce(max(pulled), 0) FROM checkpoints c JOIN peers p ON p.num = c.peer"
                " WHERE p.id = ? AND p.epoch = ?",
                place.instance,
                place.local.epoch,
            )

        links = [link for link in self.links() if place in link]
        for asker, answerer in sorted(links, key=known, reverse=True):
            self.world.round(asker, answerer)
        self.ledger.dispute(self.places)

    def restored(self, name, way):
        place = self.at(name)
        logged = self.ledger.logged([place])
        done = place.restore(way)
        if done:
            self.ledger.give_up(self.places, logged)
            self.ledger.abandon(place)
        return done

    @precondition(lambda self: "clone" not in self.world.places)
    @rule(name=NODES)
    def clone(self, name):
        self.world.add(self.at(name).clone("clone"))
        self.world.givers.clear()

    @precondition(lambda self: "clone" in self.world.places)
    @rule(writes=st.lists(WRITES, min_size=1, max_size=3), meets=st.booleans())
    def write_in_clone(self, writes, meets):
        clone = self.at("clone")
        for number, *write in writes:
            self.ledger.write(clone, self.collection(number), *write)
        if meets:
            self.world.round(clone, self.at("hub"))
            self.ledger.dispute(self.places)

    @rule(name=PLACES, kept=st.booleans(), days=st.sampled_from((0, 8)))
    def collect(self, name, kept, days):
        place = self.at(name)
        self.world.ms += days * 24 * 3600_000
        if kept:
            place.answer.acknowledged.keep()
        before = self.tombstones(place)
        Collecting(place.local)()
        self.ledger.settle(before - self.tombstones(place))

    def tombstones(self, place):
        return set(
            place.rows("SELECT collection, id FROM records WHERE org = ? AND deleted = 1", ORG)
        )

    @rule(name=PLACES, other=PLACES)
    def retire(self, name, other):
        with suppress(NotFound):
            self.ledger.retired = True
            self.at(name).home.write(lambda tx: forget(tx, self.at(other).instance))

    @rule(name=NODES, number=st.integers(0, len(FORMS) - 1))
    def update(self, name, number):
        """A newer or older program, whose forms have another schema."""
        self.at(name).declare(replace(SHARED[-1], schema=FORMS[number]))

    def teardown(self):
        try:
            if self.world.places:
                self.heal()
            Machine.examples += 1
            Machine.messages += self.world.watch.seen
        finally:
            self.world.close()

    def links(self):
        """Every node asks the hub, and two meet directly, as does a clone with one of them."""
        hub, a, b = self.at("hub"), self.at("a"), self.at("b")
        links = [(place, hub) for place in self.places if place.kind == "node"] + [(a, b)]
        if "clone" in self.world.places:
            clone = self.at("clone")
            links.append((clone, b if clone.instance == a.instance else a))
        return links

    def heal(self):
        for place in self.places:
            place.clock.ahead = 0
            place.home.write(export.resume)
            if place.kind == "node":
                place.declare(SHARED[-1])
        self.world.ms += 2 * 3600_000
        for _ in range(SWEEPS):
            if not self.sweep():
                break
        else:
            assert self.alike(), f"not quiet after {SWEEPS} sweeps"
        self.ledger.dispute(self.places)
        policies = true_policies(self.places)
        cloned = self.at("clone").instance if "clone" in self.world.places else ""
        check_reach(self.places, policies, cloned)
        if not self.alike():
            check_agreement(self.links(), policies, self.ledger.narrowed)
        check_words(self.ledger, self.places)

    def meet_calmly(self, link):
        """A round in which nothing is refused."""
        asker, answerer = (self.at(name) for name in link)
        assert self.world.round(asker, answerer).troubles == []

    def alike(self):
        """Whether a clone and its original have both given changes in one epoch: they were not
        told apart, and what one delivered is not given to the other."""
        return any(len(names) > 1 for names in self.world.givers.values())

    def sweep(self):
        """All links once; whether anything moved, or was written."""
        before = [place.store._connection.total_changes for place in self.places]
        messages = 0
        for asker, answerer in self.links():
            outcome = self.world.round(asker, answerer)
            assert outcome is not None
            # Until a narrowed policy has come around, what it forbids is refused.
            assert {trouble.code for trouble in outcome.troubles} <= {"export_refused"}
            messages += self.world.messages - 1
            self.ledger.dispute(self.places)
        for place in self.places:
            self.world.run(quarantine.retry(place.local, ORG))
        after = [place.store._connection.total_changes for place in self.places]
        return messages or before != after


@pytest.mark.timeout(3 * 3600)
def test_replicas_agree_in_the_end():
    Machine.examples = Machine.messages = 0
    run_state_machine_as_test(Machine, settings=SETTINGS)
    print(f"{Machine.examples} examples, {Machine.messages} messages")
