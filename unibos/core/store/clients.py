"""Clients: other programs that people of an org log in to through this hub. Of a client's secret
only its hash is kept.

Every verb stays in its view's org but :func:`by_id`, for a login begins with a client's id and
learns the org from it.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from unibos.base.errors import Conflict, NotFound
from unibos.base.ids import new_id
from unibos.core.store.signing_keys import Algorithm
from unibos.core.store.transaction import Transaction, View

MAX_CLIENTS = 100


@dataclass(frozen=True, slots=True)
class Client:
    """One registered program.

    :param secret_hash: the SHA-256 of its secret in hexadecimal; None for a public client, which
        could not keep one, such as a program on a phone.
    :param redirect_uris: where people may be sent back to, compared letter by letter.
    :param algorithm: how its ID tokens are signed.
    :param created_at: in milliseconds since 1970.
    """

    id: str
    org: str
    name: str
    secret_hash: str | None = field(repr=False)
    redirect_uris: tuple[str, ...]
    algorithm: Algorithm
    created_at: int


_SELECT = "SELECT id, org, name, secret_hash, redirect_uris, algorithm, created_at FROM clients"


def create(
    tx: Transaction,
    name: str,
    secret_hash: str | None,
    redirect_uris: tuple[str, ...],
    algorithm: Algorithm,
) -> Client:
    """Register a program in the org.

    :raises Conflict: ``too_many_clients``.
    """
    (count,) = tx.connection.execute(
        "SELECT count(*) FROM clients WHERE org = ?", (tx.org,)
    ).fetchone()
    if count >= MAX_CLIENTS:
        raise Conflict("too_many_clients", f"An org has at most {MAX_CLIENTS} clients.")
    id_ = new_id(tx.stamp()[0])
    made = Client(id_, tx.org, name, secret_hash, redirect_uris, algorithm, tx.now())
    tx.connection.execute(
        "INSERT INTO clients (org, id, name, secret_hash, redirect_uris, algorithm, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            made.org,
            made.id,
            name,
            secret_hash,
            json.dumps(redirect_uris),
            algorithm,
            made.created_at,
        ),
    )
    return made


def listing(view: View) -> list[Client]:
    """The org's clients in the order of their making."""
    rows = view.connection.execute(_SELECT + " WHERE org = ? ORDER BY id", (view.org,))
    return [_client(row) for row in rows]


def by_id(view: View, id_: str) -> Client | None:
    """The client with this id, or None; looks across orgs."""
    row = view.connection.execute(_SELECT + " WHERE id = ?", (id_,)).fetchone()
    return _client(row) if row else None


def remove(tx: Transaction, id_: str) -> None:
    """Forget a client of the org; what was issued for it is over.

    :raises NotFound: ``client_not_found``.
    """
    cursor = tx.connection.execute("DELETE FROM clients WHERE org = ? AND id = ?", (tx.org, id_))
    if not cursor.rowcount:
        raise NotFound("client_not_found", f"There is no client {id_[:40]!r}.")


def _client(row: tuple[Any, ...]) -> Client:
    id_, org, name, secret_hash, uris, algorithm, created_at = row
    return Client(id_, org, name, secret_hash, tuple(json.loads(uris)), algorithm, created_at)
