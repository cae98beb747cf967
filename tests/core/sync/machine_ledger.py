"""What users wrote in the state machine, and what must have become of it.

The ledger knows nothing of clocks. Every value that is written is a word of its own; a word is
superseded when somebody changed a record in which they saw it. A word that is superseded by nobody
stands in a record, in a conflict log or in a quarantine, unless a restore took it before any other
replica had it.
"""

import re
from dataclasses import dataclass, field

from unibos.base.errors import Error, NotFound
from unibos.core.store import collections, records
from unibos.core.store.definitions import Collection, Export, Search, Strategy
from unibos.core.store.drafts import Schema
from unibos.core.store.versions import Version

from .replicas import ORG

_WORD = re.compile(r'"w(\d+)"')
IDS = tuple(f"01a207db-7f80-7000-8000-0000000000{n:02x}" for n in range(2))
FIELDS = ("a", "b")
FORMS = (Schema({}), Schema({"required": ["a"]}), Schema({"required": ["b"]}))
"""A newer program asks for more than an older one gives, and another for something else."""

NOTES = Collection("notes", Schema({}), Strategy.FIELDS, Export.HUB, search=Search("a"))
SHARED = (
    NOTES,
    Collection("pages", Schema({}), Strategy.RECORD, Export.HUB),
    Collection("ledger", Schema({}), Strategy.FIRST, Export.HUB),
    Collection("letters", Schema({}), Strategy.BOTH, Export.HUB),
    Collection("plans", Schema({}), Strategy.MANUAL, Export.HUB),
    Collection("family", Schema({}), Strategy.FIELDS, Export.NODES, Export.NODES),
    Collection("forms", FORMS[0], Strategy.FIELDS, Export.HUB),
)
DIARY = Collection("diary", Schema({}), Strategy.FIELDS, Export.LOCAL, Export.LOCAL)
NAMES = tuple(each.name for each in SHARED)
STRATEGIES = {each.name: each.strategy for each in SHARED}


@dataclass
class Event:
    """A write.

    :param words: what it wrote; ``over``: what it saw there and replaced or deleted.
    :param lost: a restore took it, and nobody else had it.
    """

    number: int
    place: str
    instance: str
    collection: str
    record: str
    clock: tuple
    words: frozenset
    over: frozenset
    deletes: bool
    lost: bool = False
    settled: bool = False


@dataclass
class Ledger:
    """All events, and which words were ever in a conflict log or a quarantine."""

    events: list = field(default_factory=list)
    words: int = 0
    writers: dict = field(default_factory=dict)
    disputed: set = field(default_factory=set)
    narrowed: set = field(default_factory=set)
    retired: bool = False
    made: dict = field(default_factory=dict)
    abandoned: set = field(default_factory=set)

    def ids(self, collection):
        return (*IDS, *self.made.get(collection, ()))

    def write(self, place, collection, pick, verb, plan):
        """Make, change or delete a record, if that is possible there.

        :param plan: for each field ``new``, ``keep`` or ``gone``.
        """
        ids = self.ids(collection)
        id_ = ids[pick % len(ids)]
        if verb == "create":
            id_ = f"01a207db-7f80-7000-8000-0000000001{len(ids):02x}"
            self.made.setdefault(collection, []).append(id_)
        try:
            before = standing(place, collection, id_)
            if before is None and verb in ("patch", "delete"):
                return
            fields = {name: self._word() for name in FIELDS if plan[name] == "new"}
            record = self._do(place, collection, id_, verb, fields, plan)
        except Error as error:
            if error.code not in ("collection_not_found", "record_invalid"):
                raise
            return
        after = {} if verb == "delete" else record.data
        old, new = set((before or {}).values()), set(after.values())
        if old == new and before is not None and verb != "delete":
            return
        row = place.rows(
            "SELECT hlc, origin FROM records WHERE org = ? AND collection = ? AND id = ?",
            ORG,
            collection,
            id_,
        )[0]
        self._note(place, collection, id_, row, new - old, old - new, verb == "delete")

    def _do(self, place, collection, id_, verb, fields, plan):
        def work(tx):
            found = collections.get(tx, collection)
            if verb == "delete":
                return records.delete(tx, collection, id_)
            if verb == "patch":
                gone = dict.fromkeys(name for name in FIELDS if plan[name] == "gone")
                return records.patch(tx, collection, id_, {**fields, **gone}, found.draft)
            return records.put(tx, collection, id_, found.draft(fields))[0]

        return place.home.write(work)

    def _note(self, place, collection, id_, clock, words, over, deletes):
        event = Event(
            len(self.events),
            place.name,
            place.instance,
            collection,
            id_,
            tuple(clock),
            frozenset(words),
            frozenset(over),
            deletes,
        )
        self.events.append(event)
        for word in words:
            self.writers[word] = event

    def _word(self):
        self.words += 1
        return f"w{self.words}"

    def dispute(self, places):
        """Take note of what is in conflict logs and quarantines now."""
        self.disputed |= self.logged(places)

    def logged(self, places):
        """The words in conflict logs and quarantines."""
        words = set()
        for place in places:
            for (text,) in place.rows(
                "SELECT fields FROM conflicts UNION ALL SELECT change FROM quarantine"
            ):
                words |= words_in(text)
        return words

    def fates(self, places):
        """Events that are nowhere any more, although nothing that stands replaced them.

        A pair for each: the event, and its words that are missing; none for a deletion.
        """
        present, known = _everywhere(places)
        stands = {}
        gone = []
        replaced = set()
        for event in reversed(self.events):
            if event.lost:
                continue
            missing = {
                word for word in event.words - present - replaced if not self._excused(event, word)
            }
            if event.words:
                stands[event.number] = missing != event.words
            else:
                # A withdrawn record takes along what it knew.
                gone_with = event.settled or event.collection in self.narrowed
                stands[event.number] = gone_with or any(
                    version.knows(event.clock)
                    for version in known.get((event.collection, event.record), ())
                )
            if stands[event.number]:
                replaced |= event.over
            if missing or not stands[event.number]:
                gone.append((event, missing))
        return gone

    def give_up(self, places, logged):
        """A restore has taken what is nowhere any more, and what was only in a log any more.

        :param logged: the words of the conflict log and the quarantine that it replaced. What was
            overruled still stands where nobody has told of it; that it lost was written down once.
        """
        _, known = _everywhere(places)
        gone = logged - self.logged(places)
        for event in self.events:
            overruled = set()
            for version in known.get((event.collection, event.record), ()):
                if version.knows(event.clock):
                    overruled |= gone & event.words - words_of(version)
            event.words -= overruled
        for event, missing in self.fates(places):
            event.words -= missing
            if not event.words:
                event.lost = True

    def abandon(self, place):
        """What a place has written in a collection that it narrowed, and lost by a restore, is
        withdrawn from those who have it; only a peer that it asks itself gives it back first."""
        present, _ = _everywhere([place])
        for event in self.events:
            if event.instance == place.instance and event.collection in self.narrowed:
                self.abandoned |= event.words - present

    def settle(self, gone):
        """These records' tombstones were collected."""
        for event in self.events:
            if not event.words and (event.collection, event.record) in gone:
                event.settled = True

    def _excused(self, event, word):
        """Withdrawing takes along conflict logs, and what its writer lost; and clones that both go
        on writing in one record have one name, by which nobody can tell whether the later write
        knew the earlier one."""
        if event.collection in self.narrowed and word in self.disputed | self.abandoned:
            return True
        key = event.collection, event.record, event.instance
        return any(
            (one.collection, one.record, one.instance) == key and one.place != event.place
            for one in self.events
        )


def standing(place, collection, id_):
    """A record's data at a place; None where there is none.

    :raises NotFound: ``collection_not_found``.
    """

    def look(view):
        collections.get(view, collection)
        return records.get(view, collection, id_).data

    try:
        return place.home.read(look)
    except NotFound as error:
        if error.code == "record_not_found":
            return None
        raise


def words_in(text):
    return {f"w{number}" for number in _WORD.findall(text)}


def words_of(version):
    return set((version.fields or {}).values())


def versions(place):
    """All versions at a place, by collection and id."""
    import msgspec

    found = {}
    for name, id_, hlc, origin, data, clocks, seen, deleted in place.rows(
        "SELECT collection, id, hlc, origin, data, field_clocks, seen, deleted FROM records"
        " WHERE org = ?",
        ORG,
    ):
        stamps = msgspec.json.decode(clocks) if clocks else {}
        found[name, id_] = Version(
            (hlc, origin),
            None if deleted else msgspec.json.decode(data),
            {key: tuple(clock) for key, clock in stamps.items()},
            msgspec.json.decode(seen) if seen else {},
        ).normal()
    return found


def _everywhere(places):
    present, known = set(), {}
    for place in places:
        for (text,) in place.rows(
            "SELECT data FROM records WHERE org = ?1 AND deleted = 0 UNION ALL"
            " SELECT fields FROM conflicts UNION ALL SELECT change FROM quarantine",
            ORG,
        ):
            present |= words_in(text)
        for key, version in versions(place).items():
            known.setdefault(key, []).append(version)
    return present, known
