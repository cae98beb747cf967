"""What reading a document takes as options and gives as a result."""

from typing import Literal

import msgspec

Kind = Literal["receipt", "invoice", "letter", "other"]
Source = Literal["text", "ocr"]


class Options(msgspec.Struct, frozen=True):
    """How to read.

    :param languages: tesseract names; the first is tried first, another one only when the text
        turns out to be in it.
    :param max_pages: more pages than this is an error, not a shortened result.
    :param max_pixels: width times height of one picture or frame.
    :param page_seconds: the longest that one OCR call may take.
    :param day_first: how to take 03/04/2020; ``None`` decides by the currency (US dollars are
        month first, everything else day first).
    """

    languages: tuple[str, ...] = ("eng", "deu", "tur")
    max_pages: int = 200
    max_pixels: int = 100_000_000
    page_seconds: int = 120
    day_first: bool | None = None


class Page(msgspec.Struct, frozen=True):
    """One page's text; ``number`` counts from 1, ``confidence`` is 0 to 1."""

    number: int
    text: str
    confidence: float
    source: Source


class Field(msgspec.Struct, frozen=True):
    """One fact found in the text, and how sure we are of it (0 to 1)."""

    value: str
    confidence: float


class Reading(msgspec.Struct, frozen=True):
    """All that was read.

    ``fields`` holds those of ``merchant``, ``date`` (ISO 8601), ``total`` (a decimal number with
    two digits after the point) and ``currency`` (ISO 4217) that were found; a missing key means
    not found. ``title`` is empty when there is no text to take it from. ``language`` is
    ISO 639-1, ``None`` when the text is too short to tell.
    """

    kind: Kind
    title: str
    text: str
    pages: list[Page]
    confidence: float
    language: str | None
    fields: dict[str, Field]
