"""What a node keeps of the hub that it joined: one JSON text in its database.

It is written when something in it changes, together with what it changes in the org's own row, and
read once, at the start. ``pending`` is a membership whose org the node has not become yet: that
happens before all else at the next start (:func:`adopt`).
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace as changed

from unibos.base.errors import Damaged, Unauthenticated
from unibos.core.identity.keys import InstanceKey
from unibos.core.identity.link import OrgFacts
from unibos.core.identity.registry.membership import Membership, verify_membership
from unibos.core.store import adoption, hub_users, meta, orgs
from unibos.core.store.store import Store
from unibos.core.store.transaction import Transaction, View

log = logging.getLogger(__name__)

_KEY = "hub"
_FREE = "self_hosted"


class Joined(Struct, frozen=True, kw_only=True):
    """A node's place at a hub.

    :param hub: the hub's instance id.
    :param node_name: what the hub calls this node.
    :param urls: where the hub is reached, best first.
    :param certificate: PEM of the only certificate that the hub may show; empty: one that a
        public authority vouches for.
    :param membership: the node's credential (typ ``membership+jwt``).
    :param keys: the hub's JWKS, as JSON text.
    :param revocations: the org's signed list (typ ``revocations+jwt``).
    """

    stage: Literal["pending", "joined", "revoked"]
    hub: str
    hub_name: str
    node_name: str
    urls: list[str]
    certificate: str
    membership: str
    org: OrgFacts
    keys: str
    keys_version: str
    revocations: str
    revocations_version: str


Listener = Callable[[Joined], object]


class HubState:
    """The kept state, in memory and in the database.

    :ivar kept: all that is known, in whatever stage; None: there is no hub.
    """

    def __init__(self, store: Store, key: InstanceKey) -> None:
        self._store = store
        self._listeners: list[Listener] = []
        self.kept = store.read(_read)
        self._membership = own_membership(self.kept, key) if self.kept else None

    @property
    def joined(self) -> Joined | None:
        """The node's place at its hub, while it is a member and its credential is genuine."""
        kept = self.kept
        member = kept is not None and kept.stage == "joined" and self._membership is not None
        return kept if member else None

    @property
    def membership(self) -> Membership | None:
        """The credential, read; it may have expired."""
        return self._membership if self.joined else None

    def listen(self, listener: Listener) -> None:
        """Have ``listener`` told of what a member's hub has changed, on the event loop."""
        self._listeners.append(listener)

    async def keep(self, joined: Joined) -> bool:
        """Keep a new state; False, and nothing is written, when it is the present one."""
        if joined == self.kept:
            return False
        if joined.stage != "joined":
            await self._store.awrite(lambda tx: _put(tx, joined))
            self.kept = joined
            return True
        membership = verify_membership(joined.membership, joined.hub, 0)
        await self._store.awrite(lambda tx: _keep_with_org(tx, joined), joined.org.id)
        self.kept, self._membership = joined, membership
        for listener in self._listeners:
            listener(joined)
        return True

    async def revoke(self) -> None:
        """Be a member no longer, by the hub's word; what the node has stays as it is."""
        kept = self.kept
        if kept is None or kept.stage == "revoked":
            return
        revoked = changed(kept, stage="revoked", membership="", keys="", revocations="")
        await self._store.awrite(lambda tx: _end(tx, revoked), kept.org.id)
        self.kept, self._membership = revoked, None

    async def drop(self) -> None:
        """Forget the hub; what the node has stays as it is."""
        if self.kept is not None:
            await self._store.awrite(lambda tx: _end(tx, None), self.kept.org.id)
            self.kept = self._membership = None


def adopt(tx: Transaction) -> None:
    """Become what the node joined, if that has not happened yet; for :class:`Store`'s ``first``."""
    kept = _read(tx)
    if kept is None or kept.stage != "pending":
        return
    adoption.adopt(tx, kept.org.id)
    _keep_with_org(replace(tx, org=kept.org.id), changed(kept, stage="joined"))
    log.info("joined", extra={"hub": kept.hub, "org": kept.org.slug})


def _read(view: View) -> Joined | None:
    text = meta.get(replace(view, org=""), _KEY)
    if text is None:
        return None
    try:
        return msgspec.json.decode(text, type=Joined)
    except msgspec.MsgspecError as error:
        raise Damaged(
            "hub_state_damaged",
            f"What is kept of the hub cannot be read: {error}.",
            hint="Restore the newest backup.",
        ) from None


def _put(tx: Transaction, joined: Joined) -> None:
    meta.put(replace(tx, org=""), _KEY, msgspec.json.encode(joined).decode())


def _keep_with_org(tx: Transaction, joined: Joined) -> None:
    _put(tx, joined)
    facts, present = joined.org, orgs.get(tx)
    modules = facts.enabled_modules
    orgs.save(
        tx,
        replace(
            present,
            name=facts.name,
            slug=facts.slug,
            type=facts.type,
            plan=facts.plan,
            max_users=facts.max_users,
            max_nodes=facts.max_nodes,
            max_storage_gb=facts.max_storage_gb,
            enabled_modules=None if modules is None else tuple(modules),
        ),
    )


def _end(tx: Transaction, left: Joined | None) -> None:
    """No hub's users, and no hub's limits."""
    if left is None:
        meta.drop(replace(tx, org=""), _KEY)
    else:
        _put(tx, left)
    hub_users.forget_all(tx)
    present = orgs.find(tx)
    if present is not None:
        orgs.save(
            tx,
            replace(
                present,
                plan=_FREE,
                max_users=None,
                max_nodes=None,
                max_storage_gb=None,
                enabled_modules=None,
            ),
        )


def own_membership(kept: Joined, key: InstanceKey) -> Membership | None:
    """The credential, if it is this instance's: a copied database makes nobody a member."""
    if kept.stage == "revoked":
        return None
    try:
        found = verify_membership(kept.membership, kept.hub, 0)
    except Unauthenticated as error:
        log.warning("the kept membership is not genuine", extra={"code": error.code})
        return None
    if (found.node, found.org) != (key.id, kept.org.id):
        log.warning("the kept membership is another instance's", extra={"node": found.node})
        return None
    return found
