"""Times in the names of files."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unibos.modules.media.names import moment_of

NOON = "2023-04-05T12:00:00"
THEN = "2023-04-05T12:34:56"


@pytest.mark.parametrize(
    ("name", "moment"),
    [
        ("IMG_20230405_123456.jpg", THEN),
        ("PXL_20230405_123456789.jpg", THEN),
        ("VID_20230405_123456_HDR.mp4", THEN),
        ("Screenshot 2023-04-05 at 12.34.56.png", THEN),
        ("Screenshot_2023-04-05-12-34-56.png", THEN),
        ("2023-04-05 12.34.56.jpg", THEN),
        ("IMG-20230405-WA0001.jpg", NOON),
        ("2023.04.05.jpg", NOON),
        ("20230405_9912345.jpg", NOON),
        ("DSCN0010.jpg", None),
        ("20230230_101010.jpg", None),
        ("1234520230405.jpg", None),
        ("20230405123456.jpg", None),
        ("", None),
        (None, None),
    ],
)
def test_names_that_cameras_and_messengers_give(name, moment):
    assert moment_of(name) == moment


FIRST, LAST = (datetime(year, 1, 1) for year in (1900, 2100))  # noqa: DTZ001 - names have no zone


@given(st.datetimes(FIRST, LAST - timedelta(seconds=1)))
def test_every_time_of_two_centuries_is_read(moment):
    moment = moment.replace(microsecond=0)
    assert moment_of(f"IMG_{moment:%Y%m%d_%H%M%S}.jpg") == moment.isoformat()


@given(st.text(max_size=60))
def test_any_name_gives_a_time_or_none(name):
    found = moment_of(name)
    assert found is None or len(found) == len(THEN)
