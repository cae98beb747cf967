"""What files say: taken where it makes sense, left out where it does not."""

import io
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.modules.media.snapshots import exif, picture, saved
from unibos.modules.media.photos.exif import told
from unibos.modules.media.photos.place import degrees, place_of
from unibos.modules.media.reading import Exposure


def said(**tags):
    with Image.open(io.BytesIO(saved(picture(), exif=exif(**tags)))) as image:
        return told(image)


TAKEN, LATER = "2024:02:29 23:59:58", "2025:01:01 00:00:00"


def test_a_time_has_an_offset_where_the_file_says_it():
    assert said(taken=TAKEN, offset="+02:00") == {
        "moment": "2024-02-29T23:59:58",
        "taken_at": "2024-02-29T23:59:58+02:00",
    }


@pytest.mark.parametrize("offset", ["", "Z", "+2:00", "+15:00", "+02:60", "02:00", "   :  "])
def test_an_offset_that_is_none_leaves_the_time_without_a_zone(offset):
    assert said(taken=TAKEN, offset=offset)["taken_at"] == "2024-02-29T23:59:58"


@pytest.mark.parametrize(
    "nonsense",
    ["0000:00:00 00:00:00", "    :  :     :  :  ", "2023:02:29 10:00:00", "soon", b"\xff\xfe", ""],
)
def test_a_time_that_was_never_is_passed_over(nonsense):
    assert said(taken=nonsense, changed=LATER)["moment"] == "2025-01-01T00:00:00"
    assert "moment" not in said(taken=nonsense)


def test_when_it_was_taken_comes_before_when_it_was_changed():
    assert said(taken=TAKEN, changed=LATER)["moment"].startswith("2024")
    assert said(digitised=TAKEN, changed=LATER)["moment"].startswith("2024")


@pytest.mark.parametrize(
    ("make", "model", "camera"),
    [
        ("Canon", "Canon EOS 40D", "Canon EOS 40D"),
        ("NIKON CORPORATION", "NIKON D90", "NIKON D90"),
        ("SONY", "ILCE-7M3", "SONY ILCE-7M3"),
        ("  Apple\0junk", "iPhone 15", "Apple iPhone 15"),
        ("", "X100", "X100"),
        ("FUJIFILM", "", "FUJIFILM"),
        ("a\x1b[2Jb", "c", "a [2Jb c"),
    ],
)
def test_the_camera(make, model, camera):
    assert said(make=make, model=model)["camera"] == camera


def test_the_lens():
    assert said(lens="RF24-70mm", lens_make="Canon")["lens"] == "Canon RF24-70mm"
    assert said(lens="Canon RF24", lens_make="Canon")["lens"] == "Canon RF24"


def test_the_exposure_is_what_makes_sense_of_it():
    values = {"seconds": [(1, 250)], "aperture": [(28, 10)], "iso": 400, "focal": [(50, 1)]}
    assert said(**values)["exposure"] == Exposure(seconds=0.004, aperture=2.8, iso=400, focal_mm=50)
    assert said(seconds=[(1, 0)], aperture=[(0, 1)], iso=200)["exposure"] == Exposure(iso=200)
    assert "exposure" not in said(seconds=[(0, 0)])


def test_names_of_places_are_those_that_somebody_wrote():
    def note(number, text):
        return b"\x1c\x02" + bytes([number]) + len(text).to_bytes(2, "big") + text

    notes = note(90, b"Roma") + note(101, b"Italia") + note(95, b"Lazio")
    block = b"8BIM\x04\x04\0\0" + len(notes).to_bytes(4, "big") + notes + bytes(len(notes) % 2)
    segment = b"Photoshop 3.0\0" + block
    plain = saved(picture())
    marked = plain[:2] + b"\xff\xed" + (len(segment) + 2).to_bytes(2, "big") + segment + plain[2:]
    with Image.open(io.BytesIO(marked)) as image:
        assert told(image) == {"place_name": "Roma, Lazio, Italia"}


ANGLES = {"latitude": ("NS", 90), "longitude": ("EW", 180)}


@given(kind=st.sampled_from(sorted(ANGLES)), data=st.data())
def test_degrees_come_back_as_they_were_written(kind, data):
    signs, most = ANGLES[kind]
    truth = data.draw(st.fractions(-most, most, max_denominator=3_600_000))
    whole = abs(truth)
    minutes = (whole - int(whole)) * 60
    seconds = (minutes - int(minutes)) * 60
    sign = signs[truth < 0]
    forms = [(whole,), (int(whole), minutes), (int(whole), int(minutes), seconds)]
    for form in forms:
        found = degrees(form, sign, signs, most)
        assert abs(Fraction(found) - truth) < Fraction(1, 10**6)


@given(
    parts=st.one_of(
        st.none(),
        st.text(max_size=3),
        st.lists(
            st.one_of(st.floats(), st.integers(), st.none(), st.text(max_size=2)), max_size=5
        ).map(tuple),
    ),
    sign=st.one_of(st.none(), st.text(max_size=3), st.binary(max_size=3), st.integers()),
)
def test_whatever_the_file_holds_is_a_place_on_earth_or_none(parts, sign):
    found = degrees(parts, sign, "NS", 90)
    assert found is None or -90 <= found <= 90


SOMEWHERE = {1: "S", 2: (33.0, 51.0, 24.0), 3: "W", 4: (151.0, 12.0, 36.0)}


def test_south_and_west_are_negative():
    place = place_of(SOMEWHERE)
    assert (place.latitude, place.longitude) == (pytest.approx(-33.856667), pytest.approx(-151.21))


@pytest.mark.parametrize(
    "wrong",
    [
        {2: (91.0, 0.0, 0.0)},
        {2: (10.0, 60.0, 0.0)},
        {2: (10.0, 0.0, 60.0)},
        {2: (-10.0, 0.0, 0.0)},
        {2: (float("nan"), 0.0, 0.0)},
        {1: "X"},
        {1: None},
        {4: ()},
        {2: (0.0, 0.0, 0.0), 4: (0.0, 0.0, 0.0)},
    ],
)
def test_a_place_that_is_none(wrong):
    assert place_of(SOMEWHERE | wrong) is None


@pytest.mark.parametrize(
    ("reference", "metres", "altitude"),
    [
        (0, 12.5, 12.5),
        (b"\0", 12.5, 12.5),
        (1, 12.5, -12.5),
        (b"\1", 430.5, -430.5),
        (0, 1e9, None),
    ],
)
def test_the_altitude(reference, metres, altitude):
    assert place_of(SOMEWHERE | {5: reference, 6: metres}).altitude == altitude
