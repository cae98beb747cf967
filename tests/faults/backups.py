"""Backups and restores that end by SIGKILL; run as a program, so that it can fork safely.

    backups.py FOLDER SEED ROUNDS create|prune|restore POINT PASSES

POINT may be "anytime"; PASSES is how often it is passed at most before death. After each death it
is looked at: earlier snapshots are whole, the newest is there whole or not at all, the data folder
is the old one or the new one, and the next attempt ends well. The last line told is JSON.
"""

import json
import os
import random
import signal
import sys
import threading
import time
from pathlib import Path

from tests.ops.backup.folders import KEY, NOBODY, Data
from unibos.core.store import system
from unibos.ops.backup.create import create
from unibos.ops.backup.repository import Repository
from unibos.ops.backup.restore import restore
from unibos.ops.backup.retention import prune
from unibos.ops.backup.verify import verify


class Death:
    """Comes when the point was passed so many times."""

    def __init__(self, point: str, passes: int) -> None:
        self.point, self.passes = point, passes

    def __call__(self, name: str) -> None:
        if name == self.point:
            self.passes -= 1
            if self.passes <= 0:
                os.kill(os.getpid(), signal.SIGKILL)


class Rounds:
    """What is done until death, and what must hold after it."""

    longest = 0.06

    def __init__(self, folder: Path, chance: random.Random) -> None:
        self.folder, self.chance = folder, chance
        self.usb = folder / "usb"
        self.data = Data(folder / "data")
        self.data.fill(records=20, blobs=8, size=20_000)
        Repository.create(self.usb, KEY)
        self.header = create(self.data.folder, self.repository(), NOBODY)

    def repository(self) -> Repository:
        return Repository.open(self.usb, KEY)

    def prepare(self) -> None:
        raise AssertionError

    def act(self) -> None:
        raise AssertionError

    def look(self) -> list[str]:
        found = verify(self.repository(), deep=True).findings
        return [f"{one.code} {one.detail}" for one in found]


class Create(Rounds):
    def prepare(self) -> None:
        self.data.fill(records=5, blobs=5, size=self.chance.randrange(1, 200_000))
        self.before = self.repository().numbers()

    def act(self) -> None:
        create(self.data.folder, self.repository(), NOBODY)

    def look(self) -> list[str]:
        wrong = super().look()
        numbers = self.repository().numbers()
        if numbers not in (self.before, [*self.before, self.before[-1] + 1]):
            wrong.append(f"{self.before} became {numbers}")
        self.act()
        wrong += super().look()
        left = [path.name for path in (self.usb / "incoming").iterdir()]
        lists = {path.name.split(".")[0] for path in (self.usb / "snapshots").glob("*.list.age")}
        if left or lists != {str(number) for number in self.repository().numbers()}:
            wrong.append(f"left over: {left} {lists}")
        return wrong


class Prune(Rounds):
    longest = 0.01

    def prepare(self) -> None:
        for _ in range(2):
            self.data.fill(records=1, blobs=5, size=10_000)
            newest = create(self.data.folder, self.repository(), NOBODY)
            for path in self.data.blob_paths()[:3]:
                path.unlink()
        self.header = newest

    def act(self) -> None:
        prune(self.repository(), self.data.id, 1)

    def look(self) -> list[str]:
        wrong = super().look()
        if self.header.number not in self.repository().numbers():
            wrong.append("the newest is gone")
        self.act()
        wrong += super().look()
        if self.repository().numbers() != [self.header.number]:
            wrong.append("more than one is left")
        needed = {
            self.repository().name(one.kind, one.sha256)
            for one in self.repository().entries(self.header)
        }
        if set(self.repository().objects()) != needed:
            wrong.append("objects are left that nobody needs")
        return wrong


class Restore(Rounds):
    def prepare(self) -> None:
        self.data.fill(records=1, blobs=2)
        # What both have is linked; these have to be written.
        for path in self.data.blob_paths()[:6]:
            path.unlink()
        self.old = self.data.said()
        self.backed_up = self.wanted()

    def wanted(self) -> dict:
        """What the snapshot holds, as another restore gives it."""
        other = self.folder / "other"
        said = Data(restore(self.repository(), self.header, other).folder).said()
        Data(other).remove()
        return said

    def act(self) -> None:
        restore(self.repository(), self.header, self.data.folder, replace=True)

    def look(self) -> list[str]:
        wrong = super().look()
        if self.data.said() not in (self.old, self.backed_up):
            wrong.append("the data folder is neither the old nor the new one")
        self.act()
        if self.data.said() != self.backed_up:
            wrong.append("the second attempt gave something else")
        kept = list(self.folder.glob("data.replaced-*"))
        if not any(Data(path).said() == self.old for path in kept):
            wrong.append("what was replaced is gone")
        for path in kept:
            Data(path).remove()
        names = {path.name for path in self.folder.iterdir()}
        if names != {"data", "usb"}:
            wrong.append(f"left over: {names}")
        if (self.data.folder / "restoring").exists():
            wrong.append("a note is left")
        return wrong


KINDS = {"create": Create, "prune": Prune, "restore": Restore}


def dies(rounds: Rounds, point: str, passes: int, after: float) -> bool:
    """Act in a child until it is killed; whether it was."""
    pid = os.fork()
    if pid == 0:
        try:
            system.listen(Death(point, passes))
            rounds.act()
            os._exit(0)
        except Exception as error:  # noqa: BLE001 - whatever it is, the summary tells it
            os.write(2, f"broken {type(error).__name__}: {error}\n".encode())
            os._exit(1)
    killer = threading.Timer(after, lambda: os.kill(pid, signal.SIGKILL))
    if point == "anytime":
        killer.start()
    _, status = os.waitpid(pid, 0)
    killer.cancel()
    if killer.ident is not None:
        killer.join()
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        raise SystemExit("the attempt failed")
    return os.WIFSIGNALED(status)


def main() -> None:
    folder, seed, rounds = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    kind, point, most = sys.argv[4], sys.argv[5], int(sys.argv[6])
    chance = random.Random(seed)
    made = KINDS[kind](folder, chance)
    wrong: list[str] = []
    killed = 0
    for _ in range(rounds):
        made.prepare()
        begin = time.monotonic()
        died = dies(made, point, chance.randint(1, most), chance.uniform(0.001, made.longest))
        if not died:
            # It was quicker than thought, so the next death has to come sooner.
            made.longest = min(made.longest, time.monotonic() - begin)
        killed += died
        wrong += made.look()
        if wrong:
            break
    print(json.dumps({"killed": killed, "wrong": wrong[:20]}))


if __name__ == "__main__":
    main()
