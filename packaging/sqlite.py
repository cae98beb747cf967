"""The SQLite that the executable carries, compiled from a pinned amalgamation.

Debian 12 has SQLite 3.40 and Debian 13 has 3.46; UNIBOS wants 3.51.3 or newer, since older ones
can lose what stands in the WAL when two connections write or checkpoint at once. The source is the
amalgamation (``sqlite3.c``) inside the npm package ``better-sqlite3``: a package there never
changes once it is out, while Debian keeps only the newest of its development versions.

That this is SQLite and nothing more was checked when it was pinned: Debian's signed source of the
same version, told to make its amalgamation with the options of that package's
``deps/download.sh``, gives the same file, byte for byte::

    apt-get source sqlite3=3.53.4-2      # from Debian's "sid"
    cd sqlite3-3.53.4 && ./configure --disable-tcl
    make OPTIONS="-D… (DEFINES of deps/download.sh)" sqlite3.c && sha256sum sqlite3.c

To take a newer one, do the same with it and change the three lines of the pin.
"""

import hashlib
import os
import subprocess
import tarfile
import tempfile
from pathlib import Path

VERSION = "3.53.4"
PACKAGE = "better-sqlite3@13.0.3"
SHA256 = "6a2805f8c1ef020a7086e62258519323cf98b219e9fe87a42065d916cfebaefc"
"""Of ``sqlite3.c``."""

OPTIONS = (
    # What the sqlite3 module of Debian's Python asks for, and what UNIBOS uses.
    "SQLITE_THREADSAFE=1",
    "SQLITE_ENABLE_COLUMN_METADATA",
    "SQLITE_ENABLE_DBSTAT_VTAB",
    "SQLITE_ENABLE_FTS5",
    "SQLITE_ENABLE_MATH_FUNCTIONS",
    # As in Debian's build; the default of 32766 bounds nothing that a caller can reach.
    "SQLITE_MAX_VARIABLE_NUMBER=250000",
    # Counting every allocation takes a lock; nobody asks for the count.
    "SQLITE_DEFAULT_MEMSTATUS=0",
    "HAVE_FDATASYNC=1",
    "HAVE_USLEEP=1",
)
_SOURCE = "package/deps/sqlite3/sqlite3.c"


def library(cache: Path) -> Path:
    """Path of ``libsqlite3.so.0``, made where the cache does not have it.

    :raises SystemExit: the source cannot be had, or is not the pinned one.
    """
    made = hashlib.sha256(" ".join((SHA256, *OPTIONS)).encode()).hexdigest()[:12]
    folder = cache / f"sqlite-{VERSION}-{made}"
    target = folder / "libsqlite3.so.0"
    if not target.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _compile(source(cache), target)
    return target


def source(cache: Path) -> Path:
    """The pinned ``sqlite3.c``, fetched where the cache does not have it.

    :raises SystemExit: it cannot be had, or is not the pinned one.
    """
    file = cache / f"sqlite-{VERSION}.c"
    if not file.exists():
        print(f"Fetching SQLite {VERSION}")
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as folder:
            file.write_bytes(_fetched(Path(folder)))
    found = hashlib.sha256(file.read_bytes()).hexdigest()
    if found != SHA256:
        file.unlink()
        raise SystemExit(f"The source of SQLite is not the pinned one: sha256 {found}")
    return file


def _fetched(folder: Path) -> bytes:
    asked = ("npm", "pack", "--silent", PACKAGE)
    done = subprocess.run(asked, cwd=folder, capture_output=True, text=True, check=False)
    packed = next(folder.glob("*.tgz"), None)
    if done.returncode != 0 or packed is None:
        raise SystemExit(f"{' '.join(asked)} failed:\n{done.stderr}")
    with tarfile.open(packed) as archive:
        member = archive.extractfile(_SOURCE)
        if member is None:
            raise SystemExit(f"{PACKAGE} has no {_SOURCE}")
        return member.read()


def _compile(source: Path, target: Path) -> None:
    print(f"Compiling SQLite {VERSION}")
    partial = target.with_suffix(".partial")
    subprocess.run(
        (
            *os.environ.get("CC", "cc").split(),
            *("-O2", "-g0", "-fPIC", "-shared", "-fstack-protector-strong", "-Wl,-z,relro,-z,now"),
            *(f"-D{option}" for option in OPTIONS),
            # No path of this machine in the result.
            f"-ffile-prefix-map={source.parent}=.",
            *("-Wl,-soname,libsqlite3.so.0", "-o", str(partial), str(source)),
            *("-lm", "-lpthread", "-ldl"),
        ),
        check=True,
    )
    partial.replace(target)
