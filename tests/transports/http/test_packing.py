"""Bodies in gzip: whatever comes, no more is unpacked than a limit."""

import asyncio
import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unibos.base.errors import Error, Malformed, TooLarge
from unibos.transports.http.packing import pack, takes_packed, understood, unpacked

LIMIT = 10_000


@given(st.binary(max_size=LIMIT))
def test_what_was_packed_comes_out(data):
    assert unpacked(asyncio.run(pack(data)), LIMIT) == data


@given(st.binary(min_size=1, max_size=300), st.data())
def test_a_part_is_never_the_whole(data, draw):
    packed = asyncio.run(pack(data))
    cut = draw.draw(st.integers(0, len(packed) - 1))
    with pytest.raises(Malformed):
        unpacked(packed[:cut], LIMIT)


@given(st.binary(max_size=500))
def test_noise_is_refused(data):
    with pytest.raises(Error):
        unpacked(b"\x1f\x8b\x08" + data, LIMIT)


@pytest.mark.parametrize("size", [LIMIT + 1, LIMIT * 1000])
def test_no_more_than_the_limit(size):
    with pytest.raises(TooLarge) as error:
        unpacked(gzip.compress(bytes(size)), LIMIT)
    assert error.value.code == "body_too_large"
    assert unpacked(gzip.compress(bytes(LIMIT)), LIMIT) == bytes(LIMIT)


@pytest.mark.parametrize("size", [10, 1_000_000])
@pytest.mark.parametrize("packed", [True, False])
def test_large_and_small_are_understood_alike(size, packed):
    data = bytes(size)
    body = gzip.compress(data) if packed else data
    assert asyncio.run(understood(body, size, len, packed=packed)) == size


@pytest.mark.parametrize(
    ("accepted", "takes"),
    [
        ("gzip", True),
        ("GZIP", True),
        ("br, gzip;q=0.1", True),
        ("gzip ; q=1.0", True),
        ("gzip;q=0", False),
        ("gzip; q=0.0", False),
        ("x-gzip-2", False),
        ("identity", False),
        ("", False),
    ],
)
def test_who_takes_it(accepted, takes):
    assert takes_packed(accepted) is takes
