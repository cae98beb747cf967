"""Mixed load on a node that is killed every few seconds; nothing acknowledged may be lost.

Several clients create, patch, delete, batch, and upload blobs and documents; ``kill -9`` hits
the node at random moments, some of them while it is starting. In the end everything is compared
with the clients' memory. JSON goes to standard output; the exit code is 1 when anything is wrong.
A killed process loses no data that it gave to the kernel: what a power cut would take is the
subject of tests/faults, not of this. See benchmarks/README.md.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import machine
from peers import SCHEMA, Unibos
from servers import Client, ServerError
from writers import (
    COLLECTION,
    RECORDS,
    BlobWriter,
    DocumentWriter,
    RecordWriter,
    Soak,
    Writer,
    blob,
    content,
)

sys.path.append(str(Path(__file__).resolve().parents[1]))

from unibos.core.store import integrity
from unibos.core.store.store import Store

CLIENTS = {"records": (RecordWriter, 4), "blobs": (BlobWriter, 1), "documents": (DocumentWriter, 1)}
KILLED_WHILE_STARTING = 0.2
JOBS_SECONDS = 60.0
PAGE = 100


def main() -> None:
    """Run the soak and print its verdict."""
    options = arguments()
    about = {"benchmark": "soak", **machine.describe(), "seconds": options.seconds}
    with tempfile.TemporaryDirectory(prefix="unibos-soak-") as name:
        node = Unibos(Path(name))
        soak = Soak(node.server.address)
        try:
            kills = work(node, soak, options)
            node.client.close()
            node.sign_in()
            found = verify(node.client, soak)
        finally:
            node.server.stop()
        found["orphans"] = node.server.orphans()
        found["damage"] = check_data(Path(name) / "data")
    wrong = [*soak.problems, *(key for key in WRONG if found[key])]
    result = {**about, "kill_every": options.kill_every, "kills": kills, "seed": options.seed}
    print(json.dumps({**result, **found, "problems": soak.problems, "ok": not wrong}, indent=2))
    sys.exit(bool(wrong))


WRONG = (
    "lost",
    "half",
    "strange",
    "blobs_lost",
    "documents_lost",
    "jobs_twice",
    "jobs_unfinished",
    "jobs_of_nothing",
    "orphans",
    "damage",
)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=120.0, help="length of the load")
    parser.add_argument("--kill-every", type=float, default=3.0, help="mean seconds between kills")
    parser.add_argument("--seed", type=int, default=1, help="of the moments of the kills")
    return parser.parse_args()


def work(node: Unibos, soak: Soak, options: argparse.Namespace) -> int:
    """Let the clients write while the node is killed and started; returns the kills."""
    node.server.start()
    node.set_up()
    about = {"name": COLLECTION, "schema": SCHEMA, "strategy": "fields", "export": "local"}
    node.client.call("POST", "/api/v1/collections", about)
    writers: list[Writer] = [
        kind(soak, f"{name}{number}", node.client.token)
        for name, (kind, count) in CLIENTS.items()
        for number in range(count)
    ]
    soak.up.set()
    for writer in writers:
        writer.start()
    try:
        kills = kill_again_and_again(node, soak, options)
    finally:
        soak.ended.set()
        for writer in writers:
            writer.join()
    return kills


def kill_again_and_again(node: Unibos, soak: Soak, options: argparse.Namespace) -> int:
    """Until the time is over, and once more at its end; the node is up afterwards."""
    source = random.Random(options.seed)
    end = time.monotonic() + options.seconds
    kills = 0
    while time.monotonic() < end and not soak.problems:
        pause = options.kill_every * source.uniform(0.3, 1.7)
        time.sleep(max(0.0, min(pause, end - time.monotonic())))
        soak.up.clear()
        node.server.kill()
        kills += 1
        while source.random() < KILLED_WHILE_STARTING:
            node.server.launch()
            time.sleep(source.uniform(0.05, 0.8))
            node.server.kill()
            kills += 1
        node.server.start()
        soak.up.set()
        say(f"kill {kills}: {soak.journal.acknowledged_writes} writes acknowledged")
    return kills


def verify(client: Client, soak: Soak) -> dict[str, Any]:
    """Compare what the node holds with what it acknowledged."""
    states: dict[str, int | None] = {}
    twice: list[str] = []
    for record in pages(client, RECORDS):
        data = record["data"]
        key, version = data["title"], data["version"]
        if key in states:
            twice.append(key)
        states[key] = version if data == content(key, version) else -1
    verdict = soak.journal.verdict(states)
    return {
        "acknowledged": soak.journal.acknowledged_writes,
        "in_doubt": soak.journal.unknown_writes,
        "lost": len(verdict.lost),
        "half": len(verdict.half),
        "strange": len(verdict.strange) + len(twice),
        "lost_keys": verdict.lost[:20],
        "blobs": len(soak.blobs),
        "blobs_lost": [sha256 for sha256 in soak.blobs if not blob_is_there(client, soak, sha256)],
        **verify_documents(client, soak),
    }


def blob_is_there(client: Client, soak: Soak, sha256: str) -> bool:
    """Tell whether an acknowledged blob comes back byte for byte."""
    status, data = client.send("GET", f"/api/v1/blobs/{sha256}", None)
    return status == 200 and data == blob(soak.blobs[sha256])


def verify_documents(client: Client, soak: Soak) -> dict[str, Any]:
    """Every document is read in the end, by exactly one finished job."""
    due = [seconds_until_due(client, document.job) for document in soak.documents.values()]
    end = time.monotonic() + max(due, default=0.0) + JOBS_SECONDS
    lost: list[str] = []
    unfinished: list[object] = []
    for id_, sent in soak.documents.items():
        document = await_document(client, id_, end)
        if document["status"] in {"queued", "running"}:
            unfinished.append(client.call("GET", f"/api/v1/jobs/{sent.job}"))
        elif document["status"] == "failed" or sent.word not in document["text"]:
            lost.append(id_)
    finished = [
        job["id"]
        for job in pages(client, "/api/v1/jobs", "&kind=documents.read&state=done")
        for _ in range(count_finishes(client, job["id"]))
    ]
    jobs = {document.job for document in soak.documents.values()}
    return {
        "documents": len(soak.documents),
        "documents_lost": lost,
        "jobs_unfinished": unfinished,
        "jobs_twice": [job for job, times in Counter(finished).items() if times > 1],
        "jobs_of_nothing": sorted(set(finished) - jobs),
    }


def seconds_until_due(client: Client, job: str) -> float:
    """How long a job still waits on purpose; each interruption doubles its pause."""
    run_at = datetime.fromisoformat(client.call("GET", f"/api/v1/jobs/{job}")["run_at"])
    return max(0.0, (run_at - datetime.now(UTC)).total_seconds())


def await_document(client: Client, id_: str, end: float) -> dict[str, Any]:
    """The document once it is read, or as it is at ``end``."""
    while True:
        document: dict[str, Any] = client.call("GET", f"/api/v1/documents/{id_}")
        if document["status"] in {"done", "failed"} or time.monotonic() > end:
            return document
        time.sleep(0.1)


def count_finishes(client: Client, job: str) -> int:
    """How often a job came to its end, by its own events."""
    status, stream = client.send("GET", f"/api/v1/jobs/{job}/events", None)
    if status != 200:
        raise ServerError(f"events of job {job}: {status}")
    return sum(line.strip() == b"event: done" for line in stream.splitlines())


def pages(client: Client, path: str, query: str = "") -> Iterator[dict[str, Any]]:
    """All items of a list."""
    cursor = ""
    while True:
        page = client.call("GET", f"{path}?limit={PAGE}{query}{cursor}")
        yield from page["items"]
        if page["next"] is None:
            return
        cursor = f"&cursor={page['next']}"


def check_data(folder: Path) -> list[str]:
    """The store's own integrity check, blobs included, after the node has stopped."""
    store = Store(folder, "node", "soak")
    try:
        findings = store.read(lambda view: integrity.check(view, store.blobs, deep=True))
    finally:
        store.close()
    return [f"{finding.code}: {finding.detail}" for finding in findings]


def say(line: str) -> None:
    """One line of progress."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
