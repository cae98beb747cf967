"""A board: what its image is made of and which limits it gets. One small file each, in boards/."""

import hashlib
import json
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path

HERE = Path(__file__).parent
FOLDER = HERE / "boards"
EVIDENCE = {
    "booted": "booted in QEMU",
    "static": "its files checked, never booted",
    "never": "neither booted nor checked",
}
# One list for all boards: a card moves between them, and what is tested on one holds on the others.
PACKAGES = tuple((HERE / "packages.txt").read_text().split())


@dataclass(frozen=True, kw_only=True)
class Board:
    """One file of boards/."""

    key: str
    name: str
    models: tuple[str, ...]
    architecture: str
    suite: str
    """Debian's name of the release."""
    backports: bool = False
    """Whether the kernel is that of the release's backports."""
    kernel: str
    """The package of the kernel."""
    device_trees: tuple[str, ...] = ()
    """Files that must be on the boot partition."""
    wifi: tuple[str, ...] = ()
    """Firmware of the radios, in /lib/firmware/brcm, without its endings."""
    consoles: tuple[str, ...]
    """As the kernel's `console=` takes them; the last is where the system talks."""
    cma: str = "64M"
    config: tuple[str, ...] = ()
    """Lines of the board's own in config.txt."""
    memory_mb: int
    """The least that is sold; the limits below go by it."""
    tmp_mb: int
    journal_mb: int
    zram_mb: int
    role: str = "node"
    imager: tuple[str, ...] = ()
    """Devices in the words of Raspberry Pi Imager."""
    evidence: str
    """What is known of it: a key of EVIDENCE."""
    notes: str

    @property
    def tree(self) -> str:
        """A name that boards have in common whose trees are the same."""
        parts = (self.architecture, self.suite, self.backports, self.kernel, PACKAGES)
        sum_ = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:10]
        return f"{self.suite}-{self.architecture}-{sum_}"


def read(path: Path) -> Board:
    """Read one file.

    :raises SystemExit: a key is unknown or missing, or a value is none that there is.
    """
    told = tomllib.loads(path.read_text())
    known = {field.name for field in fields(Board)} - {"key"}
    if unknown := set(told) - known:
        raise SystemExit(f"{path.name}: there is no {', '.join(sorted(unknown))}.")
    values = {key: tuple(one) if isinstance(one, list) else one for key, one in told.items()}
    try:
        board = Board(key=path.stem, **values)
    except TypeError as error:
        raise SystemExit(f"{path.name}: {error}") from None
    if board.evidence not in EVIDENCE or board.architecture not in ("arm64", "armel", "amd64"):
        raise SystemExit(f"{path.name}: evidence or architecture is none that there is.")
    return board


def every() -> dict[str, Board]:
    """All boards, by name."""
    return {path.stem: read(path) for path in sorted(FOLDER.glob("*.toml"))}
