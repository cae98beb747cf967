"""From a page's picture to its words: one OCR pass as a rule, more only when the first says so.

1. The first pass uses the language that the document has shown so far. Narrow pages (receipts) are
   read as one block, which keeps label and amount in one line; wide ones with columns in mind.
2. A very poor result asks which way is up, and reads the turned page.
3. Text in another configured language is read again with that language's model: one model is twice
   as fast as three together, and as right.
4. On narrow pages, lines with ink but no words (large letters beside small ones) are read alone.
5. A narrow page that reads poorly, or has amounts but no date or total to believe, is read once
   more at another size, and line by line the better one is kept.
"""

import dataclasses
import datetime
from collections.abc import Sequence

import msgspec
from PIL import Image

from unibos.modules.documents.reading import barcodes, gaps, language, picture, tesseract
from unibos.modules.documents.reading.dates import find_date
from unibos.modules.documents.reading.result import Options
from unibos.modules.documents.reading.totals import find_total
from unibos.modules.documents.reading.words import (
    Row,
    Word,
    clean,
    confidence,
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
        page = barcodes.without_barcodes(picture.prepare(grey, seen), seen.text_height)
        narrow = seen.letters < _NARROW and not seen.busy
        layout = _BLOCK if narrow else _AUTOMATIC
        found = self._pass(page, layout)
        if confidence(found) < _TURNED and (not seen.busy or len(found) >= _MANY_WORDS):
            turned = self._upright(grey)
            if turned is not None:
                return self.read(turned)
        if not legible(found):
            return _NOTHING
        better = self._other_model(found)
        if better:
            self.model = better
            found = self._pass(page, layout)
        lines = rows(found)
        if not narrow:
            return Recognised(lines, running_text(found), confidence(found))
        lines = self._filled(page, lines, seen.text_height)
        sure = confidence([word for line in lines for word in line.words])
        if sure < _POOR or self._lacking(lines):
            lines = self._resized(grey, seen, page, lines)
            sure = confidence([word for line in lines for word in line.words])
        return Recognised(lines, "\n".join(line.text for line in lines), sure)

    def _pass(self, page: Image.Image, layout: int) -> list[Word]:
        seconds = self.options.page_seconds
        words = tesseract.recognise(page, language=self.model, layout=layout, seconds=seconds)
        return clean(words)

    def _upright(self, page: Image.Image) -> Image.Image | None:
        """The page turned so that text stands upright; ``None`` when it does or nobody knows."""
        found = tesseract.orientation(page, seconds=self.options.page_seconds)
        if found is None or not found.rotate or found.confidence < _SURE_TURN:
            return None
        return page.rotate(-found.rotate, expand=True)

    def _other_model(self, found: Sequence[Word]) -> str | None:
        """The configured model of the language that the words are in, unless just used."""
        wanted = language.model(language.guess(running_text(found)))
        return wanted if wanted in self.options.languages and wanted != self.model else None

    def _filled(self, page: Image.Image, lines: list[Row], text_height: float) -> list[Row]:
        """Add what stands in bands that the reading left out."""
        words = (word for line in lines for word in line.words)
        bands = gaps.unread_bands(page, words, text_height)
        if not bands:
            return lines
        sheet = gaps.only_bands(page, bands)
        extra: list[Word] = []
        # Receipt printers write totals in letters of double height and usual width; names at the
        # top are large both ways.
        for across, layout in ((1, _SPARSE), (2, _BLOCK)):
            size = (max(1, sheet.width // across), max(1, sheet.height // 2))
            again = self._pass(sheet.resize(size), layout)
            extra = max(
                extra, [moved(word, across=across, down=2) for word in again], key=confidence
            )
            if confidence(extra) >= _POOR:
                break
        return merge(lines, rows(word for word in extra if word.confidence >= _POOR))

    def _lacking(self, lines: Sequence[Row]) -> bool:
        """Tell whether a page with amounts lacks a date or a total to believe."""
        total = find_total(lines)
        if total is None:
            return False
        date = find_date(lines, day_first=True, today=self.today)
        return date is None or total.confidence < _UNSURE_TOTAL

    def _resized(
        self, grey: Image.Image, seen: picture.Survey, page: Image.Image, lines: list[Row]
    ) -> list[Row]:
        """The reading, with the lines that come out better at another size."""
        height = _SMALL if seen.text_height > _SMALL else _LARGE
        other = picture.prepare(grey, seen, height=height)
        across, down = page.width / other.width, page.height / other.height
        again = [moved(word, across=across, down=down) for word in self._pass(other, _BLOCK)]
        return merge(lines, rows(again))
