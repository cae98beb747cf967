"""Which program this is: its version, the commit it was made from, and for which machines.

`unibos --version` reads nothing but this, so it imports little and starts no process.
"""

import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from unibos import __version__

_ARCHITECTURES = {
    "x86_64-linux-gnu": "amd64",
    "aarch64-linux-gnu": "arm64",
    "arm-linux-gnueabihf": "armhf",
    "arm-linux-gnueabi": "armel",
}
_PACKAGE = Path(__file__).parents[1]
_SHOWN = 12
"""Digits of a commit that people are shown; machines get all."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What `--version` tells.

    ``commit`` ends with ``-dirty`` where a build had files that differ from it, and is empty where
    nobody knows. A checkout's own changes are not told: git would have to be asked.
    """

    version: str
    commit: str
    architecture: str

    def line(self) -> str:
        """For people; begins with the name and the version, which updates compare."""
        digits, _, dirty = self.commit.partition("-")
        facts = [self.architecture]
        if digits:
            facts.append(f"commit {digits[:_SHOWN]}{'-' if dirty else ''}{dirty}")
        return f"unibos {self.version} ({', '.join(facts)})"

    def document(self) -> str:
        """For machines: a JSON object."""
        import json

        return json.dumps(asdict(self))


def origin() -> Origin:
    """Of the program that runs."""
    return Origin(__version__, commit_of(_PACKAGE), architecture())


def architecture() -> str:
    """What this program was built for, as Debian names it; an unknown one by its own name."""
    triplet: str = getattr(sys.implementation, "_multiarch", "unknown")
    return _ARCHITECTURES.get(triplet, triplet)


def commit_of(package: Path) -> str:
    """The commit that a build wrote beside its modules, or that of the checkout around them."""
    try:
        return (package / "commit").read_text().strip()
    except OSError:
        return _checked_out(package.parent / ".git")


def _checked_out(git: Path) -> str:
    try:
        head = (git / "HEAD").read_text().strip()
        if not head.startswith("ref: "):
            return head
        name = head.removeprefix("ref: ")
        loose = git / name
        if loose.exists():
            return loose.read_text().strip()
        packed = (git / "packed-refs").read_text().splitlines()
    except OSError:
        return ""
    return next((line.split()[0] for line in packed if line.endswith(f" {name}")), "")
