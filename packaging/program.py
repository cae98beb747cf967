"""The program in its two shapes, made by PyInstaller, and the list of what is in it."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from origin import ROOT, Origin

NAMES = ("unibos-hub", "unibos-worker")
"""Links beside the program; called by one of them it is one group of its commands."""
_HEAD = """\
# Everything that the program carries, but for UNIBOS's own modules. When it grows, the diff shows
# by what: `packaging/build --accept` writes this file anew.
"""


def freeze(libraries: tuple[Path, ...], work: Path, origin: Origin) -> None:
    """Write ``work/dist/unibos/``, ``work/dist/unibos-onefile`` and ``work/origins.json``.

    :param libraries: to carry in place of those that Python and its packages were linked with.
    :raises SystemExit: PyInstaller failed; its words are shown.
    """
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    # What `unibos --version` tells.
    (work / "commit").write_text(f"{origin.commit}\n")
    # The same input gives the same bytes: no random order of sets, no time of today.
    environment = os.environ | {"PYTHONHASHSEED": "0", "SOURCE_DATE_EPOCH": str(origin.time)}
    done = subprocess.run(
        (
            *(sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN"),
            *("--distpath", str(work / "dist"), "--workpath", str(work / "temporary")),
            *(str(ROOT / "packaging/unibos.spec"), "--", str(work / "commit")),
            *map(str, libraries),
        ),
        env=environment,
        cwd=work,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    (work / "temporary/unibos/origins.json").replace(work / "origins.json")
    for name in NAMES:
        (work / "dist/unibos" / name).symlink_to("unibos")


def listed(architecture: str) -> Path:
    """The committed list; 32-bit ARM has other modules, and so lists of its own."""
    own = ROOT / f"packaging/{architecture}.lock"
    name = f"bundled-{architecture}.txt" if own.exists() else "bundled.txt"
    return ROOT / "packaging" / name


def bundled(work: Path) -> str:
    """The text of the list: sorted, the same for every architecture and build of a library."""
    lines = set()
    for kind, name, _ in json.loads((work / "origins.json").read_text()):
        if kind.startswith("PYMODULE"):
            lines.add(f"module {_module(name)}")
        elif kind != "SYMLINK":
            lines.add(f"file {_file(name)}")
    return _HEAD + "".join(f"{line}\n" for line in sorted(lines))


def _module(name: str) -> str:
    name = re.sub(r"^(_sysconfigdata__)[\w-]+$", r"\1…", name)
    return "unibos…" if name.partition(".")[0] == "unibos" else name


def _file(name: str) -> str:
    """Without what names an architecture, a version or a build: libx265-4883ecb5.so.217."""
    name = re.sub(r"\.(cpython-\d+-[\w-]+|abi3)\.so$", ".so", name)
    name = re.sub(r"-[0-9a-f]{8}\.so\b", ".so", name)
    name = re.sub(r"\.so(\.\d+)+$", ".so", name)
    return re.sub(r"(-[\d.]+)?\.dist-info/.*", ".dist-info", name)
