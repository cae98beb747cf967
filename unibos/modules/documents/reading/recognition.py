"""From a page's picture to its words: one OCR pass as a rule, more only when the first says so.

1. The first pass uses the language that the document has shown so far. Wide pages are read with
   columns in mind. Narrow ones (receipts) are read as one block, which keeps label and amount in
   one line.
2. A very poor result asks which way is up, and reads the turned page.
3. Text in another configured language is read again with that language's model: one model is twice
   as fast as three together, and as right.
4. On narrow pages, lines with ink but no words (large letters beside small ones) are read alone.
5. A narrow page that reads poorly, or has amounts but no date or total to believe, is looked at
   in other ways, and line by line the best reading is kept. Thicker strokes help most: thermal
   and needle printers leave gaps in them.
"""

import dataclasses
import datetime
from collections.abc import Sequence

import msgspec
from PIL import Image, ImageFilter

from unibos.modules.documents.reading import barcodes, gaps, language, picture, tesseract
from unibos.modules.documents.reading.dates import dates, find_date
from unibos.modules.documents.reading.result import Options
from unibos.modules.documents.reading.totals import find_total
from unibos.modules.documents.reading.words import (
    Row,
    Word,
    clean,
    confidence,
    credit,
    legible,
    merge,
    moved,
    rows,
    running_text,
)

_NARROW = 42  # letters in a line: receipts have fewer, letters and books more
_AUTOMATIC, _BLOCK, _SPARSE = 3, 6, 11
_TURNED = 0.45
_POOR = 0.7
_SURE_TURN = 1.0
_LARGE, _SMALL = 32, 24
_MANY_WORDS = 20
_UNSURE_TOTAL = 0.5
_DATED = 5


class _Look(msgspec.Struct, frozen=True):
    """A way to look at a narrow page: at its own size or a better one, strokes thickened or not."""

    own_size: bool
    thick: bool


_FIRST_LOOK = _Look(own_size=True, thick=False)
_OTHER_LOOKS = (
    _Look(own_size=False, thick=True),
    _Look(own_size=False, thick=False),
)


class Recognised(msgspec.Struct, frozen=True):
    """The rows of a page for finding fields, and its text in reading order."""

    rows: list[Row]
    text: str
    confidence: float


_NOTHING = Recognised([], "", 0.0)


@dataclasses.dataclass
class Recognizer:
    """Reads the pages of one document; remembers the language from page to page."""

    options: Options
    today: datetime.date
    model: str = ""

    def __post_init__(self) -> None:
        self.model = self.model or self.options.languages[0]

    def read(self, grey: Image.Image) -> Recognised:
        """Read one page.

        :raises Unavailable: ``ocr_timeout``, ``ocr_unavailable``.
        """
        seen = picture.survey(grey)
        if seen is None:
            return _NOTHING
        found, words = self._read(grey, seen)
        if found.confidence >= _TURNED or (seen.busy and words < _MANY_WORDS):
            return found
        turned = self._upright(grey)
        seen = picture.survey(turned) if turned else None
        if turned is None or seen is None:
            return found
        again, _ = self._read(turned, seen)
        return max(found, again, key=lambda result: result.confidence)

    def _read(self, grey: Image.Image, seen: picture.Survey) -> tuple[Recognised, int]:
        """Read a page as it lies; also tells how many words there seem to be."""
        page = picture.prepare(grey, seen)
        narrow = seen.letters < _NARROW and not seen.busy
        if narrow:
            page = barcodes.without_barcodes(page)
        found = self._look(page, _FIRST_LOOK) if narrow else self._pass(page.image, _AUTOMATIC)
        better = self._other_model(found)
        if better:
            self.model = better
            found = self._look(page, _FIRST_LOOK) if narrow else self._pass(page.image, _AUTOMATIC)
        if narrow:
            return self._narrow(page, found), len(found)
        if confidence(found) < _POOR and not seen.busy:
            thick = self._pass(page.image.filter(ImageFilter.MinFilter(3)), _AUTOMATIC)
            found = max(found, thick, key=confidence)
        if not legible(found):
            return _NOTHING, len(found)
        return Recognised(rows(found), running_text(found), confidence(found)), len(found)

    def _narrow(self, page: picture.Prepared, found: list[Word]) -> Recognised:
        """Read a narrow page to its end, after a first look."""
        lines = self._filled(page, rows(found))
        for look in _OTHER_LOOKS:
            if not self._lacking(lines):
                break
            lines = merge(lines, rows(self._look(page, look)), self._worth)
        words = [word for line in lines for word in line.words]
        if not legible(words):
            return _NOTHING
        return Recognised(lines, "\n".join(line.text for line in lines), confidence(words))

    def _look(self, page: picture.Prepared, look: _Look) -> list[Word]:
        """Words of a narrow page, placed as on ``page`` however it is looked at."""
        image = page.image
        if not look.own_size:
            height = _LARGE if page.text_height < _SMALL else _SMALL
            image = picture.scaled(image, height / page.text_height)
        if look.thick:
            image = image.filter(ImageFilter.MinFilter(3))
        across, down = page.image.width / image.width, page.image.height / image.height
        return [moved(word, across=across, down=down) for word in self._pass(image, _BLOCK)]

    def _pass(self, image: Image.Image, layout: int) -> list[Word]:
        seconds = self.options.page_seconds
        words = tesseract.recognise(image, language=self.model, layout=layout, seconds=seconds)
        return clean(words)

    def _upright(self, grey: Image.Image) -> Image.Image | None:
        """The page turned so that text stands upright; ``None`` when it does or nobody knows."""
        found = tesseract.orientation(grey, seconds=self.options.page_seconds)
        if found is None or not found.rotate or found.confidence < _SURE_TURN:
            return None
        return grey.rotate(-found.rotate, expand=True)

    def _other_model(self, found: Sequence[Word]) -> str | None:
        """The configured model of the language that the words are in, unless just used."""
        wanted = language.model(language.guess(running_text(found)))
        return wanted if wanted in self.options.languages and wanted != self.model else None

    def _filled(self, page: picture.Prepared, lines: list[Row]) -> list[Row]:
        """Add what stands in bands that the reading left out."""
        words = [word for line in lines for word in line.words]
        bands = gaps.unread_bands(page, words) if legible(words) else []
        if not bands:
            return lines
        sheet = gaps.only_bands(page.image, bands)
        extra: list[Word] = []
        # Receipt printers write totals in letters of double height and usual width; names at the
        # top are large both ways.
        for across, layout in ((1, _SPARSE), (2, _BLOCK)):
            size = (max(1, sheet.width // across), max(1, sheet.height // 2))
            found = self._pass(sheet.resize(size), layout)
            again = [moved(word, across=across, down=2) for word in found]
            extra = max(extra, again, key=confidence)
            if confidence(extra) >= _POOR:
                break
        found = [word for word in extra if word.confidence >= _POOR]
        return merge(lines, rows(found), self._worth)

    def _worth(self, line: Row) -> float:
        """What a line is worth: its letters, and more when a date can be read in it."""
        dated = next(dates(line.text, today=self.today), None) is not None
        return credit(line) + (_DATED if dated else 0)

    def _lacking(self, lines: Sequence[Row]) -> bool:
        """Tell whether a narrow page reads poorly, or lacks a date or a total to believe."""
        if confidence([word for line in lines for word in line.words]) < _POOR:
            return True
        total = find_total(lines)
        if total is None:
            return False
        date = find_date(lines, day_first=True, today=self.today)
        return date is None or total.confidence < _UNSURE_TOTAL
