"""Invitations: one link with which somebody becomes a member of an org, and logged in.

The link's holder speaks for its address: with the password of the account that the address has on
this hub, or with the one that its new account gets. Whoever asks cannot tell which it was before.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from msgspec import Struct

from unibos.base.clock import iso
from unibos.base.errors import NotFound
from unibos.base.ids import is_id
from unibos.core.identity import emails, secret, throttle
from unibos.core.identity.login import Login, Person, person_of
from unibos.core.identity.scope import Role, Scope
from unibos.core.identity.sessions import Sessions, Tools, login_failed
from unibos.core.identity.users import Draft, check
from unibos.core.store import accounts, invitations, orgs
from unibos.core.store.accounts import Account
from unibos.core.store.paging import behind, page_of
from unibos.core.store.transaction import Transaction, View

T = TypeVar("T")

DAYS = 7
_LIFE_MS = DAYS * 86_400_000


class Invitation(Struct, frozen=True, kw_only=True):
    """Somebody who may become a member; times are ISO 8601 in UTC."""

    id: str
    email: str
    role: Role
    invited_by: str
    created_at: str
    expires_at: str


class InvitationPage(Struct, frozen=True, kw_only=True):
    """Some invitations in the order of their making, and the next page's cursor or None."""

    items: list[Invitation]
    next: str | None


class InvitationMade(Struct, frozen=True, kw_only=True):
    """A new invitation, and what its holder accepts it with: shown now and never again."""

    invitation: Invitation
    secret: str
    link: str


@dataclass(frozen=True, slots=True)
class Invited:
    """What an invitation is about, for who holds its link."""

    org_name: str
    email: str


class Invitations:
    """The invitations of all orgs of a hub.

    :param url: gives the address under which people reach this hub.
    """

    def __init__(self, tools: Tools, sessions: Sessions, url: Callable[[], str]) -> None:
        self._tools = tools
        self._sessions = sessions
        self._url = url

    async def create(self, scope: Scope, email: str, role: Role = Role.MEMBER) -> InvitationMade:
        """Invite somebody into the org, for seven days; nobody gives a role above their own.

        :raises Forbidden: ``role_required``.
        :raises Invalid: ``email_invalid``.
        :raises Conflict: ``member_already``, ``too_many_invitations``.
        """
        scope.require(max(role, Role.ADMIN))
        invite = self.prepare(scope, email, role)
        return await scope.store.awrite(invite)

    def prepare(
        self, scope: Scope, email: str, role: Role
    ) -> Callable[[Transaction], InvitationMade]:
        """Check an invitation; the result makes it, within a transaction of its org."""
        address, now = emails.check(email), self._tools.wall()
        own = secret.make()

        def invite(tx: Transaction) -> InvitationMade:
            made = invitations.create(
                tx,
                address,
                emails.key(address),
                role.value,
                secret.digest(own),
                scope.principal.id,
                now,
                now + _LIFE_MS,
            )
            text = f"{made.id}.{own}"
            link = f"{self._url().rstrip('/')}/invitation/{text}"
            return InvitationMade(invitation=_shown(made), secret=text, link=link)

        return invite

    async def page(
        self, scope: Scope, limit: int = 50, cursor: str | None = None
    ) -> InvitationPage:
        """One page of the org's invitations that nobody has accepted yet.

        :raises Invalid: ``cursor_invalid``.
        """
        scope.require(Role.ADMIN)
        after, now = behind(cursor), self._tools.wall()
        found = scope.store.read(lambda view: invitations.page(view, after, limit + 1, now))
        page, following = page_of(found, limit)
        return InvitationPage(items=[_shown(one) for one in page], next=following)

    async def revoke(self, scope: Scope, id_: str) -> None:
        """Take an invitation back.

        :raises NotFound: ``invitation_not_found``.
        :raises Forbidden: ``role_required`` for one with a role above one's own.
        """
        scope.require(Role.ADMIN)
        now = self._tools.wall()

        def apply(tx: Transaction) -> None:
            scope.require(Role(invitations.get(tx, id_, now).role))
            invitations.remove(tx, id_)

        await scope.store.awrite(apply)

    async def accept(self, secret: str, name: str, password: str, address: str) -> Login:
        """Become a member of the inviting org, and log in there.

        :param secret: what stands behind ``/invitation/`` in the link: ``<id>.<secret>``.
        :param name: what a new account is called; empty: the address's first part.
        :param address: the client's IP address.
        :raises NotFound: ``invitation_not_found`` also for what has expired or was used.
        :raises Unauthenticated: ``login_failed``: the address has an account with another
            password.
        :raises TooMany: ``too_many_attempts``.
        :raises Forbidden: ``limit_reached``, ``org_closing``.
        :raises Invalid: ``name_invalid``, ``password_…``.
        """
        begun = await self._accept(secret, name, password, address, self._sessions.open)
        return self._sessions.answer(*begun)

    async def join(self, secret: str, name: str, password: str, address: str) -> Person:
        """Become a member of the inviting org; raises as :meth:`accept`. No session begins."""
        return person_of(
            await self._accept(secret, name, password, address, lambda _, account: account)
        )

    def look(self, secret: str, address: str) -> Invited:
        """What an invitation is about; it stays as it is.

        :raises NotFound: ``invitation_not_found``.
        :raises TooMany: ``too_many_attempts``.
        :raises Forbidden: ``org_closing``.
        """
        invitation = self._genuine(secret, address)

        def ask(view: View) -> str:
            orgs.require_open(view)
            return orgs.get(view).name

        name = self._tools.store.read(ask, invitation.org)
        return Invited(name, invitation.email)

    async def _accept(
        self,
        secret: str,
        name: str,
        password: str,
        address: str,
        then: Callable[[Transaction, Account], T],
    ) -> T:
        """Make a member of who has the secret; ``then`` is done in the same transaction."""
        invitation = self._genuine(secret, address)
        # Checked for accounts that exist, too: the answer must not tell whether one does.
        draft = check(invitation.email, name or invitation.email.partition("@")[0], password)
        store, key = self._tools.store, invitation.email_key
        known = store.read(lambda view: accounts.by_email(view, key))
        if known is None:
            verifier = await self._tools.passwords.hash(password)
        elif await self._sessions.prove(invitation.email, password, address) is None:
            raise login_failed()
        else:
            verifier = known.verifier
        return await store.awrite(
            lambda tx: then(tx, self._join(tx, invitation.id, draft, verifier, known)),
            invitation.org,
        )

    def _genuine(self, text: str, address: str) -> invitations.Invitation:
        """The invitation that the text opens, if there still is one."""
        slow, key = self._tools.throttle, throttle.address(address)
        slow.check(key)
        id_, _, own = text.strip().partition(".")
        found = self._found(id_) if is_id(id_) and secret.is_secret(own) else None
        if found is None or not secret.matches(own, found.secret_hash):
            slow.failed(key)
            raise _gone()
        return found

    def _found(self, id_: str) -> invitations.Invitation | None:
        store, now = self._tools.store, self._tools.wall()
        org = store.read(lambda view: invitations.org_of(view, id_))
        if org is None:
            return None
        return store.read(lambda view: invitations.find(view, id_, now), org)

    def _join(
        self, tx: Transaction, id_: str, draft: Draft, verifier: str, known: Account | None
    ) -> Account:
        invitation = invitations.find(tx, id_, self._tools.wall())
        if invitation is None:
            raise _gone()
        orgs.require_open(tx)
        orgs.require_room_for_user(tx)
        present = accounts.by_email(tx, draft.email_key)
        if (present is None) != (known is None):
            raise login_failed()
        if present is None:
            account = accounts.create(
                tx, draft.email, draft.email_key, draft.name, verifier, invitation.role
            )
        elif present.verifier != verifier:
            raise login_failed()
        else:
            account = accounts.join(tx, present, invitation.role)
        invitations.remove(tx, id_)
        return account


def _gone() -> NotFound:
    return NotFound(
        "invitation_not_found",
        "There is no such invitation, or it was used, taken back, or has expired.",
        hint="Ask for a new one.",
    )


def _shown(invitation: invitations.Invitation) -> Invitation:
    return Invitation(
        id=invitation.id,
        email=invitation.email,
        role=Role(invitation.role),
        invited_by=invitation.invited_by,
        created_at=iso(invitation.created_at),
        expires_at=iso(invitation.expires_at),
    )
