"""The tests of a finished program, for one of another architecture; packaging/walk calls it."""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import foreign
from foreign import FOREIGNS, Foreign
from origin import ROOT

_READERS = (
    *("tesseract-ocr", "tesseract-ocr-eng", "tesseract-ocr-tur", "tesseract-ocr-deu"),
    "tesseract-ocr-osd",
)
# The program, the tests' folder and their input are seen in the tree where they are seen here.
_WALK = """
tree=$1 && shift
mount -t proc proc "$tree/proc"
mount --rbind /dev "$tree/dev"
while [ "$1" != -- ]; do
    mkdir -p "$tree$1"
    mount --bind "$1" "$tree$1"
    shift
done
shift
exec "$@"
"""


def main() -> int:
    """Walk; the exit code of pytest."""
    parser = argparse.ArgumentParser(prog="packaging/walk", description=__doc__)
    parser.add_argument("--platform", required=True, choices=[*FOREIGNS])
    asked, words = parser.parse_known_args()
    if os.geteuid() != 0:
        raise SystemExit("This makes a Debian: sudo packaging/walk …")
    built = ROOT / "build" / asked.platform
    if not (built / "checksums.sha256").exists():
        raise SystemExit(f"Build it first: sudo packaging/build --platform {asked.platform}")
    debian = FOREIGNS[asked.platform]
    clean = _clean(debian)
    folder = Path(tempfile.mkdtemp(prefix="unibos-walk-"))
    shown = [one for one in (built, folder, ROOT.parent / "shared") if one.is_dir()]
    told = {"UNIBOS_BUILT": str(built), "UNIBOS_BUILT_ROOT": str(clean)}
    if debian.processor:
        told["QEMU_CPU"] = debian.processor
    command = [
        *("unshare", "--mount", "sh", "-ec", _WALK, "sh", str(clean), *map(str, shown), "--"),
        *(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--timeout", "7200"),
        *("--basetemp", str(folder / "tests"), str(ROOT / "tests/packaging/built"), *words),
    ]
    try:
        return subprocess.run(command, cwd=ROOT, env=os.environ | told, check=False).returncode
    finally:
        shutil.rmtree(folder)


def _clean(debian: Foreign) -> Path:
    """A Debian with the programs that UNIBOS calls, and no Python; made once."""
    clean = debian.folder / "clean"
    if not clean.exists():
        packages = ("systemd", *_READERS)
        foreign.make(debian, clean, packages)
    return clean


if __name__ == "__main__":
    sys.exit(main())
