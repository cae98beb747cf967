"""One person, two accounts: one of the node and one of the hub, once both were proved.

From then on both logins lead to the same principal, the account of the node. What it may do is told
by the account that logged in.
"""

from unibos.base.errors import Conflict, NotFound, Unauthenticated
from unibos.core.identity import emails
from unibos.core.identity.federation.node import Federation
from unibos.core.identity.scope import Scope
from unibos.core.identity.sessions import password_wrong, require_user
from unibos.core.store import accounts, hub_users
from unibos.core.store.transaction import Transaction


class Linking:
    """The links of one node's accounts."""

    def __init__(self, federation: Federation) -> None:
        self._federation = federation
        self._sessions = federation.identity.sessions
        self._throttle = federation.identity.tools.throttle

    async def link(self, scope: Scope, email: str, password: str, address: str) -> None:
        """Link who asks to the account whose password this is: to one of the hub for an account of
        the node, to one of the node for a user of the hub.

        :raises Forbidden: ``password_wrong``; ``user_required`` when no account asks.
        :raises Conflict: ``already_linked``.
        :raises TooMany: ``too_many_attempts``.
        :raises Unavailable: ``hub_unreachable`` where the hub has to be asked.
        """
        require_user(scope)
        if scope.hub_user:
            hub_user = scope.hub_user
            local_user = await self._prove_local(scope, email, password, address)
        else:
            local_user = scope.principal.id
            hub_user = await self._prove_at_hub(email, password, address)

        def link(tx: Transaction) -> None:
            known = hub_users.find(tx, hub_user)
            other = hub_users.by_local_user(tx, local_user)
            if known is None or known.local_user not in (None, local_user):
                raise _already_linked()
            if other is not None and other.id != hub_user:
                raise _already_linked()
            hub_users.link(tx, hub_user, local_user)

        await scope.store.awrite(link)

    async def unlink(self, scope: Scope) -> None:
        """Part the two accounts of who asks again.

        :raises NotFound: ``not_linked``.
        """

        def unlink(tx: Transaction) -> None:
            if scope.hub_user:
                known = hub_users.find(tx, scope.hub_user)
            else:
                known = hub_users.by_local_user(tx, scope.principal.id)
            if known is None or known.local_user is None:
                raise NotFound("not_linked", "This account is not linked to another.")
            hub_users.link(tx, known.id, None)

        await scope.store.awrite(unlink)

    async def _prove_local(self, scope: Scope, email: str, password: str, address: str) -> str:
        known = await self._sessions.prove(email, password, address)
        found = scope.store.read(lambda view: accounts.find(view, known.id)) if known else None
        if found is None or found.disabled:
            raise password_wrong()
        return found.id

    async def _prove_at_hub(self, email: str, password: str, address: str) -> str:
        email_key = emails.key(email)
        keys = self._throttle.of_login(email_key, address)
        self._throttle.check(*keys)
        try:
            user = await self._federation.hub.prove(email, password, address)
        except Unauthenticated:
            self._throttle.failed(*keys)
            raise password_wrong() from None
        self._throttle.logged_in(email_key, address)
        return user.id


def _already_linked() -> Conflict:
    return Conflict(
        "already_linked",
        "One of the two accounts is linked to another one.",
        hint="Log in with it, part it from the other (unibos user unlink), then try again.",
    )
