"""HEIC is read, never written: the encoder that the wheel of pillow-heif brings stays out.

The wheel's libheif is linked with libx265, 20 MB under the GPL version 2, for writing alone.
libheif asks its two functions only when somebody encodes, which UNIBOS does not.
"""

import importlib.metadata
from pathlib import Path

from stand_ins import stand_in


def no_encoder(cache: Path) -> tuple[Path, ...]:
    """What stands in for libx265; nothing where there is no pillow-heif at all (32-bit ARM).

    :raises SystemExit: libheif asks for more of libx265 than is known to be harmless.
    """
    try:
        files = importlib.metadata.distribution("pillow-heif").files or ()
    except importlib.metadata.PackageNotFoundError:
        return ()
    there = {file.name: Path(str(file.locate())) for file in files if ".libs/" in str(file)}
    name = next(one for one in there if one.startswith("libx265"))
    libheif = next(path for one, path in there.items() if one.startswith("libheif"))
    return (stand_in(cache, name, libheif, r"x265_(api_get_\d+|cleanup)"),)
