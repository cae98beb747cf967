"""Join tokens: made by an org's admins, spent by the nodes and workers that join."""

from collections.abc import Callable, Sequence
from typing import Annotated

from msgspec import Meta, Struct
from msgspec.structs import asdict

from unibos.base.clock import Wall, iso, wall_ms
from unibos.base.errors import Conflict, Forbidden, Invalid, Unauthenticated, Unavailable
from unibos.base.ids import is_id, new_id
from unibos.core.identity import secret
from unibos.core.identity.registry.join_string import MAX_URLS, JoinToken
from unibos.core.identity.scope import Role, Scope
from unibos.core.store import join_tokens, orgs
from unibos.core.store.join_tokens import JoinRole, JoinTokenRow
from unibos.core.store.paging import behind, page_of
from unibos.core.store.store import Store
from unibos.core.store.transaction import Transaction

_MINUTE_MS = 60_000
_KEPT_MS = 7 * 86_400_000
"""An expired token stays in the list for so long."""


class JoinTokenIn(Struct, frozen=True, forbid_unknown_fields=True):
    """What a new join token is for."""

    uses: Annotated[int, Meta(ge=1, le=1000, description="How many may join with it.")] = 1
    expires_minutes: Annotated[
        int, Meta(ge=1, le=30 * 24 * 60, description="How long; 30 days is the most.")
    ] = 60
    label: Annotated[str, Meta(max_length=100)] = ""
    role: Annotated[JoinRole, Meta(description="What those become who join with it.")] = "node"
    all_orgs: Annotated[
        bool, Meta(description="Have a worker work for all orgs; for the hub's operators.")
    ] = False


class JoinTokenInfo(Struct, frozen=True, kw_only=True):
    """A join token, without its secret."""

    id: str
    label: str
    role: JoinRole
    all_orgs: bool
    uses: int
    uses_left: int
    created_by: str
    created_at: str
    expires_at: str
    expired: bool


class MadeJoinToken(JoinTokenInfo, frozen=True, kw_only=True):
    """A new one; ``token`` is the string to join with, shown this once."""

    token: str


class JoinTokenPage(Struct, frozen=True):
    """One page of an org's join tokens, the oldest first."""

    items: list[JoinTokenInfo]
    next: str | None


class JoinTokens:
    """An org's join tokens; for admins.

    :param hub_id: the instance id of the hub, or of the node that takes in workers.
    :param urls: where it is reached, best first.
    :param roles: what those may become who join.
    :param own_org: the hub's own org, whose workers may work for all.
    """

    def __init__(
        self,
        store: Store,
        hub_id: str,
        urls: Callable[[], Sequence[str]],
        *,
        roles: Sequence[JoinRole] = ("node", "worker"),
        own_org: str = "",
        wall: Wall = wall_ms,
    ) -> None:
        self._store = store
        self._hub = hub_id
        self._urls = urls
        self._roles = roles
        self._own_org = own_org
        self._wall = wall

    async def create(self, scope: Scope, wanted: JoinTokenIn) -> MadeJoinToken:
        """Make a token for the scope's org.

        :raises Conflict: ``too_many_join_tokens``.
        :raises Forbidden: ``role_required``, ``operator_required``, ``org_closing``.
        :raises Invalid: ``label_invalid`` for a label that does not print, ``join_role_invalid``.
        :raises Unavailable: ``hub_address_unknown``.
        """
        scope.require(Role.ADMIN)
        if not wanted.label.isprintable():
            raise Invalid("label_invalid", "The label has characters that do not print.")
        self._check_role(scope, wanted)
        urls = list(self._urls())[:MAX_URLS]
        if not urls:
            raise Unavailable(
                "hub_address_unknown",
                "This instance knows no address at which others reach it.",
                hint="On a hub, set hub.public_urls; on a node, set node.tls.",
            )
        own, now = secret.make(), self._wall()
        row = JoinTokenRow(
            scope.org,
            new_id(),
            wanted.label.strip(),
            secret.digest(own),
            wanted.uses,
            wanted.uses,
            scope.principal.id,
            now,
            now + wanted.expires_minutes * _MINUTE_MS,
            wanted.role,
            wanted.all_orgs,
        )

        def make(tx: Transaction) -> None:
            orgs.require_open(tx)
            join_tokens.add(tx, row, now - _KEPT_MS)

        await scope.store.awrite(make)
        text = JoinToken(
            urls=urls, hub=self._hub, secret=f"{row.id}.{own}", exp=row.expires_at // 1000
        ).format()
        return MadeJoinToken(**asdict(_info(row, now)), token=text)

    def _check_role(self, scope: Scope, wanted: JoinTokenIn) -> None:
        if wanted.role not in self._roles:
            raise Invalid(
                "join_role_invalid",
                f"Nobody joins this instance as a {wanted.role}.",
                hint="Only workers join a node; nodes join a hub.",
            )
        if not wanted.all_orgs:
            return
        scope.require_operator()
        if wanted.role != "worker" or scope.org != self._own_org:
            raise Invalid(
                "join_role_invalid", "Only workers of the hub's own org work for all orgs."
            )

    async def page(self, scope: Scope, limit: int = 50, cursor: str | None = None) -> JoinTokenPage:
        """One page of the org's tokens.

        :raises Forbidden: ``role_required``.
        :raises Invalid: ``cursor_invalid``.
        """
        scope.require(Role.ADMIN)
        after, now = behind(cursor), self._wall()
        found = await scope.store.aread(lambda view: join_tokens.page(view, after, limit + 1))
        page, following = page_of(found, limit)
        return JoinTokenPage([_info(row, now) for row in page], following)

    async def revoke(self, scope: Scope, id_: str) -> None:
        """Have nobody join with a token any more.

        :raises Forbidden: ``role_required``.
        :raises NotFound: ``join_token_not_found``.
        """
        scope.require(Role.ADMIN)
        await scope.store.awrite(lambda tx: join_tokens.remove(tx, id_))

    def find(self, text: str, role: JoinRole = "node") -> JoinTokenRow:
        """The token with this secret (``<token id>.<secret>``), whatever its state.

        :param role: what its holder wants to become.
        :raises Unauthenticated: ``join_token_invalid``: unknown, revoked, or a wrong secret.
        :raises Forbidden: ``join_token_role_wrong``.
        """
        id_, _, own = text.partition(".")
        row = self._store.read(lambda view: join_tokens.by_id(view, id_)) if is_id(id_) else None
        if row is None or not secret.matches(own, row.secret_hash):
            raise _invalid()
        if row.role != role:
            raise Forbidden(
                "join_token_role_wrong",
                f"With this join token one becomes a {row.role}, not a {role}.",
                hint="An admin of the org makes the right one: unibos hub tokens create --role …",
            )
        return row

    def require_live(self, tx: Transaction, id_: str) -> None:
        """Within the transaction that makes a node: the token stands, and it is in time.

        :raises Unauthenticated: ``join_token_invalid``: revoked meanwhile.
        :raises Forbidden: ``join_token_expired``.
        """
        row = join_tokens.by_id(tx, id_)
        if row is None:
            raise _invalid()
        if row.expires_at <= self._wall():
            raise Forbidden(
                "join_token_expired",
                "The join token has expired.",
                hint="An admin of the org makes a new one: unibos hub tokens create",
            )

    def spend(self, tx: Transaction, id_: str) -> None:
        """Take one use, in the transaction that makes the node.

        :raises Conflict: ``join_token_used``.
        """
        if not join_tokens.use(tx, id_):
            raise Conflict(
                "join_token_used",
                "The join token was used as often as it may be.",
                hint="An admin of the org makes a new one: unibos hub tokens create",
            )


def _info(row: JoinTokenRow, now: int) -> JoinTokenInfo:
    return JoinTokenInfo(
        id=row.id,
        label=row.label,
        role=row.role,
        all_orgs=row.all_orgs,
        uses=row.uses,
        uses_left=row.uses_left,
        created_by=row.created_by,
        created_at=iso(row.created_at),
        expires_at=iso(row.expires_at),
        expired=row.expires_at <= now,
    )


def _invalid() -> Unauthenticated:
    return Unauthenticated(
        "join_token_invalid",
        "This is not a join token of this hub.",
        hint="It may have been revoked. An admin of the org makes a new one.",
    )
