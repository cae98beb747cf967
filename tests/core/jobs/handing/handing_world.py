"""A node, its hub and a worker there, in one process; the line between the two can be cut."""

import asyncio
import shutil
import threading
import time
from contextlib import suppress
from pathlib import Path

from unibos.base.errors import Conflict, Invalid, NotFound, Unavailable
from unibos.core.jobs.handing.direct import DirectHandover
from unibos.core.jobs.handing.errand import Options
from unibos.core.jobs.handing.handing import Handing
from unibos.core.jobs.handing.keeping import Keeping
from unibos.core.jobs.handing.relay import relays
from unibos.core.jobs.jobs import Jobs
from unibos.core.jobs.kind import HeavyKind, PortableKind, Task
from unibos.core.jobs.options import Options as JobOptions
from unibos.core.store import collections, export_log, jobs, leases, query, records
from unibos.core.store.claimant import Claimant
from unibos.core.store.drafts import Schema
from unibos.core.store.store import Store

PATIENCE = 30.0
HUB, NODE, ORG = "the-hub", "the-node", "home"
LIMIT = 1 << 22
SEEN = collections.Collection("seen", Schema({"type": "object"}))


def prepare(store, job):
    if job.args.get("broken"):
        raise Invalid("not_prepared", "It cannot be done.")
    path = job.args.get("path")
    return Task({"say": job.args.get("say", "")}, Path(path) if path else None)


def work(task, folder, report):
    text = task.input.read_text() if task.input else task.args["say"]
    if text == "refuse":
        raise Invalid("text_refused", "No.")
    if text == "break":
        raise Unavailable("not_today", "Later.")
    (folder / "loud.txt").write_text(text.upper())
    return {"letters": len(text)}


def collect(store, result, folder):
    return result | {"loud": (folder / "loud.txt").read_text()}


def complete(tx, job, result):
    records.create(tx, "seen", SEEN.draft({"job": job.id, "result": result}))
    return result


def failed(tx, job, error):
    records.create(tx, "seen", SEEN.draft({"job": job.id, "result": error.code}))


READ = HeavyKind(
    name="test.read",
    queue="ocr",
    collection="texts",
    prepare=prepare,
    work=work,
    collect=collect,
    complete=complete,
    failed=failed,
)
SUM = PortableKind(
    name="test.sum",
    work=lambda args, report: sum(args["numbers"]),
    complete=complete,
    failed=failed,
)
PRIVATE = HeavyKind(name="cctv.look", prepare=prepare, work=work, collection="texts")
KINDS = (READ, SUM, PRIVATE)
VERSIONS = {kind.name: 1 for kind in KINDS}


class Place:
    """A store whose commits can be waited for."""

    def __init__(self, folder, name, origin):
        self.folder = folder
        self.store = Store(folder, name, origin)
        self.org = self.store.org(ORG)
        self._commit = threading.Condition()
        self._commits = 0
        self.store.listen(self._heard)

    def _heard(self, _changes):
        with self._commit:
            self._commits += 1
            self._commit.notify_all()

    async def until(self, condition):
        """Wait until a commit makes the condition true."""

        def wait():
            while True:
                with self._commit:
                    seen = self._commits
                # Not under the lock: it may write.
                if condition():
                    return
                with self._commit:
                    changed = self._commit.wait_for(lambda: self._commits != seen, PATIENCE)  # noqa: B023 - at once
                    assert changed, "nothing came of it"

        await asyncio.to_thread(wait)

    def get(self, id_):
        return self.org.read(lambda view: jobs.get(view, id_))


class Hub(Place):
    """A hub whose one worker works when it is told to."""

    def __init__(self, folder, owner="worker-1"):
        super().__init__(folder, "hub", HUB)
        self.takers = [Claimant(owner=owner, place="any", kinds=VERSIONS)]
        self.worked = 0
        options = JobOptions(folder=folder / "work", retry_seconds=0.01)
        self.jobs = Jobs(self.store, relays(KINDS), options, owner=HUB)
        self.clock = self.jobs.outcomes.clock

    def open(self):
        self.keeping = Keeping(self.store, self.jobs, lambda _org: self.takers, LIMIT)

    def claim(self):
        """The worker takes a job; None where there is none for it."""
        self.clock.see(self.store.read(leases.newest_time))
        now = self.clock.now()
        taken = self.store.write(
            lambda tx: leases.claim(tx, self.takers[0], now=now, lease_until=now + 600_000)
        )
        return taken[0] if taken else None

    async def claimed(self):
        """The worker takes a job, as soon as there is one."""
        found = []

        def take():
            found.extend([job] if (job := self.claim()) else [])
            return found

        await self.until(take)
        return found[0]

    async def keep_working(self):
        """The worker does whatever comes, until it is cancelled."""
        loop, wake = asyncio.get_running_loop(), asyncio.Event()
        deaf = self.store.listen(lambda _changes: loop.call_soon_threadsafe(wake.set))
        try:
            while True:
                wake.clear()
                while job := self.claim():
                    self.try_to_work(job)
                # Its clock may have to go on a little for a second attempt.
                with suppress(TimeoutError):
                    async with asyncio.timeout(0.1):
                        await wake.wait()
        finally:
            deaf()

    def try_to_work(self, job):
        """The worker does a job, if it may still have it."""
        try:
            self.work(job)
        except (Conflict, NotFound) as error:
            if error.code not in ("job_lost", "handover_not_found"):
                raise

    def work(self, job):
        """The worker does a job that it took, to its end."""
        self.worked += 1
        kind = self.jobs.kinds[job.kind]
        folder = self.folder / "work" / job.id
        folder.mkdir(parents=True)
        try:
            if isinstance(kind, PortableKind):
                result = kind.work(job.args, None)
            else:
                task = kind.prepare(self.store.org(job.org), job)
                result = kind.work(task, folder, None)
                result = kind.collect(self.store.org(job.org), result, folder)
        except (Invalid, Unavailable) as error:
            self.jobs.outcomes.failed(job, error)
        else:
            self.jobs.outcomes.done(job, result)
        finally:
            shutil.rmtree(folder)

    def left(self):
        """What the hub still has of anything that was handed over."""
        found = []
        for table in ("handovers", "blobs", "blob_uses"):
            look = f"SELECT * FROM {table}"
            found += self.store.read(
                lambda view, look=look: view.connection.execute(look).fetchall()
            )
        return found

    def contents(self):
        """Arguments and results that the hub still keeps."""
        look = "SELECT args, result FROM jobs WHERE args <> '{}' OR result IS NOT NULL"
        return self.store.read(lambda view: view.connection.execute(look).fetchall())

    async def empty(self):
        await self.until(lambda: not self.left() and not self.contents())


class Line:
    """A link that can be cut, and that counts what goes over it."""

    def __init__(self, link):
        self.link = link
        self.cut = False
        self.calls = []
        self.bytes = 0
        self._answered = asyncio.Event()

    def __getattr__(self, name):
        call = getattr(self.link, name)

        async def over(*args, **kwargs):
            self._check(name)
            if name == "send":
                *rest, chunks = args
                args = (*rest, self._counted(chunks))
            try:
                answer = await call(*args, **kwargs)
            finally:
                self._answered.set()
            self._check("")
            return answer

        return over

    async def close(self):
        await self.link.close()

    async def called(self, name):
        """Wait until something was asked, and answered."""
        while name not in self.calls:
            self._answered.clear()
            await self._answered.wait()

    def _check(self, name):
        if self.cut:
            raise Unavailable("hub_unreachable", "The line is cut.")
        if name:
            self.calls.append(name)

    async def _counted(self, chunks):
        async for chunk in chunks:
            self._check("")
            self.bytes += len(chunk)
            yield chunk


class Gate:
    """Lets jobs go, until it does not."""

    def __init__(self):
        self.closed = False

    def at(self, view):
        return lambda job: not self.closed


class Node(Place):
    """A node that runs no heavy jobs, unless it is told that it could."""

    def __init__(self, folder):
        super().__init__(folder, "node", NODE)
        self.org.write(lambda tx: collections.declare(tx, SEEN))
        self.gate = Gate()
        self.takers = []

    def open(self, hub, **options):
        chosen = {
            "folder": self.folder / "handed",
            "hand_over_seconds": 3600,
            "progress_seconds": 0,
        }
        self.jobs = Jobs(
            self.store,
            KINDS,
            JobOptions(folder=self.folder / "work", retry_seconds=0.01),
            owner=NODE,
        )
        self.line = Line(DirectHandover(hub.keeping, lambda: (hub.org, NODE)))
        self.handing = Handing(
            self.org,
            self.jobs,
            self.line,
            HUB,
            self.gate,
            lambda: self.takers,
            Options(**chosen | options),
        )
        self.handing.start()

    def can(self):
        """From now on this node could do its jobs itself."""
        self.takers = [Claimant(owner=NODE, place="node_only", kinds=VERSIONS)]

    def add(self, kind=READ, **args):
        return self.org.write(lambda tx: jobs.add(tx, kind, args)).id

    def text(self, text, **args):
        """A job with a file to work on."""
        path = self.folder / f"{time.monotonic_ns()}.txt"
        path.write_text(text)
        return self.add(path=str(path), **args)

    def claim(self):
        """This node's own runner takes a job."""
        now = self.jobs.outcomes.clock.now()
        mine = Claimant(owner=NODE, place="node_only", kinds=VERSIONS)
        taken = self.store.write(
            lambda tx: leases.claim(tx, mine, now=now, lease_until=now + 600_000)
        )
        return taken[0] if taken else None

    async def ended(self, id_):
        await self.until(lambda: self.get(id_).state.final)
        return self.get(id_)

    async def queued(self, id_):
        await self.until(lambda: self.get(id_).state == "queued")
        return self.get(id_)

    async def handed(self, id_):
        await self.until(lambda: self.get(id_).owner == f"hub:{HUB}")

    def seen(self):
        """The effects of ends: job and result, one record each."""
        page = self.org.read(lambda view: query.page(view, "seen", query.Query(limit=1000)))
        return [(record.data["job"], record.data["result"]) for record in page.items]

    def log(self):
        entries = self.org.read(lambda view: export_log.page(view, None, 100))
        return [(entry.peer, entry.collection, entry.way, entry.bytes) for entry in entries]


class World:
    """Both, and what happens to them."""

    def __init__(self, folder):
        for name in ("hub", "node"):
            (folder / name).mkdir()
        self.hub = Hub(folder / "hub")
        self.node = Node(folder / "node")

    def run(self, story, **options):
        """Tell a story while both are up."""

        async def told():
            self.hub.open()
            self.node.open(self.hub, **options)
            try:
                await story
            finally:
                await self.node.handing.stop()
                await self.hub.keeping.close()

        asyncio.run(asyncio.wait_for(told(), 60))

    async def restart_hub(self):
        """The hub ends and begins; the line is cut meanwhile."""
        self.node.line.cut = True
        await self.hub.keeping.close()
        self.hub.open()
        self.node.line.link = DirectHandover(self.hub.keeping, lambda: (self.hub.org, NODE))
        self.reconnect()

    def reconnect(self):
        self.node.line.cut = False
        self.node.handing.hub_is(True)

    async def restart_node(self, **options):
        await self.node.handing.stop()
        # What it had asked last has reached the hub before it asks anew.
        await self.hub.store.awrite(lambda _tx: None)
        self.node.open(self.hub, **options)

    def close(self):
        self.hub.store.close()
        self.node.store.close()
