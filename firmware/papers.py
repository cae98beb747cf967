"""Documents to be read by a card: made here, of nothing but Python's own library."""

import struct
import zlib

_LETTERS = {
    " ": "00 00 00 00 00 00 00",
    "a": "0e 11 11 1f 11 11 11",
    "c": "0f 10 10 10 10 10 0f",
    "d": "1e 11 11 11 11 11 1e",
    "e": "1f 10 10 1e 10 10 1f",
    "h": "11 11 11 1f 11 11 11",
    "i": "0e 04 04 04 04 04 0e",
    "l": "10 10 10 10 10 10 1f",
    "n": "11 19 15 15 13 11 11",
    "p": "1e 11 11 1e 10 10 10",
    "r": "1e 11 11 1e 14 12 11",
    "s": "0f 10 10 0e 01 01 1e",
    "t": "1f 04 04 04 04 04 04",
}
"""Capitals of five columns and seven rows, a row a number."""
_DOT, _MARGIN = 6, 60


def picture(text: str) -> bytes:
    """A line of text, as PNG (RFC 2083) in grey."""
    rows = []
    side = b"\xff" * _MARGIN
    for row in range(7):
        bits = "".join(f"{int(_LETTERS[letter].split()[row], 16):05b}0" for letter in text)
        dots = b"".join((b"\x00" if bit == "1" else b"\xff") * _DOT for bit in bits)
        rows += [side + dots + side] * _DOT
    width = len(rows[0])
    blank = [b"\xff" * width] * _MARGIN
    rows = [*blank, *rows, *blank]
    head = struct.pack(">IIBBBBB", width, len(rows), 8, 0, 0, 0, 0)
    # Each row begins with its filter: none.
    body = zlib.compress(b"".join(b"\0" + row for row in rows))
    chunks = ((b"IHDR", head), (b"IDAT", body), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*one) for one in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def pdf() -> bytes:
    """A page with a sentence, as PDF 1.4."""
    text = b"BT /F1 24 Tf 72 720 Td (The appliance reads this page.) Tj ET"
    objects: list[bytes] = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\n" % (len(objects) + 1)
    return bytes(out + b"startxref\n%d\n%%%%EOF\n" % table)
