"""The one object that a role makes and the doors ask: logins, tokens, setup, users, scopes.

Built once, from a store and the instance's key::

    key = InstanceKey.open(folder)
    store = Store(folder, "node", key.id)
    identity = Identity(store, key, folder, Options(...))
    ...
    identity.close()
    store.close()
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from unibos.base.clock import Wall, wall_ms
from unibos.base.errors import Forbidden
from unibos.core.identity.invitations import Invitations
from unibos.core.identity.keys import InstanceKey
from unibos.core.identity.login import Login, Me, Person, me_of
from unibos.core.identity.orgs import Orgs
from unibos.core.identity.passwords import EFFORTS, Passwords
from unibos.core.identity.scope import Scope, local_scope, system_scope
from unibos.core.identity.sessions import Sessions, Tools
from unibos.core.identity.setup import Setup
from unibos.core.identity.throttle import Throttle
from unibos.core.identity.tokens import (
    AccessTokens,
    Issuer,
    OwnIssuer,
    RefreshTokens,
)
from unibos.core.identity.users import Users
from unibos.core.store import accounts, orgs
from unibos.core.store.store import Store

LOCAL_ORG_TYPE = "family"


@dataclass(frozen=True, slots=True)
class Options:
    """What a role decides: the first org's name, and the cost of passwords.

    :param profile: ``edge``, ``standard`` or ``desktop``; says how dear one hash is.
    :param password_hashes: how many passwords are hashed at the same time.
    :param service_uid: the user id that the local socket lets in beside root.
    :param hub: whether accounts are shared between orgs, so that an org's admins invite people
        instead of making their accounts.
    :param setup_at: the address of the hub that the first owner is made at; empty: here.
    :param url: gives the address under which people reach this hub, for links.
    :param issuer: whose keys sign the access tokens; None: the instance's own key.
    """

    org_name: str = "Home"
    profile: str = "edge"
    password_hashes: int = 1
    service_uid: int = field(default_factory=os.getuid)
    hub: bool = False
    setup_at: str = ""
    url: Callable[[], str] = str
    issuer: Issuer | None = None


class Identity:
    """Who may do what on this instance.

    :param folder: the data directory; ``setup-code`` lies in it until an owner exists.

    :ivar org: the id of the local org, made at first start.
    :ivar users: manages the accounts of an org.
    :ivar invitations: makes members of whom others know.
    :ivar orgs: makes, changes and deletes orgs.
    """

    def __init__(
        self,
        store: Store,
        key: InstanceKey,
        folder: Path,
        options: Options | None = None,
        *,
        wall: Wall = wall_ms,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        options = options or Options()
        self.org = store.read(accounts.local_org) or store.write(
            lambda tx: accounts.make_local_org(tx, options.org_name, LOCAL_ORG_TYPE)
        )
        tools = Tools(
            store,
            Passwords(EFFORTS[options.profile], options.password_hashes),
            Throttle(monotonic),
            AccessTokens(options.issuer or OwnIssuer(key), wall),
            RefreshTokens(key.secret("refresh tokens")),
            wall,
        )
        self.users = Users(tools.passwords, wall, hub=options.hub)
        self.tools = tools
        self._service_uid = options.service_uid
        self._hub = options.hub
        self.sessions = Sessions(tools, self.org)
        self.invitations = Invitations(tools, self.sessions, options.url)
        self.orgs = Orgs(tools, self.org, self.invitations)
        self._setup = Setup(tools, self.sessions, self.org, folder, options.setup_at)
        self._listeners = (
            store.listen(self.sessions.notice),
            store.listen(self._setup.notice),
        )

    def close(self) -> None:
        """Stop the hashing threads and stop listening to the store."""
        for end in self._listeners:
            end()
        self.tools.passwords.close()

    @property
    def setup_code(self) -> str | None:
        """The code to show on the console, such as ``123456-654321``; None once set up."""
        return self._setup.code

    async def setup(self, code: str, email: str, name: str, password: str, address: str) -> Login:
        """Make the owner of the local org and log them in.

        :param address: where the request comes from, as :meth:`login` takes it.
        :raises Conflict: ``setup_done``; ``setup_at_hub`` where a hub has the accounts.
        :raises Unauthenticated: ``setup_code_wrong``.
        :raises TooMany: ``too_many_attempts`` with ``retry_after`` in seconds.
        :raises Invalid: ``email_invalid``, ``name_invalid``, ``password_too_short``,
            ``password_too_long``, ``password_too_common``.
        """
        return await self._setup.with_code(code, email, name, password, address)

    async def setup_without_code(self, email: str, name: str, password: str) -> Person:
        """:meth:`setup` for the configuration file and the local socket.

        :raises Conflict: ``setup_done``.
        :raises Invalid: as :meth:`setup`.
        """
        return await self._setup.without_code(email, name, password)

    async def login(self, email: str, password: str, address: str, org: str = "") -> Login:
        """Begin a session. Unknown, disabled and mistyped get the same answer in the same time.

        :param address: the client's IP address; empty for the local socket.
        :param org: id or slug of the org to work in; empty: the oldest that admits the user.
        :raises Forbidden: ``org_closing``, to who proved the password.
        :raises Unauthenticated: ``login_failed``.
        :raises TooMany: ``too_many_attempts`` with ``retry_after`` in seconds.
        :raises Unavailable: ``login_overloaded`` when too many passwords wait to be checked.
        """
        return await self.sessions.login(email, password, address, org)

    async def switch(self, scope: Scope, org: str) -> Login:
        """Begin another session of the same user in another of their orgs.

        :param org: its id or slug.
        :raises NotFound: ``org_not_found``, also where the user is no member.
        :raises Forbidden: ``org_closing``; ``user_required`` when no account asks;
            ``session_through_node``.
        """
        return await self.sessions.switch(scope, org)

    async def refresh(self, refresh_token: str, org: str = "") -> Login:
        """Exchange a refresh token for a new pair; each is good for once.

        :param org: id of the org whose sessions are meant; empty: any.
        :raises Unauthenticated: ``refresh_invalid``, ``refresh_expired``, ``session_ended``, or
            ``refresh_reused``: the token was used before, so the session is ended for everybody.
        """
        return await self.sessions.refresh(refresh_token, org)

    async def logout(self, scope: Scope, *, everywhere: bool = False) -> None:
        """End the session that asks, or all of this user's (those in the org, where it began
        through a node); its tokens are dead at once."""
        await self.sessions.logout(scope, everywhere=everywhere)

    async def change_password(self, scope: Scope, current: str, new: str, address: str) -> Login:
        """Change one's own password; all sessions end, and a new one begins.

        :raises Forbidden: ``password_wrong``; ``user_required`` when no account asks.
        :raises TooMany: ``too_many_attempts``.
        :raises Invalid: ``password_…`` as :meth:`setup`.
        """
        return await self.sessions.change_password(scope, current, new, address)

    def authenticate(self, access_token: str) -> Scope:
        """The scope behind an access token: a dict look-up when it was seen before.

        :raises Unauthenticated: ``token_invalid``, ``token_expired``, ``session_ended``.
        """
        return self.sessions.authenticate(access_token)

    def local_scope(self, uid: int, org: str = "") -> Scope:
        """See :func:`unibos.core.identity.scope.local_scope`.

        :param org: id or slug of the org to act in; empty: the instance's own.
        :raises Forbidden: ``peer_refused``.
        :raises NotFound: ``org_not_found``.
        """
        store = self.tools.store
        own = local_scope(store, self.org, uid, self._service_uid)
        if not org:
            return own
        found = store.read(lambda view: orgs.resolve(view, org))
        if found is None:
            raise orgs.not_found(org)
        return replace(own, org=found, store=store.org(found))

    def machine(self, token: str, membership: str) -> Scope:
        """No other node belongs to a node that has joined no hub.

        :raises Forbidden: ``peers_need_hub``.
        """
        del token, membership
        raise Forbidden(
            "peers_need_hub",
            "This node has joined no hub, so there is nobody who vouches for other nodes.",
            hint="Have both nodes join one hub: unibos join TOKEN",
        )

    def me(self, scope: Scope) -> Me:
        """Who asks; a hub is within its own reach, and a node without one has none."""
        return me_of(scope, online=self._hub)

    def system_scope(self, name: str) -> Scope:
        """The scope of the instance's own work in the local org."""
        return system_scope(self.tools.store, self.org, name)

    def clean_up(self) -> int:
        """Forget sessions that ended or expired 30 days ago; the number of them. For threads."""
        return self.sessions.clean_up()
