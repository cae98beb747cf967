"""Files on their way in: a raw body, or the one file of a multipart form (RFC 7578), streamed."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.types import Receive

from unibos.base.errors import Malformed
from unibos.core.module.endpoint import File, Upload
from unibos.transports.http.bodies import chunks, refuse_large, too_large

_FORM_OVERHEAD = 64 * 1024
_MAX_HEADER = 8 * 1024


async def read_upload(body: File, headers: Mapping[str, str], receive: Receive) -> Upload:
    """Begin to read a file; its bytes come from the result's ``chunks``.

    A raw body may bring its name, in UTF-8, as the header ``X-Filename``.

    :raises Malformed: ``form_invalid`` when the form is broken, or has no such file or several.
    :raises TooLarge: ``body_too_large``.
    """
    declared = headers.get("content-type", "")
    kind, options = parse_options_header(declared)
    if kind != b"multipart/form-data" or body.multipart is None:
        refuse_large(headers, body.limit)
        name = _text(headers.get("x-filename", "").encode("latin-1"))
        media_type = kind.decode("latin-1") or "application/octet-stream"
        return Upload(chunks(receive), media_type, name)
    refuse_large(headers, body.limit + _FORM_OVERHEAD)
    boundary = options.get(b"boundary", b"")
    if not 0 < len(boundary) <= 200:
        raise Malformed("form_invalid", "The form has no usable boundary.")
    form = _Form(boundary, body.multipart, body.limit + _FORM_OVERHEAD)
    pieces = form.read(chunks(receive))
    # The first piece is behind the file's headers: reading it makes them known.
    first = await anext(pieces, b"")
    if not form.found:
        raise Malformed(
            "form_invalid",
            f"The form has no file named {body.multipart!r}.",
            hint=f"Send the file as the field {body.multipart!r}.",
        )
    return Upload(_with_first(first, pieces), form.media_type, form.filename)


def _text(raw: bytes) -> str:
    """A name as its sender meant it: UTF-8, or Latin-1 from who knows no better."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


async def _with_first(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    if first:
        yield first
    async for piece in rest:
        yield piece


class _Form:
    """Passes the bytes of one file of a form on, and forgets the form's other parts."""

    def __init__(self, boundary: bytes, wanted: str, most: int) -> None:
        self.media_type = "application/octet-stream"
        self.filename: str | None = None
        self._wanted = wanted.encode()
        self._most = most
        self._inside = False
        self.found = False
        self._done = False
        self._out: list[bytes] = []
        self._field = b""
        self._value = b""
        self._headers: dict[bytes, bytes] = {}
        callbacks: Any = {
            "on_part_begin": self._begin,
            "on_header_field": self._header_field,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_done,
            "on_part_data": self._data,
            "on_part_end": self._end,
        }
        self._parser = MultipartParser(boundary, callbacks)

    async def read(self, source: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """The file's bytes."""
        size = 0
        async for chunk in source:
            size += len(chunk)
            if size > self._most:
                raise too_large(self._most)
            try:
                self._parser.write(chunk)
            except FormParserError as error:
                raise Malformed("form_invalid", f"The form is broken: {error}.") from None
            for piece in self._drain():
                yield piece
        if self.found and not self._done:
            raise Malformed("form_invalid", "The form ends in the middle of the file.")
        for piece in self._drain():
            yield piece

    def _drain(self) -> list[bytes]:
        pieces, self._out = self._out, []
        return pieces

    def _begin(self) -> None:
        self._headers = {}

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._field = self._bounded(self._field + data[start:end])

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value = self._bounded(self._value + data[start:end])

    def _header_end(self) -> None:
        self._headers[self._field.lower()] = self._value
        self._field = self._value = b""

    def _headers_done(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        if options.get(b"name") != self._wanted:
            return
        if self.found:
            raise Malformed(
                "form_invalid",
                "The form has more than one file.",
                hint="Send each file in a request of its own.",
            )
        self.found = self._inside = True
        if b"filename" in options:
            self.filename = _text(options[b"filename"])
        kind, _ = parse_options_header(self._headers.get(b"content-type", b""))
        if kind:
            self.media_type = kind.decode("latin-1")

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._inside and end > start:
            self._out.append(data[start:end])

    def _end(self) -> None:
        if self._inside:
            self._inside, self._done = False, True

    @staticmethod
    def _bounded(value: bytes) -> bytes:
        if len(value) > _MAX_HEADER:
            raise FormParserError("a header is too long")
        return value
