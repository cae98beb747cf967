"""How long backups take and how much memory: full, incremental, verified, drilled, restored.

A generated data folder is backed up by `unibos backup`, and, where it is installed, by restic with
the server stopped. JSON goes to standard output. See benchmarks/README.md.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import machine
from busy import Busy
from notes import make_notes
from peers import SCHEMA

sys.path.append(str(Path(__file__).resolve().parents[1]))

from unibos.core.identity.keys import InstanceKey
from unibos.core.store import blobs, collections, records
from unibos.core.store.definitions import Collection, Search
from unibos.core.store.drafts import Schema
from unibos.core.store.store import OrgStore, Store

ROOT = Path(__file__).resolve().parents[1]
NOTES = Collection("notes", Schema(SCHEMA), search=Search("title", ("body", "tags")))
UNIBOS = (sys.executable, "-m", "unibos")
PASSPHRASE = "a passphrase for a benchmark"
MIB = 1024 * 1024
SHARE = 100
"""One hundredth is new at the second backup."""


def main() -> None:
    """Measure and print."""
    options = arguments()
    with tempfile.TemporaryDirectory(prefix="unibos-backup-", dir=options.folder) as folder:
        about = {"benchmark": "backup", **machine.describe()}
        place = Path(folder)
        cases = measure(place, options.records, options.mib * MIB, options.blob_kib * 1024)
    facts = {"records": options.records, "blob_mib": options.mib, "blob_kib": options.blob_kib}
    print(json.dumps({**about, **facts, "cases": cases}, indent=2))


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--mib", type=int, default=1024, help="of blobs together")
    parser.add_argument("--blob-kib", type=int, default=512, help="the mean size of a blob")
    parser.add_argument("--folder", help="where the data is made")
    return parser.parse_args()


def measure(place: Path, count: int, size: int, blob: int) -> list[dict[str, object]]:
    """All cases, in the order in which people meet them."""
    data = place / "data"
    fill(data, count, size, blob)
    unibos = Unibos(place, data)
    tools: list[Tool] = [unibos]
    if shutil.which("restic"):
        tools.append(Restic(place, data))
    cases = [tool.run("full", tool.full) for tool in tools]
    fill(data, count // SHARE, size // SHARE, blob)
    for tool in tools:
        cases += [
            tool.run("incremental", tool.again),
            tool.run("nothing new", tool.again),
            tool.run("read and compared", tool.check),
            tool.run("restored", tool.restore),
        ]
    cases.append(unibos.run("drill", unibos.drill))
    cases += while_serving(place, data)
    return cases


def fill(data: Path, count: int, size: int, blob: int) -> None:
    """Add notes, and bytes that nobody can compress, as photos are."""
    data.mkdir(exist_ok=True)
    store = Store(data, "node", InstanceKey.open(data).id)
    org = store.org("benchmark")
    org.write(lambda tx: collections.declare(tx, NOTES))
    drafts = [NOTES.draft(note) for note in make_notes(500)]
    for first in range(0, count, 500):
        org.write(partial(create_some, drafts=drafts[: count - first]))
    chance = random.Random(size)
    while size > 0:
        length = min(size, chance.randrange(blob // 2, blob * 3 // 2))
        add_blob(org, length)
        size -= length
    store.close()


def create_some(tx, drafts) -> None:
    """Notes of one transaction."""
    for draft in drafts:
        records.create(tx, "notes", draft)


def add_blob(org: OrgStore, length: int) -> None:
    """A blob of chance."""
    upload = org.blobs.upload(length)
    upload.write(os.urandom(length))
    blob = upload.finish(org.blobs)
    org.write(lambda tx: blobs.add(tx, blob))


def timed(arguments: Sequence[str], environ: Mapping[str, str]) -> dict[str, object]:
    """Run a program to its end: seconds, processor time and the most memory of its process."""
    begin = time.perf_counter()
    process = subprocess.Popen(
        arguments, env=os.environ | environ, cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    output = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdout.close()
    if process.returncode:
        raise SystemExit(f"{arguments} ended with {process.returncode}")
    return {
        "seconds": round(time.perf_counter() - begin, 2),
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 2),
        "peak_mib": round(used.ru_maxrss / 1024, 1),
        "output": output,
    }


def folder_size(folder: Path) -> int:
    """Bytes of all files."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


class Tool:
    """One program that makes backups.

    :param place: where its repository and what it restores lie.
    """

    name = ""

    def __init__(self, place: Path, data: Path) -> None:
        self.data = data
        self.repository = place / f"{self.name}-repository"
        self.restored = place / f"{self.name}-restored"
        self.secret = place / "passphrase"
        self.secret.write_text(PASSPHRASE)

    def run(self, case: str, work: Callable[[], dict[str, object]]) -> dict[str, object]:
        """One case, with the size of the repository after it."""
        told = work()
        told.pop("output")
        stored = round(folder_size(self.repository) / MIB, 1)
        row = {"tool": self.name, "case": case, **told, "repository_mib": stored}
        print(json.dumps(row), file=sys.stderr, flush=True)
        shutil.rmtree(self.restored, ignore_errors=True)
        return row


class Unibos(Tool):
    """`unibos backup`."""

    name = "unibos"

    def ask(self, command: str, *options: str, data: Path | None = None) -> dict[str, object]:
        """One command, with the passphrase from a file."""
        secret = ("--passphrase-file", str(self.secret))
        where = ("--data", str(data or self.data))
        asked = (*UNIBOS, "backup", command, str(self.repository), *secret, *where, *options)
        return timed((*asked, "--json"), {"UNIBOS_BOARD_PROFILE": "edge"})

    def full(self) -> dict[str, object]:
        """The first backup."""
        return self.ask("create", "--init")

    def again(self) -> dict[str, object]:
        """A later one."""
        return self.ask("create")

    def check(self) -> dict[str, object]:
        """All read and compared."""
        return self.ask("verify", "--deep")

    def restore(self) -> dict[str, object]:
        """All brought back."""
        return self.ask("restore", data=self.restored)

    def drill(self) -> dict[str, object]:
        """The rehearsal."""
        return self.ask("drill")


class Restic(Tool):
    """Debian's restic, which copies files as they are: the server has to be stopped."""

    name = "restic"

    def ask(self, *arguments: str) -> dict[str, object]:
        """One command."""
        environ = {
            "RESTIC_REPOSITORY": str(self.repository),
            "RESTIC_PASSWORD_FILE": str(self.secret),
            "XDG_CACHE_HOME": str(self.repository.parent),
        }
        return timed(("restic", "--quiet", *arguments), environ)

    def full(self) -> dict[str, object]:
        """The first backup; the repository is made before."""
        self.ask("init")
        return self.ask("backup", str(self.data))

    def again(self) -> dict[str, object]:
        """A later one."""
        return self.ask("backup", str(self.data))

    def check(self) -> dict[str, object]:
        """All read and compared."""
        return self.ask("check", "--read-data")

    def restore(self) -> dict[str, object]:
        """All brought back."""
        return self.ask("restore", "latest", "--target", str(self.restored))


def while_serving(place: Path, data: Path) -> list[dict[str, object]]:
    """A backup beside a server that is written to: what writers and the server notice of it."""
    with Busy(data) as busy:
        quiet = busy.pace(5.0)
        tool = Unibos(place, data)
        done = threading.Event()
        told: list[dict[str, object]] = []

        def backup() -> None:
            told.append(tool.run("while serving", tool.again))
            done.set()

        thread = threading.Thread(target=backup)
        thread.start()
        during = busy.pace(until=done)
        thread.join()
    return [told[0] | {"writes_before": quiet, "writes_during": during}]


if __name__ == "__main__":
    main()
