"""Sessions: login, refresh with rotation, logout, password change, and the check of each request.

A session is one login. It lives until 30 days after its last refresh, or until something ends
it; then all its tokens are dead at once.
"""

from dataclasses import dataclass, replace

from unibos.base.clock import Wall
from unibos.base.errors import Forbidden, Unauthenticated
from unibos.core.identity import admission, emails, passwords, tokens
from unibos.core.identity.cache import ScopeCache
from unibos.core.identity.login import Login, person_of
from unibos.core.identity.passwords import Passwords
from unibos.core.identity.scope import Principal, Role, Scope
from unibos.core.identity.throttle import Throttle
from unibos.core.identity.tokens import AccessTokens, RefreshTokens
from unibos.core.store import accounts, nodes, orgs, signing_keys
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
    """The sessions of one instance; see :class:`unibos.core.identity.identity.Identity`.

    :param own_org: whose owners run the instance.
    """

    def __init__(self, tools: Tools, own_org: str) -> None:
        self._tools = tools
        self._own_org = own_org
        self._cache = ScopeCache(tools.wall)

    def notice(self, changes: list[Changed]) -> None:
        """Drop what is known of changed sessions and users, and all of it when a key is no longer
        good; for :meth:`Store.listen`."""
        if any(change.topic == signing_keys.TOPIC for change in changes):
            self._cache.clear()
        changed = {change.id for change in changes if change.topic == accounts.TOPIC}
        if changed:
            self._cache.forget(changed)

    async def login(
        self, email: str, password: str, address: str, org: str = "", node: str | None = None
    ) -> Login:
        """See :meth:`Identity.login`.

        :param node: the node that it begins through.
        """
        known = await self.prove(email, password, address)
        if known is None:
            raise login_failed()
        return await self.enter(known, password, org, node)

    async def enter(
        self, known: Account, password: str, org: str = "", node: str | None = None
    ) -> Login:
        """Begin a session of whom :meth:`prove` found; raises as :meth:`login`.

        :param node: the node that it begins through.
        """
        hashing = self._tools.passwords
        account = self._chosen(known.id, org)
        if account is None:
            raise login_failed()
        renewed = None
        if hashing.outgrown(known.verifier):
            renewed = await hashing.hash(password)
        begun = await self._tools.store.awrite(
            lambda tx: self._begin(tx, replace(account, verifier=known.verifier), renewed, node),
            account.org,
        )
        if begun is None:
            raise login_failed()
        return self.answer(*begun)

    async def switch(self, scope: Scope, org: str) -> Login:
        """See :meth:`Identity.switch`."""
        require_user(scope)
        if scope.through_node:
            raise Forbidden(
                "session_through_node",
                "This login was made through a node, and is for its org only.",
                hint="Log in at the hub itself to work in another org.",
            )
        account = self._chosen(scope.principal.id, org)
        if account is None:
            raise orgs.not_found(org)
        begun = await self._tools.store.awrite(
            lambda tx: self._begin(tx, account, None, None), account.org
        )
        if begun is None:
            raise tokens.session_ended()
        return self.answer(*begun)

    async def prove(self, email: str, password: str, address: str) -> Account | None:
        """The account of an address, in any org, if this is its password.

        It takes as long for an unknown address, and failures are counted and slowed.

        :raises TooMany: ``too_many_attempts``.
        :raises Unavailable: ``login_overloaded``.
        """
        key = emails.key(email)
        account = self._tools.store.read(lambda view: accounts.by_email(view, key))
        return account if await self._prove(account, password, key, address) else None

    async def refresh(self, token: str, org: str = "") -> Login:
        """See :meth:`Identity.refresh`."""
        store = self._tools.store
        id_, generation = self._tools.refresh.read(token)
        found = store.read(lambda view: accounts.org_of_session(view, id_))
        if found is None or org not in ("", found):
            raise tokens.session_ended()
        # A refusal is returned, not raised: what it ended has to be kept.
        outcome = await store.awrite(lambda tx: self._rotate(tx, id_, generation), found)
        if isinstance(outcome, Unauthenticated):
            raise outcome
        return self.answer(*outcome)

    async def logout(self, scope: Scope, *, everywhere: bool) -> None:
        """See :meth:`Identity.logout`."""
        now = self._tools.wall()

        def end(tx: Transaction) -> None:
            if everywhere and scope.through_node:
                accounts.end_sessions(tx, scope.principal.id, now, "logout")
            elif everywhere:
                accounts.end_all_sessions(tx, scope.principal.id, now, "logout")
            else:
                accounts.end_session(tx, scope.session, now, "logout")

        if scope.session:
            await scope.store.awrite(end)

    async def change_password(self, scope: Scope, current: str, new: str, address: str) -> Login:
        """See :meth:`Identity.change_password`."""
        require_user(scope)
        account = scope.store.read(lambda view: accounts.get(view, scope.principal.id))
        passwords.check(new, account.email)
        if not await self._prove(account, current, account.email_key, address):
            raise password_wrong()
        verifier = await self._tools.passwords.hash(new)

        def change(tx: Transaction) -> tuple[Account, Session] | None:
            present = self._admitted(tx, account.id)
            asking = accounts.session(tx, scope.session)
            if present is None or present.verifier != account.verifier:
                return None
            accounts.set_verifier(tx, account.id, verifier)
            accounts.end_all_sessions(tx, account.id, self._tools.wall(), "password_changed")
            return self.open(tx, present, asking.node if asking else None)

        begun = await scope.store.awrite(change)
        if begun is None:
            raise tokens.session_ended()
        return self.answer(*begun)

    def known(self, token: str) -> Scope | None:
        """The scope of a token that was checked before and stands: a dict look-up."""
        return self._cache.get(token)

    def authenticate(self, token: str) -> Scope:
        """See :meth:`Identity.authenticate`."""
        known = self.known(token)
        if known is not None:
            return known
        version = self._cache.version
        claims = self._tools.access.read(token)

        def ask(view: View) -> tuple[Account | None, bool]:
            session = accounts.session(view, claims.session)
            if session is None or session.ended_because or session.user != claims.user:
                return None, False
            return self._admitted(view, claims.user), session.node is not None

        account, through_node = self._tools.store.read(ask, claims.org)
        if account is None:
            raise tokens.session_ended()
        owner_here = account.org == self._own_org and account.role == Role.OWNER.value
        scope = Scope(
            account.org,
            self._tools.store.org(account.org),
            Principal("user", account.id, account.name, account.email),
            Role(account.role),
            claims.session,
            # A node's word, or that of whoever runs it, does not reach beyond its org.
            operator=owner_here and not through_node,
            through_node=through_node,
        )
        self._cache.keep(token, scope, claims.expires_at, version)
        return scope

    def clean_up(self) -> int:
        """See :meth:`Identity.clean_up`."""
        before = self._tools.wall() - KEPT_MS
        return self._tools.store.write(lambda tx: accounts.forget_sessions(tx, before))

    def open(
        self, tx: Transaction, account: Account, node: str | None = None
    ) -> tuple[Account, Session]:
        """Begin a session of an account within a transaction of its org.

        :raises Forbidden: ``node_revoked``: the node's membership ended while it asked.
        """
        if node is not None:
            nodes.require_active(tx, node)
        now = self._tools.wall()
        return account, accounts.open_session(tx, account.id, now, now + REFRESH_MS, node)

    def answer(self, account: Account, session: Session) -> Login:
        """The tokens of a session, once it is committed."""
        return Login(
            access_token=self._tools.access.issue(
                account.id, account.org, session.id, account.role, session.issued_at
            ),
            refresh_token=self._tools.refresh.issue(session.id, session.generation),
            expires_in=tokens.ACCESS_SECONDS,
            user=person_of(account),
        )

    def _chosen(self, user: str, org: str) -> Account | None:
        now = self._tools.wall()
        return self._tools.store.read(lambda view: admission.choose(view, user, org, now))

    def _admitted(self, view: View, user: str) -> Account | None:
        """The user's account in the view's org, if it may work there now."""
        account = accounts.find(view, user)
        if account is None or not admission.admits(view, account, self._tools.wall()):
            return None
        return account

    async def _prove(
        self, account: Account | None, password: str, email_key: str, address: str
    ) -> bool:
        """Check a password, at the same pace for unknown accounts."""
        slow, hashing = self._tools.throttle, self._tools.passwords
        keys = slow.of_login(email_key, address)
        verifier = account.verifier if account else None
        slow.check(*keys)

        def prove() -> bool:
            # Others may have failed while this one waited for its turn.
            slow.check(*keys)
            if hashing.matches(verifier, password):
                slow.logged_in(email_key, address)
                return True
            slow.failed(*keys)
            return False

        return await hashing.run(prove)

    def _begin(
        self, tx: Transaction, proved: Account, renewed: str | None, node: str | None
    ) -> tuple[Account, Session] | None:
        account = self._admitted(tx, proved.id)
        if account is None or account.verifier != proved.verifier:
            return None
        if renewed is not None:
            accounts.set_verifier(tx, account.id, renewed)
        return self.open(tx, account, node)

    def _rotate(
        self, tx: Transaction, id_: str, generation: int
    ) -> tuple[Account, Session] | Unauthenticated:
        now = self._tools.wall()
        session = accounts.session(tx, id_)
        if session is None or session.ended_because:
            return tokens.session_ended()
        account = self._admitted(tx, session.user)
        if account is None:
            return tokens.session_ended()
        moved = rotate(tx, session, generation, now, now + REFRESH_MS)
        return moved if isinstance(moved, Unauthenticated) else (account, moved)


def rotate(
    tx: Transaction, session: Session, generation: int, now: int, until: int
) -> Session | Unauthenticated:
    """Use a genuine refresh token of a living session up; a refusal is for the caller to raise.

    :param generation: the token's.
    :param until: when the token that comes next expires.
    """
    if generation < session.generation:
        accounts.end_session(tx, session.id, now, "refresh_reused")
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
    # A generation above the expected one is genuine too: the database was restored from a backup
    # that is older than the token.
    return accounts.move_session(tx, session, generation + 1, until)


def require_user(scope: Scope) -> None:
    """Let only accounts pass.

    :raises Forbidden: ``user_required``.
    """
    if scope.principal.kind != "user":
        raise Forbidden(
            "user_required",
            "Only an account can do this.",
            hint="unibos user passwd EMAIL sets the password of an account.",
        )


def password_wrong() -> Forbidden:
    """The answer to a wrong present password."""
    return Forbidden("password_wrong", "The current password is not right.")


def login_failed() -> Unauthenticated:
    """The one answer to unknown, disabled and mistyped."""
    return Unauthenticated(
        "login_failed",
        "The e-mail address or the password is not right.",
        hint="An admin can see whether the account is disabled, and set a new password.",
    )
