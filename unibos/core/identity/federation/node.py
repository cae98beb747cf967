"""A joined node's logins: its own accounts, its hub's users, and those while the hub is away.

:class:`Federation` takes the identity's place at the node's doors. Whoever proves an account of the
node is not asked for at the hub; everybody else is, and only where no hub answers the node decides
by what it learned before. To a guesser all of this is one: the same answer, the same number of
hashes, and one count of failures.
"""

import asyncio
import logging
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, Protocol

from unibos.base.clock import iso
from unibos.base.errors import Error, Unauthenticated
from unibos.core.identity import emails
from unibos.core.identity.federation.hub_calls import HubCalls
from unibos.core.identity.federation.hub_logins import HubLogins
from unibos.core.identity.federation.joining import not_joined
from unibos.core.identity.federation.logouts import Logouts
from unibos.core.identity.federation.offline import Offline
from unibos.core.identity.federation.peers import Peers
from unibos.core.identity.federation.scopes import Scopes
from unibos.core.identity.federation.state import HubState, Joined
from unibos.core.identity.federation.trust import Trust
from unibos.core.identity.federation.trusted_time import TrustedTime
from unibos.core.identity.identity import Identity
from unibos.core.identity.keys import InstanceKey
from unibos.core.identity.link import Link
from unibos.core.identity.login import Login, Me, me_of
from unibos.core.identity.scope import Role, Scope
from unibos.core.identity.sessions import login_failed
from unibos.core.identity.tokens import session_ended
from unibos.core.store import accounts, hub_users
from unibos.core.store.accounts import Session
from unibos.core.store.transaction import Transaction

log = logging.getLogger(__name__)

DAY_S = 86_400.0

CHECK_MS = 10_000
"""A token of an unknown key has the hub asked for its keys no more often than this."""


class Line(Protocol):
    """A node's way to its hub."""

    @property
    def state(self) -> HubState:
        """What is kept of the hub."""
        ...

    @property
    def link(self) -> Link | None:
        """Asks the hub; None for a node that has not joined any."""
        ...

    @property
    def online(self) -> bool:
        """Whether the hub is within reach, as far as is known."""
        ...

    async def check(self) -> None:
        """Hear now what is new at the hub, or raise why that cannot be."""
        ...


class Federation:
    """Who may do what on a node that has joined a hub.

    The verbs are those of :class:`Identity`, and raise what it raises; what is said of a hub's
    users is added. For one event loop, from :meth:`start` to :meth:`close`.

    :param offline_days: how long after a login through the hub its user may log in without it.
    :raises Conflict: ``not_joined``.

    :ivar peers: the other nodes of the org.
    """

    def __init__(
        self,
        identity: Identity,
        key: InstanceKey,
        time: TrustedTime,
        line: Line,
        *,
        offline_days: int = 30,
    ) -> None:
        joined, membership, link = line.state.joined, line.state.membership, line.link
        if joined is None or membership is None or link is None:
            raise not_joined()
        self.identity = identity
        self._key = key
        self._time = time
        self._line = line
        self._org = joined.org.id
        self._slug = joined.org.slug
        self._store = identity.tools.store.org(self._org)
        self._trust = Trust.of(joined, membership)
        hub_calls = HubCalls(link)
        self._logouts = Logouts(hub_calls, time)
        self.offline = Offline(
            identity.tools, key, time, lambda: self._trust, self._org, offline_days
        )
        self.hub = HubLogins(
            hub_calls, self.offline, self._logouts, time, lambda: self._trust, line.check
        )
        self._scopes = Scopes(
            identity,
            key.id,
            self.offline,
            self._logouts,
            time,
            lambda: self._trust,
            lambda expired_at: self._later(time.akeep(expired_at)),
        )
        self.peers = Peers(
            key, identity.tools.store, time, lambda: self._trust, self._own_membership
        )
        self._tasks: set[asyncio.Task[Any]] = set()
        self._checked_at = 0
        self._unlisten = identity.tools.store.listen(self._scopes.notice)

    async def start(self) -> None:
        """Begin to hear what the hub says; what it said before a power cut takes effect now."""
        self._line.state.listen(self._heard)
        self._later(self._keep_time(), "trusted time")
        if self._store.read(self.offline.has_revoked):
            await self._forget(set(), 0)

    async def close(self) -> None:
        """Let go, and keep the time for the next start."""
        self._unlisten()
        await self._logouts.close()
        for task in tuple(self._tasks):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await self._time.akeep(self._time.now())

    @property
    def until(self) -> int:
        """When this node's membership expires, in milliseconds since 1970."""
        return self._trust.until

    async def setup(self, code: str, email: str, name: str, password: str, address: str) -> Login:
        """See :meth:`Identity.setup`: a node without an owner may have joined."""
        return await self.identity.setup(code, email, name, password, address)

    async def login(self, email: str, password: str, address: str, org: str = "") -> Login:
        """Begin a session: of the node, of the hub, or an offline one.

        :raises Unavailable: ``hub_refuses_node``.
        :raises Forbidden: ``hub_away_too_long``.
        """
        sessions, slow = self.identity.sessions, self.identity.tools.throttle
        local = await sessions.prove(email, password, address)
        if local is not None:
            return await sessions.enter(local, password, org)
        if org not in ("", self._org, self._slug):
            raise login_failed()
        login = await self.hub.login(email, password, address)
        if login is None:
            login = await self.offline.login(email, password)
        if login is None:
            raise login_failed()
        # It counted as a failure, because it is no account of the node: until the hub has
        # answered, nobody may try any faster than they could without one.
        email_key = emails.key(email)
        slow.undo(*slow.of_login(email_key, address))
        slow.logged_in(email_key, address)
        return login

    async def refresh(self, refresh_token: str) -> Login:
        """Exchange a refresh token, of whomever it is.

        :raises Unavailable: ``hub_unreachable`` for a token of the hub's while it is away.
        """
        own = self._own_session(refresh_token)
        if own is not None:
            session, generation = own
            user = session.user
            if self._store.read(lambda view: hub_users.find(view, user)) is not None:
                return await self.offline.refresh(session, generation)
            return await self.identity.refresh(refresh_token)
        return await self.hub.refresh(refresh_token)

    async def logout(self, scope: Scope, *, everywhere: bool = False) -> None:
        """End the session that asks, or all of its user's.

        A session of the hub's is dead here at once, and at the hub as soon as it hears of it.
        """
        now = self._time.now()

        def end(tx: Transaction) -> None:
            if everywhere:
                linked = hub_users.by_local_user(tx, scope.principal.id)
                also = linked.id if linked else scope.hub_user
                for user in filter(None, {scope.principal.id, also}):
                    accounts.end_sessions(tx, user, now, "logout")
            else:
                accounts.end_session(tx, scope.session, now, "logout")

        if scope.session:
            await self._store.awrite(end)
        if scope.hub_user and not scope.offline:
            await self.hub.end(scope.session, everywhere=everywhere)
            self._scopes.drop({scope.session})

    async def change_password(self, scope: Scope, current: str, new: str, address: str) -> Login:
        """Change one's own password, where the account is.

        :raises Unavailable: ``hub_unreachable``: a hub's password changes at the hub only.
        """
        if not scope.hub_user:
            return await self.identity.change_password(scope, current, new, address)
        user = self._store.read(lambda view: hub_users.find(view, scope.hub_user))
        if user is None:
            raise session_ended()
        return await self.hub.change_password(user, current, new, address)

    def authenticate(self, access_token: str) -> Scope:
        """The scope behind an access token of this node or of its hub, without asking anybody.

        :raises Unauthenticated: ``token_invalid``, ``token_expired``, ``session_ended``,
            ``token_key_unknown``: the hub is asked for its keys meanwhile.
        :raises Forbidden: ``hub_away_too_long``.
        """
        try:
            return self._scopes.scope(access_token)
        except Unauthenticated as refusal:
            if refusal.code == "token_key_unknown":
                self._check_soon()
            raise

    def local_scope(self, uid: int, org: str = "") -> Scope:
        """See :meth:`Identity.local_scope`."""
        return self.identity.local_scope(uid, org)

    def machine(self, token: str, membership: str) -> Scope:
        """The scope of another node of the org; raises as :meth:`Peers.scope`."""
        return self.peers.scope(token, membership)

    def me(self, scope: Scope) -> Me:
        """Who asks, from where, and how long it goes on without the hub."""
        if not scope.hub_user:
            linked = self._store.read(lambda v: hub_users.by_local_user(v, scope.principal.id))
            return me_of(scope, online=self._line.online, linked=linked is not None)
        user = self._store.read(lambda view: hub_users.find(view, scope.hub_user))
        until = min(user.valid_until, self.until) if user and self.offline.usable(user) else None
        return me_of(
            scope,
            online=self._line.online,
            linked=user is not None and user.local_user is not None,
            offline_until=iso(until) if until else None,
        )

    async def forget_logins(self, scope: Scope) -> int:
        """Let nobody log in without the hub until they have logged in with it again.

        :returns: how many could.
        :raises Forbidden: ``role_required``.
        """
        scope.require(Role.OWNER)
        count = await self.offline.forget_all()
        log.warning("offline logins forgotten", extra={"by": scope.principal.id, "count": count})
        return count

    def _own_session(self, refresh_token: str) -> tuple[Session, int] | None:
        """The session of a refresh token of this node; None for the hub's, and for no token.

        A node beside its own hub has the same key as the hub, so the session tells whose it is.
        """
        try:
            id_, generation = self.identity.tools.refresh.read(refresh_token)
        except Unauthenticated:
            return None
        session = self._store.read(lambda view: accounts.session(view, id_))
        if session is None and self._trust.hub != self._key.id:
            raise session_ended()
        return (session, generation) if session else None

    def _own_membership(self) -> str:
        joined = self._line.state.joined
        return joined.membership if joined else ""

    def _heard(self, joined: Joined) -> None:
        """Go by what the hub says from now on."""
        membership = self._line.state.membership
        if membership is None:
            return
        older, self._trust = self._trust, Trust.of(joined, membership)
        self._scopes.drop_all()
        told, before = self._trust.news(older), self._trust.forgotten_before(older)
        if told or before:
            self._later(self._forget(told, before))

    async def _forget(self, told: set[str], before: int) -> None:
        await self._store.awrite(lambda tx: self.offline.heard(tx, told, before))
        await self._time.akeep()

    async def _keep_time(self) -> None:
        """A power cut leaves a clock that was set back no more than a day."""
        while True:
            await asyncio.sleep(DAY_S)
            await self._time.akeep()

    def _check_soon(self) -> None:
        """Ask the hub for what is new, as often as strangers may make a node do so."""
        now = self._time.now()
        if abs(now - self._checked_at) >= CHECK_MS:
            self._checked_at = now
            self._later(self._check())

    async def _check(self) -> None:
        with suppress(Error):
            await self._line.check()

    def _later(self, work: Coroutine[Any, Any, Any], name: str | None = None) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
