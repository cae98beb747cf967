"""UUIDv7 that sort by their making."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from unibos.base.clock import COUNTER_BITS, HybridClock, hlc_ms, wall_ms
from unibos.base.ids import is_id, made_at_ms, new_id

MOMENTS = st.integers(0, 2**48 - 1)


@given(MOMENTS, st.integers(0, 2**COUNTER_BITS - 1))
def test_an_id_is_a_canonical_uuid7_that_carries_its_moment(ms, counter):
    made = new_id(ms << COUNTER_BITS | counter)
    assert is_id(made)
    parsed = UUID(made)
    assert (parsed.version, str(parsed)) == (7, made)
    assert parsed.variant == "specified in RFC 4122"
    assert made_at_ms(made) == ms


@given(MOMENTS, st.lists(st.integers(0, 4095), min_size=2, max_size=50, unique=True))
def test_ids_sort_as_the_readings_that_they_were_made_of(ms, counters):
    readings = sorted(ms << COUNTER_BITS | counter for counter in counters)
    ids = [new_id(reading) for reading in readings]
    assert ids == sorted(ids)
    assert len(set(ids)) == len(ids)


def test_ids_of_one_clock_sort_in_their_order_within_a_millisecond():
    clock = HybridClock(wall=lambda: 1_700_000_000_000)
    ids = [new_id(clock.tick()) for _ in range(4095)]
    assert ids == sorted(set(ids))


def test_without_a_reading_the_wall_clock_is_taken():
    before = wall_ms()
    made = new_id()
    assert before <= made_at_ms(made) <= wall_ms()


def test_two_ids_are_never_the_same():
    reading = HybridClock().tick()
    assert len({new_id(reading) for _ in range(1000)}) == 1000
    assert hlc_ms(reading) > 0


def test_what_is_no_id():
    made = new_id()
    for text in ("", made.upper(), made[:-1], made + "\n", made.replace("-", ""), "0" * 36):
        assert not is_id(text)
    assert not is_id("8c8f0d7e-3c3c-4c3c-8c3c-3c3c3c3c3c3c")


@given(st.text())
def test_is_id_takes_any_text(text):
    assert is_id(text) in (True, False)
