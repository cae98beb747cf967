"""A model of jobs and of who may have them, written apart from the claim's SQL."""

from dataclasses import dataclass, field

from hypothesis import strategies as st

from unibos.core.jobs.kind import PortableKind
from unibos.core.jobs.routing.rules import Rules
from unibos.core.store import collections, records
from unibos.core.store.claimant import Claimant
from unibos.core.store.drafts import Schema
from unibos.core.store.job import Job

MIB = 1024 * 1024
ORGS = ("x", "y", "z")
FINAL = ("done", "failed", "cancelled")
SEEN = collections.Collection("seen", Schema({"type": "object"}))
PRIVATE = ("wimm.", "documents.sensitive.", "cctv.")
PLACES = ("node_only", "attached", "hub", "any")


def _complete(tx, job, result):
    records.create(tx, "seen", SEEN.draft({"job": job.id, "what": "done"}))
    return result


def _failed(tx, job, error):
    records.create(tx, "seen", SEEN.draft({"job": job.id, "what": "failed"}))


def _kind(name, **facts):
    return PortableKind(
        name=name, work=lambda args, report: None, complete=_complete, failed=_failed, **facts
    )


KINDS = (
    _kind("core.tidy"),
    _kind("core.low", priority=-1, max_attempts=1),
    _kind("core.now", queue="realtime"),
    _kind("documents.read", queue="ocr", requires=("tesseract",)),
    _kind("documents.sensitive.read", queue="ocr"),
    _kind("wimm.sum", queue="finance"),
    _kind("cctv.look", queue="media"),
    _kind("media.shrink", queue="media", prefer="gpu", fallback_seconds=1),
    _kind("media.film", queue="media", locality="hub", memory_mb=512, priority=3),
    _kind("sync.send", queue="sync", locality="attached", version=2),
)
RULES = Rules.parse(["media.shrink max_size_mb=40"], [kind.name for kind in KINDS])

SIZES = st.sampled_from((0, 0, 5, 41, 49, 60, 300)).map(lambda mib: mib * MIB)

WORKERS = st.builds(
    Claimant,
    owner=st.just(""),
    place=st.sampled_from(PLACES),
    kinds=st.fixed_dictionaries({}, optional={kind.name: st.integers(1, 2) for kind in KINDS}),
    queues=st.none()
    | st.frozensets(st.sampled_from(("default", "ocr", "media", "realtime", "sync", "finance"))),
    capabilities=st.frozensets(st.sampled_from(("tesseract", "gpu"))),
    memory_mb=st.none() | st.sampled_from((320, 1024)),
    max_size=st.none() | st.just(50 * MIB),
    org=st.none() | st.none() | st.sampled_from(ORGS),
)

EVERYTHING = Claimant(
    owner="last",
    place="node_only",
    kinds=dict.fromkeys((kind.name for kind in KINDS), 2),
    capabilities=frozenset({"tesseract", "gpu"}),
)
BY_THE_HUB = Claimant(owner="hub", place="any", kinds=dict.fromkeys(EVERYTHING.kinds, 2))


@dataclass
class Model:
    """What a job should be."""

    org: str
    id: str
    kind: PortableKind
    size: int
    batch: str | None
    needs: tuple[str, ...]
    run_at: int
    state: str
    prefer_until: int
    here_until: int = 0
    attempt: int = 0
    max_attempts: int = 0
    interruptions: int = 0
    owner: str | None = None
    lease_until: int | None = None
    nearest: str = "any"
    """Of what it needs."""

    @property
    def place(self) -> str:
        return min(self.own_place, self.nearest, key=PLACES.index)

    @property
    def own_place(self) -> str:
        if self.kind.name.startswith(PRIVATE):
            return "node_only"
        if self.kind.name == "media.shrink" and self.size > 40 * MIB:
            return "node_only"
        return self.kind.locality

    @property
    def order(self):
        return (self.kind.queue != "realtime", -self.kind.priority, self.run_at, self.id)

    def fits(self, who: Claimant) -> bool:
        """Whether the worker may have the job at all."""
        return (
            PLACES.index(self.place) >= PLACES.index(who.place)
            and who.kinds.get(self.kind.name, 0) >= self.kind.version
            and (who.queues is None or self.kind.queue in who.queues)
            and set(self.kind.requires) <= who.capabilities
            and (who.memory_mb is None or (self.kind.memory_mb or 0) <= who.memory_mb)
            and (who.max_size is None or self.size <= who.max_size)
            and who.org in (None, self.org)
        )

    def open_at(self, who: Claimant) -> int:
        """When a worker whom it fits may have it."""
        times = [self.run_at]
        if who.place in ("hub", "any"):
            times.append(self.here_until)
        if self.kind.prefer and self.kind.prefer not in who.capabilities:
            times.append(self.prefer_until)
        return max(times)

    def begin(self, owner: str, until: int) -> None:
        self.state, self.owner, self.lease_until = "running", owner, until
        self.attempt += 1

    def end(self, state: str) -> None:
        self.state, self.owner, self.lease_until = state, None, None

    def expect(self, job: Job) -> None:
        for name in ("state", "attempt", "max_attempts", "run_at", "owner", "lease_until"):
            assert getattr(job, name) == getattr(self, name), name
        assert (job.locality, job.needs, job.batch) == (self.place, self.needs, self.batch)


@dataclass
class Ledger:
    """All jobs that were ever asked for."""

    jobs: dict[str, Model] = field(default_factory=dict)

    def add(self, job: Job, kind: PortableKind, at: int) -> Model:
        model = Model(
            job.org,
            job.id,
            kind,
            job.size,
            job.batch,
            job.needs,
            at,
            "waiting" if any(self.jobs[id_].state != "done" for id_ in job.needs) else "queued",
            at + 1000 if kind.prefer else 0,
            max_attempts=kind.max_attempts,
            nearest=min(
                (self.jobs[id_].place for id_ in job.needs), key=PLACES.index, default="any"
            ),
        )
        self.jobs[job.id] = model
        return model

    def due(self, who: Claimant, now: int) -> list[Model]:
        return [
            model
            for model in self.jobs.values()
            if model.state == "queued" and model.fits(who) and model.open_at(who) <= now
        ]

    def followers(self, model: Model) -> list[Model]:
        """All that need it, directly or not."""
        found, wave = {}, {model.id}
        while wave:
            direct = [each for each in self.jobs.values() if wave & set(each.needs)]
            wave = {each.id for each in direct} - found.keys()
            found |= {each.id: each for each in direct}
        return list(found.values())

    def done(self, model: Model, now: int) -> None:
        model.end("done")
        for each in self.followers(model):
            ready = all(self.jobs[id_].state == "done" for id_ in each.needs)
            if each.state == "waiting" and ready:
                each.state = "queued"
                later = max(each.run_at, now) - each.run_at
                each.run_at += later
                each.prefer_until += later if each.kind.prefer else 0

    def broken(self, model: Model, state: str) -> None:
        """It failed or was cancelled, and all that need it with it."""
        model.end(state)
        for each in self.followers(model):
            if each.state not in FINAL:
                each.end(state)

    def retry(self, model: Model, now: int) -> None:
        if model.attempt < model.max_attempts:
            model.end("queued")
            model.run_at = now
        else:
            self.broken(model, "failed")
