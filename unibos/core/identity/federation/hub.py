"""The hub's side of a login through a node: only of the node's own org, and slowed like any other.

The node is a guest. It passes on what a person typed, so that whoever runs it can try passwords:
each try counts against the account, whichever way it came, and against the client's address on
that node. A node learns nothing of users outside its org, not even that they exist. It sees the
tokens that it passes on, so the sessions behind them open nothing outside its org either, and end
with its membership.
"""

from unibos.base.errors import Unauthenticated
from unibos.core.identity import passwords, throttle
from unibos.core.identity.identity import Identity
from unibos.core.identity.link import (
    FederatedLogin,
    FederatedLogout,
    FederatedPassword,
    FederatedRefresh,
)
from unibos.core.identity.login import Login
from unibos.core.identity.scope import Scope
from unibos.core.identity.sessions import password_wrong
from unibos.core.store import accounts
from unibos.core.store.transaction import Transaction


class FederationHub:
    """What a hub does for users who came to one of its nodes.

    Each verb takes the node's scope, as its machine token gave it.
    """

    def __init__(self, identity: Identity) -> None:
        self._identity = identity

    async def login(self, scope: Scope, asked: FederatedLogin) -> Login:
        """Begin a session in the node's org; raises as :meth:`Identity.login`.

        :raises Forbidden: ``node_revoked``: the node's membership ended while it asked.
        """
        address = _address(scope, asked.address)
        return await self._log_in(scope, asked.email, asked.password, address)

    async def refresh(self, scope: Scope, asked: FederatedRefresh) -> Login:
        """Exchange a refresh token of the node's org; raises as :meth:`Identity.refresh`.

        A session of another org is one that has ended, and nothing happens to it.
        """
        return await self._identity.refresh(asked.refresh_token, scope.org)

    async def logout(self, scope: Scope, asked: FederatedLogout) -> None:
        """End a session of the node's org, or all that its user has there.

        What is no session of the org is none that could be ended: nothing happens.
        """
        now = self._identity.tools.wall()

        def end(tx: Transaction) -> None:
            session = accounts.session(tx, asked.session)
            if session is not None and asked.everywhere:
                accounts.end_sessions(tx, session.user, now, "logout")
            elif session is not None:
                accounts.end_session(tx, session.id, now, "logout")

        await scope.store.awrite(end)

    async def password(self, scope: Scope, asked: FederatedPassword) -> Login:
        """Change the password of a user of the node's org, who proves the present one.

        :raises Forbidden: ``password_wrong``, also where there is no such user.
        :raises TooMany: ``too_many_attempts``.
        :raises Invalid: ``password_…`` as :meth:`Identity.setup`.
        """
        passwords.check(asked.new_password, asked.email)
        address = _address(scope, asked.address)
        try:
            login = await self._log_in(scope, asked.email, asked.current_password, address)
        except Unauthenticated:
            raise password_wrong() from None
        user = self._identity.authenticate(login.access_token)
        return await self._identity.change_password(
            user, asked.current_password, asked.new_password, address
        )

    async def _log_in(self, scope: Scope, email: str, password: str, address: str) -> Login:
        """A session that stays in the node's org, and ends with the node's membership."""
        sessions = self._identity.sessions
        return await sessions.login(email, password, address, scope.org, scope.principal.id)


def _address(scope: Scope, client: str) -> str:
    """A client of one node, told apart from the same address behind another."""
    return f"{scope.principal.id[:13]} {throttle.address(client)[1]}"
