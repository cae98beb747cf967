"""Small made-up files, and the calls that tests make with them."""

import io
import struct
from zlib import compress, crc32

from PIL import Image, ImageDraw

DOCUMENTS = "/api/v1/documents"
FINAL = ("done", "failed", "cancelled")


def pdf(text: str, *, note: str = "") -> bytes:
    """A page with a text layer; files that differ in their note look the same."""
    stream = f"BT /F1 24 Tf 72 720 Td ({text}) Tj ET".encode("latin-1")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out = io.BytesIO()
    out.write(b"%PDF-1.4\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    table = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    out.writelines(b"%010d 00000 n \n" % place for place in places)
    out.write(b"trailer\n<< /Size %d /Root 1 0 R >>\n" % (len(objects) + 1))
    out.write(b"startxref\n%d\n%%%%EOF\n%s" % (table, f"% {note}\n".encode()))
    return out.getvalue()


def png(text: str) -> bytes:
    """A picture of some lines of print."""
    picture = Image.new("L", (1200, 100 + 70 * len(text.splitlines())), 255)
    ImageDraw.Draw(picture).text((50, 50), text, fill=0, font_size=48)
    out = io.BytesIO()
    picture.save(out, "PNG", dpi=(300, 300))
    return out.getvalue()


def bomb() -> bytes:
    """A picture of 40 gigabytes in some bytes."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", crc32(kind + body))

    size = struct.pack(">IIBBBBB", 200_000, 200_000, 8, 0, 0, 0, 0)
    parts = (chunk(b"IHDR", size), chunk(b"IDAT", compress(bytes(1000))), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def add(owner, content, *, name=None, media_type="application/octet-stream", status=201):
    """Send raw bytes; the answer's JSON."""
    headers = {"content-type": media_type} | ({"x-filename": name} if name else {})
    answer = owner.post(DOCUMENTS, content=content, headers=headers)
    assert answer.status_code == status, answer.text
    return answer.json()


def read(owner, taken):
    """Wait for the end of the reading; the document."""
    path = f"/api/v1/jobs/{taken['job']}/events"
    with owner.stream("GET", path, timeout=120) as events:
        for _ in events.iter_lines():
            pass
    return owner.get(f"{DOCUMENTS}/{taken['id']}").json()


def refused(answer, status, code):
    """Check that an answer is this problem; the problem."""
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    return answer.json()


def incoming(box):
    """What unfinished uploads have left."""
    folder = box.folder / "blobs/incoming"
    return [path.name for path in folder.iterdir()] if folder.exists() else []
