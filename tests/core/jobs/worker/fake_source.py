"""A source of jobs in memory: leases with a fence, lines that are cut, answers that get lost."""

import asyncio
import hashlib
from dataclasses import dataclass, field

from unibos.base.errors import Conflict, Error, Unavailable
from unibos.base.ids import new_id
from unibos.core.jobs.leasing.messages import Heard, Input, Lease, Verdict

PATIENCE = 30.0
AWAY = Unavailable("hub_unreachable", "The hub does not answer.")


@dataclass
class FakeJob:
    kind: str
    args: dict
    data: bytes | None = None
    id: str = field(default_factory=new_id)
    attempt: int = 0
    state: str = "queued"
    result: object = None
    error: object = None
    error_kind: str = ""
    outputs: dict = field(default_factory=dict)
    progress: list = field(default_factory=list)
    renewed: int = 0
    claims: list = field(default_factory=list)


class FakeSource:
    """Has jobs; each :class:`FakeLink` is one worker's line to it."""

    def __init__(self, lease_seconds: float = 600) -> None:
        self.jobs: dict[str, FakeJob] = {}
        self.lease_seconds = lease_seconds
        self.signs: list = []
        self.refusal: Error | None = None
        self.verdict = ""
        self.changed = asyncio.Event()
        self.heartbeat = 30

    def add(self, kind: str, data: bytes | None = None, **args) -> FakeJob:
        job = FakeJob(kind, args, data)
        self.jobs[job.id] = job
        self.changed.set()
        return job

    def take_back(self, job: FakeJob) -> None:
        job.state = "queued"
        self.changed.set()

    def cancel(self, job: FakeJob) -> None:
        job.state = "cancelled"

    async def until(self, condition) -> None:
        async with asyncio.timeout(PATIENCE):
            while not condition():
                self.changed.clear()
                if condition():
                    return
                await self.changed.wait()

    def has(self, job_id: str, attempt: int) -> FakeJob:
        job = self.jobs.get(job_id)
        if job is None or job.state != "running" or job.attempt != attempt:
            raise Conflict("job_lost", "Lost.")
        return job


class FakeLink:
    """One worker's line.

    :ivar cut: nothing gets through.
    :ivar lose: the names of calls whose next answer gets lost on its way.
    """

    def __init__(self, source: FakeSource, sorts=("heavy", "light")) -> None:
        self.source = source
        self.cut = False
        self.lose: list[str] = []
        self.calls: list[str] = []
        self.sort_of = lambda kind: "heavy" if kind != "test.portable" else "light"
        self.closed = False
        self.batches: list[int] = []

    def _through(self, call: str) -> None:
        self.calls.append(call)
        if self.cut:
            raise AWAY
        if self.source.refusal is not None:
            raise self.source.refusal

    def _answer(self, call: str) -> None:
        self.source.changed.set()
        if call in self.lose:
            self.lose.remove(call)
            raise AWAY

    async def sign(self, sign) -> Heard:
        self._through("sign")
        known = any(one.facts for one in self.source.signs)
        self.source.signs.append(sign)
        self._answer("sign")
        return Heard(
            time=0,
            source="s" * 52,
            name="source",
            heartbeat_seconds=self.source.heartbeat,
            facts_wanted=not known and sign.facts is None,
        )

    async def claim(self, claim) -> list[Lease]:
        self._through("claim")
        while not (due := self._due(claim)):
            if self.source.signs and self.source.signs[-1].stopping:
                return []
            self.source.changed.clear()
            await self.source.changed.wait()
        leases = [self._lease(job) for job in due]
        self._answer("claim")
        return leases

    def _due(self, claim) -> list[FakeJob]:
        due = [
            job
            for job in self.source.jobs.values()
            if job.state == "queued" and self.sort_of(job.kind) == claim.sort
        ]
        return due[: claim.most]

    def _lease(self, job: FakeJob) -> Lease:
        job.state, job.attempt = "running", job.attempt + 1
        job.outputs = {}
        data = job.data
        came = None if data is None else Input(hashlib.sha256(data).hexdigest(), len(data))
        return Lease(
            org="home",
            job=job.id,
            attempt=job.attempt,
            kind=job.kind,
            queue="test",
            priority=0,
            args=job.args,
            input=came,
            lease_seconds=self.source.lease_seconds,
            timeout_seconds=30,
            memory_mb=None,
        )

    async def report(self, reports) -> list[Verdict]:
        self._through("report")
        self.batches.append(len(reports))
        verdicts = [Verdict(each.job, each.attempt, self._report(each)) for each in reports]
        self._answer("report")
        return verdicts

    def _report(self, report) -> str:
        try:
            job = self.source.has(report.job, report.attempt)
        except Conflict as error:
            return error.code
        if report.type == "running":
            job.renewed += 1
            if report.progress is not None:
                job.progress.append((report.progress.value, report.progress.phase))
            return ""
        if self.source.verdict:
            return self.source.verdict
        job.state = "queued" if report.type == "back" else report.type
        job.result, job.error, job.error_kind = report.result, report.error, report.error_kind
        return ""

    async def fetch(self, lease, input_, to) -> None:
        self._through("fetch")
        to.write_bytes(self.source.has(lease.job, lease.attempt).data)
        self._answer("fetch")

    async def send(self, lease, name, chunks, size) -> None:
        self._through("send")
        data = b"".join([chunk async for chunk in chunks])
        assert len(data) == size
        self.source.has(lease.job, lease.attempt).outputs[name] = data
        self._answer("send")

    async def close(self) -> None:
        self.closed = True
