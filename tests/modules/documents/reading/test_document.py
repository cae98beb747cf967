"""Whole files: what is read, what ends as a clear error. Few real ones: OCR takes seconds."""

import io
import shutil
import struct
import zlib

import msgspec
import pytest
from PIL import Image, ImageDraw

from tests.decoders import needs_heic, needs_pdf
from unibos.base.errors import Error, Invalid, TooLarge, Unavailable
from unibos.modules.documents.reading import Options, Reading, read, sniff
from unibos.modules.documents.reading import tesseract as program

OPTIONS = Options()

needs_tesseract = pytest.mark.skipif(
    shutil.which("tesseract") is None, reason="text recognition is not installed"
)


class Steps(list):
    """Remembers what was reported."""

    def __call__(self, share, phase):
        self.append((share, phase))


@pytest.fixture
def reader(tmp_path):
    def run(content, media_type=None, options=OPTIONS):
        source = tmp_path / "source"
        source.write_bytes(content)
        return read(source, media_type or sniff(content) or "none", options, tmp_path, Steps())

    return run


def pdf(*texts, size=(400, 600)):
    """A PDF with a text layer, written by hand: one page for each text."""
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", ""]
    objects.append("<< /Type /Font /Subtype /Type1 /BaseFont /Courier >>")
    kids = []
    for text in texts:
        steps = [f"({line}) Tj 0 -14 Td" for line in text.splitlines()]
        stream = "BT /F1 11 Tf 40 560 Td " + " ".join(steps) + " ET"
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
        box = f"/MediaBox [0 0 {size[0]} {size[1]}]"
        font = "/Resources << /Font << /F1 3 0 R >> >>"
        objects.append(f"<< /Type /Page /Parent 2 0 R {box} {font} /Contents {len(objects)} 0 R >>")
        kids.append(f"{len(objects)} 0 R")
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>"
    return assemble(objects)


def assemble(objects, trailer=""):
    content = b"%PDF-1.4\n"
    places = []
    for number, text in enumerate(objects, 1):
        places.append(len(content))
        content += f"{number} 0 obj\n{text}\nendobj\n".encode("latin-1")
    start = len(content)
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    content += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}".encode()
    content += f"trailer << /Size {len(objects) + 1} /Root 1 0 R {trailer} >>\n".encode()
    return content + f"startxref\n{start}\n%%EOF\n".encode()


def png_header(width, height):
    """A PNG that claims a size, with no data behind it."""

    def chunk(name, data):
        body = name + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    empty = chunk(b"IDAT", zlib.compress(b""))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + empty + chunk(b"IEND", b"")


def encoded(image, format_, **options):
    content = io.BytesIO()
    image.save(content, format_, **options)
    return content.getvalue()


RECEIPT = """
EXAMPLE MARKET LTD
12 High Street
Milk 1.25
Bread 2.50
TOTAL GBP 3.75
CASH 5.00
CHANGE 1.25
Date 03/04/2022 17:22
Thank you
"""


def test_plain_text_has_fields_and_pages(reader, tmp_path):
    found = reader((RECEIPT + "\fsecond page").encode())
    assert found.kind == "receipt"
    assert found.title == "EXAMPLE MARKET LTD, 2022-04-03, 3.75 GBP"
    assert found.fields["total"].value == "3.75"
    assert [page.number for page in found.pages] == [1, 2]
    assert found.language == "en"
    assert not (tmp_path / "thumbnail.webp").exists()
    assert msgspec.convert(msgspec.to_builtins(found), Reading) == found


@needs_pdf
def test_a_text_layer_is_read_without_ocr(reader, tmp_path, monkeypatch):
    monkeypatch.setattr(program, "_run", None)
    found = reader(pdf(RECEIPT, "The second page of it, with words on it."))
    assert found.kind == "receipt"
    assert found.fields["merchant"].value == "EXAMPLE MARKET LTD"
    assert found.fields["total"].value == "3.75"
    assert {page.source for page in found.pages} == {"text"}
    assert found.confidence == 1.0
    with Image.open(tmp_path / "thumbnail.webp") as thumbnail:
        assert max(thumbnail.size) == 480


@needs_pdf
def test_progress_goes_up_to_one(tmp_path):
    source = tmp_path / "source"
    source.write_bytes(pdf("one page of text in here", "another page of text in here"))
    steps = Steps()
    read(source, "application/pdf", OPTIONS, tmp_path, steps)
    shares = [share for share, _ in steps]
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert shares[-1] == 1
    assert "reading page 2 of 2" in [phase for _, phase in steps]


@pytest.mark.parametrize(
    ("content", "media_type", "code"),
    [
        (b"", "image/png", "document_empty"),
        (b"  \n\n ", "text/plain", "document_empty"),
        (b"hello", "image/png", "document_damaged"),
        (b"MZ\0\0", "application/x-dosexec", "media_type_unsupported"),
        pytest.param(
            b"%PDF-1.3\nnothing more\n%%EOF", "application/pdf", "document_damaged", marks=needs_pdf
        ),
        pytest.param(pdf(), "application/pdf", "document_damaged", marks=needs_pdf),
        pytest.param(pdf(""), "application/pdf", "document_empty", marks=needs_pdf),
        pytest.param(pdf(RECEIPT)[:200], "application/pdf", "document_damaged", marks=needs_pdf),
        (png_header(50_000, 50_000), "image/png", "document_too_large"),
        (png_header(300, 300), "image/png", "document_damaged"),
        (b"II*\0" + b"\xff" * 40, "image/tiff", "document_damaged"),
        (b"\xff\xd8\xff\xe0" + b"\0" * 60, "image/jpeg", "document_damaged"),
        (b"RIFF\x20\0\0\0WEBPVP8 " + b"\0" * 60, "image/webp", "document_damaged"),
        pytest.param(
            b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 40,
            "image/heic",
            "document_damaged",
            marks=needs_heic,
        ),
        (b"x\n" * 6_000_000, "text/plain", "document_too_large"),
        (b"\f".join([b"page"] * 201), "text/plain", "document_too_large"),
        pytest.param(
            pdf(*["page"] * 201), "application/pdf", "document_too_large", marks=needs_pdf
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_bad_files_end_with_a_code_and_a_reason(reader, content, media_type, code):
    with pytest.raises(Error) as caught:
        reader(content, media_type)
    assert caught.value.code == code
    assert caught.value.detail.endswith(".")


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_truncated_pictures_are_damaged(reader, format_):
    whole = encoded(Image.effect_noise((300, 300), 80), format_)
    with pytest.raises(Invalid) as caught:
        reader(whole[: len(whole) // 2], sniff(whole))
    assert caught.value.code == "document_damaged"


def test_every_frame_is_counted_before_the_first_is_read(reader):
    frame = Image.new("1", (20, 20), 1)
    content = encoded(frame, "TIFF", save_all=True, append_images=[frame] * 3)
    with pytest.raises(TooLarge):
        reader(content, options=Options(max_pages=3))
    assert len(reader(content, options=Options(max_pages=4)).pages) == 4


@needs_pdf
def test_a_locked_pdf_asks_for_its_password(reader):
    key = "<" + "00" * 32 + ">"
    lock = f"/Encrypt << /Filter /Standard /V 1 /R 2 /O {key} /U {key} /P -4 >> /ID [<00> <00>]"
    content = assemble(
        ["<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [] /Count 0 >>"], lock
    )
    with pytest.raises(Invalid) as caught:
        reader(content)
    assert caught.value.code == "document_encrypted"
    assert "password" in caught.value.detail


@needs_pdf
def test_a_gigantic_page_is_drawn_small(reader, tmp_path):
    found = reader(pdf("A page as large as a house, with a text layer.", size=(14400, 14400)))
    assert found.text.startswith("A page as large")
    with Image.open(tmp_path / "thumbnail.webp") as thumbnail:
        assert max(thumbnail.size) <= 480


@needs_pdf
def test_a_picture_bomb_inside_a_pdf_is_refused(reader):
    import pypdfium2

    document = pypdfium2.PdfDocument.new()
    page = document.new_page(200, 200)
    picture = pypdfium2.PdfImage.new(document)
    picture.set_bitmap(pypdfium2.PdfBitmap.from_pil(Image.new("L", (400, 400))))
    page.insert_obj(picture)
    page.gen_content()
    content = io.BytesIO()
    document.save(content)
    document.close()
    with pytest.raises(TooLarge) as caught:
        reader(content.getvalue(), options=Options(max_pixels=100_000))
    assert caught.value.code == "document_too_large"


def test_a_missing_program_or_language_says_what_to_install(reader, monkeypatch, tmp_path):
    content = encoded(Image.new("L", (40, 40)), "PNG")
    program.installed_languages.cache_clear()
    with monkeypatch.context() as patch:
        patch.setenv("PATH", str(tmp_path))
        with pytest.raises(Unavailable) as caught:
            reader(content)
    assert caught.value.code == "ocr_unavailable"
    assert "apt install tesseract-ocr" in caught.value.hint
    monkeypatch.setattr(program, "installed_languages", lambda: frozenset({"eng"}))
    with pytest.raises(Unavailable) as caught:
        reader(content)
    assert "apt install tesseract-ocr tesseract-ocr-deu tesseract-ocr-tur" in caught.value.hint


@needs_tesseract
def test_pages_of_every_kind_of_picture(reader):
    page = Image.new("L", (700, 220), 255)
    ImageDraw.Draw(page).text((40, 60), "Reading machine", fill=0, font_size=64)
    palette = page.convert("P")
    deep = page.convert("I;16").point(lambda value: value * 256)
    clear = Image.merge("LA", [Image.new("L", page.size, 0), page.point(lambda v: 255 - v)])
    for picture, format_ in ((palette, "PNG"), (deep, "TIFF"), (clear, "PNG")):
        assert reader(encoded(picture, format_)).text == "Reading machine"
    sideways = Image.Exif()
    sideways[0x0112] = 6  # the camera was held sideways
    lying = page.rotate(90, expand=True)
    assert reader(encoded(lying, "JPEG", exif=sideways)).text == "Reading machine"


@needs_tesseract
@needs_heic
def test_a_photo_without_text_is_other_and_has_a_thumbnail(shared_data, tmp_path):
    found = read(
        shared_data / "photos/samplefilehub.heif", "image/heif", OPTIONS, tmp_path, Steps()
    )
    assert found.kind == "other"
    assert found.text == ""
    assert found.title == ""
    assert (tmp_path / "thumbnail.webp").stat().st_size > 1000


@needs_tesseract
def test_a_real_german_receipt(shared_data, tmp_path):
    source = shared_data / "receipts/de-lidl_02032020_02_00716.jpg"
    found = read(source, "image/jpeg", OPTIONS, tmp_path, Steps())
    assert found.kind == "receipt"
    assert found.language == "de"
    assert found.fields["total"].value == "7.16"
    assert found.fields["currency"].value == "EUR"
    assert "Rückgeld" in found.text


@needs_tesseract
def test_a_real_receipt_upside_down(shared_data, tmp_path):
    source = tmp_path / "turned.png"
    with Image.open(shared_data / "receipts/sroie-611.jpg") as picture:
        picture.rotate(180).save(source)
    found = read(source, "image/png", OPTIONS, tmp_path, Steps())
    values = {name: field.value for name, field in found.fields.items()}
    assert values == {
        "merchant": "AMTECH ELECTRICAL SUPPLIES",
        "date": "2018-06-27",
        "total": "136.00",
        "currency": "MYR",
    }


@needs_tesseract
@needs_pdf
def test_a_scanned_pdf_is_recognised(shared_data, tmp_path):
    found = read(
        shared_data / "documents/francais.pdf", "application/pdf", OPTIONS, tmp_path, Steps()
    )
    assert found.language == "fr"
    assert found.pages[0].source == "ocr"
    assert "vieux whisky au juge" in found.text
    assert found.confidence > 0.8
