"""Lines that a first OCR pass left out: bands of ink, about as high as text, without a word.

Read as one block, a page's very large lines (often the total of a receipt) get lost among small
ones. Alone on an empty page they are read well.
"""

from collections.abc import Iterable

from PIL import Image, ImageDraw, ImageFilter

from unibos.modules.documents.reading.picture import Prepared, ink_marks
from unibos.modules.documents.reading.words import Word

_STEP = 4
_BAND_INK = 4  # of 255, the mean over the row
_LOWEST, _HIGHEST = 1.2, 3.5  # in text heights: less is a rule, more is a logo or a barcode
_SURE, _SURE_OF_LARGE = 0.3, 0.75
_EDGE = 3


def unread_bands(page: Prepared, words: Iterable[Word]) -> list[tuple[int, int]]:
    """Top and bottom of each band of ink as high as a line of text that holds no word.

    A large word that was read with doubt counts as none: alone it is read better.
    """
    marks = ink_marks(page.image)
    draw = ImageDraw.Draw(marks)
    for word in words:
        large = word.height > _LOWEST * page.text_height
        sure = word.confidence >= (_SURE_OF_LARGE if large else _SURE)
        if sure and word.height < 4 * page.text_height:
            top, bottom = word.top - _EDGE, word.top + word.height + _EDGE
            draw.rectangle((0, top, marks.width, bottom), fill=0)
    coarse = marks.reduce(_STEP).filter(ImageFilter.MedianFilter(3))
    profile = coarse.resize((1, coarse.height), Image.Resampling.BOX).tobytes()
    bands = []
    start = None
    for place, ink in enumerate(profile + b"\0"):
        if ink > _BAND_INK and start is None:
            start = place
        elif ink <= _BAND_INK and start is not None:
            bands.append((start * _STEP, place * _STEP))
            start = None
    # What touches the upper or lower edge is a scanner's shadow, not a line.
    bands = [band for band in bands if band[0] > 0 and band[1] < marks.height - _STEP]
    low, high = _LOWEST * page.text_height, _HIGHEST * page.text_height
    return [(top, bottom) for top, bottom in bands if low <= bottom - top <= high]


def only_bands(page: Image.Image, bands: Iterable[tuple[int, int]]) -> Image.Image:
    """A white page of the same size with nothing but the bands on it."""
    sheet = Image.new("L", page.size, 255)
    for top, bottom in bands:
        edges = (0, max(0, top - 2 * _EDGE), page.width, min(page.height, bottom + 2 * _EDGE))
        sheet.paste(page.crop(edges), edges[:2])
    return sheet
