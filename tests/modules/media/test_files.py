"""What a file is, by its bytes."""

import pytest

from tests.modules.media.snapshots import picture, saved
from unibos.modules.media.files import Type, sniff


@pytest.mark.parametrize(
    ("format_", "media_type"),
    [
        ("JPEG", "image/jpeg"),
        ("PNG", "image/png"),
        ("WEBP", "image/webp"),
        ("TIFF", "image/tiff"),
        ("GIF", "image/gif"),
    ],
)
def test_photos(format_, media_type):
    assert sniff(saved(picture(), format_)[:8192]) == Type("photo", media_type)


def test_a_real_photo_of_a_phone(shared_data):
    head = (shared_data / "photos/samplefilehub.heif").read_bytes()[:8192]
    assert sniff(head) == Type("photo", "image/heic")


def box(main, *others):
    brands = main + bytes(4) + b"".join(others)
    return (len(brands) + 8).to_bytes(4, "big") + b"ftyp" + brands + b"avifheic" * 4


@pytest.mark.parametrize(
    ("head", "media_type"),
    [
        (box(b"heic", b"mif1"), "image/heic"),
        (box(b"mif1", b"heic"), "image/heic"),
        (box(b"avif", b"mif1"), "image/avif"),
        (box(b"mif1", b"miaf", b"avif"), "image/avif"),
        # What stands behind the brands is none of them.
        (box(b"mif1", b"miaf"), "image/heic"),
    ],
)
def test_files_with_brands(head, media_type):
    assert sniff(head) == Type("photo", media_type)


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\xff\xd8",
        b"%PDF-1.4\n",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>",
        b"<!doctype html><script>1</script>",
        b"RIFF\0\0\0\0WAVEfmt ",
        b"just some words",
    ],
)
def test_what_is_neither_photo_nor_video(head):
    assert sniff(head) is None
