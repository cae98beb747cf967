"""HEIC is read, never written: the encoder that the wheel of pillow-heif brings stays out.

The wheel's libheif is linked with libx265, 20 MB under the GPL version 2, for writing alone. A
library of the same name that has its two functions and does nothing takes its place; libheif asks
them only when somebody encodes, which UNIBOS does not.
"""

import hashlib
import importlib.metadata
import re
import subprocess
from pathlib import Path

_DOES_NOTHING = "void *{}(void) {{ return 0; }}\n"
_ASKED_FOR = re.compile(r"x265_(api_get_\d+|cleanup)")


def no_encoder(cache: Path) -> tuple[Path, ...]:
    """Path of the library that stands in for libx265, made where the cache does not have it.

    None where there is no pillow-heif at all (32-bit ARM).

    :raises SystemExit: libheif asks for more of libx265 than is known to be harmless.
    """
    try:
        files = importlib.metadata.distribution("pillow-heif").files or ()
    except importlib.metadata.PackageNotFoundError:
        return ()
    wanted = {file.name: Path(str(file.locate())) for file in files if ".libs/" in str(file)}
    name = next(one for one in wanted if one.startswith("libx265"))
    libheif = next(path for one, path in wanted.items() if one.startswith("libheif"))
    source = "".join(_DOES_NOTHING.format(one) for one in sorted(_missing(libheif)))
    target = cache / f"no-x265-{hashlib.sha256((name + source).encode()).hexdigest()[:12]}" / name
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        command = ("cc", "-shared", "-fPIC", f"-Wl,-soname,{name}", "-o", str(target), "-xc", "-")
        subprocess.run(command, input=source, text=True, check=True)
    return (target,)


def _missing(libheif: Path) -> set[str]:
    asked = ("nm", "--dynamic", "--undefined-only", "--format=just-symbols", str(libheif))
    told = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split()
    found = {one for one in told if "x265" in one}
    strange = {one for one in found if not _ASKED_FOR.fullmatch(one)}
    if strange or not found:
        raise SystemExit(f"libheif asks libx265 for something new: {strange or 'nothing'}")
    return found
