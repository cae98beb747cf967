"""The Debian package: the onedir under /usr/lib/unibos, the units, one configuration file."""

import gzip
import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
from email.utils import formatdate
from pathlib import Path

from origin import ROOT, Origin

PARTS = Path(__file__).parent / "deb"
NAMES = ("unibos", "unibos-hub", "unibos-worker")
UNITS = ("unibos-node.service", "unibos-hub.service", "unibos-worker.service")


def make(onedir: Path, bill: Path, target: Path, origin: Origin) -> None:
    """Write the package; ``SOURCE_DATE_EPOCH`` is the time that dpkg-deb gives its files.

    :param onedir: the folder with the program and its names.
    :param bill: the bill of materials, which becomes part of the package's documents.
    """
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        tree = Path(folder) / "tree"
        _lay(tree, onedir, bill)
        _document(tree, origin)
        _control(tree, onedir, origin)
        _open_to_read(tree)
        subprocess.run(
            ("dpkg-deb", "--root-owner-group", "-Zxz", "--build", str(tree), str(target)),
            check=True,
            stdout=subprocess.DEVNULL,
        )


def _lay(tree: Path, onedir: Path, bill: Path) -> None:
    shutil.copytree(onedir, tree / "usr/lib/unibos", symlinks=True)
    # `unibos update` then says that updates come by apt.
    (tree / "usr/lib/unibos/installed-by-apt").touch()
    (tree / "usr/bin").mkdir()
    for name in NAMES:
        (tree / "usr/bin" / name).symlink_to(f"../lib/unibos/{name}")
    placed = {
        PARTS / "sysusers.conf": "usr/lib/sysusers.d/unibos.conf",
        PARTS / "unibos.toml": "etc/unibos/unibos.toml",
        PARTS / "lintian-overrides": "usr/share/lintian/overrides/unibos",
        ROOT / "docs/operations.md": "usr/share/doc/unibos/operations.md",
        bill: "usr/share/doc/unibos/unibos.cdx.json",
    }
    placed |= {ROOT / "systemd" / unit: f"usr/lib/systemd/system/{unit}" for unit in UNITS}
    for source, place in placed.items():
        (tree / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, tree / place)


def _document(tree: Path, origin: Origin) -> None:
    documents = tree / "usr/share/doc/unibos"
    entry = (
        f"unibos ({origin.version}) unstable; urgency=medium\n\n"
        "  * What changed stands in CHANGELOG.md of the source.\n\n"
        f" -- {_maintainer()}  {formatdate(origin.time)}\n"
    )
    (documents / "changelog.gz").write_bytes(gzip.compress(entry.encode(), 9, mtime=origin.time))
    licence = (ROOT / "LICENSE").read_text()
    head, _, text = licence.partition("\n\n")
    copyright_line, _, text = text.partition("\n\n")
    filled = _filled(
        "copyright",
        YEAR=re.findall(r"\d{4}", head + copyright_line)[0],
        LICENSE="\n".join(f" {line or '.'}" for line in text.strip().splitlines()),
    )
    (documents / "copyright").write_text(filled)


def _control(tree: Path, onedir: Path, origin: Origin) -> None:
    folder = tree / "DEBIAN"
    folder.mkdir()
    size = sum(path.lstat().st_size for path in tree.rglob("*") if not path.is_dir())
    (folder / "control").write_text(
        _filled(
            "control",
            VERSION=origin.version,
            ARCHITECTURE=origin.architecture,
            INSTALLED_KIB=str(size // 1024),
            LIBC=f"libc6 (>= {newest_libc(onedir)})",
        )
    )
    for script in ("preinst", "postinst", "prerm", "postrm"):
        (folder / script).write_text(_filled(script, VERSION=origin.version, SCHEMA=str(schema())))
        (folder / script).chmod(0o755)
    (folder / "conffiles").write_text("/etc/unibos/unibos.toml\n")
    # As dpkg reads it; lets `dpkg --verify` find what was changed on a disk.
    sums = [
        f"{_md5(path)}  {path.relative_to(tree)}\n"
        for path in sorted((tree / "usr").rglob("*"))
        if path.is_file() and not path.is_symlink()
    ]
    (folder / "md5sums").write_text("".join(sums))


def newest_libc(onedir: Path) -> str:
    """The newest version of glibc that a symbol of the program asks for."""
    found = {(2, 17)}
    for path in onedir.rglob("*"):
        if path.is_file() and not path.is_symlink():
            said = re.findall(rb"\bGLIBC_(\d+)\.(\d+)\b", path.read_bytes())
            found |= {(int(major), int(minor)) for major, minor in said}
    return ".".join(map(str, max(found)))


def schema() -> int:
    """The newest schema that this program knows."""
    sys.path.insert(0, str(ROOT))
    from unibos.core.store.schema import MIGRATIONS

    return len(MIGRATIONS)


def _md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()


def _filled(name: str, **words: str) -> str:
    text = (PARTS / name).read_text()
    for word, value in words.items():
        text = text.replace(f"@{word}@", value)
    return text


def _maintainer() -> str:
    found = re.search(r"^Maintainer: (.*)$", (PARTS / "control").read_text(), re.MULTILINE)
    assert found  # noqa: S101 - a package without one cannot be built
    return found[1]


def _open_to_read(tree: Path) -> None:
    """Modes as Debian wants them, whatever the builder's umask was."""
    for path in (tree, *tree.rglob("*")):
        if path.is_symlink():
            continue
        programs = path.is_dir() or path.stat().st_mode & 0o100
        shared = ".so" in path.name
        path.chmod(0o755 if programs and not shared else 0o644)
    (tree / "etc/unibos/unibos.toml").chmod(0o640)
