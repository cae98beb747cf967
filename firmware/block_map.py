"""The block map of an image, format 2.0: which blocks must be written, and their checksums.

`bmaptool copy` and Raspberry Pi Imager skip the rest, which is most of a fresh card.
Format: https://docs.yoctoproject.org/dev/dev-manual/bmaptool.html, bmaptool's own description.
"""

import errno
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

_BLOCK = 4096
_MAP = """\
<?xml version="1.0" ?>
<bmap version="2.0">
    <ImageSize>{size}</ImageSize>
    <BlockSize>{block}</BlockSize>
    <BlocksCount>{count}</BlocksCount>
    <MappedBlocksCount>{mapped}</MappedBlocksCount>
    <ChecksumType>sha256</ChecksumType>
    <BmapFileChecksum>{own}</BmapFileChecksum>
    <BlockMap>
{ranges}    </BlockMap>
</bmap>
"""


def block_map(image: Path) -> str:
    """The text of the map. What the image's file has no blocks for counts as not to be written."""
    size = image.stat().st_size
    lines, mapped = [], 0
    with image.open("rb") as file:
        for first, last in _ranges(file.fileno(), size):
            file.seek(first * _BLOCK)
            data = file.read((last - first + 1) * _BLOCK)
            mapped += last - first + 1
            named = f"{first}-{last}" if last > first else f"{first}"
            sum_ = hashlib.sha256(data).hexdigest()
            lines.append(f'        <Range chksum="{sum_}">{named}</Range>\n')
    text = _MAP.format(
        size=size,
        block=_BLOCK,
        count=-(-size // _BLOCK),
        mapped=mapped,
        own="0" * 64,
        ranges="".join(lines),
    )
    # The map's own checksum is that of the map with zeros in its place.
    return text.replace("0" * 64, hashlib.sha256(text.encode()).hexdigest(), 1)


def _ranges(file: int, size: int) -> Iterator[tuple[int, int]]:
    """First and last block of each piece that holds data."""
    at = 0
    while at < size:
        try:
            begin = os.lseek(file, at, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:
                return  # Only a hole is left.
            raise
        at = os.lseek(file, begin, os.SEEK_HOLE)
        yield begin // _BLOCK, (at - 1) // _BLOCK
