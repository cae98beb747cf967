"""Jobs of many sorts on real files: asked for in a random order, and held to what a node makes of
the same files that does everything by itself."""

import random
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

SCANS = (
    "receipts/sroie-000.jpg",
    "receipts/sroie-047.jpg",
    "receipts/sroie-587.jpg",
    "receipts/sroie-611.jpg",
    "documents/typewriter.png",
)
TEXTS = ("documents/linn.txt",)
BROKEN = ("documents/invalid.pdf", "documents/trivial.pdf")
PHOTOS = (
    "photos/Canon_40D.jpg",
    "photos/DSCN0010.jpg",
    "photos/DSCN0021.jpg",
    "photos/canon-ixus.jpg",
)
PING = "care.ping"
HERE = "care.health_check"
_READ = ("status", "kind", "title", "language", "fields", "text", "confidence", "error")
_SEEN = ("status", "title", "taken_at", "width", "height", "camera", "exposure", "place", "error")


@dataclass(frozen=True, slots=True)
class Plan:
    """How many jobs of each sort; chains are of three pings, and batches of ten."""

    scans: int
    texts: int
    broken: int
    photos: int
    resized: int
    pings: int
    chains: int
    batches: int
    checks: int

    @property
    def jobs(self) -> int:
        files = self.scans + self.texts + self.broken + self.photos
        light = self.pings + 3 * self.chains + 10 * self.batches + self.checks
        return files + self.resized + light


@dataclass(slots=True)
class Mix:
    """Asks for jobs, and remembers what for.

    :ivar jobs: job → what its result must be, where that is known beforehand.
    :ivar files: ``documents`` or ``media`` → record → the real file that it is one of.
    :ivar batches: name → its jobs.
    """

    data: Path
    jobs: dict[str, object] = field(default_factory=dict)
    files: dict[str, dict[str, str]] = field(default_factory=lambda: {"documents": {}, "media": {}})
    batches: dict[str, list[str]] = field(default_factory=dict)
    needs: dict[str, list[str]] = field(default_factory=dict)
    resized: dict[str, object] = field(default_factory=dict)
    _number: int = 0

    def wishes(self, plan: Plan, chance: random.Random) -> list[tuple[str, str]]:
        """What is to be asked for, in a random order: sort and file."""
        found = [
            *_spread("documents", SCANS, plan.scans),
            *_spread("documents", TEXTS, plan.texts),
            *_spread("documents", BROKEN, plan.broken),
            *_spread("media", PHOTOS, plan.photos - plan.resized),
            *_spread("resized", PHOTOS, plan.resized),
            *[("ping", "")] * plan.pings,
            *[("chain", "")] * plan.chains,
            *[("batch", "")] * plan.batches,
            *[("check", "")] * plan.checks,
        ]
        chance.shuffle(found)
        return found

    def ask(self, client: httpx2.Client, wish: tuple[str, str]) -> None:
        """Have one wish become jobs."""
        sort, file = wish
        self._number += 1
        if sort in ("documents", "media"):
            self._add(client, sort, file)
        elif sort == "resized":
            record, job = self._add(client, "media", file)
            args = {"media": record, "width": 64, "height": 64, "format": "png"}
            self.resized[self._job(client, "media.resize", args, needs=[job])] = None
        elif sort == "check":
            self._job(client, HERE, {})
        elif sort == "chain":
            last: list[str] = []
            for step in "abc":
                last = [self._ping(client, step, needs=last)]
        else:
            count, more = (10, {"batch": f"batch-{self._number}"}) if sort == "batch" else (1, {})
            made = [self._ping(client, str(each), **more) for each in range(count)]
            if more:
                self.batches[more["batch"]] = made

    def _ping(self, client: httpx2.Client, text: str, **more: object) -> str:
        said = f"{self._number} {text}"
        job = self._job(client, PING, {"text": said, "seconds": 0.05}, **more)
        self.jobs[job] = said
        return job

    def _job(self, client: httpx2.Client, kind: str, args: dict, **more: object) -> str:
        answer = client.post("/jobs", json={"kind": kind, "args": args, **more})
        assert answer.status_code == 201, answer.text
        job = answer.json()["id"]
        self.jobs[job] = None
        self.needs[job] = list(more.get("needs", []))
        return job

    def _add(self, client: httpx2.Client, collection: str, file: str) -> tuple[str, str]:
        path = self.data / file
        content = path.read_bytes() + _trail(path, self._number)
        answer = client.post(f"/{collection}", files={"file": (path.name, content)})
        assert answer.status_code == 201, answer.text
        record, job = answer.json()["id"], answer.json()["job"]
        self.files[collection][record] = file
        self.jobs[job] = None
        return record, job


def _spread(sort: str, files: tuple[str, ...], count: int) -> list[tuple[str, str]]:
    return [(sort, files[number % len(files)]) for number in range(count)]


def _trail(path: Path, number: int) -> bytes:
    """What makes another file of one, and nothing else of its picture or text."""
    return b"\n" * number if path.suffix == ".txt" else f"\n%{number}\n".encode()


def _listed(client: httpx2.Client, path: str, **query: object) -> list[dict]:
    found, more = [], {}
    while True:
        answer = client.get(path, params={"limit": 200, **query, **more})
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
        if not answer.json()["next"]:
            return found
        more = {"cursor": answer.json()["next"]}


def open_jobs(client: httpx2.Client) -> list[dict]:
    """Those that have not ended. Asked for state by state, one that changes it meanwhile could be
    in none of the answers."""
    return [job for job in jobs(client).values() if job["finished_at"] is None]


def jobs(client: httpx2.Client) -> dict[str, dict]:
    """All jobs, by id."""
    return {each["id"]: each for each in _listed(client, "/jobs")}


def made(client: httpx2.Client, collection: str, record: str) -> dict[str, object]:
    """What was made of a file, but for what each taking in has of its own."""
    answer = client.get(f"/{collection}/{record}")
    assert answer.status_code == 200, answer.text
    told = answer.json()
    fields = {name: told[name] for name in (_READ if collection == "documents" else _SEEN)}
    for picture in ("thumbnail", "preview"):
        answer = client.get(f"/{collection}/{record}/{picture}")
        fields[picture] = answer.content if answer.status_code == 200 else None
    return fields


def plainly(client: httpx2.Client, data: Path) -> dict[str, dict[str, object]]:
    """What a node makes of each file, as the mix does of its own: by file."""
    alone = Mix(data)
    for file in (*SCANS, *TEXTS, *BROKEN):
        alone.ask(client, ("documents", file))
    for file in PHOTOS:
        alone.ask(client, ("media", file))
    while open_jobs(client):
        time.sleep(0.1)
    return {
        file: made(client, collection, record)
        for collection, records in alone.files.items()
        for record, file in records.items()
    }
