"""The hardware found at run time (board) and the limits chosen for it (profile).

The model comes from the device tree (Devicetree Specification 0.4, ``model``), the memory from
``/proc/meminfo``. Everything is read below a root folder, so that tests can make up a machine.
"""

import re
from pathlib import Path
from typing import Literal

from msgspec import Struct

Model = Literal["zero", "zero2w", "pi3", "pi4", "pi5", "pc"]
ProfileName = Literal["edge", "standard", "desktop"]

_EDGE_MB = 1024
_STANDARD_MB = 4096
_SMALL_PC_MB = 2048


class Profile(Struct, frozen=True, kw_only=True):
    """What a process may take on this machine."""

    name: ProfileName
    uvloop: bool
    """Whether the faster event loop is taken, for 2 MiB more."""
    heavy_jobs: int
    """Child processes that work at the same time."""
    child_memory_mb: int
    """The memory that one such child may take, in MiB."""
    sqlite_cache_kib: int
    """Page cache of one database connection, in KiB."""
    readers: int
    """Threads that read the database."""
    password_hashes: int
    """Passwords that are hashed at the same time; each takes 19 MiB or more."""


class Board(Struct, frozen=True, kw_only=True):
    """The machine that this process runs on."""

    model: Model
    name: str
    """What the machine calls itself, such as ``Raspberry Pi Zero 2 W Rev 1.0``."""
    memory_mb: int
    """Memory in MiB; a container's limit where there is one."""
    cores: int
    profile: Profile

    @property
    def blobs(self) -> Literal["eager", "on_demand"]:
        """When it fetches large blobs: the smallest boards, only when somebody reads them."""
        return "on_demand" if self.model in ("zero", "zero2w") else "eager"


def detect(
    root: Path = Path("/"), *, model: Model | None = None, profile: ProfileName | None = None
) -> Board:
    """Look at the machine.

    :param root: where ``proc`` and ``sys`` lie.
    :param model: overrides what the device tree says.
    :param profile: overrides what memory and model suggest.
    """
    name = _name(root)
    memory_mb = _memory_mb(root)
    cores = _cores(root)
    model = model or model_of(name)
    return Board(
        model=model,
        name=name,
        memory_mb=memory_mb,
        cores=cores,
        profile=limits(profile or profile_for(model, memory_mb), cores),
    )


def model_of(name: str) -> Model:
    """The known model nearest to a machine's name; ``pc`` for all that is no Raspberry Pi."""
    if not name.startswith("Raspberry Pi"):
        return "pc"
    if "Zero 2" in name:
        return "zero2w"
    number = re.match(r"Raspberry Pi (?:Compute Module )?(\d)", name)
    if "Zero" in name or number is None:
        return "zero"
    generation = int(number[1])
    if generation <= 1:
        return "zero"
    if generation <= 3:
        return "pi3"
    return "pi4" if generation == 4 else "pi5"


def profile_for(model: Model, memory_mb: int) -> ProfileName:
    """Choose a profile. The firmware keeps some memory, so a 1 GiB board shows less than 1024."""
    if model in ("zero", "zero2w") or memory_mb <= _EDGE_MB:
        return "edge"
    standard_up_to = _SMALL_PC_MB if model == "pc" else _STANDARD_MB
    return "standard" if memory_mb <= standard_up_to else "desktop"


def limits(name: ProfileName, cores: int) -> Profile:
    """The limits that a profile stands for on a machine with so many cores."""
    if name == "edge":
        return Profile(
            name=name,
            uvloop=False,
            heavy_jobs=1,
            child_memory_mb=320,
            sqlite_cache_kib=2048,
            readers=2,
            password_hashes=1,
        )
    if name == "standard":
        return Profile(
            name=name,
            uvloop=True,
            heavy_jobs=min(2, cores),
            child_memory_mb=1024,
            sqlite_cache_kib=8192,
            readers=min(4, cores + 1),
            password_hashes=2,
        )
    return Profile(
        name=name,
        uvloop=True,
        heavy_jobs=cores,
        child_memory_mb=2048,
        sqlite_cache_kib=16384,
        readers=min(8, cores + 2),
        password_hashes=min(4, cores),
    )


def temperature_c(root: Path = Path("/")) -> float | None:
    """The temperature of the hottest part in degrees Celsius; None where no sensor tells.

    The kernel gives thousandths (Documentation/driver-api/thermal/sysfs-api.rst).
    """
    told = (_text(path).strip() for path in root.glob("sys/class/thermal/thermal_zone*/temp"))
    found = [int(text) / 1000 for text in told if re.fullmatch(r"-?\d{1,6}", text)]
    return max(found, default=None)


def _name(root: Path) -> str:
    device_tree = _text(root / "proc/device-tree/model").rstrip("\0").strip()
    if device_tree:
        return device_tree
    # A container often hides the device tree, but the Pi's kernel says it here too.
    in_cpuinfo = re.search(r"^Model\s*:\s*(.+)$", _text(root / "proc/cpuinfo"), re.MULTILINE)
    if in_cpuinfo:
        return in_cpuinfo[1].strip()
    return _text(root / "sys/class/dmi/id/product_name").strip() or "PC"


def _memory_mb(root: Path) -> int:
    total = re.search(r"^MemTotal:\s*(\d+) kB", _text(root / "proc/meminfo"), re.MULTILINE)
    memory_mb = int(total[1]) // 1024 if total else 0
    limit = _text(root / "sys/fs/cgroup/memory.max").strip()
    if limit.isdigit():
        memory_mb = min(memory_mb, int(limit) // 1024**2)
    return memory_mb


def _cores(root: Path) -> int:
    found = re.findall(r"^processor\s*:", _text(root / "proc/cpuinfo"), re.MULTILINE)
    return max(1, len(found))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
