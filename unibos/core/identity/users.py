"""The accounts of an org: list, make, change, disable, remove."""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace

from msgspec import Struct

from unibos.base.clock import Wall, iso
from unibos.base.errors import Conflict, Forbidden, Invalid
from unibos.core.identity import emails, passwords
from unibos.core.identity.passwords import Passwords
from unibos.core.identity.scope import Role, Scope
from unibos.core.store import accounts, invitations, join_tokens, orgs
from unibos.core.store.accounts import Account
from unibos.core.store.paging import behind, page_of
from unibos.core.store.transaction import Transaction, View

MAX_NAME = 200


class User(Struct, frozen=True, kw_only=True):
    """An account as admins see it; ``created_at`` is ISO 8601 in UTC."""

    id: str
    email: str
    name: str
    role: Role
    org: str
    disabled: bool
    created_at: str


class UserPage(Struct, frozen=True, kw_only=True):
    """Some users in the order of their making, and the cursor of the next page or None."""

    items: list[User]
    next: str | None


class UserChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to change of a user; None leaves a field alone."""

    email: str | None = None
    name: str | None = None
    role: Role | None = None
    disabled: bool | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """A checked account that does not exist yet."""

    email: str
    email_key: str
    name: str
    password: str


def check(email: str, name: str, password: str) -> Draft:
    """Check what a new account is made of.

    :raises Invalid: ``email_invalid``, ``name_invalid``, ``password_too_short``,
        ``password_too_long``, ``password_too_common``.
    """
    email = emails.check(email)
    passwords.check(password, email)
    return Draft(email, emails.key(email), check_name(name), password)


def check_name(name: str) -> str:
    """A person's name as it is kept and shown.

    :raises Invalid: ``name_invalid``.
    """
    plain = unicodedata.normalize("NFC", name.strip())
    if not 1 <= len(plain) <= MAX_NAME or not plain.isprintable():
        raise Invalid(
            "name_invalid", f"A name has 1 to {MAX_NAME} printable characters.", field="name"
        )
    return plain


class Users:
    """Manages accounts. Nobody gives a role above their own, or touches who has one.

    All verbs but :meth:`get` and :meth:`change` of oneself need the role ``admin``
    (``Forbidden role_required``); an unknown id is ``NotFound user_not_found``; whatever would
    leave the org without an active owner is ``Conflict last_owner``.

    On a hub an account may belong to several orgs, and whoever changes its address or password
    gets into all of them. So an org's admins say who is a member, and in which role; making
    accounts and changing what orgs share is for the hub's operator (``Forbidden invite_instead``,
    ``account_shared``), but for one's own name and password.

    :param hub: whether this is a hub.
    """

    def __init__(self, hashing: Passwords, wall: Wall, *, hub: bool = False) -> None:
        self._passwords = hashing
        self._wall = wall
        self._hub = hub

    async def page(self, scope: Scope, limit: int = 50, cursor: str | None = None) -> UserPage:
        """One page of the org's users.

        :raises Invalid: ``cursor_invalid``.
        """
        scope.require(Role.ADMIN)
        after = behind(cursor)
        found = scope.store.read(lambda view: accounts.page(view, after, limit + 1))
        page, following = page_of(found, limit)
        return UserPage(items=[_user(account) for account in page], next=following)

    async def get(self, scope: Scope, id_: str) -> User:
        """One user; everybody may ask for themselves."""
        if id_ != scope.principal.id:
            scope.require(Role.ADMIN)
        return _user(scope.store.read(lambda view: accounts.get(view, id_)))

    async def create(
        self, scope: Scope, email: str, name: str, password: str, role: Role = Role.MEMBER
    ) -> User:
        """Make an account in the org.

        :raises Conflict: ``email_taken``.
        :raises Forbidden: ``invite_instead``, ``limit_reached``.
        :raises Invalid: ``email_invalid``, ``name_invalid``, ``password_…``.
        """
        scope.require(max(role, Role.ADMIN))
        if self._hub and not scope.operator:
            raise Forbidden(
                "invite_instead",
                "On a hub nobody makes an account for others.",
                hint="Invite them: unibos hub invitations add EMAIL",
            )
        draft = check(email, name, password)
        verifier = await self._passwords.hash(password)

        def make(tx: Transaction) -> Account:
            if self._hub:
                orgs.require_room_for_user(tx)
            return accounts.create(
                tx, draft.email, draft.email_key, draft.name, verifier, role.value
            )

        return _user(await scope.store.awrite(make))

    async def change(self, scope: Scope, id_: str, change: UserChange) -> User:
        """Change an account; disabling ends its sessions. One's own name needs no role.

        :raises Conflict: ``email_taken``, ``last_owner``.
        :raises Forbidden: ``account_shared``.
        :raises Invalid: ``email_invalid``, ``name_invalid``.
        """
        if id_ != scope.principal.id or change != UserChange(name=change.name):
            scope.require(max(change.role or Role.ADMIN, Role.ADMIN))
        if change.email is not None or (change.name is not None and id_ != scope.principal.id):
            self._require_operator(scope)
        edit = _edit(change)

        def apply(tx: Transaction) -> Account:
            present = _in_reach(tx, scope, id_)
            changed = edit(present)
            if changed.disabled or changed.role != Role.OWNER.value:
                _keep_an_owner(tx, present)
            accounts.save(tx, changed)
            if changed.disabled:
                accounts.end_sessions(tx, id_, self._wall(), "disabled")
            if changed.disabled or Role(changed.role) < Role(present.role):
                invitations.withdraw(tx, id_)
            if changed.disabled or Role(changed.role) < Role.ADMIN:
                join_tokens.withdraw(tx, id_)
            return changed

        return _user(await scope.store.awrite(apply))

    async def set_password(self, scope: Scope, id_: str, password: str) -> None:
        """Give another user a new password; all their sessions end.

        :raises Forbidden: ``current_password_required`` for one's own: see
            :meth:`Identity.change_password`; ``account_shared``.
        :raises Invalid: ``password_…``.
        """
        scope.require(Role.ADMIN)
        if id_ == scope.principal.id:
            raise Forbidden(
                "current_password_required",
                "To change your own password, give the current one as well.",
            )
        self._require_operator(scope)
        account = scope.store.read(lambda view: _in_reach(view, scope, id_))
        passwords.check(password, account.email)
        verifier = await self._passwords.hash(password)

        def apply(tx: Transaction) -> None:
            _in_reach(tx, scope, id_)
            accounts.set_verifier(tx, id_, verifier)
            accounts.end_all_sessions(tx, id_, self._wall(), "password_changed")

        await scope.store.awrite(apply)

    async def end_sessions(self, scope: Scope, id_: str) -> None:
        """Log a user out everywhere; their tokens are dead at once."""
        scope.require(Role.ADMIN)

        def apply(tx: Transaction) -> None:
            _in_reach(tx, scope, id_)
            accounts.end_sessions(tx, id_, self._wall(), "revoked")

        await scope.store.awrite(apply)

    async def remove(self, scope: Scope, id_: str) -> None:
        """Take a user out of the org; an account without any org is deleted.

        :raises Conflict: ``last_owner``.
        """
        scope.require(Role.ADMIN)

        def apply(tx: Transaction) -> None:
            _keep_an_owner(tx, _in_reach(tx, scope, id_))
            accounts.remove(tx, id_)
            invitations.withdraw(tx, id_)
            join_tokens.withdraw(tx, id_)

        await scope.store.awrite(apply)

    def _require_operator(self, scope: Scope) -> None:
        """Refuse to change what all orgs of an account share, but to the hub's operator."""
        if self._hub and not scope.operator:
            raise Forbidden(
                "account_shared",
                "This account may belong to other orgs, too.",
                hint="They change their password themselves; the hub's operator can change address"
                " and password: sudo unibos hub users --help",
            )


def _edit(change: UserChange) -> Callable[[Account], Account]:
    """Check the wanted values; the result puts them into an account."""
    values: dict[str, object] = {}
    if change.email is not None:
        values["email"] = emails.check(change.email)
        values["email_key"] = emails.key(change.email)
    if change.name is not None:
        values["name"] = check_name(change.name)
    if change.role is not None:
        values["role"] = change.role.value
    if change.disabled is not None:
        values["disabled"] = change.disabled
    return lambda account: replace(account, **values)  # type: ignore[arg-type] # by field name


def _in_reach(view: View, scope: Scope, id_: str) -> Account:
    """The account, if the asker's role is at least as high as its."""
    account = accounts.get(view, id_)
    scope.require(Role(account.role))
    return account


def _keep_an_owner(view: View, account: Account) -> None:
    """Refuse to lose the last owner who can log in."""
    is_owner = account.role == Role.OWNER.value and not account.disabled
    if is_owner and not accounts.has_other(view, Role.OWNER.value, account.id):
        raise Conflict(
            "last_owner",
            "This is the org's last owner.",
            hint="Make somebody else an owner first.",
        )


def _user(account: Account) -> User:
    return User(
        id=account.id,
        email=account.email,
        name=account.name,
        role=Role(account.role),
        org=account.org,
        disabled=account.disabled,
        created_at=iso(account.created_at),
    )
