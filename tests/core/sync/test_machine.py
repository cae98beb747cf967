"""Replicas that write, meet, crash, lose contact and are restored agree in the end, lose nothing
silently, and tell nobody what is none of their business."""

import os

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from unibos.core.store import collections, records
from unibos.core.store.definitions import Export
from unibos.core.sync import export, quarantine

from .machine_checks import (
    SECRET,
    Watch,
    check_agreement,
    check_reach,
    check_words,
    true_policies,
)
from .machine_ledger import DIARY, NAMES, NOTES, SHARED, IDS, Ledger
from .machine_world import CALM, OTHER_ORG, POINTS, Place, Template, Trouble, World
from .replicas import ORG

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
EXAMPLES = int(os.environ.get("MACHINE_EXAMPLES", "0"))
SETTINGS = settings(
    max_examples=EXAMPLES or (2000 if LONG else 60),
    stateful_step_count=25,
    deadline=None,
    derandomize=not (LONG or EXAMPLES),
    suppress_health_check=list(HealthCheck),
)
SWEEPS = 8

NODES = st.sampled_from(("a", "b", "c"))
PLACES = st.sampled_from(("a", "b", "c", "hub"))
LINKS = st.sampled_from((("a", "hub"), ("b", "hub"), ("c", "hub"), ("a", "b"), ("b", "a")))
COLLECTIONS = st.sampled_from((*NAMES, "notes", "notes"))
PLANS = st.fixed_dictionaries(
    {"a": st.sampled_from(("new", "keep", "gone")), "b": st.sampled_from(("new", "keep", "gone"))}
)
VERBS = st.sampled_from(("create", "put", "put", "patch", "patch", "delete"))
PICKS = st.integers(0, 3)
WRITES = st.tuples(COLLECTIONS, PICKS, VERBS, PLANS)
NUMBERS = st.integers(0, 8)
CUTS = st.builds(Trouble, st.just("cut"), NUMBERS, st.sampled_from(("asked", "answered")))
CRASHES = st.builds(Trouble, st.just("crash"), st.integers(0, 4), st.sampled_from(POINTS))
TROUBLES = st.one_of(st.just(CALM), CUTS, CRASHES)

_template = []


def template():
    if not _template:
        _template.append(Template())
    return _template[0]


class Machine(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.ledger = Ledger()
        self.world = World(template(), Watch(self.ledger))
        self.healed = False

    @initialize()
    def begin(self):
        hub = self.world.add(Place(self.world, "hub", "hub"))
        for name in "abc":
            node = self.world.add(Place(self.world, name))
            node.home.write(
                lambda tx: [collections.declare(tx, each) for each in (*SHARED, DIARY)]
            )
            self.ledger.write(node, DIARY.name, 0, "put", {"a": "new", "b": "keep"})
        other = hub.store.org(OTHER_ORG)

        def fill(tx):
            collections.declare(tx, NOTES)
            records.put(tx, NOTES.name, IDS[0], NOTES.draft({"a": SECRET.decode()}))

        other.write(fill)

    @property
    def places(self):
        return list(self.world.places.values())

    def at(self, name):
        return self.world.places[name]

    @rule(name=PLACES, write=WRITES)
    def write(self, name, write):
        self.ledger.write(self.at(name), *write)

    @rule(link=LINKS, trouble=TROUBLES)
    def round(self, link, trouble):
        asker, answerer = link
        self.world.round(self.at(asker), self.at(answerer), trouble)
        self.ledger.dispute(self.places)

    def teardown(self):
        try:
            if self.world.places:
                self.heal()
        finally:
            self.world.close()

    def links(self):
        return [
            (place, self.at("hub")) for place in self.places if place.kind == "node"
        ] + [(self.at("a"), self.at("b"))]

    def heal(self):
        for place in self.places:
            place.clock.ahead = 0
            place.home.write(export.resume)
        self.world.ms += 2 * 3600_000
        for _ in range(SWEEPS):
            if not self.sweep():
                break
        else:
            raise AssertionError(f"not quiet after {SWEEPS} sweeps")
        self.ledger.dispute(self.places)
        policies = true_policies(self.places)
        check_reach(self.places, policies)
        check_agreement(self.links(), policies)
        check_words(self.ledger, self.places)

    def sweep(self):
        """All links once; whether anything moved, or was written."""
        before = [place.store._connection.total_changes for place in self.places]
        messages = 0
        for asker, answerer in self.links():
            outcome = self.world.round(asker, answerer)
            assert outcome is not None
            messages += self.world.messages - 1
        for place in self.places:
            self.world.run(quarantine.retry(place.local, ORG))
        after = [place.store._connection.total_changes for place in self.places]
        return messages or before != after


TestMachine = Machine.TestCase
TestMachine.settings = SETTINGS
