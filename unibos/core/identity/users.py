"""The accounts of an org: list, make, change, disable, remove."""

from msgspec import Struct

from unibos.core.identity.scope import Role, Scope


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


class Users:
    """Manages accounts. Nobody gives a role above their own, or touches who has one.

    All verbs but :meth:`get` and :meth:`change` of oneself need the role ``admin``
    (``Forbidden role_required``); an unknown id is ``NotFound user_not_found``; whatever would
    leave the org without an active owner is ``Conflict last_owner``.
    """

    async def page(self, scope: Scope, limit: int = 50, cursor: str | None = None) -> UserPage:
        """One page of the org's users.

        :raises Invalid: ``cursor_invalid``.
        """
        ...

    async def get(self, scope: Scope, id_: str) -> User:
        """One user; everybody may ask for themselves."""
        ...

    async def create(
        self, scope: Scope, email: str, name: str, password: str, role: Role = Role.MEMBER
    ) -> User:
        """Make an account in the org.

        :raises Conflict: ``email_taken``.
        :raises Invalid: ``email_invalid``, ``name_invalid``, ``password_…``.
        """
        ...

    async def change(self, scope: Scope, id_: str, change: UserChange) -> User:
        """Change an account; disabling ends its sessions. One's own name needs no role.

        :raises Conflict: ``email_taken``, ``last_owner``.
        :raises Invalid: ``email_invalid``, ``name_invalid``.
        """
        ...

    async def set_password(self, scope: Scope, id_: str, password: str) -> None:
        """Give a user a new password, without knowing the old one; all their sessions end.

        :raises Invalid: ``password_…``.
        """
        ...

    async def end_sessions(self, scope: Scope, id_: str) -> None:
        """Log a user out everywhere; their tokens are dead at once."""
        ...

    async def remove(self, scope: Scope, id_: str) -> None:
        """Take a user out of the org; an account without any org is deleted.

        :raises Conflict: ``last_owner``.
        """
        ...
