"""What must be true in the state machine: of every message, and of healed replicas."""

import msgspec

from unibos.core.store.definitions import Export, Strategy
from unibos.core.sync.exchange.messages import Pulled, Push
from unibos.core.sync.merge import merge

from .machine_ledger import DIARY, STRATEGIES, versions, words_in
from .replicas import ORG

NEEDED = {"hub": Export.HUB.reach, "node": Export.NODES.reach}
SECRET = b"w-secret"
"""What every record of the other org says."""


class Watch:
    """Looks into every message before it is delivered."""

    def __init__(self, ledger):
        self.ledger = ledger
        self.seen = 0

    def __call__(self, sender, receiver, message, text):
        self.seen += 1
        assert SECRET not in text, "a message carries another org's record"
        assert DIARY.name.encode() not in text, "a message names a collection that stays local"
        if isinstance(message, Push | Pulled):
            for change in message.changes:
                self._change(sender, receiver, change)

    def _change(self, sender, receiver, change):
        known = policies_at(sender)
        for word in words_in(bytes(change.data).decode()):
            event = self.ledger.writers[word]
            if event.instance == receiver.instance:
                continue
            export = known.get((event.collection, event.instance), Export.LOCAL)
            assert export.reach >= NEEDED[receiver.kind], (
                f"{word} of {event.instance} went from {sender.name} to {receiver.name},"
                f" but its policy is {export}"
            )


def policies_at(place):
    """By collection and origin, as they stand at a place; its own as well."""
    told = place.rows("SELECT collection, origin, export FROM policies WHERE org = ?", ORG)
    known = {(name, origin): Export(export) for name, origin, export in told}
    for name, export in place.rows("SELECT name, export FROM collections WHERE org = ?", ORG):
        own = Export.HUB if place.kind == "hub" else Export(export)
        known[name, place.instance] = own
    return known


def true_policies(places):
    """The newest policy of each collection and origin, wherever it is known."""
    newest = {}
    for place in places:
        rows = place.rows("SELECT collection, origin, export, hlc FROM policies WHERE org = ?", ORG)
        for name, origin, export, hlc in rows:
            newest[name, origin] = max(newest.get((name, origin), (0, "")), (hlc, export))
    known = {}
    for place in places:
        known.update(
            {key: value for key, value in policies_at(place).items() if key[1] == place.instance}
        )
    known.update({key: Export(export) for key, (_, export) in newest.items()})
    return known


def may_be_at(place, policies, name, version):
    return all(
        author == place.instance
        or policies.get((name, author), Export.LOCAL).reach >= NEEDED[place.kind]
        for author in version.authors()
    )


def may_go(sender, receiver, policies, name, version):
    own = policies_at(sender).get((name, sender.instance), Export.LOCAL)
    return own.reach >= NEEDED[receiver.kind] and all(
        author == sender.instance
        or policies.get((name, author), Export.LOCAL).reach >= NEEDED[receiver.kind]
        for author in version.authors()
    )


def check_agreement(links, policies, narrowed):
    """What may go over a link has gone over it.

    :param narrowed: collections that were withdrawn from places; with a record goes what others
        wrote in it, and earlier states of it, which are elsewhere, do not take its place.
    """
    for one, other in links:
        for sender, receiver in ((one, other), (other, one)):
            _check_link(sender, receiver, policies, narrowed)


def _check_link(sender, receiver, policies, narrowed):
    there = versions(receiver)
    held = set(receiver.rows("SELECT collection, record FROM quarantine WHERE org = ?", ORG))
    for (name, id_), version in versions(sender).items():
        if (name, id_) in held or not may_go(sender, receiver, policies, name, version):
            continue
        mine = there.get((name, id_))
        if mine is None:
            assert version.fields is None or name in narrowed, (
                f"{name}/{id_} is at {sender.name} and not at {receiver.name}: {version}"
            )
            continue
        if version.fields is None and (
            mine.fields is None
            or not version.knows(mine.clock)
            or not may_go(receiver, sender, policies, name, mine)
        ):
            # Who never had the deleted record, or took it back from there, is not told of its end.
            continue
        merged = merge(STRATEGIES[name], mine, version, name=(name, id_))
        assert not merged.changed, (
            f"{name}/{id_} at {receiver.name} lacks something of {sender.name}'s:"
            f" {mine} / {version}"
        )


def check_reach(places, policies, cloned):
    """Nothing is where it may not be, and no other org's is anywhere but at the hub.

    :param cloned: an instance of which there are two: what one of them forbids is told to those
        only with whom it has shared, which the other does not know of.
    """
    for place in places:
        for (name, _), version in versions(place).items():
            if not version.authors() & {place.instance, cloned}:
                assert may_be_at(place, policies, name, version), (
                    f"{name} at {place.name} was not withdrawn: {version}"
                )
            if name == DIARY.name:
                assert version.authors() == {place.instance}
        if place.kind != "hub":
            orgs = place.rows("SELECT DISTINCT org FROM records UNION SELECT org FROM collections")
            assert set(orgs) <= {(ORG,)}


def check_words(ledger, places):
    """Nothing acknowledged is lost silently; what was deleted does not come back."""
    for event, missing in ledger.fates(places):
        assert not missing, f"{missing} is lost: {event}"
    if not ledger.retired:
        # Who was retired and comes back gives to others what was deleted and forgotten meanwhile.
        _check_deletions(ledger, places)
    if "clone" not in {place.name for place in places}:
        _check_order(ledger, places)


def _check_order(ledger, places):
    """The newest write of a record was not replaced by somebody who knew it. Where the oldest of
    several wins, what is older than a third one can come back."""
    written, over = {}, {}
    for event in ledger.events:
        if not event.lost and STRATEGIES.get(event.collection) not in (None, Strategy.FIRST):
            key = event.collection, event.record
            written[key, event.clock] = event.words
            over.setdefault(key, set()).update(event.over)
    for place in places:
        for key, version in versions(place).items():
            if version.fields and key[0] not in ledger.narrowed:
                words = words_in(msgspec.json.encode(version.fields).decode())
                stale = words & written.get((key, version.clock), set()) & over.get(key, set())
                assert not stale, f"{key} at {place.name} is older than what replaced it: {version}"


def _check_deletions(ledger, places):
    deletions = {}
    # Who took a field away at the same time wrote no word, and brought the record back.
    unclear = {
        (event.collection, event.record)
        for event in ledger.events
        if not event.words and not event.deletes
    }
    for event in ledger.events:
        if event.deletes and not event.lost:
            words = deletions.setdefault((event.collection, event.record), set())
            words |= event.over
    for place in places:
        for key, version in versions(place).items():
            if (
                version.fields
                and key in deletions.keys() - unclear
                and key[0] not in ledger.narrowed
            ):
                words = words_in(msgspec.json.encode(version.fields).decode())
                assert not words <= deletions[key], f"{key} at {place.name} was deleted: {version}"
