"""The worker: wired top-down, stopped in reverse. It has no database and no web server."""

import asyncio
import hashlib
import logging
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec

from unibos.base.config import Config
from unibos.base.errors import Error, Invalid, Unavailable
from unibos.core.identity.keys import InstanceKey
from unibos.core.jobs.kind import HeavyKind, Kinds, PortableKind, by_name
from unibos.core.jobs.leasing.messages import WorkerFacts
from unibos.core.jobs.worker.options import Options
from unibos.core.jobs.worker.worker import Worker
from unibos.roles import worker_joining as joining
from unibos.roles.instance import open_instance
from unibos.roles.modules import modules
from unibos.roles.worker_facts import found
from unibos.roles.worker_joining import Joined, Membership
from unibos.transports.http.lease_client import LeaseClient
from unibos.transports.local.control import control

log = logging.getLogger(__name__)

SOCKET = "worker.sock"
_BESIDE = ("unibos.sock", "hub.sock")
"""Sockets of a node and a hub with the same data folder."""
_LOOK_SECONDS = 5.0
"""A worker without a source looks this often whether one is there."""
_LIGHT = 4


class WorkerRole:
    """What a process with this role does, whoever the jobs come from.

    :param alone: whether the process is nothing but a worker; else node or hub do their own jobs
        in it, and this one works for whom it joined.
    """

    def __init__(
        self, config: Config, key: InstanceKey, kinds: Kinds, facts: WorkerFacts, *, alone: bool
    ) -> None:
        self._config = config
        self._key = key
        self._kinds = kinds
        self._facts = facts
        self._alone = alone
        self._membership = Membership(config.data)
        self._joined: Joined | None = None
        self._worker: Worker | None = None
        self._changed = asyncio.Event()
        self._stopping = False
        self._busy = asyncio.Lock()
        self._paused = False
        self._idle = asyncio.Event()
        self._idle.set()

    async def run(self) -> None:
        """Work for whom it joined, or for the instance on this machine, until :meth:`drain`.

        :raises Forbidden: ``worker_revoked``, and whatever else it is refused with.
        :raises Unauthenticated: the source does not know this worker any more.
        """
        told = False
        while not self._stopping:
            self._changed.clear()
            link = None if self._paused else self._link()
            if link is not None:
                told = False
                await self._work(link)
                continue
            if not told and not self._paused:
                self._tell_idle()
                told = True
            with suppress(TimeoutError):
                looks = self._alone or self._config.worker.source
                async with asyncio.timeout(_LOOK_SECONDS if looks else None):
                    await self._changed.wait()

    async def _work(self, link: LeaseClient) -> None:
        self._worker = Worker(link, self._kinds, self._options(), self._facts)
        self._idle.clear()
        try:
            await self._worker.run()
        finally:
            self._worker = None
            self._idle.set()

    def drain(self, seconds: float) -> None:
        """Take no more jobs; those in hand get some seconds, then they are handed back. Call it
        again to give them less."""
        self._stopping = True
        self._changed.set()
        if self._worker is not None:
            self._worker.drain(seconds)

    async def status(self, _: dict[str, Any]) -> dict[str, Any]:
        """How it is, for the commands on this machine."""
        joined = self._joined
        told: dict[str, Any] = {
            "state": "unattached",
            "facts": self._facts,
            "tasks": [],
            "ended": {},
        }
        if self._worker is not None:
            told = msgspec.to_builtins(self._worker.told())
        if self._stopping:
            told["state"] = "stopping" if self._worker is not None else "stopped"
        told["joined"] = None if joined is None else joining.public(joined)
        told["alone"] = self._alone
        return told

    async def stop(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Stop the worker; the process ends with it where it is nothing else."""
        seconds = asked.get("drain", self._config.worker.drain_seconds)
        if not isinstance(seconds, int | float) or not 0 <= seconds <= 86400:
            raise Invalid("drain_invalid", "The time of a drain is 0 to 86400 seconds.")
        log.info("asked to stop", extra={"drain_seconds": seconds})
        self.drain(seconds)
        return {"drain_seconds": seconds}

    async def join(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Join the instance of a join token, and work for it."""
        joining.require_free(self._config)
        name = str(asked.get("name") or joining.called(self._config))
        async with self._busy:
            joined = await joining.join(
                self._membership, self._key, self._facts, str(asked.get("token", "")), name
            )
        log.info("joined", extra={"source": joined.source_name, "org": joined.org_name})
        self._again()
        return joining.public(joined)

    async def leave(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Leave the instance that was joined; what is being worked on goes back."""
        async with self._busy:
            self._paused = True
            self._again()
            await self._idle.wait()
            try:
                force = bool(asked.get("force"))
                left = await joining.leave(self._membership, self._key, force=force)
            finally:
                self._paused = False
                self._changed.set()
        log.info("left", extra={"source": left.source_name})
        return joining.public(left)

    def _again(self) -> None:
        """Look anew for whom to work."""
        if self._worker is not None:
            self._worker.drain(0)
        self._changed.set()

    def _link(self) -> LeaseClient | None:
        """The way to the jobs; None: there is none."""
        self._joined = None
        wanted = self._config.worker.source
        if wanted:
            return self._beside(Path(wanted))
        self._joined = self._membership.read()
        if self._joined is not None and not self._config.offline:
            return LeaseClient.joined(self._joined.address, self._key, self._vouched)
        if self._alone:
            for socket in _BESIDE:
                if (self._config.data / socket).exists():
                    return self._beside(self._config.data / socket)
        return None

    def _beside(self, socket: Path) -> LeaseClient | None:
        """The way to an instance on this machine; None where not even its folder is there."""
        try:
            return LeaseClient.local(socket, joining.called(self._config))
        except Unavailable:
            return None

    def _vouched(self, certificate: str) -> None:
        """The source has another certificate, which it vouched for."""
        joined = self._membership.read()
        if joined is not None and joined.certificate != certificate:
            try:
                self._membership.keep(msgspec.structs.replace(joined, certificate=certificate))
            except OSError as error:
                log.warning("the new certificate is not kept: %s", error.strerror)

    def _options(self) -> Options:
        jobs = self._config.jobs
        heavy = jobs.heavy if self._alone else min(jobs.heavy, max(1, jobs.heavy // 2))
        known = self._kinds.values()
        return Options(
            folder=self._folder(),
            heavy=heavy if any(isinstance(kind, HeavyKind) for kind in known) else 0,
            light=_LIGHT if any(isinstance(kind, PortableKind) for kind in known) else 0,
            memory_mb=jobs.memory_mb,
        )

    def _folder(self) -> Path:
        """Where it works for this source; what is left of another one is nobody's any more."""
        source = self._joined.source if self._joined else self._config.worker.source or "here"
        own = hashlib.sha256(source.encode()).hexdigest()[:16]
        above = self._config.data / "worker"
        for other in above.iterdir() if above.is_dir() else ():
            if other.name != own:
                shutil.rmtree(other, ignore_errors=True)
        return above / own

    def _tell_idle(self) -> None:
        if self._alone:
            log.warning("this worker has nobody to work for: unibos-worker join TOKEN")
        else:
            log.info("this worker joined nobody; jobs of this instance are done all the same")


@asynccontextmanager
async def worker(
    config: Config, *, alone: bool
) -> AsyncIterator[tuple[WorkerRole, "asyncio.Task[None]"]]:
    """Run a worker for as long as the context lasts; the task ends with its error where the worker
    cannot go on.

    :param alone: whether the process is nothing but a worker.
    :raises Misconfigured: ``worker_queues_none``, and what the instance refuses to start with.
    """
    key = open_instance(config)
    kinds = by_name(
        kind for module in modules(config.documents, config.media) for kind in module.jobs
    )
    facts = await asyncio.to_thread(found, config, kinds.values())
    role = WorkerRole(config, key, kinds, facts, alone=alone)
    handlers = {"status": role.status, "stop": role.stop, "join": role.join, "leave": role.leave}
    async with control(config.data / SOCKET, handlers):
        task = asyncio.create_task(_run(role, alone=alone))
        try:
            yield role, task
        finally:
            role.drain(config.worker.drain_seconds)
            await asyncio.gather(task, return_exceptions=True)


async def _run(role: WorkerRole, *, alone: bool) -> None:
    try:
        await role.run()
    except Error as error:
        if alone:
            raise
        # Whatever else this process is goes on.
        log.warning("the worker stops: %s", error.detail, extra={"code": error.code})
