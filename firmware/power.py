"""Pulls the plug of an emulated board while it writes, again and again; `firmware/test-power`.

QEMU is killed at a random moment of write load, and the same card is booted again. What is lost is
what the guest had not yet given to its disk: its page cache and its journal's open transaction,
as on a board. A card that itself forgets what it said it has kept is not simulated.

After each cut the node must answer, with no failed unit, an intact file system and database, each
acknowledged write there, and of each batch all or nothing. Ends with 1 at the first broken promise;
JSON goes to standard output, progress to standard error.
"""

import argparse
import hashlib
import json
import random
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from boots import BUILD, EMAIL, IMAGER, OWNER, PASSWORD, newest_image
from emulated import KINDS, Card, Machine, missing

SHORTEST, LONGEST = 0.5, 12.0
"""Seconds of load before a cut."""
_OF_A_BATCH = 3
_LARGEST = 200_000
_NOTES = "/api/v1/collections/notes/records"
_BAD_SIGNS = ("EXT4-fs error", "UNEXPECTED INCONSISTENCY", "Buffer I/O error", "JBD2: Invalid")


class Broken(Exception):
    """A promise was not kept."""


@dataclass
class Ledger:
    """What was acknowledged, by the cut that ended it; kept outside the board."""

    notes: dict[str, str] = field(default_factory=dict)
    batches: set[str] = field(default_factory=set)
    blobs: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.notes) + len(self.batches) + len(self.blobs)


class Load:
    """Three clients that write without a pause, until the power goes."""

    def __init__(self, machine: Machine, token: str, name: str, chance: random.Random) -> None:
        self.ledger = Ledger()
        self._machine, self._token, self._name = machine, token, name
        self._bytes = random.Random(chance.random())  # noqa: S311 -- no secret
        self._ended = threading.Event()
        self._threads = [
            threading.Thread(target=self._repeat, args=(write,), daemon=True)
            for write in (self._note, self._batch, self._blob)
        ]

    def start(self) -> None:
        """Begin to write."""
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Write no more; what is under way is not acknowledged."""
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _repeat(self, write: Callable[[int], None]) -> None:
        number = 0
        while not self._ended.is_set():
            try:
                write(number)
            except (OSError, ValueError):
                # The power is gone, perhaps in the middle of an answer.
                return
            number += 1

    def _note(self, number: int) -> None:
        title = f"{self._name} note {number}"
        body = {"data": {"title": title, "tags": [self._name]}}
        made = self._machine.http("POST", _NOTES, body, token=self._token)
        self.ledger.notes[made["id"]] = title

    def _batch(self, number: int) -> None:
        title = f"{self._name} batch {number}"
        data = {"title": title, "tags": [self._name]}
        writes = [{"op": "create", "collection": "notes", "data": data}] * _OF_A_BATCH
        self._machine.http("POST", "/api/v1/batch", {"writes": writes}, token=self._token)
        self.ledger.batches.add(title)

    def _blob(self, _number: int) -> None:
        content = self._bytes.randbytes(self._bytes.randrange(1, _LARGEST))
        sha256 = hashlib.sha256(content).hexdigest()
        path = f"/api/v1/blobs/{sha256}"
        kind = "application/octet-stream"
        self._machine.http("PUT", path, content, token=self._token, kind=kind)
        self.ledger.blobs.append(sha256)


class Test:
    """One card, and all that was acknowledged on it."""

    def __init__(self, image: Path, folder: Path, seed: int) -> None:
        files = {"rpi-preseed.toml": IMAGER, "unibos.toml": OWNER}
        self.card = Card(image, folder, KINDS["virt"], files)
        self.chance = random.Random(seed)  # noqa: S311 -- no secret
        self.ledgers: dict[str, Ledger] = {}

    def run(self, cuts: int) -> dict[str, Any]:
        """Cut the power so many times, then look at all of it once more."""
        began = time.monotonic()
        newest = ""
        for cut in range(cuts):
            newest = self._life(f"cut-{cut}", newest)
        with Machine(self.card) as machine:
            token = self._intact(machine)
            for name in self.ledgers:
                self._there(machine, token, name)
            machine.shell("systemctl poweroff", fails=(255,))
            machine.off()
        self._file_system_is_sound()
        ledgers = self.ledgers.values()
        return {
            "cuts": cuts,
            "acknowledged": sum(len(each) for each in ledgers),
            "notes": sum(len(each.notes) for each in ledgers),
            "batches": sum(len(each.batches) for each in ledgers),
            "blobs": sum(len(each.blobs) for each in ledgers),
            "lost": 0,
            "half": 0,
            "minutes": round((time.monotonic() - began) / 60, 1),
        }

    def _life(self, name: str, before: str) -> str:
        """From one cut to the next; the value is this one's name."""
        with Machine(self.card) as machine:
            token = self._intact(machine)
            up = machine.seconds()
            if before:
                self._there(machine, token, before)
            load = Load(machine, token, name, self.chance)
            load.start()
            seconds = self.chance.uniform(SHORTEST, LONGEST)
            time.sleep(seconds)
        load.end()
        self.ledgers[name] = load.ledger
        say(f"{name}: sound after {up:.0f} s, cut after {seconds:.1f} s, {len(load.ledger)} writes")
        return name

    def _intact(self, machine: Machine) -> str:
        """The board came up by itself, and says of itself that it is sound; a token."""
        machine.healthy()
        machine.reachable()
        failed = machine.shell("systemctl --failed --no-legend --plain")
        told = machine.shell("dmesg; cat /run/initramfs/fsck.log", fails=(1,))
        bad = [line for line in told.splitlines() if any(sign in line for sign in _BAD_SIGNS)]
        true("no unit failed", not failed, failed)
        true("the file system is sound", not bad, bad)
        who = {"email": EMAIL, "password": PASSWORD}
        token = str(machine.http("POST", "/api/v1/auth/login", who)["access_token"])
        found = machine.http("GET", "/api/v1/integrity?deep=true", token=token)
        true("the database and all files are sound", found["sound"], found)
        return token

    def _there(self, machine: Machine, token: str, name: str) -> None:
        """All that was acknowledged before a cut is there, and of batches nothing by halves."""
        ledger, present = self.ledgers[name], self._notes(machine, token, name)
        lost = [id_ for id_, title in ledger.notes.items() if present.get(id_) != title]
        true("each acknowledged note is there", not lost, lost)
        batches = Counter(title for title in present.values() if " batch " in title)
        half = [title for title, count in batches.items() if count != _OF_A_BATCH]
        true("of each batch there is all or nothing", not half, half)
        true("each acknowledged batch is there", ledger.batches <= batches.keys())
        gone = [one for one in ledger.blobs if not self._has_blob(machine, token, one)]
        true("each acknowledged file is there", not gone, gone)

    def _notes(self, machine: Machine, token: str, name: str) -> dict[str, str]:
        present: dict[str, str] = {}
        asked = {"limit": "200", "filter": f"tags:{name}"}
        while True:
            path = f"{_NOTES}?{urllib.parse.urlencode(asked)}"
            page = machine.http("GET", path, token=token)
            present |= {one["id"]: one["data"]["title"] for one in page["items"]}
            if page["next"] is None:
                return present
            asked["cursor"] = page["next"]

    def _has_blob(self, machine: Machine, token: str, sha256: str) -> bool:
        address = f"http://127.0.0.1:{machine.http_port}/api/v1/blobs/{sha256}"
        headers = {"Authorization": f"Bearer {token}"}
        asked = urllib.request.Request(address, headers=headers, method="GET")
        try:
            with urllib.request.urlopen(asked, timeout=60) as answer:  # noqa: S310 -- a fixed scheme
                return hashlib.sha256(answer.read()).hexdigest() == sha256
        except urllib.error.HTTPError:
            return False

    def _file_system_is_sound(self) -> None:
        """What the board's own file systems say when nobody uses them (e2fsck(8), all passes)."""
        table = subprocess.run(
            ("sfdisk", "--json", str(self.card.disk)), check=True, capture_output=True, text=True
        )
        root = json.loads(table.stdout)["partitiontable"]["partitions"][1]["start"] * 512
        check = ("e2fsck", "-fn", f"{self.card.disk}?offset={root}")
        done = subprocess.run(check, check=False, capture_output=True, text=True)
        true("e2fsck finds nothing", done.returncode == 0, done.stdout + done.stderr)


def main() -> None:
    """Cut as the command line asks."""
    parser = argparse.ArgumentParser(
        prog="firmware/test-power", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--cuts", type=int, default=50)
    parser.add_argument("--image", type=Path, metavar="PATH", help="of the board virt")
    parser.add_argument("--seed", type=int, default=1, help="of the moments of the cuts")
    asked = parser.parse_args()
    if absent := missing(KINDS["virt"]):
        raise SystemExit(f"{', '.join(absent)} missing")
    folder = BUILD / "boots" / f"power-{asked.seed}-{int(time.time())}"
    test = Test(asked.image or newest_image("virt"), folder, asked.seed)
    try:
        found = test.run(asked.cuts)
    except Broken as broken:
        raise SystemExit(f"BROKEN: {broken}\nThe card is {test.card.disk}.") from None
    test.card.disk.unlink()
    print(json.dumps({"test": "power", "seed": asked.seed, **found}))


def true(promise: str, kept: object, told: object = "") -> None:
    """End at a promise that is not kept."""
    if not kept:
        raise Broken(f"{promise}\n{told}")


def say(line: str) -> None:
    """Tell how far it has got."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
