"""Telling files apart by their first bytes."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from unibos.base.errors import Invalid, Unsupported
from unibos.modules.documents.reading import SUPPORTED, sniff
from unibos.modules.documents.reading.media import check
from unibos.modules.documents.reading.plain import decode


def picture(format_):
    content = io.BytesIO()
    Image.new("RGB", (8, 8)).save(content, format_)
    return content.getvalue()


@pytest.mark.parametrize(
    ("format_", "media_type"),
    [
        ("JPEG", "image/jpeg"),
        ("PNG", "image/png"),
        ("TIFF", "image/tiff"),
        ("WEBP", "image/webp"),
        ("PDF", "application/pdf"),
    ],
)
def test_pictures_and_pdf(format_, media_type):
    assert sniff(picture(format_)) == media_type


def test_real_files(shared_data):
    assert sniff((shared_data / "photos/samplefilehub.heif").read_bytes()[:4096]) == "image/heic"
    assert sniff((shared_data / "documents/linn.txt").read_bytes()[:4096]) == "text/plain"
    assert sniff((shared_data / "documents/invalid.pdf").read_bytes()) == "application/pdf"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1254", "iso8859-9"])
def test_text_in_any_usual_encoding(encoding):
    text = "Teşekkürler, güle güle! Straße"
    content = text.encode(encoding)
    assert sniff(content) == "text/plain"
    assert decode(content) == text


def test_a_letter_cut_in_two_by_the_end_of_the_head_is_still_text():
    assert sniff(("a" * 4095 + "ß").encode()[:4096]) == "text/plain"


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\0" * 100,
        b"\x7fELF\x02\x01",
        b"PK\x03\x04",
        b"GIF89a\x01",
        b"\0\0\0\x1cftypavif\0\0\0\0avifmif1",
        b"\0\0\0\x18ftypmp42",
        bytes(range(128, 256)) * 4,
    ],
)
def test_what_is_not_read(head):
    assert sniff(head) is None


@given(st.binary(max_size=300))
def test_any_bytes_have_an_answer(head):
    assert sniff(head) in {None, *SUPPORTED}


def test_clear_errors():
    with pytest.raises(Invalid) as caught:
        check(b"", "image/png")
    assert caught.value.code == "document_empty"
    with pytest.raises(Unsupported) as caught:
        check(b"GIF89a", "image/gif")
    assert caught.value.code == "media_type_unsupported"
    assert "PDF" in caught.value.hint
    with pytest.raises(Invalid) as caught:
        check(b"just text", "application/pdf")
    assert caught.value.code == "document_damaged"


def test_heif_has_one_name():
    head = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"
    assert check(head, "image/heif") == "image/heic"
