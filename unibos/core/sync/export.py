"""Export control: what may go to a peer, what may be here, and the switch that stops all of it.

Each instance says for each collection how far what it writes there may travel, and policies go
along with the records. A record has as many authors as instances wrote something that is present
in it, and goes no further than the strictest of them and of this instance lets it. Nobody's word is
taken for somebody else: an instance whose policy is not known lets nothing travel.
"""

from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial

from unibos.base.errors import Forbidden, Unavailable
from unibos.core.store import collections, export_log, meta, policies
from unibos.core.store.collections import Standing
from unibos.core.store.definitions import Export
from unibos.core.store.export_log import Way
from unibos.core.store.peers import PeerKind
from unibos.core.store.policies import Policy
from unibos.core.store.store import OrgStore
from unibos.core.store.transaction import Transaction, View

TOPIC = "export"
"""What listeners of the store hear of the kill switch."""
_SWITCH = "export_stopped"


def stopped(view: View) -> bool:
    """Whether the org's kill switch is on: nothing leaves this instance."""
    return meta.get(view, _SWITCH) is not None


def require_open(view: View) -> None:
    """Make sure that something may leave at all; asked in the view that a batch is read from.

    :raises Unavailable: ``export_stopped``.
    """
    if stopped(view):
        raise _stopped()


async def admit(store: OrgStore, peer: str, collection: str, way: Way) -> None:
    """Begin to give something to a peer: where the kill switch is on, that goes to the log.

    :param collection: empty where no particular one is asked for.
    :raises Unavailable: ``export_stopped``.
    """
    if not store.read(stopped):
        return
    entry = (peer, collection, way, 0, 0, 0, 0, "export_stopped")
    if not store.read(lambda view: export_log.stands(view, *entry)):
        await store.awrite(lambda tx: export_log.add(tx, *entry))
    raise _stopped()


def stop(tx: Transaction) -> bool:
    """Turn the kill switch on; False, and nothing is written, when it is on already.

    Once this is committed no further batch goes out, and a restart does not change that.
    """
    if stopped(tx):
        return False
    meta.put(tx, _SWITCH, str(tx.now()))
    tx.changed(TOPIC, _SWITCH)
    return True


def resume(tx: Transaction) -> bool:
    """Turn the kill switch off; False when it is off already."""
    if not stopped(tx):
        return False
    meta.drop(tx, _SWITCH)
    tx.changed(TOPIC, _SWITCH)
    return True


def stopped_since(view: View) -> int | None:
    """When the kill switch was turned on, in milliseconds since 1970; None: it is off."""
    since = meta.get(view, _SWITCH)
    return int(since) if since else None


def set_own(tx: Transaction, collection: str, export: Export) -> bool:
    """Say how far this instance lets a collection travel; False when it is so already.

    Peers hear of it in the next round: what may go now is sent, what may not be there goes.

    :raises NotFound: ``collection_not_found``.
    :raises Forbidden: ``export_over_ceiling``.
    """
    return policies.set_own(tx, collection, export)


def needed(kind: PeerKind) -> Export:
    """What a policy must at least say for its records to be at an instance of this kind."""
    return Export.HUB if kind == "hub" else Export.NODES


@dataclass(frozen=True, slots=True)
class Known:
    """The policies that are known at one instance, each collection's read when it is asked for.

    :param look: the policies of one collection, by instance; the instance's own does not matter.
    """

    instance: str
    look: Callable[[str], Mapping[str, Export]]
    _found: dict[str, Mapping[str, Export]] = field(default_factory=dict)

    def of(self, collection: str, author: str) -> Export:
        """How far an instance lets travel what it wrote, as far as it is up to this instance to
        keep to it; its own records it may have wherever they come from."""
        if author == self.instance:
            return Export.HUB
        found = self._found.get(collection)
        if found is None:
            found = self._found[collection] = self.look(collection)
        return found.get(author, Export.LOCAL)


def known(view: View, instance: str) -> Known:
    """The policies that other instances told, directly or through relays; good as long as the
    view is."""
    return Known(instance, partial(policies.of_collection, view))


def may_hold(
    local_kind: PeerKind, policies: Known, collection: str, authors: Iterable[str]
) -> bool:
    """Whether a record that these instances wrote may be at an instance of this kind.

    A receiver asks this of each change. Where the answer is no, one of the two does not know a
    policy yet that the other knows: the batch is refused as a whole (:func:`refused`) and nothing
    of it counts as exchanged; the next hello tells both.
    """
    least = needed(local_kind).reach
    return all(policies.of(collection, author).reach >= least for author in authors)


def refused(collection: str) -> Forbidden:
    """The answer to a batch with a record that may not be here."""
    return Forbidden(
        "export_refused",
        f"Something in this batch of {collection!r} may not be here, as far as is known here.",
        hint="Begin a new round: its hello brings both sides the newest policies.",
    )


def require_place(local_kind: PeerKind, name: str, ceiling: Export) -> None:
    """Make sure that a collection may be at an instance of this kind at all.

    :param ceiling: of the definition that a peer sent, or of the one that stands here.
    :raises Forbidden: ``export_over_ceiling``.
    """
    collections.require_within(name, needed(local_kind), ceiling)


@dataclass(frozen=True, slots=True)
class Terms:
    """What may go to one peer now.

    :param own: how far this instance lets each collection travel, never over its ceiling.
    :param had: the collections that the peer has heard of before.
    """

    peer_kind: PeerKind
    own: Mapping[str, Export]
    known: Known
    had: Container[str]

    def allows(self, collection: str, authors: Iterable[str]) -> bool:
        """Whether a record that these instances wrote may go there."""
        return self._reaches(collection) and may_hold(
            self.peer_kind, self.known, collection, authors
        )

    def offered(self, collection: str) -> bool:
        """Whether the peer may hear the collection's name; it is told of a narrowed one, too, so
        that it can withdraw what it has."""
        return collection in self.had or self._reaches(collection)

    def _reaches(self, collection: str) -> bool:
        own = self.own.get(collection, Export.LOCAL)
        return own.reach >= needed(self.peer_kind).reach


def terms(
    view: View, local_kind: PeerKind, instance: str, peer_kind: PeerKind, had: Container[str]
) -> Terms:
    """What may go to a peer, by the policies of the moment; made anew for each batch, and good as
    long as the view is."""
    standings = collections.standings(view)
    own = {name: own_export(local_kind, standing) for name, standing in standings.items()}
    return Terms(peer_kind, own, known(view, instance), had)


def told(view: View, local_kind: PeerKind, instance: str, terms: Terms) -> list[Policy]:
    """The policies to tell a peer: the instance's own and all that it knows, of the collections
    that the peer may hear of."""
    standings = collections.standings(view)
    own = [
        Policy(
            each.collection, instance, own_export(local_kind, standings[each.collection]), each.hlc
        )
        for each in policies.own(view, instance)
    ]
    others = [each for each in policies.known(view) if each.origin != instance]
    return [each for each in (*own, *others) if terms.offered(each.collection)]


def own_export(local_kind: PeerKind, standing: Standing) -> Export:
    """How far an instance itself lets a collection travel; a hub is there to pass things on."""
    wanted = Export.HUB if local_kind == "hub" else standing.export
    return min(wanted, standing.ceiling, key=lambda export: export.reach)


def _stopped() -> Unavailable:
    return Unavailable(
        "export_stopped",
        "The kill switch is on: nothing leaves this instance.",
        hint="unibos export kill-switch off lets data out again.",
    )
