"""What a node does at its hub for a user: login, refresh, a new password, a logout.

The tokens are the hub's and are passed on as they are; what their giving proves is kept, so that
the user can log in without the hub another time.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress

from unibos.base.errors import Error, Unauthenticated, Unavailable
from unibos.core.identity.federation.hub_calls import UNREACHABLE, HubCalls
from unibos.core.identity.federation.logouts import Logouts
from unibos.core.identity.federation.offline import Offline, Proof, person_of
from unibos.core.identity.federation.trust import Trust
from unibos.core.identity.federation.trusted_time import TrustedTime
from unibos.core.identity.login import Login
from unibos.core.identity.sessions import login_failed
from unibos.core.identity.tokens import (
    ACCESS_SECONDS,
    Claims,
    looks_like_refresh,
    refresh_invalid,
    session_ended,
)
from unibos.core.store.hub_users import HubUser


class HubLogins:
    """The logins of one node's users at its hub.

    :param trust: gives what the hub said last.
    :param check: has the hub say now what is new.
    """

    def __init__(
        self,
        hub_calls: HubCalls,
        offline: Offline,
        logouts: Logouts,
        time: TrustedTime,
        trust: Callable[[], Trust],
        check: Callable[[], Awaitable[None]],
    ) -> None:
        self._hub_calls = hub_calls
        self._offline = offline
        self._logouts = logouts
        self._time = time
        self._trust = trust
        self._check = check

    async def login(self, email: str, password: str, address: str) -> Login | None:
        """The hub's login; None when no hub answers.

        :raises Unauthenticated: ``login_failed``.
        :raises Unavailable: ``hub_refuses_node``, ``hub_answer_unusable``.
        :raises Forbidden: ``hub_away_too_long``.
        """
        try:
            login = await self._hub_calls.login(email, password, address)
        except Unavailable as away:
            if away.code != UNREACHABLE:
                raise
            self._trust().check_membership(self._time.now())
            return None
        user = await self._offline.learn(await self._proof(login), password)
        if user.local_disabled:
            raise login_failed()
        return self._answer(login, user)

    async def prove(self, email: str, password: str, address: str) -> HubUser:
        """The user of the hub with this password, who does not go on from here.

        :raises Unavailable: ``hub_unreachable``, and as :meth:`login`.
        """
        login = await self._hub_calls.login(email, password, address)
        proof = await self._proof(login)
        user = await self._offline.learn(proof, password)
        await self.end(proof.claims.session)
        return user

    async def refresh(self, refresh_token: str) -> Login:
        """Exchange a refresh token of the hub's.

        :raises Unauthenticated: ``refresh_…``, ``session_ended``, as the hub says.
        :raises Unavailable: ``hub_unreachable``, and as :meth:`login`.
        """
        if not looks_like_refresh(refresh_token):
            raise refresh_invalid()
        if refresh_token.partition(".")[0] in self._logouts:
            raise session_ended()
        login = await self._hub_calls.refresh(refresh_token)
        user = await self._offline.renew(await self._proof(login))
        if user.local_disabled:
            raise session_ended()
        return self._answer(login, user)

    async def change_password(self, user: HubUser, current: str, new: str, address: str) -> Login:
        """Have the hub change a password.

        :raises Forbidden: ``password_wrong``.
        :raises Invalid: ``password_…``.
        :raises Unavailable: ``hub_unreachable``, and as :meth:`login`.
        """
        login = await self._hub_calls.password(user.email, current, new, address)
        return self._answer(login, await self._offline.learn(await self._proof(login), new))

    async def end(self, session: str, *, everywhere: bool = False) -> None:
        """End a session of the hub's, or all of its user's: here at once, there once it hears."""
        until = self._time.now() + 2 * ACCESS_SECONDS * 1000
        await self._logouts.end(session, until, everywhere=everywhere)

    async def _proof(self, login: Login) -> Proof:
        """What a login by the hub says, once its token proves to be the hub's.

        A token that cannot be read yet, because the hub has new keys or this node's clock is
        wrong, is read again after the hub was heard.
        """
        try:
            return Proof(self._claims(login), login.user)
        except Error:
            with suppress(Error):
                await self._check()
        try:
            return Proof(self._claims(login), login.user)
        except Unauthenticated as refusal:
            raise Unavailable(
                "hub_answer_unusable",
                f"The hub gave a token that this node cannot use ({refusal.code}).",
                hint="unibos status shows whether the node hears its hub, and by how much their"
                " clocks differ.",
            ) from refusal

    def _claims(self, login: Login) -> Claims:
        trust = self._trust()
        claims = trust.read(login.access_token)
        trust.check(claims, self._time.now())
        return claims

    def _answer(self, login: Login, user: HubUser) -> Login:
        """The hub's tokens, to the person as this node knows them."""
        return Login(
            access_token=login.access_token,
            refresh_token=login.refresh_token,
            expires_in=login.expires_in,
            user=person_of(user, self._trust().org),
        )
