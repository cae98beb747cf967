"""Lives of a store that end by SIGKILL; run as a program, so that it can fork safely.

    lives.py FOLDER SEED ROUNDS POINT    POINT is a crash point, or "anytime"

Each life opens the store, writes from three threads and tells over a pipe what was acknowledged,
until it is killed: at the named point, after a random number of passes, or at a random moment.
After each death another process looks at what is there. The last line told is a JSON summary.
"""

import hashlib
import json
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Iterable
from pathlib import Path

from unibos.base.errors import Error
from unibos.core.store import blobs, collections, integrity, query, records, system
from unibos.core.store.definitions import Collection
from unibos.core.store.drafts import Schema
from unibos.core.store.store import OrgStore, Store

PLAIN = Collection("plain", Schema({}))
LONGEST_LIFE = 0.25


def live(folder: Path, told: int, point: str, passes: int) -> None:
    """Write until killed; every acknowledgement goes out before the next write begins."""
    store = Store(folder, "node", "origin-a")
    org = store.org("org-a")
    org.write(lambda tx: collections.declare(tx, PLAIN))
    system.listen(Death(point, passes))
    for work in (singles, triples, files):
        threading.Thread(target=work, args=(org, told), daemon=True).start()
    time.sleep(60)


class Death:
    """Comes when the point was passed so many times."""

    def __init__(self, point: str, passes: int) -> None:
        self.point, self.passes = point, passes

    def __call__(self, name: str) -> None:
        if name == self.point:
            self.passes -= 1
            if self.passes <= 0:
                os.kill(os.getpid(), signal.SIGKILL)


def tell(told: int, *parts: str) -> None:
    os.write(told, (" ".join(parts) + "\n").encode())


def singles(org: OrgStore, told: int) -> None:
    while True:
        value = os.urandom(8).hex()
        draft = PLAIN.draft({"value": value})
        made = org.write(lambda tx, draft=draft: records.create(tx, "plain", draft))
        tell(told, "record", made.id, value)
        changed = PLAIN.draft({"value": value, "changed": True})
        org.write(lambda tx, m=made, d=changed: records.put(tx, "plain", m.id, d))
        tell(told, "changed", made.id)


def triples(org: OrgStore, told: int) -> None:
    while True:
        triple = os.urandom(8).hex()
        drafts = [PLAIN.draft({"triple": triple, "part": part}) for part in range(3)]
        org.write(lambda tx, ds=drafts: [records.create(tx, "plain", d) for d in ds])
        tell(told, "triple", triple)


def files(org: OrgStore, told: int) -> None:
    while True:
        upload = org.blobs.upload(1 << 20)
        upload.write(os.urandom(random.randrange(1, 20_000)))
        blob = upload.finish(org.blobs)
        draft = PLAIN.draft({"blob": blob.sha256})

        def keep(tx, blob=blob, draft=draft):
            blobs.add(tx, blob)
            records.create(tx, "plain", draft)

        org.write(keep)
        tell(told, "blob", blob.sha256)


def look(folder: Path, acknowledged: Iterable[list[str]]) -> list[str]:
    """Everything that is not as it was promised."""
    store = Store(folder, "node", "origin-a")
    org = store.org("org-a")
    wrong = [
        f"{one.code} {one.detail}"
        for one in store.read(lambda view: integrity.check(view, store.blobs, deep=True))
    ]
    present, cursor = {}, None
    while True:
        asked = query.Query(limit=200, cursor=cursor)
        page = org.read(lambda view, asked=asked: query.page(view, "plain", asked))
        present |= {record.id: record.data for record in page.items}
        cursor = page.next
        if cursor is None:
            break
    triples: dict[str, int] = {}
    for data in present.values():
        if "triple" in data:
            triples[data["triple"]] = triples.get(data["triple"], 0) + 1
    wrong += [f"half of {name} is there" for name, count in triples.items() if count != 3]
    stale = store.blobs.stale(0)
    store.write(lambda tx: store.blobs.collect(tx, stale, 0))
    for kind, key, *rest in acknowledged:
        if kind == "record" and present.get(key, {}).get("value") != rest[0]:
            wrong.append(f"record {key} is lost")
        elif kind == "changed" and not present.get(key, {}).get("changed"):
            wrong.append(f"the change of {key} is lost")
        elif kind == "triple" and key not in triples:
            wrong.append(f"triple {key} is lost")
        elif kind == "blob":
            wrong += blob_wrong(org, key)
    orphans = [path.name for path in (folder / "blobs").glob("*/*") if not named(store, path.name)]
    wrong += [f"orphan {name} was not collected" for name in orphans]
    store.close()
    return wrong


def blob_wrong(org, sha256: str) -> list[str]:
    try:
        path = org.read(lambda view: blobs.open_path(view, org.blobs, sha256))
    except Error as error:
        return [f"blob {sha256}: {error.code}"]
    whole = hashlib.sha256(path.read_bytes()).hexdigest() == sha256
    return [] if whole else [f"blob {sha256} is damaged"]


def named(store: Store, sha256: str) -> bool:
    return store.read(
        lambda view: (
            view.connection.execute("SELECT 1 FROM blobs WHERE sha256 = ?", (sha256,)).fetchone()
            is not None
        )
    )


def in_child(work) -> tuple[int, int]:
    """Fork; the child runs ``work(write_end)``. Gives its pid and the read end."""
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(read_end)
        try:
            work(write_end)
            os._exit(0)
        except Exception as error:  # noqa: BLE001 - whatever it is, the summary tells it
            os.write(write_end, f"broken {type(error).__name__}: {error}\n".encode())
            os._exit(1)
    os.close(write_end)
    return pid, read_end


def read_all(read_end: int) -> list[list[str]]:
    with os.fdopen(read_end, "rb") as pipe:
        # A line without its end was cut by death: its write may have been acknowledged, but
        # nobody heard of it.
        lines = [line for line in pipe.read().split(b"\n")[:-1] if line]
    return [line.decode().split(" ") for line in lines]


def main() -> None:
    folder, seed, rounds, point = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    chance = random.Random(seed)
    acknowledged: list[list[str]] = []
    wrong: list[str] = []
    killed = 0
    for _ in range(rounds):
        passes = chance.randrange(1, 40)
        pid, told = in_child(lambda out, n=passes: live(folder, out, point, n))
        killer = threading.Timer(
            chance.uniform(0.02, LONGEST_LIFE) if point == "anytime" else 20,
            lambda pid=pid: os.kill(pid, signal.SIGKILL),
        )
        killer.start()
        acknowledged += read_all(told)
        _, status = os.waitpid(pid, 0)
        killer.cancel()
        killer.join()
        killed += os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        wrong += [" ".join(line) for line in acknowledged if line[0] == "broken"]
        heard = tuple(acknowledged)
        pid, told = in_child(
            lambda out, heard=heard: os.write(
                out, "".join(f"wrong {item}\n" for item in look(folder, heard)).encode()
            )
        )
        wrong += [" ".join(line) for line in read_all(told)]
        os.waitpid(pid, 0)
        if wrong:
            break
    kinds = {
        kind: sum(line[0] == kind for line in acknowledged)
        for kind in ("record", "changed", "triple", "blob")
    }
    print(json.dumps({"killed": killed, "acknowledged": kinds, "wrong": wrong[:20]}))


if __name__ == "__main__":
    main()
