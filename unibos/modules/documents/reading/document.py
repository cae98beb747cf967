"""Reading one document from its first byte to its fields: the order of things, top down."""

import datetime
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
from PIL import Image

from unibos.base.errors import Invalid
from unibos.modules.documents.reading import (
    classification,
    fields,
    images,
    language,
    media,
    plain,
    tesseract,
)
from unibos.modules.documents.reading.recognition import Recognizer
from unibos.modules.documents.reading.result import Options, Page, Reading
from unibos.modules.documents.reading.words import Row, rows, text_rows

Report = Callable[[float, str], None]

_FIELD_PAGES = 3  # a sum stands on the first pages or on the last one
_PAGES_DONE = 0.95


class _Read(msgspec.Struct):
    """A page with the rows that fields are looked for in."""

    page: Page
    rows: list[Row]


def read_document(
    source: Path, media_type: str, options: Options, workdir: Path, report: Report
) -> Reading:
    """Read a document. Meant for a process of its own, which may take time and memory.

    Writes ``workdir/thumbnail.webp`` (for plain text none).

    :param media_type: what ``sniff`` said when the file came in.
    :param report: called with progress from 0 to 1 and a short phrase.
    :raises Invalid: ``document_empty``, ``document_damaged``, ``document_encrypted``.
    :raises TooLarge: ``document_too_large``: too many pages or pixels.
    :raises Unsupported: ``media_type_unsupported``, also where this machine has no decoder.
    :raises Unavailable: ``ocr_unavailable``, ``ocr_timeout``.
    """
    with source.open("rb") as file:
        media_type = media.check(file.read(media.HEAD_SIZE), media_type)
    report(0.0, "opening")
    if media_type == media.TEXT_TYPE:
        found = [_Read(page, text_rows(page.text)) for page in plain.text_pages(source, options)]
    elif media_type == media.PDF_TYPE:
        found = _read_pdf(source, options, workdir, report)
    else:
        found = _read_image(source, media_type, options, workdir, report)
    report(_PAGES_DONE, "finding fields")
    reading = _sum_up(found, options)
    report(1.0, "done")
    return reading


def _read_image(
    source: Path, media_type: str, options: Options, workdir: Path, report: Report
) -> list[_Read]:
    images.save_thumbnail(images.thumbnail(source, media_type, options), workdir)
    tesseract.require(options.languages)
    count = images.page_count(source, media_type, options)
    recognizer = Recognizer(options, _today())
    found = []
    for number, picture in enumerate(images.pages(source, media_type, options), 1):
        _report_page(report, number, count)
        found.append(_recognised(recognizer, picture, number))
    return found


def _read_pdf(source: Path, options: Options, workdir: Path, report: Report) -> list[_Read]:
    try:
        from unibos.modules.documents.reading import pdf
    except ModuleNotFoundError as error:
        if error.name != "pypdfium2":
            raise
        raise media.no_decoder(media.PDF_TYPE) from error
    found = []
    with pdf.opened(source, options) as document:
        contents = [pdf.inspect(page, options) for page in document]
        if all(content.blank for content in contents):
            raise Invalid("document_empty", "The PDF has no text and no pictures.")
        if not all(content.usable or content.blank for content in contents):
            tesseract.require(options.languages)
        images.save_thumbnail(pdf.thumbnail(document[0]), workdir)
        recognizer: Recognizer | None = None
        for index, content in enumerate(contents):
            _report_page(report, index + 1, len(contents))
            page = document[index]
            if content.usable or content.blank:
                near = index < _FIELD_PAGES or index == len(contents) - 1
                placed = rows(pdf.words(page)) if near else []
                found.append(_Read(Page(index + 1, content.text, 1.0, "text"), placed))
            else:
                recognizer = recognizer or Recognizer(options, _today())
                found.append(_recognised(recognizer, pdf.picture(page), index + 1))
            page.close()
    return found


def _recognised(recognizer: Recognizer, picture: Image.Image, number: int) -> _Read:
    result = recognizer.read(picture)
    page = Page(number, result.text, round(result.confidence, 3), "ocr")
    return _Read(page, result.rows)


def _sum_up(found: Sequence[_Read], options: Options) -> Reading:
    near = [*found[:_FIELD_PAGES], *found[_FIELD_PAGES:][-1:]]
    lines = [line for part in near for line in part.rows]
    text = "\n\n".join(part.page.text for part in found if part.page.text)
    facts = fields.find_fields(lines, day_first=options.day_first, today=_today())
    kind = classification.classify(lines, facts)
    letters = sum(len(part.page.text) for part in found)
    weighted = sum(part.page.confidence * len(part.page.text) for part in found)
    return Reading(
        kind=kind,
        title=classification.title(kind, lines, facts),
        text=text,
        pages=[part.page for part in found],
        confidence=round(weighted / letters, 3) if letters else 0.0,
        language=language.guess(text),
        fields=classification.believed(kind, facts),
    )


def _report_page(report: Report, number: int, count: int) -> None:
    report(_PAGES_DONE * (number - 1) / max(1, count), f"reading page {number} of {count}")


def _today() -> datetime.date:
    return datetime.datetime.now(tz=datetime.UTC).date()
