"""A source of jobs on a real store, and links that lead to it without any network."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.core.jobs import job_kinds
from unibos.core.jobs.jobs import Jobs
from unibos.core.jobs.kind import HeavyKind, PortableKind, Task
from unibos.core.jobs.leasing.leasing import Leasing, Options
from unibos.core.jobs.leasing.messages import Claim, Heard, Input, Lease, Report, Sign, Verdict
from unibos.core.jobs.options import Options as JobOptions
from unibos.core.store import blobs, collections, jobs, query
from unibos.core.store.claimant import Claimant
from unibos.core.store.job import Job
from unibos.core.store.store import Store

PATIENCE = 30.0


def prepare(store, job):
    job_kinds.prepare(store, job)
    sha256 = job.args.get("sha256")
    if sha256 is None:
        return Task({"do": job.args["do"]})
    path = store.read(lambda view: blobs.open_path(view, store.blobs, sha256))
    return Task({"do": job.args["do"]}, path)


def collect(store, result, folder):
    """What the work made becomes part of the result."""
    if result == "refuse":
        raise job_kinds.Invalid("refused", "No.")
    if result == "break":
        raise RuntimeError("a secret that must not get out")
    files = {file.name: file.read_text() for file in sorted(folder.iterdir())}
    return {"result": result, "files": files}


PORTABLE = PortableKind(
    name="test.portable",
    work=lambda args, _report: args,
    complete=job_kinds.complete,
    failed=job_kinds.failed,
)
HEAVY = HeavyKind(
    name="test.heavy",
    prepare=prepare,
    work=job_kinds.work,
    collect=collect,
    complete=job_kinds.complete,
    failed=job_kinds.failed,
    timeout_seconds=30,
)
KINDS = (PORTABLE, HEAVY, job_kinds.LIGHT)
KNOWN = {"test.portable": 1, "test.heavy": 1, "test.light": 1}


class Source:
    """A store whose jobs are for workers alone; one life after the other."""

    def __init__(self, folder: Path, orgs=("home", "other")) -> None:
        self.folder = folder
        self.store = Store(folder, "node", "origin")
        for org in orgs:
            self.store.write(lambda tx: collections.declare(tx, job_kinds.SEEN), org)
        self.jobs: Jobs | None = None
        self.leasing: Leasing | None = None

    @asynccontextmanager
    async def life(self, **options) -> AsyncIterator[Leasing]:
        self.jobs = Jobs(
            self.store,
            KINDS,
            JobOptions(folder=self.folder / "work", retry_seconds=0.01),
            owner="origin",
        )
        chosen = {"folder": self.folder / "leases"} | options
        self.leasing = Leasing(self.store, self.jobs, Options(**chosen), own="origin")
        self.leasing.start()
        try:
            yield self.leasing
        finally:
            await self.leasing.close()

    def add(self, kind=PORTABLE, org="home", **args) -> str:
        return self.store.write(lambda tx: jobs.add(tx, kind, args), org).id

    def blob(self, data: bytes, org="home") -> str:
        files = self.store.blobs
        upload = files.upload(len(data))
        upload.write(data)
        blob = upload.finish(files)
        self.store.write(lambda tx: blobs.add(tx, blob), org)
        return blob.sha256

    def get(self, job_id: str, org="home") -> Job:
        return self.store.read(lambda view: jobs.get(view, job_id), org)

    def seen(self, org="home") -> list[tuple[str, str]]:
        """The effects of ends: job and result, one record each."""
        page = self.store.read(lambda v: query.page(v, "seen", query.Query(limit=1000)), org)
        return [(record.data["job"], record.data["result"]) for record in page.items]

    def folders(self) -> list[str]:
        """Of attempts that are not over."""
        here = self.folder / "leases"
        return sorted(one.name for one in here.iterdir()) if here.exists() else []

    async def until(self, condition) -> None:
        """Wait until a commit, or what follows from it, makes the condition true."""
        loop, rung = asyncio.get_running_loop(), asyncio.Event()
        deaf = self.store.listen(lambda _: loop.call_soon_threadsafe(rung.set))
        try:
            async with asyncio.timeout(PATIENCE):
                while not condition():
                    rung.clear()
                    try:
                        await asyncio.wait_for(rung.wait(), 0.05)
                    except TimeoutError:
                        continue
        finally:
            deaf()


def claimant(owner="worker", org=None, **known) -> Claimant:
    return Claimant(**{"owner": owner, "place": "attached", "kinds": KNOWN, "org": org} | known)


class DirectLink:
    """A worker's line to a source in the same process, as ``LeaseLink``."""

    def __init__(self, leasing: Leasing, who: Claimant) -> None:
        self.leasing, self.who = leasing, who

    async def sign(self, sign: Sign) -> Heard:
        if sign.left is not None:
            await self.leasing.begun_anew(self.who.owner, sign.left)
        if sign.stopping:
            self.leasing.send_away(self.who.owner)
        return Heard(time=0, source="source", name="source", heartbeat_seconds=30)

    async def claim(self, claim: Claim) -> list[Lease]:
        return await self.leasing.claim(self.who, claim)

    async def report(self, reports: list[Report]) -> list[Verdict]:
        return await self.leasing.report(self.who.owner, reports)

    async def fetch(self, lease: Lease, input_: Input, to: Path) -> None:
        given = await self.leasing.input(self.who.owner, lease.org, lease.job, lease.attempt)
        to.write_bytes(given.path.read_bytes())

    async def send(self, lease: Lease, name: str, chunks: AsyncIterator[bytes], size: int) -> None:
        arriving = await self.leasing.output(
            self.who.owner, lease.org, lease.job, lease.attempt, name, size
        )
        try:
            async for chunk in chunks:
                arriving.write(chunk)
            arriving.finish()
        except BaseException:
            arriving.abort()
            raise

    async def close(self) -> None:
        pass


def told(lease: Lease, type_="done", **more) -> Report:
    return Report(org=lease.org, job=lease.job, attempt=lease.attempt, type=type_, **more)


async def pieces(*data: bytes) -> AsyncIterator[bytes]:
    for piece in data:
        yield piece
