import pytest
from hypothesis import given
from hypothesis import strategies as st

from unibos.modules.media.videos.said import place_of, told


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("+48.8577+002.295/", (48.8577, 2.295, None)),
        ("+48.8577+002.2950+035.2/", (48.8577, 2.295, 35.2)),
        ("-3351.5+15112.6/", (-33.8583333, 151.21, None)),
        ("+404455.5-0735900+10CRSWGS_84/", (40.7487500, -73.9833333, 10.0)),
        ("+27.5916+086.5640+8850CRSWGS_84/", (27.5916, 86.564, 8850.0)),
        ("+90+180/", (90, 180, None)),
    ],
)
def test_places_as_iso_6709_writes_them(text, place):
    found = place_of(text)
    assert (found.latitude, found.longitude, found.altitude) == place


@pytest.mark.parametrize(
    "text", ["", "+91+000/", "+10+181/", "+00.0+000.0/", "+1060+00000/", "+1+2/", "home", "+9e9+1/"]
)
def test_what_is_no_place_is_none(text):
    assert place_of(text) is None


@given(st.text(max_size=40) | st.from_regex(r"[+-]\d{1,8}(\.\d+)?[+-]\d{1,8}(\.\d+)?/?"))
def test_a_place_is_on_earth_or_none(text):
    found = place_of(text)
    assert found is None or (abs(found.latitude) <= 90 and abs(found.longitude) <= 180)


@pytest.mark.parametrize(
    ("tags", "taken_at"),
    [
        ({"creation_time": "2020-01-02T03:04:05.000000Z"}, "2020-01-02T03:04:05+00:00"),
        (
            {
                "creation_time": "2021-07-03T10:20:30Z",
                "com.apple.quicktime.creationdate": "2021-07-03T12:20:30+0200",
            },
            "2021-07-03T12:20:30+02:00",
        ),
        ({"com.apple.quicktime.creationdate": "2021-07-03T12:20:30"}, "2021-07-03T12:20:30"),
        ({"creation_time": "1904-01-01T00:00:00Z"}, None),
        ({"creation_time": "1970-01-01T00:00:00Z"}, None),
        ({"creation_time": "2020-02-31T00:00:00Z"}, None),
        ({"creation_time": "9999-01-01T00:00:00Z"}, None),
        ({"creation_time": "yesterday"}, None),
        ({}, None),
    ],
)
def test_when_it_was_taken(tags, taken_at):
    assert told(tags).get("taken_at") == taken_at
    assert told(tags).get("moment") == (taken_at and taken_at[:19])


def test_the_camera_is_named_once():
    assert told({"make": "Acme", "model": "Acme 5"})["camera"] == "Acme 5"
    assert told({"com.android.manufacturer": "A\0", "com.android.model": "M"})["camera"] == "A M"
    assert told({"model": "\n"}) == {}


@given(st.dictionaries(st.sampled_from(["creation_time", "location", "make", "model"]), st.text()))
def test_whatever_tags_say_nothing_breaks(tags):
    told(tags)
