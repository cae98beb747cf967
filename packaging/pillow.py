"""On 32-bit ARM Pillow is linked with more of Debian's libraries than UNIBOS asks it for.

libimagequant (GPL version 3) chooses the colours of a palette, when that method is named. libxcb
takes pictures of the screen. libjbig (GPL version 2) is for one of TIFF's many compressions, of fax
machines: such a file is refused as damaged. None of them is carried.
"""

import re
import subprocess
from pathlib import Path

import PIL
from stand_ins import stand_in

_INVALID = 0x40
"""JBG_EINVAL of jbig.h; any but 0 is an error."""


def plain(cache: Path) -> tuple[Path, ...]:
    """What stands in for those of them that Pillow is linked with; a wheel has its own libraries.

    :raises SystemExit: they are asked for more than is known to be harmless.
    """
    module = next(Path(PIL.__file__).parent.glob("_imaging.*.so"))
    told = subprocess.run(("ldd", module), capture_output=True, text=True, check=True).stdout
    libraries = dict(re.findall(r"^\s+(\S+) => (/usr/lib/\S+|/lib/\S+)", told, re.MULTILINE))
    made = []
    if "libimagequant.so.0" in libraries:
        made.append(stand_in(cache, "libimagequant.so.0", module, r"liq_\w+"))
    if "libxcb.so.1" in libraries:
        made.append(stand_in(cache, "libxcb.so.1", module, r"xcb_\w+"))
    if "libjbig.so.0" in libraries:
        tiff = Path(libraries["libtiff.so.6"])
        refuses = {"jbg_dec_in": _INVALID}
        made.append(stand_in(cache, "libjbig.so.0", tiff, r"jbg_\w+", refuses))
    return tuple(made)
