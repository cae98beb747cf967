"""The suite with armel's modules, where a processor runs it fast; packaging/test-modules calls it.

What goes wrong with those versions goes wrong on every processor, and by emulation the suite would
take hours.
"""

import os
import subprocess
import sys

import foreign
from foreign import FOREIGNS, Foreign
from origin import ROOT, origin

_SUITE = (
    # What documents, photos and videos are read with, and what some tests need.
    *("tesseract-ocr", "tesseract-ocr-eng", "tesseract-ocr-tur", "tesseract-ocr-deu"),
    *("tesseract-ocr-osd", "ffmpeg", "git", "iproute2", "systemd"),
)
_RUN = """
cd /source
unset UNIBOS_BUILD_COMMIT SOURCE_DATE_EPOCH
export HYPOTHESIS_STORAGE_DIRECTORY=/tmp/hypothesis
venv=/source/build/venv
if ! cmp -s "$1" "$venv/lock" 2>/dev/null; then
    rm -rf "$venv"
    /source/packaging/setup beside-debian /usr/bin/python3 "$venv" "$1"
    cp "$1" "$venv/lock"
fi
shift
"$venv/bin/python" -m pip check || true
# The program carries a newer SQLite than Debian has.
LD_LIBRARY_PATH=$(python3 -c '
import pathlib, sys
sys.path.insert(0, "/source/packaging")
import sqlite
print(sqlite.library(pathlib.Path("/source/build/cache")).parent)' | tail -n 1)
export LD_LIBRARY_PATH
exec "$venv/bin/python" -m pytest -p no:cacheprovider "$@"
"""


def main(words: list[str]) -> int:
    """Make the Debian, once, and run pytest in it with ``words``; its exit code."""
    if os.geteuid() != 0:
        raise SystemExit("This makes a Debian: sudo packaging/test-modules …")
    armel, here = FOREIGNS["armel"], origin()
    debian = Foreign(
        architecture=here.architecture,
        suite=armel.suite,
        packages=(*armel.packages, *_SUITE),
    )
    foreign.make_tree(debian)
    work = debian.folder / "build"
    foreign.lend(debian, work)
    # The real input of the tests lies beside the checkout.
    beside = ROOT.parent / "shared"
    shown = {beside: debian.tree / "shared"} if beside.is_dir() else {}
    lock = "/source/packaging/armel-dev.lock"
    inside = foreign.inside(debian, work, here, "sh", "-ec", _RUN, "sh", lock, *words, shown=shown)
    return subprocess.run(inside, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
