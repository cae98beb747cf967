"""Runs first in the frozen program: gives back the library path that it was called with.

The bootloader points LD_LIBRARY_PATH at the bundled libraries. The linker has read that by now;
from here on it would only reach other programs, such as tesseract, which then load our OpenSSL in
place of their own and fail.
"""

import os

_before = os.environ.pop("LD_LIBRARY_PATH_ORIG", None)
os.environ.pop("LD_LIBRARY_PATH", None)
if _before is not None:
    os.environ["LD_LIBRARY_PATH"] = _before
