"""Whose each bundled file is: a Python distribution's, a Debian package's or UNIBOS's own."""

import importlib.metadata
import subprocess
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution
from pathlib import Path

from origin import ROOT

_LICENCES = ("authors", "copying", "copyright", "licence", "license", "notice")


@dataclass(frozen=True)
class Owners:
    """Who has a part in a build, sorted by name."""

    distributions: dict[Distribution, set[Path]]
    """With the bundled files of each."""
    packages: list[str]
    """Names of Debian packages."""

    def licences(self) -> Iterator[tuple[str, Path]]:
        """The texts of all licences: a place such as ``rich/LICENSE``, and the file to put there.

        :raises SystemExit: a Debian package has none.
        """
        for distribution in (*self.distributions, importlib.metadata.distribution("pyinstaller")):
            for file in distribution.files or ():
                folder, _, place = str(file).partition(".dist-info/")
                if "/" not in folder and place.lower().startswith(_LICENCES):
                    name = place.removeprefix("licenses/")
                    yield f"{distribution.name}/{name}", Path(str(file.locate()))
        for name in self.packages:
            path = Path("/usr/share/doc", name, "copyright")
            if not path.exists():
                raise SystemExit(f"The package {name} is installed without its copyright file.")
            yield f"{name}/copyright", path.resolve()


def owners_of(came_from: Iterable[tuple[str, str, str]]) -> Owners:
    """Of what PyInstaller collected: kind, place in the bundle, path it comes from.

    :raises SystemExit: a file comes from nowhere that is known.
    """
    # A package without code has no path, and a link's is a place in the bundle.
    paths = {
        Path(path) for kind, _, path in came_from if path not in {"", "-"} and kind != "SYMLINK"
    }
    known = {
        Path(str(file.locate())).resolve(): distribution
        for distribution in importlib.metadata.distributions()
        for file in distribution.files or ()
    }
    taken: dict[str, set[Path]] = defaultdict(set)
    rest = set()
    for path in paths:
        owner = known.get(path.resolve())
        if owner is not None:
            taken[owner.name].add(path)
        elif not _ours(path):
            rest.add(path)
    found = {importlib.metadata.distribution(name): taken[name] for name in sorted(taken)}
    return Owners(found, sorted(_packages(rest)))


def _ours(path: Path) -> bool:
    return path.is_relative_to(ROOT) and not path.is_relative_to(ROOT / "build/venv")


def _packages(paths: set[Path]) -> set[str]:
    """The Debian packages that installed these files."""
    # What dpkg knows as /lib/… may be found in /usr/lib/…, which is the same folder.
    spelled = {
        spelling: path
        for path in paths
        for whole in (path, path.resolve())
        for spelling in (str(whole), str(whole).removeprefix("/usr"))
    }
    asked = ("dpkg", "--search", *sorted(spelled))
    told = subprocess.run(asked, capture_output=True, text=True, check=False).stdout
    owners, found = set(), set()
    for line in told.splitlines():
        names, _, place = line.rpartition(": ")
        # Of a file that moved from /lib, dpkg says first whose diversion it was.
        if place in spelled and not names.startswith("diversion by "):
            owners.add(names.split(",")[0].split(":")[0])
            found.add(spelled[place])
    if found != paths:
        unknown = ", ".join(map(str, sorted(paths - found)))
        raise SystemExit(f"Bundled, and neither pip nor dpkg knows where it is from: {unknown}")
    return owners
