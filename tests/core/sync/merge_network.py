"""A few replicas in memory that write, delete and meet, and a ledger of what users wrote.

The ledger knows nothing of clocks: a value is superseded when somebody changed a record in which
they saw it.
"""

from dataclasses import dataclass, field
from itertools import combinations, count

from hypothesis import strategies as st

from unibos.core.store.clocks import restamp
from unibos.core.store.definitions import Strategy
from unibos.core.store.versions import Version
from unibos.core.sync.merge import Lost, merge

FIELDS = ("a", "b", "c")
IDS = ("one", "two")
SWEEPS = 2
"""How often all pairs meet until all agree."""


@dataclass
class Replica:
    """One place of writing; ``lane`` keeps the readings of clones apart."""

    origin: str
    skew: int = 0
    lane: int = 0
    last: int = 0
    records: dict[str, Version] = field(default_factory=dict)
    lost: list[Lost] = field(default_factory=list)

    def tick(self, now):
        self.last = max((self.last >> 3) + 1, now + self.skew) << 3 | self.lane
        return self.last, self.origin


class Network:
    def __init__(self, strategy, replicas, *, suspicious=False):
        self.strategy = strategy
        self.replicas = replicas
        self.suspicious = suspicious
        self.values = count()
        self.now = 10
        self.written, self.superseded = set(), set()
        self.history = []

    def write(self, number, target, plan):
        """Each field stays, gets a value that nobody wrote before, or goes; or the record goes."""
        replica = self.replicas[number % len(self.replicas)]
        ids = sorted({*IDS, *replica.records})
        id_ = ids[target % len(ids)]
        before = replica.records.get(id_)
        old = (before and before.fields) or {}
        fields = None
        if plan is not None:
            fresh = {name: next(self.values) for name in FIELDS if plan[name] == "new"}
            fields = {name: old[name] for name in old if plan[name] == "keep"} | fresh
            self.written |= set(fresh.values())
        elif before is None or before.fields is None:
            return
        self.superseded |= set(old.values()) - set((fields or {}).values())
        self.put(replica, id_, rewritten(before, fields, replica.tick(self.now)))

    def put(self, replica, id_, version):
        replica.records[id_] = version
        replica.last = max(replica.last, version.clock[0])
        if id_ == IDS[0]:
            self.history.append(version)

    def receive(self, replica, id_, theirs):
        mine = replica.records.get(id_)
        merged = merge(self.strategy, mine, theirs, name=("notes", id_), suspicious=self.suspicious)
        assert merged.changed == (mine is None or not merged.version.equals(mine))
        assert merged.needed != merged.version.equals(theirs)
        if merged.changed:
            self.put(replica, id_, merged.version)
        replica.lost += merged.lost
        for lost in merged.lost:
            if lost.copy is not None:
                self.receive(replica, *lost.copy)
        return merged.needed

    def meet(self, asking, answering):
        """The asker pulls; what it pushes then lacks nothing. Only meetings take time."""
        self.now += 1
        one = self.replicas[asking % len(self.replicas)]
        other = self.replicas[answering % len(self.replicas)]
        for id_, theirs in list(other.records.items()):
            self.receive(one, id_, theirs)
        for id_, mine in list(one.records.items()):
            assert not self.receive(other, id_, mine)

    def settle(self):
        """Everybody meets everybody until all agree."""
        for _ in range(SWEEPS):
            for pair in combinations(range(len(self.replicas)), 2):
                self.meet(*pair)
            if self.agree():
                return
        raise AssertionError(f"no agreement after {SWEEPS} sweeps")

    def agree(self):
        first, *rest = (replica.records for replica in self.replicas)
        return all(
            first.keys() == other.keys() and all(first[id_].equals(other[id_]) for id_ in first)
            for other in rest
        )

    def missing(self, *, logged=True):
        """Values that are nowhere any more although nobody who saw them changed them."""
        found = set(self.superseded)
        for replica in self.replicas:
            for version in replica.records.values():
                found |= set((version.fields or {}).values())
            if logged:
                found |= {value for lost in replica.lost for value in lost.fields.values()}
        return self.written - found


def rewritten(before, fields, clock):
    """The version after a local write, as the store makes it."""
    if before is None:
        return Version(clock, fields, {}, {})
    hlc, origin = before.clock
    seen = {**before.seen, origin: max(hlc, before.seen.get(origin, hlc))}
    clocks = {}
    if fields is not None:
        clocks = restamp(before.fields or {}, before.clocks, before.clock, fields, clock)
    return Version(clock, fields, clocks, seen).normal()


def play(network, steps):
    for kind, number, other, plan in steps:
        if kind == "meet":
            network.meet(number, other)
        else:
            network.write(number, other, plan)
    return network


def steps(*, deletes=True):
    number = st.integers(0, 3)
    plan = st.fixed_dictionaries(dict.fromkeys(FIELDS, st.sampled_from(("keep", "new", "gone"))))
    plans = st.one_of(plan, plan, st.none()) if deletes else plan
    write = st.tuples(st.just("write"), number, number, plans)
    meet = st.tuples(st.just("meet"), number, number, st.none())
    return st.lists(st.one_of(write, write, meet), min_size=4, max_size=30)


def replicas():
    """Three or four, with clocks that are ahead, behind, or at the very same reading."""
    skews = st.lists(st.sampled_from((-8, 0, 1, 8)), min_size=3, max_size=4)
    return skews.map(lambda some: [Replica(f"r{n}", skew) for n, skew in enumerate(some)])


def networks(strategies=tuple(Strategy), *, deletes=True):
    return st.builds(
        lambda strategy, some, path: play(Network(strategy, some), path),
        st.sampled_from(strategies),
        replicas(),
        steps(deletes=deletes),
    )
