"""A worker as the API shows it, and what it joins with."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from unibos.base.clock import iso
from unibos.core.identity.link import Text
from unibos.core.identity.registry.known_workers import KnownWorker
from unibos.core.identity.registry.presence import State
from unibos.core.store.worker_facts import WorkerFacts, read_facts
from unibos.core.store.workers import WorkerRow


class WorkerEnrollment(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a worker asks to join with.

    :param secret: the join token's own, ``<token id>.<secret>``.
    :param public_key: the raw Ed25519 key, base64url without padding.
    :param proof: a JWT signed with that key (typ ``join+jwt``, ``aud`` the instance that it joins,
        ``jti`` the SHA-256 of ``secret`` in hexadecimal): who joins holds the key.
    """

    secret: Annotated[str, Meta(max_length=200)]
    public_key: Annotated[str, Meta(max_length=64)]
    proof: Annotated[str, Meta(max_length=2048)]
    name: Text
    facts: WorkerFacts


class WorkerEnrolled(Struct, frozen=True, kw_only=True):
    """What a worker gets when it joins.

    :param source: the id of the instance that it takes jobs from.
    :param role: what that instance is.
    :param name: what it calls the worker.
    :param org: the org that the worker belongs to; with ``all_orgs`` it works for all others, too.
    :param urls: where the source is reached, best first.
    :param time: the source's, in milliseconds since 1970.
    """

    source: str
    source_name: str
    role: Literal["hub", "node"]
    name: str
    org: str
    org_name: str
    all_orgs: bool
    urls: list[str]
    time: int
    heartbeat_seconds: int


class Worker(Struct, frozen=True, kw_only=True):
    """An instance that takes jobs from here; what it never told is None.

    :param local: whether it came over the local socket, without joining.
    :param running: jobs that it works on, as it told last.
    :param stopping: it takes no more jobs.
    """

    id: str
    name: str
    state: State
    local: bool
    all_orgs: bool
    facts: WorkerFacts | None
    running: int | None
    stopping: bool
    joined_at: str | None
    seen_at: str
    revoked_at: str | None


class WorkerPage(Struct, frozen=True):
    """One page of an org's workers."""

    items: list[Worker]
    next: str | None


class WorkerChange(Struct, frozen=True, forbid_unknown_fields=True):
    """What can be changed of a worker."""

    name: Annotated[str, Meta(max_length=200)]


def shown(row: WorkerRow, known: KnownWorker | None, state: State) -> Worker:
    """A worker that joined, from what the database has, and what it told since."""
    heard = known is not None and known.heard is not None
    return Worker(
        id=row.id,
        name=row.name,
        state=state,
        local=False,
        all_orgs=row.all_orgs,
        facts=known.facts if known is not None else read_facts(row.facts),
        running=known.running if known is not None and heard else None,
        stopping=known.stopping if known is not None else False,
        joined_at=iso(row.joined_at),
        seen_at=iso(known.seen_at if known is not None else row.seen_at),
        revoked_at=None if row.revoked_at is None else iso(row.revoked_at),
    )


def shown_local(known: KnownWorker, state: State) -> Worker:
    """A worker that came over the local socket."""
    return Worker(
        id=known.id,
        name=known.name,
        state=state,
        local=True,
        all_orgs=known.all_orgs,
        facts=known.facts,
        running=known.running,
        stopping=known.stopping,
        joined_at=None,
        seen_at=iso(known.seen_at),
        revoked_at=None,
    )
