"""Scopes by access token, so that a busy client's token is checked once and then looked up.

It is right because one process owns the database: whatever changes a session or an account tells
of it after the commit and before its caller is answered, and the scopes concerned are dropped
then.
"""

import threading

from unibos.base.clock import Wall
from unibos.core.identity.scope import Scope

LIMIT = 1024


class ScopeCache:
    """A bounded memory of checked tokens; the one checked first goes first.

    :param wall: milliseconds since 1970, for the expiry of tokens.
    """

    def __init__(self, wall: Wall, limit: int = LIMIT) -> None:
        self._wall = wall
        self._limit = limit
        self._known: dict[str, tuple[Scope, int]] = {}
        self._lock = threading.Lock()
        self._version = 0

    def get(self, token: str) -> Scope | None:
        """The token's scope, if it was checked before, stands, and is not expired."""
        known = self._known.get(token)
        if known is None:
            return None
        if known[1] <= self._wall():
            with self._lock:
                self._known.pop(token, None)
            return None
        return known[0]

    @property
    def version(self) -> int:
        """Grows with every :meth:`forget`; read it before looking a session up."""
        return self._version

    def keep(self, token: str, scope: Scope, expires_at: int, version: int) -> None:
        """Remember a scope, unless something was dropped since ``version`` was read."""
        with self._lock:
            if version != self._version:
                return
            if len(self._known) >= self._limit:
                self._known.pop(next(iter(self._known)))
            self._known[token] = scope, expires_at

    def forget(self, ids: set[str]) -> None:
        """Drop all scopes of these sessions, users or orgs."""
        with self._lock:
            self._version += 1
            self._known = {
                token: known
                for token, known in self._known.items()
                if ids.isdisjoint((known[0].session, known[0].principal.id, known[0].org))
            }

    def clear(self) -> None:
        """Drop all scopes."""
        with self._lock:
            self._version += 1
            self._known = {}
