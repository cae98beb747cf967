"""Scopes by access token on a joined node: of its own accounts, its hub's users, and offline ones.

No token is checked by asking the hub. A token that was checked once is looked up, until the hub
says something new or something of its user changes here.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from unibos.base.clock import Wall
from unibos.base.errors import Error, Unauthenticated
from unibos.core.identity.cache import ScopeCache
from unibos.core.identity.federation.logouts import Logouts
from unibos.core.identity.federation.offline import Offline
from unibos.core.identity.federation.trust import Trust
from unibos.core.identity.identity import Identity
from unibos.core.identity.scope import Principal, Role, Scope
from unibos.core.identity.signing.jwt import header_of
from unibos.core.identity.tokens import (
    MAX_LENGTH,
    Claims,
    session_ended,
    token_expired,
    token_invalid,
)
from unibos.core.store import accounts, hub_users
from unibos.core.store.hub_users import HubUser
from unibos.core.store.store import OrgStore
from unibos.core.store.transaction import Changed, View


class Scopes:
    """The scopes of one joined node.

    :param node: the node's instance id, which its own tokens name as their key.
    :param time: the node's trusted time.
    :param trust: gives what the hub said last.
    :param late: told when a token expired that was refused for it, in milliseconds since 1970.
    """

    def __init__(
        self,
        identity: Identity,
        node: str,
        offline: Offline,
        logouts: Logouts,
        time: Wall,
        trust: Callable[[], Trust],
        late: Callable[[int], object],
    ) -> None:
        self._identity = identity
        self._node = node
        self._offline = offline
        self._logouts = logouts
        self._time = time
        self._trust = trust
        self._late = late
        self._cache = ScopeCache(time)

    def notice(self, changes: list[Changed]) -> None:
        """Drop what is known of changed sessions and users; for :meth:`Store.listen`."""
        self.drop({change.id for change in changes if change.topic == accounts.TOPIC})

    def drop(self, ids: set[str]) -> None:
        """Drop the scopes of these sessions or users."""
        if ids:
            self._cache.forget(ids)

    def drop_all(self) -> None:
        """Drop every scope; what is being checked meanwhile is not kept either."""
        self._cache = ScopeCache(self._time)

    def scope(self, token: str) -> Scope:
        """The scope of a token's owner; raises as :meth:`Federation.authenticate`."""
        cache = self._cache
        known = cache.get(token) or self._identity.sessions.known(token)
        if known is not None:
            return known
        version = cache.version
        if len(token) > MAX_LENGTH:
            raise token_invalid()
        if header_of(token).kid != self._node:
            scope, until = self._of_hub(token)
        else:
            try:
                claims = self._offline.read(token)
            except Unauthenticated:
                return self._identity.authenticate(token)
            scope, until = self._of_offline(claims)
        cache.keep(token, scope, until, version)
        return scope

    def _of_hub(self, token: str) -> tuple[Scope, int]:
        trust = self._trust()
        claims = trust.read(token)
        self._refuse_late(claims)
        trust.check(claims, self._time())
        user = self._store_of(claims).read(lambda view: hub_users.find(view, claims.user))
        if claims.session in self._logouts or (user and user.local_disabled):
            raise session_ended()
        scope = self._scope(claims, user, claims.role)
        held = partial(self._hub_holds, claims)
        return replace(scope, held=held), min(claims.expires_at, trust.until)

    def _of_offline(self, claims: Claims) -> tuple[Scope, int]:
        self._refuse_late(claims)
        trust = self._trust()
        trust.check_membership(self._time())
        user = self._store_of(claims).read(
            lambda view: self._offline.holds(view, claims.user, claims.session)
        )
        if user is None:
            raise session_ended()
        scope = self._scope(claims, user, user.role)
        held = partial(self._offline_holds, claims)
        until = min(claims.expires_at, trust.until, user.valid_until)
        return replace(scope, offline=True, held=held), until

    def _scope(self, claims: Claims, user: HubUser | None, role: str) -> Scope:
        id_ = (user.local_user if user else None) or claims.user
        name, email = (user.name, user.email) if user else ("", "")
        return Scope(
            claims.org,
            self._store_of(claims),
            Principal("user", id_, name, email),
            Role(role),
            claims.session,
            hub_user=claims.user,
        )

    def _store_of(self, claims: Claims) -> OrgStore:
        return self._identity.tools.store.org(claims.org)

    def _refuse_late(self, claims: Claims) -> None:
        if claims.expires_at <= self._time():
            self._late(claims.expires_at)
            raise token_expired()

    def _hub_holds(self, claims: Claims, view: View) -> bool:
        """Whether a stream of a hub's user goes on: no longer than the token that began it, for
        only a refresh at the hub tells that the session still stands."""
        try:
            self._trust().check(claims, self._time())
        except Error:
            return False
        user = hub_users.find(view, claims.user)
        return claims.session not in self._logouts and not (user and user.local_disabled)

    def _offline_holds(self, claims: Claims, view: View) -> bool:
        return self._offline.holds(view, claims.user, claims.session) is not None
