"""Made-up photos, and the calls that tests make with them."""

import io
import random
import struct
from functools import cache

from PIL import Image, ImageDraw

from tests.modules.documents.papers import bomb

MEDIA = "/api/v1/media"
ALBUMS = "/api/v1/albums"

__all__ = ["ALBUMS", "MEDIA", "add", "bomb", "exif", "photo", "picture", "read", "refused", "saved"]


@cache
def picture(seed=0, width=160, height=120):
    """A landscape like no other, whose upper left corner is red and nothing else is."""
    dice = random.Random(seed)
    colours = [(dice.randrange(120), dice.randrange(256), dice.randrange(256)) for _ in range(12)]
    small = Image.new("RGB", (4, 3))
    small.putdata(colours)
    large = small.resize((width, height), Image.Resampling.BICUBIC)
    ImageDraw.Draw(large).rectangle((0, 0, width // 4, height // 4), fill=(255, 0, 0))
    return large


def saved(image, format_="JPEG", **options):
    """An image as the bytes of a file."""
    out = io.BytesIO()
    image.save(out, format_, **options)
    return out.getvalue()


def photo(seed=0, **tags):
    """A JPEG with these EXIF tags (see :func:`exif`)."""
    return saved(picture(seed), quality=90, exif=exif(**tags) if tags else b"")


TAGS = {
    # name: (directory, tag, type); types: 2 text, 3 short, 5 rational
    "make": (0, 0x010F, 2),
    "model": (0, 0x0110, 2),
    "orientation": (0, 0x0112, 3),
    "changed": (0, 0x0132, 2),
    "taken": (1, 0x9003, 2),
    "digitised": (1, 0x9004, 2),
    "offset": (1, 0x9011, 2),
    "seconds": (1, 0x829A, 5),
    "aperture": (1, 0x829D, 5),
    "iso": (1, 0x8827, 3),
    "focal": (1, 0x920A, 5),
    "lens_make": (1, 0xA433, 2),
    "lens": (1, 0xA434, 2),
    "latitude_ref": (2, 1, 2),
    "latitude": (2, 2, 5),
    "longitude_ref": (2, 3, 2),
    "longitude": (2, 4, 5),
    "altitude": (2, 6, 5),
}
_POINTERS = {1: 0x8769, 2: 0x8825}


def exif(**values):
    """EXIF, written byte by byte: whoever reads it shares no code with this.

    Rationals are lists of (numerator, denominator).
    """
    folders = {0: [], 1: [], 2: []}
    for name, value in values.items():
        folder, tag, kind = TAGS[name]
        folders[folder].append((tag, kind, *_raw(kind, value)))
    body, starts = b"", {}
    for number in (2, 1, 0):
        entries = folders[number]
        if number == 0:
            entries += [
                (_POINTERS[inner], 4, 1, struct.pack("<I", start))
                for inner, start in starts.items()
            ]
        if entries:
            starts[number] = 8 + len(body)
            body += _folder(sorted(entries), 8 + len(body))
    return b"Exif\0\0II*\0" + struct.pack("<I", starts[0]) + body


def _raw(kind, value):
    if kind == 2:
        text = value if isinstance(value, bytes) else value.encode()
        return len(text) + 1, text + b"\0"
    if kind == 3:
        return 1, struct.pack("<H", value)
    return len(value), b"".join(struct.pack("<II", *pair) for pair in value)


def _folder(entries, start):
    head, tail = struct.pack("<H", len(entries)), b""
    after = start + 2 + 12 * len(entries) + 4
    for tag, kind, count, raw in entries:
        if len(raw) <= 4:
            place = raw.ljust(4, b"\0")
        else:
            place = struct.pack("<I", after + len(tail))
            tail += raw
        head += struct.pack("<HHI", tag, kind, count) + place
    return head + bytes(4) + tail


def add(owner, content, *, name=None, status=201):
    """Send raw bytes; the answer's JSON."""
    headers = {"content-type": "application/octet-stream"}
    headers |= {"x-filename": name} if name else {}
    answer = owner.post(MEDIA, content=content, headers=headers)
    assert answer.status_code == status, answer.text
    return answer.json()


def read(owner, taken):
    """Wait for the end of the reading; what is known then."""
    ended(owner, taken["job"])
    return owner.get(f"{MEDIA}/{taken['id']}").json()


def ended(owner, job):
    """Wait for the end of a job; the job."""
    with owner.stream("GET", f"/api/v1/jobs/{job}/events", timeout=120) as events:
        for _ in events.iter_lines():
            pass
    return owner.get(f"/api/v1/jobs/{job}").json()


def refused(answer, status, code):
    """Check that an answer is this problem; the problem."""
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    return answer.json()
