"""Builds for another architecture: in a Debian of it, whose programs run by emulation.

    sudo packaging/build --platform arm64

The tree (``build/foreign/<architecture>/debian``) is made once. The source is seen in it as
``/source``, read-only, with a ``build/`` of its own; what came out moves to this machine's.
Nothing in the tree is this machine's but its source, how it finds packages, and whom it trusts.

32-bit ARM carries less: ``packaging/armhf.lock`` and ``packaging/armel.lock`` end with what it does
without. armel is Debian's name for what runs on ARMv6 (Pi Zero, Zero W, 1); nobody publishes
compiled modules for that, so it takes Debian's (``packaging/armel.in``).
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import sqlite
from origin import ROOT, Origin

FOREIGN = ROOT / "build/foreign"
_PACKAGES = (
    *("python3", "python3-venv", "libpython3-dev", "binutils", "gcc", "libc6-dev"),
    *("ca-certificates", "xz-utils"),
)
# What the modules without a wheel, and PyInstaller's loader, are compiled with.
_COMPILED = ("libffi-dev", "zlib1g-dev", "pkg-config")
_PILLOW = ("libjpeg-dev", "liblcms2-dev", "libtiff-dev", "libwebp-dev")
# In a mount namespace of its own: what is mounted is gone when the command ends, however it ends.
_ENTER = """
mount -t proc proc "$0/proc"
mount --rbind /dev "$0/dev"
mount --bind "$1" "$0/source"
mount -o remount,bind,ro "$0/source"
mount --bind "$2" "$0/source/build"
shift 2
while [ "$1" != -- ]; do
    mkdir -p "$2"
    mount --rbind "$1" "$2"
    shift 2
done
shift
exec chroot "$0" "$@"
"""


@dataclass(frozen=True, kw_only=True)
class Foreign:
    """A Debian to build in.

    :param packages: beyond those that every architecture needs.
    """

    architecture: str
    suite: str = "bookworm"
    """The oldest that UNIBOS runs on: a program runs on newer ones, too, and not on older."""
    packages: tuple[str, ...] = ()
    processor: str = ""
    """The oldest that the program is for, as QEMU calls it: what is built runs on it."""

    @property
    def folder(self) -> Path:
        """Where its tree and its ``build/`` lie."""
        return FOREIGN / self.architecture

    @property
    def tree(self) -> Path:
        """Its root folder."""
        return self.folder / "debian"


def _modules() -> tuple[str, ...]:
    """The packages of Debian's modules."""
    text = (ROOT / "packaging/armel.in").read_text()
    return tuple(re.findall(r"^[a-z].*# (python3-\S+)$", text, re.MULTILINE))


FOREIGNS = {
    one.architecture: one
    for one in (
        Foreign(architecture="arm64"),
        Foreign(
            architecture="armhf",
            packages=(*_COMPILED, *_PILLOW),
            processor="cortex-a7",
        ),
        Foreign(
            architecture="armel",
            suite="trixie",
            packages=(*_COMPILED, *_modules()),
            processor="arm1176",
        ),
    )
}


def build(wanted: str, here: Origin) -> Path:
    """Build for ``wanted``; the folder with what was built.

    :param here: this checkout; a tree needs no git.
    :raises SystemExit: it cannot be built here; said in words.
    """
    debian = _foreign(wanted)
    make_tree(debian)
    work = debian.folder / "build"
    lend(debian, work)
    command = ("/source/packaging/build", "--unlisted")
    if subprocess.run(inside(debian, work, here, *command), check=False).returncode != 0:
        raise SystemExit(f"The build for {wanted} has failed; what it said stands above.")
    target = ROOT / "build" / wanted
    shutil.rmtree(target, ignore_errors=True)
    (work / wanted).rename(target)
    return target


def _foreign(wanted: str) -> Foreign:
    if wanted not in FOREIGNS:
        raise SystemExit(f"There is no build for {wanted}; there are {', '.join(FOREIGNS)}.")
    if os.geteuid() != 0:
        raise SystemExit(f"A build for {wanted} makes a Debian of it: sudo packaging/build …")
    return FOREIGNS[wanted]


def make_tree(debian: Foreign) -> None:
    """Make its Debian, once."""
    if not debian.tree.exists():
        make(debian, debian.tree, (*_PACKAGES, *debian.packages))


def make(debian: Foreign, tree: Path, packages: Iterable[str]) -> None:
    """Make a Debian of these packages."""
    subprocess.run((ROOT / "firmware/setup", "build"), check=True)
    partial = tree.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    debian.folder.mkdir(parents=True, exist_ok=True)
    print(f"Making a Debian {debian.suite} for {debian.architecture}", flush=True)
    subprocess.run(
        (
            *("mmdebstrap", "--mode=root", "--variant=minbase", "--quiet"),
            f"--architectures={debian.architecture}",
            '--aptopt=APT::Install-Recommends "false"',
            f"--include={','.join(packages)}",
            *(debian.suite, str(partial), *sources(debian.suite)),
        ),
        check=True,
    )
    (partial / "source").mkdir()
    partial.rename(tree)


def sources(suite: str) -> list[str]:
    """A file with apt's lines for this suite, if there is one; without it, Debian's own archive.

    For a mirror of one's own, or while the public one is out of step with its signatures.
    """
    file = Path(os.environ.get("UNIBOS_DEBIAN_SOURCES", "/nowhere"), f"{suite}.list")
    return [str(file)] if file.exists() else []


def lend(debian: Foreign, work: Path) -> None:
    """Give the tree what it needs of this machine to fetch packages, and what is there already."""
    (work / "cache").mkdir(parents=True, exist_ok=True)
    # SQLite's source is one for all; npm, which has it, is not wanted in every tree.
    source = sqlite.source(ROOT / "build/cache")
    shutil.copyfile(source, work / "cache" / source.name)
    for name in ("etc/resolv.conf", "etc/pip.conf", "etc/ssl/certs/ca-certificates.crt"):
        if Path("/", name).exists():
            shutil.copyfile(Path("/", name), debian.tree / name)


def inside(
    debian: Foreign,
    work: Path,
    here: Origin,
    *command: str,
    shown: Mapping[Path, Path] | None = None,
) -> list[str]:
    """The command that runs ``command`` in the tree, with the source and nothing of this machine.

    :param work: what is the source's ``build/`` there.
    :param shown: other folders, and where in the tree they are seen.
    """
    kept = {name: text for name, text in os.environ.items() if name.startswith("PIP_")}
    # A folder of this machine.
    kept.pop("PIP_FIND_LINKS", None)
    told = {
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": "/root",
        "LANG": "C.UTF-8",
        "UNIBOS_BUILD_COMMIT": here.commit,
        "SOURCE_DATE_EPOCH": str(here.time),
    }
    if debian.processor:
        told["QEMU_CPU"] = debian.processor
    variables = [f"{name}={text}" for name, text in (kept | told).items()]
    seen = [word for pair in (shown or {}).items() for word in map(str, pair)]
    return [
        *("unshare", "--mount", "sh", "-ec", _ENTER, str(debian.tree), str(ROOT), str(work)),
        *(*seen, "--", "env", "-i", *variables, *command),
    ]
