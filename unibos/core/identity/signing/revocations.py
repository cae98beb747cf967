"""The signed list of what an org's nodes must no longer accept."""

import hashlib
import threading
from dataclasses import dataclass, field

import msgspec

from unibos.core.identity.keys import InstanceKey
from unibos.core.identity.signing.statement import (
    read_statement,
    sign_statement,
    statement_invalid,
)
from unibos.core.store import revocations
from unibos.core.store.revocations import Kind
from unibos.core.store.store import Store
from unibos.core.store.transaction import Changed

KIND = "revocations+jwt"
MAX_LENGTH = 4 * 1024 * 1024
_MAX_ORGS = 256


@dataclass(slots=True)
class _Kept:
    """An org's list as it was read, as of when, and as it was signed once somebody asked."""

    version: str
    at: int
    rows: list[tuple[Kind, str, int]]
    signed: str = ""


@dataclass(frozen=True, slots=True)
class RevocationList:
    """What nodes no longer accept; times are in milliseconds since 1970, by the hub's clock of
    :mod:`unibos.core.store.revocations`.

    :param version: compared for being the same, nothing else.
    :param issued_at: as of when the hub knew this.
    :param users: what was issued to them before this time is over.
    """

    org: str
    version: str
    issued_at: int
    users: dict[str, int] = field(default_factory=dict)
    sessions: frozenset[str] = frozenset()
    nodes: frozenset[str] = frozenset()

    def revoked(self, user: str, session: str, issued_at: int) -> bool:
        """Whether a token, or an offline login, that was issued at this time is over."""
        return session in self.sessions or issued_at < self.users.get(user, 0)

    def outlived(self, issued_at: int) -> bool:
        """Whether an access token of this time is so old that the list need not name it."""
        return issued_at <= self.issued_at - revocations.SESSION_KEPT_MS


class Revocations:
    """The lists of a hub's orgs, made when asked for and kept until something changes.

    Its rows come from the verbs of accounts and nodes, in the transactions that end something.
    """

    def __init__(self, store: Store, key: InstanceKey) -> None:
        self._store = store
        self._key = key
        self._lock = threading.Lock()
        self._changes = 0
        self._kept: dict[str, _Kept] = {}
        self._end = store.listen(self._notice)

    def close(self) -> None:
        """Stop listening to the store."""
        self._end()

    def version(self, org: str) -> str:
        """Changes when the org's list does. A dict look-up most of the time."""
        return self._list(org).version

    def signed(self, org: str) -> str:
        """The org's list as a statement (``revocations+jwt``) by the hub."""
        kept = self._list(org)
        if not kept.signed:
            claims = {
                "org": org,
                "iat": kept.at / 1000,
                "version": kept.version,
                "users": {id_: at for kind, id_, at in kept.rows if kind == "user"},
                "sessions": [id_ for kind, id_, _ in kept.rows if kind == "session"],
                "nodes": [id_ for kind, id_, _ in kept.rows if kind == "node"],
            }
            kept.signed = sign_statement(self._key, KIND, claims)
        return kept.signed

    def _list(self, org: str) -> _Kept:
        known = self._kept.get(org)
        if known is not None:
            return known
        before = self._changes
        rows, at = self._store.read(revocations.listing, org)
        kept = _Kept(hashlib.sha256(msgspec.json.encode(rows)).hexdigest()[:16], at, rows)
        with self._lock:
            # What changed while it was read may be missing in it.
            if before == self._changes:
                if len(self._kept) >= _MAX_ORGS:
                    self._kept.pop(next(iter(self._kept)))
                self._kept[org] = kept
        return kept

    def _notice(self, changes: list[Changed]) -> None:
        orgs = {change.org for change in changes if change.topic == revocations.TOPIC}
        if orgs:
            with self._lock:
                self._changes += 1
                for org in orgs:
                    self._kept.pop(org, None)


def read_revocations(token: str, hub: str, org: str) -> RevocationList:
    """Check a hub's list for an org.

    :param hub: the hub's instance id.
    :raises Unauthenticated: ``statement_invalid``.
    """
    claims = read_statement(token, KIND, hub, MAX_LENGTH)
    try:
        read = msgspec.convert(claims, _Claims)
    except msgspec.ValidationError:
        raise statement_invalid(KIND) from None
    if read.org != org:
        raise statement_invalid(KIND)
    return RevocationList(
        read.org,
        read.version,
        round(read.iat * 1000),
        read.users,
        frozenset(read.sessions),
        frozenset(read.nodes),
    )


class _Claims(msgspec.Struct, frozen=True):
    """What is signed."""

    org: str
    version: str
    iat: float
    users: dict[str, int]
    sessions: list[str]
    nodes: list[str]
