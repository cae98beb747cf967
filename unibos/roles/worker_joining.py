"""Which instance a worker joined: one small file in its data folder, without a secret; the secret
is the instance's key."""

import asyncio
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from unibos.base.config import Config
from unibos.base.errors import Conflict, Damaged, Error, Forbidden
from unibos.core.identity.keys import KEY_FILE, InstanceKey
from unibos.core.identity.registry.join_proof import prove, public_text
from unibos.core.identity.registry.join_string import JoinToken
from unibos.core.identity.registry.worker_shapes import WorkerEnrollment
from unibos.core.jobs.leasing.messages import WorkerFacts
from unibos.core.store.system import System
from unibos.roles.instance import open_instance
from unibos.transports.http.lease_client import LeaseClient, SourceAddress

FILE = "worker.json"
_GONE = frozenset({"worker_revoked", "machine_token_invalid"})


class Joined(Struct, frozen=True, kw_only=True):
    """The instance that this worker takes jobs from.

    :param source: its instance id.
    :param role: ``hub`` or ``node``.
    :param name: what it calls this worker.
    :param certificate: PEM of the only one that it may show; empty: a public one, or none.
    """

    source: str
    source_name: str
    role: str
    name: str
    org: str
    org_name: str
    all_orgs: bool
    urls: tuple[str, ...]
    certificate: str | None = None

    @property
    def address(self) -> SourceAddress:
        """Where it is."""
        return SourceAddress(self.source, self.urls, self.certificate)


@dataclass(frozen=True, slots=True)
class Membership:
    """The file, below the data folder."""

    folder: Path

    def read(self) -> Joined | None:
        """The instance that was joined; None: none was.

        :raises Damaged: ``worker_state_damaged``.
        """
        path = self.folder / FILE
        try:
            return msgspec.json.decode(path.read_bytes(), type=Joined)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise Damaged(
                "worker_state_damaged",
                f"{path} is not what was written: {error}.",
                hint="Remove it, then join again: unibos-worker join TOKEN",
            ) from error

    def keep(self, joined: Joined) -> None:
        """Write it down in one step."""
        System().replace_text(self.folder / FILE, msgspec.json.encode(joined).decode())

    def drop(self) -> None:
        """Forget it."""
        System().remove(self.folder / FILE)


def require_free(config: Config) -> None:
    """Whether the settings let this worker join somebody.

    :raises Conflict: ``source_in_settings``, ``offline``.
    """
    if config.worker.source:
        raise Conflict(
            "source_in_settings",
            f"worker.source says whose jobs this worker does: {config.worker.source}.",
            hint="Beside a node or hub: disable the worker, join, then enable it again.",
        )
    if config.offline:
        raise Conflict("offline", "This instance is set to talk to nobody.")


def called(config: Config) -> str:
    """What this worker calls itself."""
    return config.worker.name or socket.gethostname()


async def join(
    membership: Membership, key: InstanceKey, facts: WorkerFacts, text: str, name: str
) -> Joined:
    """Become a worker of the instance that a join token is from; it is written down then.

    :raises Invalid: ``join_string_invalid``.
    :raises Conflict: ``already_joined``, and what the instance refuses with.
    :raises Forbidden: what the instance refuses with, ``source_answer_wrong``.
    :raises Unavailable: ``source_unreachable``, ``source_not_genuine``.
    """
    token = JoinToken.parse(text)
    present = membership.read()
    if present is not None:
        raise Conflict(
            "already_joined",
            f"This worker takes its jobs from {present.source_name} already.",
            hint="Leave it first: unibos-worker leave",
        )
    certificates: list[str] = []
    link = LeaseClient.joined(SourceAddress(token.hub, tuple(token.urls)), key, certificates.append)
    asked = WorkerEnrollment(
        secret=token.secret,
        public_key=public_text(key),
        proof=prove(key, token.hub, token.secret),
        name=name,
        facts=facts,
    )
    try:
        enrolled = await link.enroll(asked)
    finally:
        await link.close()
    if enrolled.source != token.hub:
        raise Forbidden("source_answer_wrong", "Another instance answers than the token names.")
    joined = Joined(
        source=enrolled.source,
        source_name=enrolled.source_name,
        role=enrolled.role,
        name=enrolled.name,
        org=enrolled.org,
        org_name=enrolled.org_name,
        all_orgs=enrolled.all_orgs,
        # Where it was found is the address that is known to be good.
        urls=tuple(dict.fromkeys([*token.urls, *enrolled.urls]))[:8],
        certificate=certificates[-1] if certificates else None,
    )
    membership.keep(joined)
    return joined


async def leave(membership: Membership, key: InstanceKey, *, force: bool) -> Joined:
    """Be a worker of that instance no longer.

    :param force: also when it cannot be told.
    :raises Conflict: ``not_joined``.
    :raises Unavailable: ``source_unreachable``.
    """
    joined = membership.read()
    if joined is None:
        raise Conflict(
            "not_joined", "This worker has joined nobody.", hint="unibos-worker join TOKEN"
        )
    link = LeaseClient.joined(joined.address, key)
    try:
        await link.leave()
    except Error as error:
        # Who is no worker there any more has nothing to say.
        if not force and error.code not in _GONE:
            raise
    finally:
        await link.close()
    membership.drop()
    return joined


def join_here(config: Config, text: str, name: str) -> dict[str, Any]:
    """Join while no worker runs; what :func:`join` raises."""
    require_free(config)
    from unibos.roles.modules import modules
    from unibos.roles.worker_facts import found

    kinds = [kind for module in modules(config.documents, config.media) for kind in module.jobs]
    key, facts = open_instance(config), found(config, kinds)
    with _owned(config.data):
        joined = join(Membership(config.data), key, facts, text, name or called(config))
        return public(asyncio.run(joined))


def leave_here(config: Config, *, force: bool) -> dict[str, Any]:
    """Leave while no worker runs; what :func:`leave` raises."""
    left = leave(Membership(config.data), open_instance(config), force=force)
    return public(asyncio.run(left))


def public(joined: Joined) -> dict[str, Any]:
    """What is told of it."""
    told: dict[str, Any] = msgspec.to_builtins(joined)
    del told["certificate"]
    return told


@contextmanager
def _owned(folder: Path) -> Iterator[None]:
    """What root writes here is the service's, as the folder is."""
    try:
        yield
    finally:
        there = folder.stat()
        for name in (KEY_FILE, FILE):
            path = folder / name
            if os.geteuid() == 0 and path.exists() and path.stat().st_uid != there.st_uid:
                os.chown(path, there.st_uid, there.st_gid)
