"""Join tokens on the hub: made by an org's admins, spent by the nodes that join."""

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
from unibos.core.store.join_tokens import JoinTokenRow
from unibos.core.store.paging import behind, page_of
from unibos.core.store.store import Store
from unibos.core.store.transaction import Transaction

_MINUTE_MS = 60_000
_KEPT_MS = 7 * 86_400_000
"""An expired token stays in the list for so long."""


class JoinTokenIn(Struct, frozen=True, forbid_unknown_fields=True):
    """What a new join token is for."""

    uses: Annotated[int, Meta(ge=1, le=1000, description="How many nodes may join with it.")] = 1
    expires_minutes: Annotated[
        int, Meta(ge=1, le=30 * 24 * 60, description="How long; 30 days is the most.")
    ] = 60
    label: Annotated[str, Meta(max_length=100)] = ""


class JoinTokenInfo(Struct, frozen=True, kw_only=True):
    """A join token, without its secret."""

    id: str
    label: str
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

    :param hub_id: the hub's instance id.
    :param urls: where nodes reach the hub, best first.
    """

    def __init__(
        self,
        store: Store,
        hub_id: str,
        urls: Callable[[], Sequence[str]],
        *,
        wall: Wall = wall_ms,
    ) -> None:
        self._store = store
        self._hub = hub_id
        self._urls = urls
        self._wall = wall

    async def create(self, scope: Scope, wanted: JoinTokenIn) -> MadeJoinToken:
        """Make a token for the scope's org.

        :raises Conflict: ``too_many_join_tokens``.
        :raises Forbidden: ``role_required``, ``org_closing``.
        :raises Invalid: ``label_invalid`` for a label that does not print.
        :raises Unavailable: ``hub_address_unknown``.
        """
        scope.require(Role.ADMIN)
        if not wanted.label.isprintable():
            raise Invalid("label_invalid", "The label has characters that do not print.")
        urls = list(self._urls())[:MAX_URLS]
        if not urls:
            raise Unavailable(
                "hub_address_unknown",
                "The hub knows no address at which nodes reach it.",
                hint="Set hub.public_urls.",
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
        )

        def make(tx: Transaction) -> None:
            orgs.require_open(tx)
            join_tokens.add(tx, row, now - _KEPT_MS)

        await scope.store.awrite(make)
        text = JoinToken(
            urls=urls, hub=self._hub, secret=f"{row.id}.{own}", exp=row.expires_at // 1000
        ).format()
        return MadeJoinToken(**asdict(_info(row, now)), token=text)

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

    def find(self, text: str) -> JoinTokenRow:
        """The token with this secret (``<token id>.<secret>``), whatever its state.

        :raises Unauthenticated: ``join_token_invalid``: unknown, revoked, or a wrong secret.
        """
        id_, _, own = text.partition(".")
        row = self._store.read(lambda view: join_tokens.by_id(view, id_)) if is_id(id_) else None
        if row is None or not secret.matches(own, row.secret_hash):
            raise _invalid()
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
