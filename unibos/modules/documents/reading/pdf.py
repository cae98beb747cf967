"""PDF files: the text layer where there is a good one, else the page as a picture for OCR."""

import contextlib
import itertools
import math
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pypdfium2
import pypdfium2.raw as pdfium
from PIL import Image

from unibos.base.errors import Error, Invalid, TooLarge
from unibos.modules.documents.reading.images import THUMBNAIL_SIDE
from unibos.modules.documents.reading.result import Options
from unibos.modules.documents.reading.words import Word

_RESOLUTION = 300 / 72
_MOST_RENDERED = 16_000_000  # pixels, twice an A4 page at 300 dpi
_LONGEST_RENDERED = 8000
_MOST_OBJECTS = 5000
_MOST_CHARACTERS = 50_000
_FEW_LETTERS = 25
_COVERED = 0.3
_READABLE = 0.6
_PASSWORD, _SECURITY = 4, 5  # PDFium's FPDF_ERR_PASSWORD and FPDF_ERR_SECURITY


class Content(msgspec.Struct, frozen=True):
    """What stands on a page: its text layer, whether it can be used, whether there is anything."""

    text: str
    usable: bool
    blank: bool


@contextlib.contextmanager
def opened(source: Path, options: Options) -> Iterator[pypdfium2.PdfDocument]:
    """Open a PDF.

    :raises Invalid: ``document_encrypted`` or ``document_damaged`` (also without any page).
    :raises TooLarge: ``document_too_large``: too many pages.
    """
    try:
        with pypdfium2.PdfDocument(source) as document:
            count = len(document)
            if count > options.max_pages:
                raise TooLarge(
                    "document_too_large",
                    f"The document has {count} pages; the limit is {options.max_pages}.",
                    hint="Split the document, or raise the page limit of the documents module.",
                    limit=options.max_pages,
                )
            yield document
    except Error:
        raise
    except pypdfium2.PdfiumError as error:
        raise _unreadable(error) from error


def inspect(page: pypdfium2.PdfPage, options: Options) -> Content:
    """Look at a page without drawing it.

    :raises TooLarge: ``document_too_large``: a picture on it has too many pixels.
    """
    textpage = page.get_textpage()
    text = textpage.get_text_range().replace("\r\n", "\n").replace("\r", "\n").strip()
    textpage.close()
    covered = 0.0
    objects = 0
    width, height = page.get_size()
    for item in itertools.islice(page.get_objects(), _MOST_OBJECTS):
        objects += 1
        if isinstance(item, pypdfium2.PdfImage):
            covered += _covered(item, width * height, options)
    scanned = covered > _COVERED and sum(map(str.isalnum, text)) < _FEW_LETTERS
    return Content(text, usable=readable(text) and not scanned, blank=not objects and not text)


def words(page: pypdfium2.PdfPage) -> list[Word]:
    """The words of the text layer with their places in points, from the top left."""
    textpage = page.get_textpage()
    top = page.get_height()
    found: list[Word] = []
    letters = ""
    box = (0.0, 0.0, 0.0, 0.0)
    for index in range(min(textpage.count_chars(), _MOST_CHARACTERS)):
        letter = chr(pdfium.FPDFText_GetUnicode(textpage, index))
        if not letter.isspace() and letter.isprintable():
            left, bottom, right, upper = textpage.get_charbox(index, loose=True)
            if not letters:
                box = (left, bottom, right, upper)
            box = (min(box[0], left), min(box[1], bottom), max(box[2], right), max(box[3], upper))
            letters += letter
        elif letters:
            found.append(_word(letters, box, top))
            letters = ""
    if letters:
        found.append(_word(letters, box, top))
    textpage.close()
    return found


def picture(page: pypdfium2.PdfPage) -> Image.Image:
    """The page in grey at 300 dpi, or less if it is larger than two A4 pages."""
    width, height = page.get_size()
    return _rendered(page, min(_RESOLUTION, _limit(width, height)), grayscale=True)


def thumbnail(page: pypdfium2.PdfPage) -> Image.Image:
    """The page in colour, no side longer than 480 pixels."""
    scale = THUMBNAIL_SIDE / max(1.0, *page.get_size())
    image = _rendered(page, scale, grayscale=False).convert("RGB")
    image.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    return image


def readable(text: str) -> bool:
    """Tell real text from the remains of an earlier, bad OCR or a font without a code table."""
    marks = [letter for letter in text if not letter.isspace()]
    if not marks:
        return False
    good = sum(1 for letter in marks if letter.isalnum())
    strange = sum(1 for letter in marks if not letter.isprintable() or letter == "\ufffd")
    pieces = text.split()
    plain = sum(1 for piece in pieces if sum(map(str.isalnum, piece)) >= 0.6 * len(piece))
    return (
        good >= _READABLE * len(marks)
        and strange <= 0.05 * len(marks)
        and plain >= _READABLE * len(pieces)
    )


def _word(letters: str, box: tuple[float, float, float, float], top: float) -> Word:
    left, bottom, right, upper = box
    return Word(letters, left, top - upper, right - left, max(1.0, upper - bottom))


def _covered(item: pypdfium2.PdfImage, area: float, options: Options) -> float:
    wide, high = item.get_px_size()
    if wide * high > options.max_pixels:
        raise TooLarge(
            "document_too_large",
            f"A picture in the PDF has {wide} × {high} pixels.",
            hint="Scan at 300 dpi, or scale the picture down.",
            limit=options.max_pixels,
        )
    left, bottom, right, top = item.get_bounds()
    return float(abs((right - left) * (top - bottom)) / max(1.0, area))


def _limit(width: float, height: float) -> float:
    """The largest scale at which a page of so many points stays within bounds."""
    area = max(1.0, width) * max(1.0, height)
    return min(math.sqrt(_MOST_RENDERED / area), _LONGEST_RENDERED / max(width, height, 1.0))


def _rendered(page: pypdfium2.PdfPage, scale: float, *, grayscale: bool) -> Image.Image:
    image: Image.Image = page.render(scale=scale, grayscale=grayscale).to_pil()
    return image


def _unreadable(error: pypdfium2.PdfiumError) -> Error:
    if error.err_code in (_PASSWORD, _SECURITY):
        return Invalid(
            "document_encrypted",
            "The PDF is protected by a password.",
            hint="Save it without a password and send that.",
        )
    return Invalid(
        "document_damaged",
        "The PDF is damaged or incomplete.",
        hint="Open the original on a computer; if it opens, print it to a new PDF and send that.",
    )
