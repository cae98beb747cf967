"""What Linux tells of a running process: memory, processor time, bytes written, fsyncs.

All numbers come from ``/proc`` (proc(5)) and cover the process and its children.
"""

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
SYNC_CALLS = ("fsync", "fdatasync", "sync_file_range")


def family(pid: int) -> list[int]:
    """The process and all its living descendants."""
    found = [pid]
    for parent in found:
        for task in Path(f"/proc/{parent}/task").glob("*/children"):
            found += [int(child) for child in _read(task).split()]
    return found


def of_sessions(sessions: Collection[int]) -> dict[int, str]:
    """Living processes of these sessions (setsid(2)): their command lines by id."""
    found = {}
    for place in Path("/proc").glob("[0-9]*"):
        state = _read(place / "stat").rpartition(")")[2].split()
        if state and state[0] != "Z" and int(state[3]) in sessions:
            found[int(place.name)] = _read(place / "cmdline").replace("\0", " ").strip()
    return found


def cpu_seconds(pid: int) -> float:
    """Processor time used so far: user and system, ended children included."""
    total = 0
    for member in family(pid):
        after_name = _read(Path(f"/proc/{member}/stat")).rpartition(")")[2].split()
        total += sum(int(ticks) for ticks in after_name[11:15])
    return total / TICKS


def memory_kib(pid: int) -> dict[str, int]:
    """``rss`` (resident) and ``pss`` (shared pages divided by their users), in KiB, summed."""
    memory = dict.fromkeys(("rss", "pss"), 0)
    for member in family(pid):
        rollup = _read(Path(f"/proc/{member}/smaps_rollup"))
        for name in memory:
            memory[name] += _number(rollup, name.title())
    return memory


def written_bytes(pid: int) -> int:
    """Bytes that the process made the kernel write to a disk (``write_bytes``)."""
    return sum(_number(_read(Path(f"/proc/{member}/io")), "write_bytes") for member in family(pid))


def _number(text: str, name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+)", text, re.MULTILINE)
    return int(found[1]) if found else 0


def _read(path: Path) -> str:
    """The file's text, or nothing when its process has ended meanwhile."""
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


class SyncCount:
    """How often a process asked the kernel to sync; ``None`` where strace cannot tell."""

    calls: int | None = None


@contextmanager
def count_syncs(pid: int, report: Path) -> Iterator[SyncCount]:
    """Count fsync calls of a process with strace while the block runs.

    :param report: where strace writes; a temporary file.
    """
    count = SyncCount()
    if shutil.which("strace") is None:
        yield count
        return
    calls = "trace=" + ",".join(SYNC_CALLS)
    tracer = subprocess.Popen(
        ["strace", "-f", "-e", calls, "-o", str(report), "-p", str(pid)],
        stderr=subprocess.DEVNULL,
    )
    try:
        if not _traced(pid, tracer):
            yield count
            return
        yield count
    finally:
        tracer.send_signal(signal.SIGINT)
        tracer.wait()
    count.calls = len(re.findall(rf"\b({'|'.join(SYNC_CALLS)})\(", report.read_text()))


def _traced(pid: int, tracer: subprocess.Popen[bytes], patience: float = 3.0) -> bool:
    """Wait until every thread of ``pid`` is traced; false when strace may not."""
    end = time.monotonic() + patience
    while tracer.poll() is None and time.monotonic() < end:
        threads = list(Path(f"/proc/{pid}/task").glob("*/status"))
        if all(_number(_read(thread), "TracerPid") for thread in threads):
            return True
        time.sleep(0.02)
    return False
