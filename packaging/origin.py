"""What is built: version, commit, time and architecture, as every part of a build tells it."""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a build comes from and what it is for."""

    version: str
    commit: str
    """With ``-dirty`` where files differ from it."""
    time: int
    """Unix time of the commit, which everything built carries instead of its own."""
    architecture: str
    """As Debian names it: ``amd64``, ``arm64``, ``armhf``, ``armel``."""

    @property
    def name(self) -> str:
        """How files of this build begin."""
        return f"unibos_{self.version}_{self.architecture}"


def origin() -> Origin:
    """Of this checkout on this machine; in a tree without git, what the builder outside says."""
    found = re.search(r'__version__ = "(.+)"', (ROOT / "unibos/__init__.py").read_text())
    if found is None:
        raise SystemExit("unibos/__init__.py tells no version.")
    return Origin(
        version=found[1],
        commit=os.environ.get("UNIBOS_BUILD_COMMIT")
        or _said("git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=40"),
        time=int(
            os.environ.get("SOURCE_DATE_EPOCH")
            or _said("git", "-C", str(ROOT), "log", "-1", "--format=%ct")
        ),
        architecture=_said("dpkg", "--print-architecture"),
    )


def _said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
