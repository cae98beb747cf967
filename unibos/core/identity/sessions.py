"""Sessions: login, refresh with rotation, logout, password change, and the check of each request.

A session is one login. It lives until 30 days after its last refresh, or until something ends
it; then all its tokens are dead at once.
"""

from dataclasses import dataclass

from unibos.base.clock import Wall
from unibos.base.errors import Forbidden, Unauthenticated
from unibos.core.identity import emails, passwords, throttle, tokens
from unibos.core.identity.cache import ScopeCache
from unibos.core.identity.login import Login, person_of
from unibos.core.identity.passwords import Passwords
from unibos.core.identity.scope import Principal, Role, Scope
from unibos.core.identity.throttle import Key, Throttle
from unibos.core.identity.tokens import AccessTokens, RefreshTokens
from unibos.core.store import accounts
from unibos.core.store.accounts import Account, Session
from unibos.core.store.store import Store
from unibos.core.store.transaction import Changed, Transaction, View

REFRESH_MS = tokens.REFRESH_DAYS * 86_400_000
KEPT_MS = 30 * 86_400_000


@dataclass(frozen=True, slots=True)
class Tools:
    """What sessions and setup work with."""

    store: Store
    passwords: Passwords
    throttle: Throttle
    access: AccessTokens
    refresh: RefreshTokens
    wall: Wall


class Sessions:
    """The sessions of one instance; see :class:`unibos.core.identity.identity.Identity`."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._cache = ScopeCache(tools.wall)

    def notice(self, changes: list[Changed]) -> None:
        """Drop what is known of changed sessions and users; for :meth:`Store.listen`."""
        changed = {change.id for change in changes if change.topic == accounts.TOPIC}
        if changed:
            self._cache.forget(changed)

    async def login(self, email: str, password: str, address: str) -> Login:
        """See :meth:`Identity.login`."""
        store, hashing = self._tools.store, self._tools.passwords
        key = emails.key(email)
        account = store.read(lambda view: accounts.by_email(view, key))
        if account is not None and account.disabled:
            account = None
        proved = await self._prove(account, password, key, address)
        if account is None or not proved:
            raise _login_failed()
        renewed = None
        if hashing.outgrown(account.verifier):
            renewed = await hashing.hash(password)
        begun = await store.awrite(lambda tx: self._begin(tx, account, renewed), account.org)
        if begun is None:
            raise _login_failed()
        return self.answer(*begun)

    async def refresh(self, token: str) -> Login:
        """See :meth:`Identity.refresh`."""
        store = self._tools.store
        id_, generation = self._tools.refresh.read(token)
        org = store.read(lambda view: accounts.org_of_session(view, id_))
        if org is None:
            raise tokens.session_ended()
        # A refusal is returned, not raised: what it ended has to be kept.
        outcome = await store.awrite(lambda tx: self._rotate(tx, id_, generation), org)
        if isinstance(outcome, Unauthenticated):
            raise outcome
        return self.answer(*outcome)

    async def logout(self, scope: Scope, *, everywhere: bool) -> None:
        """See :meth:`Identity.logout`."""
        now = self._tools.wall()

        def end(tx: Transaction) -> None:
            if everywhere:
                accounts.end_sessions(tx, scope.principal.id, now, "logout")
            else:
                accounts.end_session(tx, scope.session, now, "logout")

        if scope.session:
            await scope.store.awrite(end)

    async def change_password(self, scope: Scope, current: str, new: str, address: str) -> Login:
        """See :meth:`Identity.change_password`."""
        if scope.principal.kind != "user":
            raise Forbidden(
                "user_required",
                "Only an account has a password of its own.",
                hint="unibos user password EMAIL sets the password of an account.",
            )
        account = scope.store.read(lambda view: accounts.get(view, scope.principal.id))
        passwords.check(new, account.email)
        if not await self._prove(account, current, account.email_key, address):
            raise Forbidden("password_wrong", "The current password is not right.")
        verifier = await self._tools.passwords.hash(new)

        def change(tx: Transaction) -> tuple[Account, Session] | None:
            present = _unchanged(tx, account)
            if present is None:
                return None
            accounts.set_verifier(tx, account.id, verifier)
            accounts.end_sessions(tx, account.id, self._tools.wall(), "password_changed")
            return self.open(tx, present)

        begun = await scope.store.awrite(change)
        if begun is None:
            raise tokens.session_ended()
        return self.answer(*begun)

    def authenticate(self, token: str) -> Scope:
        """See :meth:`Identity.authenticate`."""
        known = self._cache.get(token)
        if known is not None:
            return known
        version = self._cache.version
        claims = self._tools.access.read(token)

        def ask(view: View) -> Account | None:
            session = accounts.session(view, claims.session)
            if session is None or session.ended_because or session.user != claims.user:
                return None
            return accounts.find(view, claims.user)

        account = self._tools.store.read(ask, claims.org)
        if account is None or account.disabled:
            raise tokens.session_ended()
        scope = Scope(
            account.org,
            self._tools.store.org(account.org),
            Principal("user", account.id, account.name, account.email),
            Role(account.role),
            claims.session,
        )
        self._cache.keep(token, scope, claims.expires_at, version)
        return scope

    def clean_up(self) -> int:
        """See :meth:`Identity.clean_up`."""
        before = self._tools.wall() - KEPT_MS
        return self._tools.store.write(lambda tx: accounts.forget_sessions(tx, before))

    def open(self, tx: Transaction, account: Account) -> tuple[Account, Session]:
        """Begin a session of an account within a transaction of its org."""
        now = self._tools.wall()
        return account, accounts.open_session(tx, account.id, now, now + REFRESH_MS)

    def answer(self, account: Account, session: Session) -> Login:
        """The tokens of a session, once it is committed."""
        return Login(
            access_token=self._tools.access.issue(
                account.id, account.org, session.id, account.role
            ),
            refresh_token=self._tools.refresh.issue(session.id, session.generation),
            expires_in=tokens.ACCESS_SECONDS,
            user=person_of(account),
        )

    async def _prove(
        self, account: Account | None, password: str, email_key: str, address: str
    ) -> bool:
        """Check a password, at the same pace for unknown accounts."""
        slow, hashing = self._tools.throttle, self._tools.passwords
        keys: tuple[Key, Key] = throttle.account(email_key), throttle.address(address)
        verifier = account.verifier if account else None
        slow.check(*keys)

        def prove() -> bool:
            # Others may have failed while this one waited for its turn.
            slow.check(*keys)
            if hashing.matches(verifier, password):
                slow.passed(keys[0])
                return True
            slow.failed(*keys)
            return False

        return await hashing.run(prove)

    def _begin(
        self, tx: Transaction, proved: Account, renewed: str | None
    ) -> tuple[Account, Session] | None:
        account = _unchanged(tx, proved)
        if account is None:
            return None
        if renewed is not None:
            accounts.set_verifier(tx, account.id, renewed)
        return self.open(tx, account)

    def _rotate(
        self, tx: Transaction, id_: str, generation: int
    ) -> tuple[Account, Session] | Unauthenticated:
        now = self._tools.wall()
        session = accounts.session(tx, id_)
        account = accounts.find(tx, session.user) if session else None
        if session is None or session.ended_because or account is None or account.disabled:
            return tokens.session_ended()
        if generation < session.generation:
            accounts.end_session(tx, id_, now, "refresh_reused")
            return Unauthenticated(
                "refresh_reused",
                "This refresh token was used before, so somebody may have copied it."
                " The session has been ended.",
                hint="Log in again; if this happens again, change the password.",
            )
        if session.expires_at <= now:
            return Unauthenticated(
                "refresh_expired", "The refresh token has expired.", hint="Log in again."
            )
        # A generation above the expected one is genuine too: the database was restored from a
        # backup that is older than the token.
        accounts.move_session(tx, id_, generation + 1, now + REFRESH_MS)
        moved = accounts.session(tx, id_)
        return (account, moved) if moved else tokens.session_ended()


def _unchanged(view: View, proved: Account) -> Account | None:
    """The account as it is now, if the password that was proved is still the one."""
    account = accounts.find(view, proved.id)
    if account is None or account.disabled or account.verifier != proved.verifier:
        return None
    return account


def _login_failed() -> Unauthenticated:
    return Unauthenticated(
        "login_failed",
        "The e-mail address or the password is not right.",
        hint="An admin can see whether the account is disabled, and set a new password.",
    )
