"""Logging in a hub's user while the hub is away.

At a login through the hub the node makes a verifier of its own from the typed password. It is good
for some weeks, and only until the node hears that something of the user was revoked: then it is
forgotten. Nothing else forgets it; above all not a login that the hub refuses, for whoever mistypes
a password, or tries those of others, would take the offline login away.

The session it gives is one of the node's own, kept under the hub's id of the user, and its access
token, signed by the node, says ``offline``. No other instance takes it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from unibos.base.errors import Error, Unauthenticated
from unibos.core.identity import emails, tokens
from unibos.core.identity.federation.trust import Trust
from unibos.core.identity.federation.trusted_time import TrustedTime
from unibos.core.identity.keys import InstanceKey
from unibos.core.identity.login import Login, Person
from unibos.core.identity.scope import Role
from unibos.core.identity.sessions import REFRESH_MS, Tools, rotate
from unibos.core.identity.tokens import AccessReader, AccessTokens, Claims, OwnIssuer
from unibos.core.store import accounts, hub_users
from unibos.core.store.accounts import Session
from unibos.core.store.hub_users import HubUser
from unibos.core.store.transaction import Transaction, View

DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Proof:
    """What the hub said when it took a password, or a refresh token.

    :param claims: of the access token that it gave.
    """

    claims: Claims
    user: Person


class Offline:
    """The offline logins of one node.

    :param trust: gives what the hub said last.
    :param days: how long a login through the hub is good for; 0: not at all.
    """

    def __init__(
        self,
        tools: Tools,
        key: InstanceKey,
        time: TrustedTime,
        trust: Callable[[], Trust],
        org: str,
        days: int,
    ) -> None:
        own = OwnIssuer(key)
        self._tools = tools
        self._time = time
        self._trust = trust
        self._org = tools.store.org(org)
        self._days = days
        self._access = AccessTokens(own, time)
        self._reader = AccessReader(own)

    async def learn(self, proof: Proof, password: str) -> HubUser:
        """Keep what a login through the hub proved."""
        made = await self._tools.passwords.hash(password) if self._days else None
        return await self._org.awrite(lambda tx: self._save(tx, proof, made))

    async def renew(self, proof: Proof) -> HubUser:
        """Keep what a refresh by the hub proved: that the user is still in good standing.

        The password is the same as long as nothing is revoked, so that a verifier which is good
        today is so for another while. Written once a day, or when the hub says something new.
        """
        known = self._org.read(lambda view: hub_users.find(view, proof.claims.user))
        if known is not None and not self._is_news(known, proof):
            return known
        return await self._org.awrite(lambda tx: self._save(tx, proof, None))

    def usable(self, user: HubUser | None) -> bool:
        """Whether a user may be logged in, or go on, without the hub."""
        trust, now = self._trust(), self._time.now()
        return (
            user is not None
            and self._days > 0
            and user.verifier is not None
            and now < user.valid_until
            and now < trust.until
            and not user.local_disabled
            and not self._is_over(user.id, user.checked_at)
        )

    async def login(self, email: str, password: str) -> Login | None:
        """Begin a session; None when the password is not right, or nobody is known by it.

        It takes one hash in any case.
        """
        email_key = emails.key(email)
        user = self._org.read(lambda view: hub_users.by_email(view, email_key))
        good = user if self.usable(user) else None
        verifier = good.verifier if good else None
        hashing = self._tools.passwords
        proved = await hashing.run(lambda: hashing.matches(verifier, password))
        await self._time.akeep(user.valid_until if user else 0)
        if good is None or not proved:
            return None

        def begin(tx: Transaction) -> Session | None:
            present = hub_users.find(tx, good.id)
            if present is None or present.verifier != verifier or not self.usable(present):
                return None
            now = self._time.now()
            return hub_users.open_session(tx, present, now + REFRESH_MS)

        begun = await self._org.awrite(begin)
        return self._answer(good, begun) if begun else None

    async def refresh(self, session: Session, generation: int) -> Login:
        """Exchange a refresh token of an offline session.

        :raises Unauthenticated: as :meth:`Identity.refresh`.
        """

        def move(tx: Transaction) -> tuple[HubUser, Session] | Unauthenticated:
            user = self.holds(tx, session.user, session.id)
            present = accounts.session(tx, session.id)
            if user is None or present is None:
                return tokens.session_ended()
            now = self._time.now()
            moved = rotate(tx, present, generation, now, now + REFRESH_MS)
            return moved if isinstance(moved, Error) else (user, moved)

        outcome = await self._org.awrite(move)
        user = self._org.read(lambda view: hub_users.find(view, session.user))
        await self._time.akeep(user.valid_until if user else 0)
        if isinstance(outcome, Unauthenticated):
            raise outcome
        return self._answer(*outcome)

    def read(self, token: str) -> Claims:
        """The claims of a genuine offline token of this node, whatever its time: the caller keeps
        the time of a refusal.

        :raises Unauthenticated: ``token_invalid``.
        """
        claims = self._reader.read(token)
        if not claims.offline or claims.org != self._org.org:
            raise tokens.token_invalid()
        return claims

    def holds(self, view: View, user: str, session_id: str) -> HubUser | None:
        """The user of an offline session, if it stands."""
        session = accounts.session(view, session_id)
        if session is None or session.ended_because or session.user != user:
            return None
        # The user may have logged in with a new password since.
        if self._is_over(user, hub_users.proved_at(view, session_id)):
            return None
        found = hub_users.find(view, user)
        return found if self.usable(found) else None

    def heard(self, tx: Transaction, told: set[str], before: int) -> None:
        """Forget what the hub has revoked.

        :param told: users and sessions that are revoked anew; whoever listens is told of them.
        :param before: what was checked before this time counts as revoked, too.
        """
        now = self._time.now()
        for user in hub_users.with_verifier(tx):
            if self._is_over(user.id, user.checked_at, before):
                hub_users.forget_verifier(tx, user.id)
        for session, user_id, proved_at in hub_users.sessions(tx):
            if self._is_over(user_id, proved_at, before):
                accounts.end_session(tx, session, now, "revoked")
        for id_ in told:
            tx.changed(accounts.TOPIC, id_)

    def has_revoked(self, view: View) -> bool:
        """Whether something is kept that :meth:`heard` would forget."""
        kept = [(user.id, user.checked_at) for user in hub_users.with_verifier(view)]
        kept += [(user, proved_at) for _, user, proved_at in hub_users.sessions(view)]
        return any(self._is_over(user, at) for user, at in kept)

    async def forget_all(self) -> int:
        """Let nobody log in without the hub until they have logged in with it; how many could."""

        def forget(tx: Transaction) -> int:
            able = len(hub_users.with_verifier(tx))
            for id_ in hub_users.ids(tx):
                hub_users.forget_verifier(tx, id_)
                accounts.end_sessions(tx, id_, self._time.now(), "forgotten")
            return able

        return await self._org.awrite(forget)

    def _is_over(self, user: str, proved_at: int, before: int = 0) -> bool:
        """Whether what the hub took at that time was revoked later."""
        return proved_at < before or self._trust().revoked.revoked(user, "", proved_at)

    def _save(self, tx: Transaction, proof: Proof, verifier: str | None) -> HubUser:
        """Keep a user as the hub described them; without a verifier the kept one goes on."""
        claims, said = proof.claims, proof.user
        known = hub_users.find(tx, claims.user)
        checked_at = claims.issued_at
        if verifier is None and known is not None and self.usable(known):
            verifier, checked_at = known.verifier, known.checked_at
        user = HubUser(
            claims.user,
            said.email,
            emails.key(said.email),
            said.name,
            claims.role,
            verifier,
            checked_at,
            self._time.now() + self._days * DAY_MS if verifier else 0,
        )
        # It may have been revoked while the password was hashed.
        if self._is_over(user.id, checked_at):
            user = replace(user, verifier=None)
        hub_users.save(tx, user)
        return replace(
            user,
            local_user=known.local_user if known else None,
            local_disabled=known.local_disabled if known else False,
        )

    def _is_news(self, known: HubUser, proof: Proof) -> bool:
        said = proof.user
        if (known.email, known.name, known.role) != (said.email, said.name, proof.claims.role):
            return True
        longer = self._time.now() + self._days * DAY_MS - known.valid_until
        return self.usable(known) and longer >= DAY_MS

    def _answer(self, user: HubUser, session: Session) -> Login:
        org = self._org.org
        issued = session.issued_at
        access = self._access.issue(user.id, org, session.id, user.role, issued, offline=True)
        return Login(
            access_token=access,
            refresh_token=self._tools.refresh.issue(session.id, session.generation),
            expires_in=tokens.ACCESS_SECONDS,
            user=person_of(user, org),
            offline=True,
        )


def person_of(user: HubUser, org: str) -> Person:
    """The person behind a hub's user: the linked account's, where there is one."""
    return Person(
        id=user.local_user or user.id,
        email=user.email,
        name=user.name,
        role=Role(user.role),
        org=org,
    )
