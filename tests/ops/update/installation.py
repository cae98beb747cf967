"""An installation of releases in a folder, and a source that offers others.

A release is this very source tree with another version, run by a script that is called ``unibos``:
all that a built one has, but for PyInstaller.
"""

import functools
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import unibos
from unibos.base.origin import architecture
from unibos.core.store.copies import NEWEST_SCHEMA

PACKAGE = Path(unibos.__file__).parent
PATIENCE = 170

# Of these tests alone: the key signs nothing else.
PUBLIC = "RWT6MimygmUdsryBXvv6mUjFOhCjV6+8DzkcgkSnUwgAMdkF7N0xGvmV"
SECRET = """\
untrusted comment: minisign encrypted secret key
RWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA+jIpsoJlHbI4QmxiaCHS/LmMp4oW\
Xeudy6mUTWPHlNH73bI9RYZbELyBXvv6mUjFOhCjV6+8DzkcgkSnUwgAMdkF7N0xGvmVAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
AAAAAAA=
"""
OTHER_PUBLIC = "RWT6MimygmUdsryBXvv6mUjFOhCjV6+8DzkcgkSnUwgAMdkF7N0xGvmW"

PROGRAM = """\
#!{python}
import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "_internal"))

if "DIE_AT" in os.environ:
    from unibos.core.store import system

    point, passes = os.environ["DIE_AT"].split(":")
    left = int(passes)

    def die(name):
        global left
        left -= name == point
        if left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)

    system.listen(die)

{first}
from unibos.__main__ import main

main()
"""

MIGRATION = """

def _of_tests(database: "Database") -> None:
    database.execute("CREATE TABLE of_tests (id INTEGER PRIMARY KEY)")


def _broken(database: "Database") -> None:
    raise RuntimeError("no such thing")


MIGRATIONS += ({names},)
"""

CHANGES = {
    "crash": {"first": "if 'serve' in sys.argv: sys.exit('cannot start')"},
    "deaf": {
        "first": "if 'serve' in sys.argv:\n    import time\n    time.sleep(600)",
    },
    "foreign": {"first": "sys.exit('wrong machine')"},
    "migrates": {"migration": "_of_tests"},
    "broken-migration": {"migration": "_of_tests, _broken"},
}


@functools.cache
def minisign():
    return _module("minisign")


@functools.cache
def offering():
    return _module("offer")


def _module(name):
    path = PACKAGE.parent / "packaging" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def make_release(folder: Path, version: str, kind: str = "good") -> None:
    """Lay a release down as it would be installed."""
    change = CHANGES.get(kind, {})
    library = folder / "_internal" / "unibos"
    library.parent.mkdir(parents=True)
    shutil.copytree(PACKAGE, library)
    (library / "__init__.py").write_text(f'"""UNIBOS."""\n\n__version__ = "{version}"\n')
    if "migration" in change:
        schema = library / "core/store/schema.py"
        schema.write_text(schema.read_text() + MIGRATION.format(names=change["migration"]))
    text = PROGRAM.format(python=sys.executable, first=change.get("first", ""))
    (folder / "unibos").write_text(text)
    (folder / "unibos").chmod(0o755)


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        # On another file system.
        shutil.copy2(source, target)


class Installation:
    """Releases below ``folder/root``, data in ``folder/data``, a source in ``folder/source``."""

    def __init__(self, folder: Path, version: str = "1.0.0") -> None:
        self.folder = folder
        self.root, self.data, self.source = folder / "root", folder / "data", folder / "source"
        self.data.mkdir(mode=0o700)
        self.source.mkdir()
        make_release(self.root / "releases" / version, version)
        for name in ("current", "good"):
            (self.root / name).symlink_to(f"releases/{version}")
        (folder / "key").write_text(SECRET)
        self.releases = []

    @classmethod
    def like(cls, other: "Installation", folder: Path) -> "Installation":
        """The same once more, in another folder."""
        made = cls.__new__(cls)
        folder.mkdir(exist_ok=True)
        made.folder, made.releases = folder, list(other.releases)
        made.root, made.data, made.source = folder / "root", folder / "data", folder / "source"
        shutil.copytree(other.root, made.root, symlinks=True, copy_function=_link_or_copy)
        shutil.copytree(other.source, made.source)
        shutil.copytree(other.data, made.data, ignore=shutil.ignore_patterns("*.sock"))
        made.data.chmod(0o700)
        (folder / "key").write_text(SECRET)
        return made

    def offer(self, version: str, kind: str = "good", **facts: object) -> dict:
        """Add a release to the signed list; what the list says of it."""
        with tempfile.TemporaryDirectory(dir=self.folder) as made:
            tree = Path(made) / "tree"
            make_release(tree, version, kind)
            file = offering().pack(tree, self.source / f"unibos_{version}.tar.xz")
        schema = NEWEST_SCHEMA + ("migration" in CHANGES.get(kind, {}))
        release = {"version": version, "schema": schema, "minimum": "1.0.0"}
        release |= {"files": {architecture(): file}} | facts
        self.releases.append(release)
        self.publish()
        return release

    def publish(self) -> None:
        offering().publish(self.source, "stable", self.releases, self.folder / "key")

    def environment(self, **more: str) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "UNIBOS_DATA": str(self.data),
            "UNIBOS_BOARD_PROFILE": "edge",
            "UNIBOS_NODE_PORT": "0",
            "UNIBOS_NODE_HOST": "127.0.0.1",
            "UNIBOS_UPDATE_SOURCE": str(self.source),
            "UNIBOS_UPDATE_KEY": PUBLIC,
            "UNIBOS_UPDATE_SETTLE_SECONDS": "0",
            "UNIBOS_UPDATE_PATIENCE_SECONDS": "60",
        } | more

    def run(self, *words: str, by: str = "current", **environ: str):
        """A command of the current release, to its end."""
        return subprocess.run(
            [self.root / by / "unibos", *words],
            env=self.environment(**environ),
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )

    def does(self, *words: str, **environ: str) -> dict:
        """What a command that must go well answers in JSON."""
        done = self.run(*words, "--json", **environ)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def fails(self, *words: str, **environ: str) -> str:
        """The code of the error of a command that must not go well."""
        done = self.run(*words, "--json", **environ)
        assert done.returncode != 0, done.stdout
        assert "Traceback" not in done.stderr
        return json.loads(done.stderr.splitlines()[-1])["code"]

    @property
    def current(self) -> str:
        return (self.root / "current").readlink().name

    def releases_present(self) -> list[str]:
        return sorted(path.name for path in (self.root / "releases").iterdir())

    @property
    def good(self) -> str:
        return (self.root / "good").readlink().name

    def clean(self) -> bool:
        """Whether nothing is left that belongs to a change under way."""
        names = {path.name for path in self.root.iterdir()}
        hidden = [path for path in (self.root / "releases").iterdir() if path.name[0] == "."]
        return not hidden and not names & {"change.json", "spare", "downloads"}


class Served:
    """The current release as a server, stopped at the end."""

    def __init__(self, installation: Installation, **environ: str) -> None:
        self._process = subprocess.Popen(
            [installation.root / "current" / "unibos", "serve"],
            env=installation.environment(**environ),
            cwd=installation.folder,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines = []

    def __enter__(self):
        for line in self._process.stderr:
            self.lines.append(line)
            if "is ready" in line:
                break
        else:
            raise AssertionError(self.lines)
        found = re.search(r"https?://[\w.:\[\]]+", self.lines[-1])
        self.address = found[0] if found else ""
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self.lines += self._process.stderr
        self._process.wait(PATIENCE)
        self._process.stderr.close()
