"""What pictures look like: copies are near, others are not."""

import io

import pytest
from PIL import Image, ImageEnhance

from tests.modules.media.snapshots import picture, saved
from unibos.modules.media.nearness import NEAR
from unibos.modules.media.photos.likeness import likeness


def distance(one, other):
    return (int(likeness(one), 16) ^ int(likeness(other), 16)).bit_count()


def as_file(image, format_, **options):
    return Image.open(io.BytesIO(saved(image, format_, **options))).convert("RGB")


COPIES = {
    "smaller": lambda image: image.resize((image.width // 2, image.height // 2)),
    "poor": lambda image: as_file(image, "JPEG", quality=20),
    "of few colours": lambda image: as_file(image, "GIF"),
    "grey": lambda image: image.convert("L").convert("RGB"),
    "brighter": lambda image: ImageEnhance.Brightness(image).enhance(1.1),
}


@pytest.mark.parametrize("name", ["DSCN0010.jpg", "DSCN0021.jpg", "canon-ixus.jpg"])
@pytest.mark.parametrize("copy", COPIES)
def test_a_copy_of_a_real_photo_is_near(shared_data, name, copy):
    with Image.open(shared_data / "photos" / name) as image:
        original = image.convert("RGB")
    assert distance(original, COPIES[copy](original)) <= NEAR


def test_real_pictures_of_the_same_kind_are_not_near(shared_data):
    looks = []
    for path in sorted((shared_data / "receipts").glob("*.jpg"))[:30]:
        with Image.open(path) as image:
            image.draft("L", (320, 320))
            looks.append(likeness(image.convert("L")))
    seen = [int(look, 16) for look in looks if look]
    assert len(seen) > 5
    least = min((a ^ b).bit_count() for n, a in enumerate(seen) for b in seen[:n])
    assert least > 2 * NEAR


def test_a_turned_picture_looks_different():
    image = picture()
    assert distance(image, image.transpose(Image.Transpose.ROTATE_180)) > 2 * NEAR


def test_a_picture_of_nothing_has_no_likeness():
    assert likeness(Image.new("RGB", (100, 100), (10, 200, 30))) is None
