"""Reading photos: real ones, turned ones, other colours, and what must not get out."""

import io
import struct

import pytest
from PIL import Image

from tests.decoders import needs_heic
from tests.modules.media.snapshots import bomb, exif, photo, picture, saved
from unibos.base.errors import Invalid, TooLarge
from unibos.modules.media.files import sniff
from unibos.modules.media.jobs import Options
from unibos.modules.media.photos.photo import read_photo
from unibos.modules.media.reading import Exposure, Place

REAL = {
    # Read out of the files' bytes by hand.
    "Canon_40D.jpg": {
        "moment": "2008-05-30T15:56:01",
        "taken_at": "2008-05-30T15:56:01",
        "camera": "Canon EOS 40D",
        "exposure": Exposure(seconds=1 / 160, aperture=7.1, iso=100, focal_mm=135),
        "place": None,
        "size": (100, 68),
    },
    "DSCN0010.jpg": {
        "moment": "2008-10-22T16:28:39",
        "taken_at": "2008-10-22T16:28:39",
        "camera": "NIKON COOLPIX P6000",
        "exposure": Exposure(seconds=0.013333, aperture=5.9, iso=64, focal_mm=24),
        # 43° 28' 2.814" N, 11° 53' 6.45599999" E
        "place": Place(latitude=43.4674483, longitude=11.8851266),
        "size": (640, 480),
    },
    "canon-ixus.jpg": {
        "moment": "2001-06-09T15:17:32",
        "taken_at": "2001-06-09T15:17:32",
        "camera": "Canon DIGITAL IXUS",
        "exposure": Exposure(seconds=0.002857, aperture=4, focal_mm=10.8125),
        "place": None,
        "size": (640, 480),
    },
    "samplefilehub.heif": {
        "moment": None,
        "taken_at": None,
        "camera": None,
        "exposure": None,
        "place": None,
        "size": (640, 426),
    },
}


def reading(folder, content, **options):
    source = folder / "original"
    source.write_bytes(content)
    folder = folder / "work"
    folder.mkdir(exist_ok=True)
    media_type = sniff(content[:8192]).media_type
    return read_photo(source, media_type, Options(**options), folder, lambda *_: None)


def made(folder, name="preview.jpg"):
    with Image.open(folder / "work" / name) as image:
        image.load()
        return image


def near(pixel, colour):
    return all(abs(is_ - wanted) <= 40 for is_, wanted in zip(pixel, colour, strict=True))


@pytest.mark.parametrize(
    "name", [pytest.param(one, marks=needs_heic if "heif" in one else ()) for one in REAL]
)
def test_a_real_photo(shared_data, tmp_path, name):
    content = (shared_data / "photos" / name).read_bytes()
    found, truth = reading(tmp_path, content), REAL[name]
    assert (found.width, found.height) == truth["size"] == made(tmp_path).size
    for field in ("moment", "taken_at", "camera", "exposure"):
        assert getattr(found, field) == truth[field], field
    if truth["place"]:
        assert found.place.latitude == pytest.approx(truth["place"].latitude, abs=1e-6)
        assert found.place.longitude == pytest.approx(truth["place"].longitude, abs=1e-6)
    else:
        assert found.place is None
    assert len(found.likeness) == 32
    thumbnail = made(tmp_path, "thumbnail.webp")
    assert max(thumbnail.size) == min(320, max(truth["size"]))
    assert thumbnail.format == "WEBP"


# How a camera that was held so stores a picture that is upright.
HELD = {
    1: [],
    2: [Image.Transpose.FLIP_LEFT_RIGHT],
    3: [Image.Transpose.ROTATE_180],
    4: [Image.Transpose.FLIP_TOP_BOTTOM],
    5: [Image.Transpose.TRANSPOSE],
    6: [Image.Transpose.ROTATE_90],
    7: [Image.Transpose.TRANSVERSE],
    8: [Image.Transpose.ROTATE_270],
}


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", HELD)
def test_pictures_are_upright_however_the_camera_was_held(tmp_path, format_, orientation):
    held = picture()
    for turn in HELD[orientation]:
        held = held.transpose(turn)
    tag = {"tiffinfo": {0x0112: orientation}} if format_ == "TIFF" else {}
    content = saved(held, format_, **(tag or {"exif": exif(orientation=orientation)}))
    found = reading(tmp_path, content)
    assert (found.width, found.height) == (160, 120)
    for name in ("preview.jpg", "thumbnail.webp"):
        upright = made(tmp_path, name).convert("RGB")
        assert upright.size == (160, 120)
        assert near(upright.getpixel((10, 10)), (255, 0, 0))
        assert not near(upright.getpixel((150, 10)), (255, 0, 0))
        assert not near(upright.getpixel((10, 110)), (255, 0, 0))
    assert (tmp_path / "original").read_bytes() == content


def test_a_large_photo_is_made_small_without_changing_its_shape(tmp_path):
    found = reading(tmp_path, saved(picture(1, 3000, 1000)), preview=1000, thumbnail=100)
    assert (found.width, found.height) == (3000, 1000)
    assert made(tmp_path).size == (1000, 333)
    assert made(tmp_path, "thumbnail.webp").size == (100, 33)


def test_what_the_file_says_is_not_in_its_pictures(tmp_path):
    tags = {
        "make": "SECRETMAKER",
        "latitude": [(41, 1), (53, 1), (30, 1)],
        "latitude_ref": "N",
        "longitude": [(12, 1), (29, 1), (0, 1)],
        "longitude_ref": "E",
    }
    content = saved(picture(), exif=exif(**tags), comment=b"SECRETWORDS", xmp=b"<x>SECRETXMP</x>")
    assert b"SECRETWORDS" in content
    assert b"SECRETXMP" in content
    assert reading(tmp_path, content).place.latitude == pytest.approx(41.891667)
    for name in ("preview.jpg", "thumbnail.webp"):
        raw = (tmp_path / "work" / name).read_bytes()
        assert not any(mark in raw for mark in (b"Exif", b"SECRET", b"ICC", b"http"))
        assert dict(made(tmp_path, name).getexif()) == {}


def swapped_profile():
    """An ICC profile (ICC.1:2001-04) in which red and green are exchanged."""

    def fixed(*numbers):
        return b"".join(struct.pack(">i", round(number * 65536)) for number in numbers)

    xyz = {
        b"rXYZ": (0.3851, 0.7169, 0.0971),
        b"gXYZ": (0.4361, 0.2225, 0.0139),
        b"bXYZ": (0.1431, 0.0606, 0.7139),
        b"wtpt": (0.9642, 1.0, 0.8249),
    }
    tags = {name: b"XYZ \0\0\0\0" + fixed(*value) for name, value in xyz.items()}
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(2.2 * 256)) + b"\0\0"
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    text = b"swapped\0"
    tags[b"desc"] = b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + bytes(79)
    tags[b"cprt"] = b"text\0\0\0\0none\0"
    table, data = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for name, raw in tags.items():
        table += name + struct.pack(">II", start + len(data), len(raw))
        data += raw + bytes(-len(raw) % 4)
    head = bytes(4) + bytes(4) + b"\x02\x10\0\0mntrRGB XYZ " + bytes(12) + b"acsp" + bytes(28)
    head += fixed(0.9642, 1.0, 0.8249) + bytes(48)
    whole = head.ljust(128, b"\0")[:128] + table + data
    return struct.pack(">I", len(whole)) + whole[4:]


@pytest.mark.parametrize("format_", ["JPEG", "PNG"])
def test_colours_are_those_of_a_screen(tmp_path, format_):
    red = Image.new("RGB", (64, 64), (255, 0, 0))
    reading(tmp_path, saved(red, format_, icc_profile=swapped_profile()))
    pixel = made(tmp_path).getpixel((32, 32))
    assert pixel[1] > pixel[0] + 100, "the profile says that this red is a green"
    assert "icc_profile" not in made(tmp_path, "thumbnail.webp").info


def test_a_broken_profile_harms_the_colours_only(tmp_path):
    reading(tmp_path, saved(picture(), icc_profile=b"\0\0\1\0 no profile"))
    assert near(made(tmp_path).getpixel((10, 10)), (255, 0, 0))


@pytest.mark.parametrize(
    ("mode", "format_"),
    [
        ("L", "JPEG"),
        ("CMYK", "JPEG"),
        ("1", "PNG"),
        ("LA", "PNG"),
        ("P", "GIF"),
        ("I;16", "PNG"),
        ("RGBA", "WEBP"),
        ("CMYK", "TIFF"),
        ("F", "TIFF"),
    ],
)
def test_pictures_of_any_mode_are_made(tmp_path, mode, format_):
    image = picture().convert("L" if mode in ("I;16", "F") else mode if mode != "P" else "RGB")
    if mode == "I;16":
        image = image.convert("I").point(lambda value: value * 256).convert("I;16")
    elif mode == "F":
        image = image.convert("F").point(lambda value: value * 256.0)
    elif mode == "P":
        image = image.convert("P")
    reading(tmp_path, saved(image, format_))
    low, high = made(tmp_path).convert("L").getextrema()
    assert made(tmp_path).size == (160, 120)
    assert high - low > 40


def test_what_is_clear_becomes_white(tmp_path):
    clear = Image.new("RGBA", (64, 64), (0, 0, 0, 0))
    clear.paste((0, 0, 255, 255), (0, 0, 32, 64))
    found = reading(tmp_path, saved(clear, "PNG"))
    assert near(made(tmp_path).getpixel((60, 30)), (255, 255, 255))
    assert near(made(tmp_path).getpixel((4, 30)), (0, 0, 255))
    assert (found.width, found.height) == (64, 64)


def test_of_a_moving_picture_the_first_one_is_taken(tmp_path):
    frames = [picture(seed) for seed in range(3)]
    content = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert reading(tmp_path, content).width == 160
    assert near(made(tmp_path).getpixel((10, 10)), (255, 0, 0))


@pytest.mark.parametrize("cut", [0.2, 0.7, 0.98])
@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP"])
def test_a_photo_that_is_cut_off(tmp_path, format_, cut):
    content = saved(picture(2, 600, 400), format_)
    with pytest.raises(Invalid) as caught:
        reading(tmp_path, content[: int(len(content) * cut)])
    assert caught.value.code == "media_damaged"


def test_a_bomb_is_refused_before_it_is_decoded(tmp_path):
    with pytest.raises(TooLarge) as caught:
        reading(tmp_path, bomb())
    assert caught.value.code == "media_too_large"


def test_the_pixels_that_a_photo_may_have_are_a_setting(tmp_path):
    with pytest.raises(TooLarge):
        reading(tmp_path, photo(), max_pixels=160 * 120 - 1)
    assert reading(tmp_path, photo(), max_pixels=160 * 120).width == 160


def test_a_file_that_is_said_to_be_another_one_is_not_believed(tmp_path):
    source = tmp_path / "original"
    source.write_bytes(saved(picture(), "GIF"))
    with pytest.raises(Invalid) as caught:
        read_photo(source, "image/jpeg", Options(), tmp_path, lambda *_: None)
    assert caught.value.code == "media_damaged"


def test_notes_that_are_broken_do_not_harm_the_photo(tmp_path):
    broken = b"Exif\0\0II*\0\xff\xff\xff\x7f" + bytes(100)
    found = reading(tmp_path, saved(picture(), exif=broken))
    assert (found.width, found.taken_at, found.place) == (160, None, None)
    assert io.BytesIO((tmp_path / "work/preview.jpg").read_bytes()).read(2) == b"\xff\xd8"
