"""How a replica introduces itself to a peer, and takes the other's definitions to heart."""

import hashlib
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from unibos.base.clock import hlc_ms, iso
from unibos.base.errors import Conflict, Invalid, Unsupported
from unibos.core.store import checkpoints, collections, peers, policies
from unibos.core.store.checkpoints import Checkpoint
from unibos.core.store.collections import Standing
from unibos.core.store.definitions import Collection, Export, Search, Strategy
from unibos.core.store.drafts import admit_schema
from unibos.core.store.peers import Peer, PeerKind
from unibos.core.store.policies import Policy
from unibos.core.store.transaction import Transaction, View
from unibos.core.sync import export
from unibos.core.sync.exchange.messages import (
    BATCH_BYTES,
    PROTOCOL,
    DefinitionTold,
    Head,
    Hello,
    PolicyTold,
)
from unibos.core.sync.export import Terms
from unibos.core.sync.local import FUTURE_MS, Local

_KEPT = 64
_MOST_BLOBS = 16
_SEARCH_BYTES = 128 * 1024
_NOTHING = Checkpoint()


@dataclass(frozen=True, slots=True)
class Introduction:
    """What is said to a peer, and what stands behind it."""

    hello: Hello
    terms: Terms
    checkpoints: Mapping[str, Checkpoint]


def introduce(
    view: View, local: Local, kind: PeerKind, peer: Peer | None, *, heard: str = ""
) -> Introduction:
    """Say how this replica stands, as far as the peer may know.

    :param kind: what the peer is.
    :param peer: its last known life; None: it was never met.
    :param heard: the digest of its policies that were heard last.
    """
    known = checkpoints.of_peer(view, peer.num) if peer else {}
    # What it had in an earlier life may be there still, and has to be withdrawn from there, too.
    had = checkpoints.named_to(view, peer.id) if peer else set()
    terms = export.terms(view, local.kind, local.instance, kind, had)
    heads = [
        _head(each, local, known.get(each.name, _NOTHING), may=terms.allows(each.name, ()))
        for each in collections.standings(view).values()
        if terms.offered(each.name)
    ]
    told = _told(view, local, terms)
    hello = Hello(
        protocol=PROTOCOL,
        kind=local.kind,
        name=local.name()[:200],
        epoch=local.epoch,
        counter=local.store.counter,
        holds=peer.epoch if peer else "",
        time=local.now(),
        collections=heads,
        digest=told.digest,
        heard=heard,
        policies=told.policies,
    )
    return Introduction(hello, terms, known)


def _head(standing: Standing, local: Local, known: Checkpoint, *, may: bool) -> Head:
    return Head(
        standing.name,
        standing.head if may else 0,
        standing.version,
        standing.horizon if may else 0,
        standing.defined,
        standing.name in local.installed,
        known.pulled,
        known.peer_version,
        known.start,
    )


def require_protocol(hello: Hello) -> None:
    """Speak with those only who speak this protocol.

    :raises Unsupported: ``protocol_unsupported``.
    """
    if hello.protocol != PROTOCOL:
        raise Unsupported(
            "protocol_unsupported",
            f"The peer speaks version {hello.protocol} of the protocol, this program {PROTOCOL}.",
            hint="Update whichever of the two is older: unibos update check.",
        )


def definitions(view: View, theirs: Sequence[Head], terms: Terms) -> list[DefinitionTold]:
    """The definitions that a peer lacks, or has in an older state; some of them, where they are
    too many for one message."""
    heads = {head.name: head for head in theirs}
    told: list[DefinitionTold] = []
    size = 0
    for standing in collections.standings(view).values():
        head = heads.get(standing.name)
        if not terms.allows(standing.name, ()):
            continue
        if head is None or (not head.installed and head.defined < standing.defined):
            told.append(definition(view, standing.name))
            size += len(msgspec.json.encode(told[-1]))
            if size >= BATCH_BYTES:
                break
    return told


def wants(view: View, local: Local, theirs: Sequence[Head]) -> list[str]:
    """The collections of a peer whose definitions are lacking here, or are older here."""
    standings = collections.standings(view)
    return [
        head.name
        for head in theirs
        if head.seq
        and (
            head.name not in standings
            or (head.name not in local.installed and standings[head.name].defined < head.defined)
        )
    ]


def definition(view: View, name: str) -> DefinitionTold:
    """A collection's definition, as it is told."""
    collection = collections.get(view, name)
    hlc, origin = collections.standings(view)[name].defined
    return DefinitionTold(
        name,
        dict(collection.schema.declared),
        collection.strategy,
        collection.ceiling,
        msgspec.to_builtins(collection.search),
        collection.module,
        collection.managed,
        collection.key,
        collection.blobs,
        hlc,
        origin,
        collection.moment,
    )


def adopt(tx: Transaction, local: Local, told: DefinitionTold) -> None:
    """Take a peer's definition, unless a module here defines the collection or it is older.

    :raises Invalid: ``schema_invalid``, ``definition_invalid``; ``change_from_future``, for this
        replica's clock would go along with it.
    :raises Forbidden: ``export_over_ceiling`` when it may not be at an instance of this kind.
    :raises Conflict: ``too_many_collections``; ``collection_exists`` when it belongs to another
        module here, or to no module.
    """
    if told.name in local.installed:
        return
    if hlc_ms(told.hlc) > local.now() + FUTURE_MS:
        raise Invalid(
            "change_from_future",
            f"The definition of {told.name!r} is of {iso(hlc_ms(told.hlc))}, still to come.",
            hint="The clock of the instance that made it is wrong; set it right.",
        )
    _require_sane(told)
    try:
        strategy, ceiling = Strategy(told.strategy), Export(told.ceiling)
        search = msgspec.convert(told.search, Search)
    except (ValueError, msgspec.ValidationError) as error:
        raise Invalid("definition_invalid", f"The definition of {told.name!r}: {error}.") from None
    export.require_place(local.kind, told.name, ceiling)
    wanted = Collection(
        told.name,
        admit_schema(told.schema),
        strategy,
        Export.HUB if local.kind == "hub" else Export.LOCAL,
        ceiling,
        search,
        told.module,
        told.managed,
        told.key,
        told.blobs,
        told.moment,
    )
    collections.adopt(tx, wanted, (told.hlc, told.origin))
    tx.see(told.hlc)


def _require_sane(told: DefinitionTold) -> None:
    wrong = ""
    if told.managed and told.module is None:
        wrong = "only a module's collection is managed"
    elif len(told.blobs) > _MOST_BLOBS:
        wrong = f"at most {_MOST_BLOBS} fields name blobs"
    elif len(msgspec.json.encode(told.search)) > _SEARCH_BYTES:
        wrong = f"what is searched takes at most {_SEARCH_BYTES} bytes"
    if wrong:
        raise Invalid("definition_invalid", f"The definition of {told.name!r}: {wrong}.")


def life(view: View, id_: str, epoch: str) -> Peer:
    """A peer in a life that said hello.

    :raises Conflict: ``hello_first``.
    """
    peer = peers.find(view, id_, epoch)
    if peer is None or peer.retired:
        raise Conflict("hello_first", "This peer has not introduced itself in its present life.")
    return peer


def require_epoch(local: Local, epoch: str) -> None:
    """Go on only where the other counts in this replica's present epoch.

    :raises Conflict: ``epoch_changed``.
    """
    if epoch != local.epoch:
        raise Conflict("epoch_changed", "This replica has begun a new epoch; say hello again.")


def require_offered(terms: Terms, collection: str) -> None:
    """Hide what a peer may not hear of.

    :raises NotFound: ``collection_not_found``.
    """
    if not terms.allows(collection, ()):
        raise collections.not_found(collection)


def without_policies(hello: Hello) -> Hello:
    """The same, for whoever has heard the policies already."""
    return msgspec.structs.replace(hello, policies=None)


def require_version(view: View, collection: str, version: int) -> None:
    """Go on only where the other counts in the collection's present version.

    :raises NotFound: ``collection_not_found``.
    :raises Conflict: ``version_changed``.
    """
    if collections.version(view, collection) != version:
        raise Conflict("version_changed", f"What may be sent of {collection!r} has changed.")


@dataclass(frozen=True, slots=True)
class _Told:
    """The policies for a peer, in order, and what they are recognized by."""

    policies: list[PolicyTold]
    digest: str


def _told(view: View, local: Local, terms: Terms) -> _Told:
    """The policies for a peer. Peers ask all the time and policies hardly ever change, so those
    that were made last are kept."""
    offered = tuple((name, own) for name, own in terms.own.items() if terms.offered(name))
    key = (view.org, policies.revision(view), offered)
    kept: dict[Hashable, _Told] = local.policies_told
    found = kept.get(key)
    if found is None:
        listed = [
            PolicyTold(each.collection, each.origin, each.export, each.hlc)
            for each in sorted(export.told(view, local.kind, local.instance, terms), key=_place)
        ]
        digest = hashlib.sha256(msgspec.json.encode(listed)).hexdigest()[:16]
        found = _Told(listed, digest)
        if len(kept) >= _KEPT:
            kept.clear()
        kept[key] = found
    return found


def _place(policy: Policy) -> tuple[str, str]:
    return policy.collection, policy.origin
