"""Adoptions that are killed; run as a program: adoptions.py FOLDER POINT.

A store is filled; then children open it with an adoption and are killed at the point, each time
it is passed anew. After each death everything must be the old org's, or everything the new one's,
and a later start must bring it to the end. The last line told is a JSON summary.
"""

import json
import os
import signal
import sqlite3
import sys
from pathlib import Path

from unibos.core.store import accounts, adoption, collections, purging, records, system
from unibos.core.store.definitions import Collection, Search
from unibos.core.store.drafts import Schema
from unibos.core.store.store import Store

NOTES = Collection("notes", Schema({"type": "object"}), search=Search("title"))
NEW = "01990000-0000-7000-8000-000000000001"
EMAIL = "owner@example.org"
RECORDS = 2000


def fill(folder: Path) -> str:
    store = Store(folder, "node", "origin-a")
    org = store.write(lambda tx: accounts.make_local_org(tx, "Home", "family"))

    def make(tx):
        collections.declare(tx, NOTES)
        accounts.create(tx, EMAIL, EMAIL, "Owner", "verifier", "owner")
        for number in range(RECORDS):
            records.create(tx, "notes", NOTES.draft({"title": f"number {number}"}))

    store.write(make, org)
    store.close()
    return org


def adopt(folder: Path) -> None:
    Store(folder, "node", "origin-a", first=lambda tx: adoption.adopt(tx, NEW)).close()


def killed(folder: Path, point: str, at: int) -> bool:
    """Whether a child reached the point so often, and died there."""
    pid = os.fork()
    if pid == 0:
        seen = 0

        def die_here(name: str) -> None:
            nonlocal seen
            if name == point:
                seen += 1
                if seen == at:
                    os.kill(os.getpid(), signal.SIGKILL)

        system.listen(die_here)
        adopt(folder)
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    return os.WIFSIGNALED(status)


def owners(folder: Path) -> dict[str, set[str]]:
    """By table, the orgs that its rows belong to."""
    store = Store(folder, "node", "origin-a")
    names = store.read(purging.tables)
    local = store.read(accounts.local_org)
    store.close()
    connection = sqlite3.connect(folder / "node.db")
    found = {
        name: {org for (org,) in connection.execute(f"SELECT DISTINCT org FROM {name}")}
        for name in (*names, "search")
    }
    found["orgs"] = {id_ for (id_,) in connection.execute("SELECT id FROM orgs")}
    connection.close()
    return {name: orgs for name, orgs in found.items() if orgs} | {"local": {local}}


def main() -> None:
    folder, point = Path(sys.argv[1]), sys.argv[2]
    old, deaths, wrong = fill(folder), 0, []
    while killed(folder, point, deaths + 1):
        deaths += 1
        present = set().union(*owners(folder).values())
        if len(present) != 1 or not present <= {old, NEW}:
            wrong.append(f"death {deaths}: rows belong to {sorted(present)}")
        if present == {NEW} or wrong:
            break
    adopt(folder)
    after = owners(folder)
    if set().union(*after.values()) != {NEW}:
        wrong.append(f"in the end rows belong to {after}")
    print(json.dumps({"deaths": deaths, "wrong": wrong, "tables": sorted(after)}))


if __name__ == "__main__":
    main()
