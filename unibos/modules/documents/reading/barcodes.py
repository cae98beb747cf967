"""Barcodes wiped off a page: OCR reads them as garbage and loses the text that touches them.

A barcode is a field of upright bars, each at least twice as high as the text, with gaps.
"""

from PIL import Image, ImageChops, ImageDraw

from unibos.modules.documents.reading.picture import Prepared, ink_marks

_CELL = 4
_FULL = 216  # of 255: an upright cell with more ink than this is bar all through
_LEAST, _MOST = 0.2, 0.75  # the share of bars in a barcode's width
_FEWEST_BARS = 15


def without_barcodes(page: Prepared) -> Prepared:
    """The page with every barcode painted white."""
    boxes = find_barcodes(ink_marks(page.image), page.text_height)
    if not boxes:
        return page
    wiped = page.image.copy()
    draw = ImageDraw.Draw(wiped)
    for left, top, right, bottom in boxes:
        # A little more above and below: the bars' worn ends would hang over the text as ticks.
        draw.rectangle((left, top - _CELL, right - 1, bottom), fill=255)
    return Prepared(wiped, page.text_height)


def find_barcodes(marks: Image.Image, text_height: float) -> list[tuple[int, int, int, int]]:
    """Boxes of barcodes in a picture of ink (255) on nothing (0)."""
    cells = marks.resize((marks.width, max(1, marks.height // _CELL)), Image.Resampling.BOX)
    cells = cells.point([255 if value > _FULL else 0 for value in range(256)])
    tall = max(2, round(2 * text_height / _CELL))
    starts = cells
    for step in range(1, tall):
        down = (1, 0, 0, 0, 1, step)  # pixels from below the picture count as no ink
        starts = ImageChops.darker(
            starts, cells.transform(cells.size, Image.Transform.AFFINE, down)
        )
    boxes = []
    profile = starts.resize((1, starts.height), Image.Resampling.BOX).tobytes()
    first = None
    for place, ink in enumerate(profile + b"\0"):
        if ink and first is None:
            first = place
        elif not ink and first is not None:
            first, last = _trimmed(profile, first, place)
            box = _barcode(starts, first, last)
            if box:
                left, right = box
                boxes.append((left, first * _CELL, right, (last - 1 + tall) * _CELL))
            first = None
    return boxes


def _trimmed(profile: bytes, first: int, last: int) -> tuple[int, int]:
    """Leave out rows where only some bars go on, which is text that touches them."""
    least = max(profile[first:last]) // 2
    while profile[first] <= least:
        first += 1
    while profile[last - 1] <= least:
        last -= 1
    return first, last


def _barcode(starts: Image.Image, first: int, last: int) -> tuple[int, int] | None:
    """Left and right edge if the bars that start in these rows are many, with gaps between."""
    rows = starts.crop((0, first, starts.width, last))
    edges = rows.getbbox()
    if edges is None:
        return None
    left, right = edges[0], edges[2]
    line = rows.resize((rows.width, 1), Image.Resampling.BOX).tobytes()[left:right]
    limit = max(line) // 2
    bars = [value > limit for value in line]
    count = sum(
        1 for before, here in zip([False, *bars], bars, strict=False) if here and not before
    )
    share = sum(bars) / len(bars)
    return (left, right) if count >= _FEWEST_BARS and _LEAST <= share <= _MOST else None
