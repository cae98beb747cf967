"""Videos that ffmpeg makes for the tests."""

import struct
import subprocess
from pathlib import Path

SECONDS = 2
_PICTURE = "testsrc2=size={size}:rate={rate}:duration={seconds}"
_SOUND = "sine=frequency=440:duration={seconds}"


def film(
    target: Path,
    *encoding: str,
    size: str = "320x180",
    rate: int = 15,
    seconds: float = SECONDS,
    picture: str = _PICTURE,
    sound: bool = True,
) -> Path:
    """A film with numbers that move and a tone."""
    lavfi = ["-f", "lavfi", "-i", picture.format(size=size, rate=rate, seconds=seconds)]
    if sound:
        lavfi += ["-f", "lavfi", "-i", _SOUND.format(seconds=seconds)]
    return ffmpeg(*lavfi, *encoding, target)


def h264(target: Path, *more: str, **shape: object) -> Path:
    """As phones make them, with H.264 and AAC."""
    encoding = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac")
    return film(target, *encoding, *more, **shape)


def mpeg4(target: Path, *more: str, **shape: object) -> Path:
    """What no browser shows, and what is made fast."""
    return film(target, "-c:v", "mpeg4", "-c:a", "aac", *more, **shape)


def turned(film: Path, degrees: int) -> Path:
    """Have players turn an MP4 clockwise, by the matrix of its first track (ISO/IEC 14496-12)."""
    across = {90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}[degrees]
    data = bytearray(film.read_bytes())
    at = data.index(b"tkhd") + 44
    a, b, c, d = (part << 16 for part in across)
    data[at : at + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    film.write_bytes(data)
    return film


def ffmpeg(*arguments: object) -> Path:
    command = ["ffmpeg", "-v", "error", "-nostdin", "-y", *(str(one) for one in arguments)]
    subprocess.run(command, check=True, timeout=120)
    return Path(str(arguments[-1]))


def streams(file: Path) -> str:
    """All that ffprobe tells of a file."""
    command = ["ffprobe", "-v", "error", "-show_format", "-show_streams", str(file)]
    return subprocess.run(command, check=True, capture_output=True, timeout=60, text=True).stdout
