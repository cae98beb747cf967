"""Where releases lie side by side, and which of them runs.

    ROOT/releases/1.4.0/     one release; the program in it is called unibos
    ROOT/current             a link to the release that the service runs
    ROOT/good                a link to the last one that passed its trial; it runs the updates
    ROOT/change.json         an update that is under way
    ROOT/history.json        what came of earlier ones
    ROOT/downloads/          archives on their way in

The links are relative, so the whole of it can be made at one place and used at another.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import unibos
from unibos.base.errors import Conflict, Forbidden
from unibos.core.store.system import System, reach
from unibos.ops.update.versions import is_version

PROGRAM = "unibos"
_RELEASES, _CURRENT, _GOOD = "releases", "current", "good"
_BY_PACKAGE = "installed-by-apt"
"""The Debian package puts an empty file of this name beside the program."""


class Releases:
    """The releases below one folder."""

    def __init__(self, root: Path, system: System | None = None) -> None:
        self.root = root
        self.system = system or System()

    def folder(self, version: str) -> Path:
        """Where a release lies, or would."""
        return self.root / _RELEASES / version

    def program(self, version: str) -> Path:
        """The program of a release."""
        return self.folder(version) / PROGRAM

    @property
    def current(self) -> str:
        """The version that the service runs."""
        return self._linked(_CURRENT)

    @property
    def good(self) -> str:
        """The last version that passed."""
        return self._linked(_GOOD)

    @property
    def downloads(self) -> Path:
        """The folder of archives on their way in."""
        return self.root / "downloads"

    def present(self) -> list[str]:
        """All versions that are there."""
        folder = self.root / _RELEASES
        return [path.name for path in folder.iterdir() if is_version(path.name)]

    def switch(self, version: str) -> None:
        """Let the service run this release from its next start on."""
        self._link(_CURRENT, version)
        reach("update.switched")

    def trust(self, version: str) -> None:
        """Let this release run the updates from now on."""
        self._link(_GOOD, version)

    def forget(self, keep: set[str]) -> None:
        """Remove all releases but those to keep, and what was left half done."""
        for path in sorted((self.root / _RELEASES).iterdir()):
            if path.name not in keep:
                discard(path)
        shutil.rmtree(self.downloads, ignore_errors=True)

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Nobody else changes releases for as long as the context lasts.

        :raises Conflict: ``update_running``.
        :raises Forbidden: ``update_forbidden``.
        """
        if not os.access(self.root, os.W_OK):
            raise Forbidden(
                "update_forbidden",
                f"{self.root} belongs to another user.",
                hint="Use sudo.",
                folder=self.root,
            )
        descriptor = os.open(self.root / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        # The service, another user, runs what is made here.
        before = os.umask(0o022)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Conflict(
                    "update_running", "Another update is under way.", hint="Wait for it to end."
                ) from None
            yield
        finally:
            os.umask(before)
            os.close(descriptor)

    def _linked(self, name: str) -> str:
        link = self.root / name
        # An installation may have made only the one.
        return (link if link.is_symlink() else self.root / _CURRENT).readlink().name

    def _link(self, name: str, version: str) -> None:
        link, fresh = self.root / name, self.root / f".{name}.new"
        if link.is_symlink() and link.readlink().name == version:
            return
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(Path(_RELEASES) / version)
        self.system.rename(fresh, link)


def discard(folder: Path) -> None:
    """Remove a release; a cut in between leaves none that looks whole."""
    gone = folder if folder.name.startswith(".") else folder.with_name(f".{folder.name}.gone")
    if gone != folder:
        shutil.rmtree(gone, ignore_errors=True)
        folder.rename(gone)
    shutil.rmtree(gone)


def _own() -> Iterator[Path]:
    """The folders around this program, the nearest first."""
    yield from Path(unibos.__file__).resolve().parents


def running() -> str:
    """The version of this very program's release, as its folder is called; empty: it is in none."""
    found = _release()
    return found.name if found else ""


def _release() -> Path | None:
    for folder in _own():
        root = folder.parent.parent
        inside = folder.parent.name == _RELEASES and is_version(folder.name)
        if inside and (root / _CURRENT).is_symlink():
            return folder
    return None


def found() -> Releases | None:
    """The releases that this program is one of; ``None``: it was installed in another way."""
    release = _release()
    return Releases(release.parent.parent) if release else None


def by_package() -> bool:
    """Whether the system's package management installed this program."""
    return any((folder / _BY_PACKAGE).exists() for folder in _own())


def here() -> Releases:
    """The releases that this program is one of.

    :raises Conflict: ``update_by_apt``, ``update_not_here``.
    """
    releases = found()
    if releases is not None:
        return releases
    if by_package():
        raise Conflict(
            "update_by_apt",
            "UNIBOS was installed as a Debian package: its updates come by apt.",
            hint="sudo apt update && sudo apt install unibos",
        )
    raise Conflict(
        "update_not_here",
        "This program lies in no folder of releases, so it cannot update itself.",
        hint="Install the newer one by hand; docs/operations.md tells how releases are laid out.",
    )
