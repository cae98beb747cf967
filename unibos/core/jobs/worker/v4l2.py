"""Video encoders of the board, as the kernel tells them (V4L2, Video for Linux API).

A memory-to-memory device takes frames on its output queue and gives what it made on its capture
queue: one that gives H.264 is an encoder for it.
"""

import fcntl
import os
import struct
from collections.abc import Callable
from pathlib import Path

Ask = Callable[[int, int, bytearray], object]
"""``ioctl(2)`` of a descriptor, with a request and its structure, which the kernel fills in."""

# linux/videodev2.h: the requests, with direction and size as asm-generic/ioctl.h encodes them.
_QUERYCAP = 0x80685600
_ENUM_FMT = 0xC0405602
_CAPABILITY_BYTES = 104
_FORMAT_BYTES = 64
# struct v4l2_capability: driver 16, card 32, bus_info 32, version 4, capabilities 4, device_caps 4.
_CAPABILITIES_AT = 84
_DEVICE_CAPS_FLAG = 0x80000000
_M2M = 0x00008000
_M2M_MPLANE = 0x00004000
# struct v4l2_fmtdesc: index 4, type 4, flags 4, description 32, pixelformat 4.
_PIXELFORMAT_AT = 44
_CAPTURE = 1
_CAPTURE_MPLANE = 9
_NAMES = {b"H264": "h264", b"HEVC": "hevc"}
_MOST_FORMATS = 64


def encoders(devices: Path = Path("/dev"), ask: Ask = fcntl.ioctl) -> frozenset[str]:
    """What the board's devices make of frames: ``h264``, ``hevc``; none where nothing is found."""
    found: set[str] = set()
    for device in sorted(devices.glob("video*")):
        try:
            descriptor = os.open(device, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            found |= _made_by(descriptor, ask)
        except OSError:
            continue
        finally:
            os.close(descriptor)
    return frozenset(found)


def _made_by(descriptor: int, ask: Ask) -> set[str]:
    told = bytearray(_CAPABILITY_BYTES)
    ask(descriptor, _QUERYCAP, told)
    whole, own = struct.unpack_from("=II", told, _CAPABILITIES_AT)
    can = own if whole & _DEVICE_CAPS_FLAG else whole
    if can & _M2M_MPLANE:
        return _formats(descriptor, _CAPTURE_MPLANE, ask)
    return _formats(descriptor, _CAPTURE, ask) if can & _M2M else set()


def _formats(descriptor: int, queue: int, ask: Ask) -> set[str]:
    found = set()
    for index in range(_MOST_FORMATS):
        told = bytearray(_FORMAT_BYTES)
        struct.pack_into("=II", told, 0, index, queue)
        try:
            ask(descriptor, _ENUM_FMT, told)
        except OSError:
            break
        name = _NAMES.get(bytes(told[_PIXELFORMAT_AT : _PIXELFORMAT_AT + 4]))
        if name:
            found.add(name)
    return found
