"""What a node costs while nothing happens, against its budgets.

Start to health, ``--version``, resident memory, idle processor time and bytes written, for the
edge profile and for this machine's own; from source, or of the two shapes that a build has. JSON
goes to standard output, progress to standard error; the exit code is 1 when a budget is broken.
See benchmarks/README.md.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import machine
import process
from notes import make_notes
from peers import Unibos
from servers import REPOSITORY, SOURCE

PROFILES = {"edge": ["--profile", "edge"], "desktop": ["--profile", "desktop"]}
MEMORY_BUDGET_MIB = {"edge": 64.0, "desktop": 80.0}
START_BUDGET_SECONDS = 1.0
VERSION_BUDGET_SECONDS = 0.15
CPU_BUDGET_PERCENT = 0.5
WRITTEN_BUDGET_BYTES = 0

SETTLE_SECONDS = 5.0
NOTES = 100
VERSION_RUNS = 11

Program = Sequence[str]
Files = dict[str, tuple[int, int]]


@dataclass(frozen=True)
class Measure:
    """One figure and the most that it may be."""

    name: str
    value: float
    unit: str
    budget: float | None = None

    def as_json(self) -> dict[str, object]:
        """With ``ok`` where there is a budget."""
        row: dict[str, object] = {"name": self.name, "value": self.value, "unit": self.unit}
        if self.budget is not None:
            row |= {"budget": self.budget, "ok": self.value <= self.budget}
        return row


def main() -> None:
    """Measure and print."""
    options = arguments()
    about = {"benchmark": "footprint", **machine.describe()}
    measures = []
    with tempfile.TemporaryDirectory(prefix="unibos-footprint-") as name:
        for shape, program in shapes(options.built).items():
            folder = Path(name) / shape
            say(f"{shape}: {' '.join(program)}")
            for one in measured(program, folder, options):
                # A onefile unpacks itself at each start: it stands beside, without a budget.
                budget = None if shape == "onefile" else one.budget
                measures.append(replace(one, name=f"{shape}.{one.name}", budget=budget))
    rows = [measure.as_json() for measure in measures]
    about |= {"idle_seconds": options.idle_seconds, "notes": NOTES}
    ok = all(row.get("ok", True) for row in rows)
    print(json.dumps({**about, "ok": ok, "measures": rows}, indent=2))
    sys.exit(not ok)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--idle-seconds", type=float, default=600.0, help="length of the window")
    parser.add_argument("--starts", type=int, default=7, help="starts per median")
    parser.add_argument("--profiles", nargs="+", choices=PROFILES, default=list(PROFILES))
    parser.add_argument("--built", type=Path, metavar="FOLDER", help="such as build/amd64")
    return parser.parse_args()


def shapes(built: Path | None) -> dict[str, Program]:
    """What is measured, by name: the source, or both shapes of a build."""
    if built is None:
        return {"source": SOURCE}
    onefiles = [path for path in built.glob(f"unibos_*_{built.name}") if path.is_file()]
    [onefile] = onefiles
    return {"onedir": [str(built.resolve() / "unibos/unibos")], "onefile": [str(onefile.resolve())]}


def measured(program: Program, folder: Path, options: argparse.Namespace) -> list[Measure]:
    """All figures of one program."""
    folder.mkdir()
    measures = [version_time(program)]
    for profile in options.profiles:
        say(f"{profile}: {options.starts} starts")
        place = folder / f"start-{profile}"
        measures += start_times(program, profile, place, options.starts)
    measures += idle(program, options.profiles, folder, options.idle_seconds)
    return measures


def version_time(program: Program) -> Measure:
    """How long ``unibos --version`` takes: the median, the first run not counted."""
    times = []
    for _ in range(VERSION_RUNS):
        begin = time.perf_counter()
        subprocess.run(
            [*program, "--version"], cwd=REPOSITORY, check=True, stdout=subprocess.DEVNULL
        )
        times.append(time.perf_counter() - begin)
    median = round(statistics.median(times[1:]), 3)
    return Measure("version", median, "s", VERSION_BUDGET_SECONDS)


def start_times(program: Program, profile: str, folder: Path, count: int) -> list[Measure]:
    """Process start to the first 200 of ``/health``: in a new folder, and in a used one."""
    first, again = [], []
    for number in range(count):
        place = folder / str(number)
        place.mkdir(parents=True)
        node = Unibos(place, *PROFILES[profile], program=program)
        first.append(node.server.start())
        node.server.stop()
        again.append(node.server.start())
        node.server.stop()
    return [
        Measure(f"{profile}.{name}", round(statistics.median(times), 3), "s", START_BUDGET_SECONDS)
        for name, times in (("first_start", first), ("start", again))
    ]


def idle(program: Program, profiles: list[str], folder: Path, seconds: float) -> list[Measure]:
    """Let one node per profile idle, side by side, first unused and then after some use."""
    nodes: dict[str, Unibos] = {}
    measures: list[Measure] = []
    try:
        for profile in profiles:
            (folder / profile).mkdir()
            nodes[profile] = Unibos(folder / profile, *PROFILES[profile], program=program)
            nodes[profile].server.start()
        time.sleep(SETTLE_SECONDS)
        for profile, node in nodes.items():
            measures += memory(f"{profile}.fresh", profile, node)
            use(node)
        time.sleep(SETTLE_SECONDS)
        say(f"idle for {seconds:.0f} s")
        before = {profile: Snapshot(node, folder / profile) for profile, node in nodes.items()}
        time.sleep(seconds)
        for profile, node in nodes.items():
            measures += memory(f"{profile}.idle", profile, node)
            measures += before[profile].compare(Snapshot(node, folder / profile), profile)
    finally:
        for node in nodes.values():
            node.server.stop()
    return measures


def memory(name: str, profile: str, node: Unibos) -> list[Measure]:
    """Resident memory, and the part of it that no other process shares in."""
    kib = process.memory_kib(node.server.pid)
    return [
        Measure(f"{name}_rss", round(kib["rss"] / 1024, 1), "MiB", MEMORY_BUDGET_MIB[profile]),
        Measure(f"{name}_pss", round(kib["pss"] / 1024, 1), "MiB"),
    ]


def use(node: Unibos) -> None:
    """What a day leaves behind: an owner, a login, notes written and read."""
    node.prepare()
    node.sign_in()
    node.preload(make_notes(NOTES))
    for _ in range(NOTES):
        node.client.call("GET", f"{node.records}?limit=20")
    node.client.close()


class Snapshot:
    """A node's counters and files at one moment."""

    def __init__(self, node: Unibos, folder: Path) -> None:
        self.at = time.monotonic()
        self.cpu = process.cpu_seconds(node.server.pid)
        self.written = process.written_bytes(node.server.pid)
        self.files = list_files(folder)

    def compare(self, later: "Snapshot", name: str) -> list[Measure]:
        """What happened between this one and a later one."""
        percent = 100 * (later.cpu - self.cpu) / (later.at - self.at)
        written = later.written - self.written
        changed = changed_files(self.files, later.files)
        for path in changed:
            say(f"{name}: changed while idle: {path}")
        return [
            Measure(f"{name}.idle_cpu", round(percent, 3), "% of a core", CPU_BUDGET_PERCENT),
            Measure(f"{name}.idle_written", written, "bytes", WRITTEN_BUDGET_BYTES),
            Measure(f"{name}.idle_files_changed", len(changed), "files", 0),
        ]


def list_files(folder: Path) -> Files:
    """Size and time of change (ns) of every file, by path.

    The time is that of content or attributes (st_ctime): writing either costs a block.
    """
    found = {}
    for path in folder.rglob("*"):
        if path.is_file():
            state = path.stat()
            found[str(path.relative_to(folder))] = (state.st_size, state.st_ctime_ns)
    return found


def changed_files(before: Files, after: Files) -> list[str]:
    """Paths that came, went, or have another size or time."""
    paths = before.keys() | after.keys()
    return sorted(path for path in paths if before.get(path) != after.get(path))


def say(line: str) -> None:
    """One line of progress."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
