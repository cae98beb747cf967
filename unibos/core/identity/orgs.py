"""The orgs of a hub: made by its operator, run by their owners, deleted after a time of grace."""

import logging
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from msgspec import Struct

from unibos.base.errors import Conflict, Invalid
from unibos.base.ids import new_id
from unibos.core.identity import org_shapes
from unibos.core.identity.invitations import InvitationMade, Invitations
from unibos.core.identity.link import OrgFacts
from unibos.core.identity.org_shapes import MyOrg, MyOrgs, Org, OrgChange, OrgNew, OrgPage
from unibos.core.identity.scope import Role, Scope
from unibos.core.identity.sessions import Tools
from unibos.core.identity.users import check_name
from unibos.core.store import accounts, invitations, orgs, purging
from unibos.core.store.accounts import Account
from unibos.core.store.paging import behind, page_of
from unibos.core.store.store import OrgStore
from unibos.core.store.transaction import Transaction, View

log = logging.getLogger(__name__)

GRACE_DAYS = 30
_GRACE_MS = GRACE_DAYS * 86_400_000
_AT_ONCE = 200


class OrgMade(Struct, frozen=True, kw_only=True):
    """A new org, and the invitation of who is to own it."""

    org: Org
    invitation: InvitationMade


class Orgs:
    """All orgs of one hub. An org is named by its id or slug; one that the asker neither belongs
    to nor operates is ``NotFound org_not_found``, as is one that does not exist.

    :param own: the hub's own org, whose owners operate the hub.
    """

    def __init__(self, tools: Tools, own: str, invites: Invitations) -> None:
        self._store = tools.store
        self._wall = tools.wall
        self._own = own
        self._invites = invites

    async def create(self, scope: Scope, wanted: OrgNew) -> OrgMade:
        """Make an org and invite its owner; for the hub's operator.

        :raises Forbidden: ``operator_required``.
        :raises Conflict: ``slug_taken``.
        :raises Invalid: ``name_invalid``, ``slug_invalid``, ``email_invalid``.
        """
        scope.require_operator()
        name = check_name(wanted.name)
        slug = org_shapes.check_slug(wanted.slug) if wanted.slug else ""
        invite = self._invites.prepare(scope, wanted.owner, Role.OWNER)
        id_ = new_id()

        def make(tx: Transaction) -> OrgMade:
            org = orgs.create(tx, id_, name, wanted.type, slug=slug, plan=wanted.plan)
            return OrgMade(org=org_shapes.shown(org), invitation=invite(tx))

        return await self._store.awrite(make, id_)

    async def page(self, scope: Scope, limit: int = 50, cursor: str | None = None) -> OrgPage:
        """One page of all orgs; for the hub's operator.

        :raises Forbidden: ``operator_required``.
        :raises Invalid: ``cursor_invalid``.
        """
        scope.require_operator()
        after = behind(cursor)
        found = self._store.read(lambda view: orgs.page(view, after, limit + 1))
        page, following = page_of(found, limit)
        return OrgPage(items=[org_shapes.shown(org) for org in page], next=following)

    async def mine(self, scope: Scope) -> MyOrgs:
        """The orgs of who asks; for a process of the machine, the one it acts in, and for who
        logged in through a node, the node's."""

        def ask(view: View) -> list[tuple[orgs.Org, Role]]:
            if scope.principal.kind != "user":
                return [(orgs.get(view), scope.role)]
            known = {org.id: org for org in orgs.of_user(view, scope.principal.id)}
            return [
                (known[account.org], Role(account.role))
                for account in accounts.memberships(view, scope.principal.id)
                if not account.disabled and (account.org == scope.org or not scope.through_node)
            ]

        return MyOrgs(items=[_mine(org, role) for org, role in scope.store.read(ask)])

    async def get(self, scope: Scope, name: str) -> Org:
        """One org, and how much of its limits it uses."""
        return await self._reach(scope, name).aread(_shown)

    async def change(self, scope: Scope, name: str, change: OrgChange) -> Org:
        """Change an org: name and type by its admins, all else by the hub's operator.

        :raises Forbidden: ``role_required``, ``operator_required``.
        :raises Conflict: ``slug_taken``, ``domain_taken``.
        :raises Invalid: ``name_invalid``, ``slug_invalid``, ``domain_invalid``.
        """
        store = self._reach(scope, name, Role.ADMIN)
        if change.for_operators():
            scope.require_operator()
        values = change.checked()
        return await self._edit(store, lambda org: replace(org, **values))

    async def transfer(self, scope: Scope, name: str, user: str) -> Org:
        """Make a member the owner; who gives the org away becomes an admin.

        Asked by the hub's operator, who is no owner of it, all other owners become admins.

        :raises Forbidden: ``role_required``.
        :raises NotFound: ``user_not_found``.
        :raises Conflict: ``member_disabled``, ``owner_already``.
        """
        store = self._reach(scope, name, Role.OWNER)
        giver = scope.principal.id

        def apply(tx: Transaction) -> Org:
            taker = accounts.get(tx, user)
            if taker.disabled:
                raise Conflict("member_disabled", "A member who is shut out cannot own an org.")
            if user == giver:
                raise Conflict("owner_already", "This is the owner already.")
            owners = accounts.of_role(tx, Role.OWNER.value)
            mine = [owner for owner in owners if owner.id == giver]
            accounts.save(tx, replace(taker, role=Role.OWNER.value))
            for owner in mine or [other for other in owners if other.id != user]:
                _demote(tx, owner)
            return _shown(tx)

        return await store.awrite(apply)

    async def delete(self, scope: Scope, name: str, slug: str) -> Org:
        """Decide to delete an org: in 30 days all that it has goes. Until then only owners get
        in, to call it back or to take things out.

        :param slug: the org's, to show that this one is meant.
        :raises Forbidden: ``role_required``.
        :raises Invalid: ``confirmation_wrong``.
        :raises Conflict: ``own_org`` for the hub's own.
        """
        store = self._reach(scope, name, Role.OWNER)
        due = self._wall() + _GRACE_MS

        def close(org: orgs.Org) -> orgs.Org:
            if org.id == self._own:
                raise Conflict("own_org", "The hub's own org cannot be deleted.")
            if slug != org.slug:
                raise Invalid(
                    "confirmation_wrong",
                    "To delete an org, give its slug.",
                    hint=f"The slug of this org is {org.slug}.",
                    field="slug",
                )
            return org if org.delete_after is not None else replace(org, delete_after=due)

        return await self._edit(store, close)

    async def restore(self, scope: Scope, name: str) -> Org:
        """Take :meth:`delete` back, as long as the time of grace lasts.

        :raises Forbidden: ``role_required``.
        :raises Conflict: ``grace_over``.
        """
        store, now = self._reach(scope, name, Role.OWNER), self._wall()

        def reopen(org: orgs.Org) -> orgs.Org:
            if org.delete_after is not None and org.delete_after <= now:
                raise Conflict("grace_over", "It is too late: the org is being deleted.")
            return replace(org, delete_after=None)

        return await self._edit(store, reopen)

    def facts(self, org: str) -> OrgFacts:
        """An org as its nodes know it.

        :raises NotFound: ``org_not_found``.
        """
        found = self._store.read(orgs.get, org)
        modules = found.enabled_modules
        return OrgFacts(
            id=found.id,
            name=found.name,
            slug=found.slug,
            type=found.type,
            plan=found.plan,
            max_users=found.max_users,
            max_nodes=found.max_nodes,
            max_storage_gb=found.max_storage_gb,
            enabled_modules=None if modules is None else list(modules),
        )

    def purge(self) -> int:
        """Delete the orgs whose time of grace is over, for good; the number of them.

        A chore, for threads. Bytes of blobs go with the collector of orphans.
        """
        now = self._wall()
        due = self._store.read(lambda view: orgs.expired(view, now))
        for org in due:
            self._purge(self._store.org(org), now)
            log.info("an org was deleted for good", extra={"org": org})
        return len(due)

    def _purge(self, store: OrgStore, now: int) -> None:
        store.write(lambda tx: purging.begin(tx, now))
        gone = False
        while not gone:
            while (batch := store.read(partial(purging.some, limit=_AT_ONCE))) is not None:
                store.write(partial(purging.remove, batch=batch, now=now))
            gone = store.write(lambda tx: purging.finish(tx, now))

    def _reach(self, scope: Scope, name: str, role: Role = Role.VIEWER) -> OrgStore:
        """The store of the org that is meant, if the asker has the role there or operates it."""
        found = self._store.read(lambda view: orgs.resolve(view, name))
        if found is None or (found != scope.org and not scope.operator):
            raise orgs.not_found(name)
        if not scope.operator:
            scope.require(role)
        return self._store.org(found)

    async def _edit(self, store: OrgStore, edit: Callable[[orgs.Org], orgs.Org]) -> Org:
        def apply(tx: Transaction) -> Org:
            orgs.save(tx, edit(orgs.get(tx)))
            return _shown(tx)

        return await store.awrite(apply)


def _shown(view: View) -> Org:
    return org_shapes.shown(orgs.get(view), orgs.usage(view))


def _demote(tx: Transaction, owner: Account) -> None:
    accounts.save(tx, replace(owner, role=Role.ADMIN.value))
    invitations.withdraw(tx, owner.id)


def _mine(org: orgs.Org, role: Role) -> MyOrg:
    return MyOrg(
        id=org.id,
        name=org.name,
        slug=org.slug,
        type=org.type,
        role=role,
        delete_after=org_shapes.moment(org.delete_after),
    )
