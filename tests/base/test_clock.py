"""The hybrid logical clock never goes back, and time is written in UTC."""

import threading
from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from unibos.base.clock import COUNTER_BITS, HybridClock, hlc_ms, iso, wall_ms

MOMENTS = st.integers(0, 2**47)


@given(st.lists(MOMENTS, min_size=1, max_size=30))
def test_readings_rise_whatever_the_wall_does(walls):
    ahead = iter(walls)
    clock = HybridClock(wall=lambda: next(ahead))
    readings = [clock.tick() for _ in walls]
    assert readings == sorted(set(readings))
    for index, reading in enumerate(readings):
        assert hlc_ms(reading) >= max(walls[: index + 1])


@given(MOMENTS, st.lists(st.integers(0, 2**63), max_size=20))
def test_a_tick_is_above_all_that_was_seen(wall, seen):
    clock = HybridClock(wall=lambda: wall)
    for reading in seen:
        clock.see(reading)
        assert clock.last >= reading
    assert clock.tick() > max(seen, default=-1)


@given(MOMENTS, st.integers(0, 2**63))
def test_a_clock_starts_above_its_floor(wall, floor):
    clock = HybridClock(wall=lambda: wall, floor=floor)
    assert clock.last == floor
    assert clock.tick() > floor


def test_a_true_wall_is_followed():
    clock = HybridClock(wall=lambda: 1_700_000_000_000)
    assert clock.tick() == 1_700_000_000_000 << COUNTER_BITS
    assert clock.tick() == (1_700_000_000_000 << COUNTER_BITS) + 1
    assert clock.last == (1_700_000_000_000 << COUNTER_BITS) + 1


def test_seeing_the_past_changes_nothing():
    clock = HybridClock(wall=lambda: 5, floor=9 << COUNTER_BITS)
    clock.see(1)
    assert clock.last == 9 << COUNTER_BITS


def test_threads_never_get_the_same_reading():
    clock = HybridClock(wall=lambda: 1)
    got = [[] for _ in range(4)]

    def ticking(mine):
        mine.extend(clock.tick() for _ in range(500))

    threads = [threading.Thread(target=ticking, args=(mine,)) for mine in got]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    readings = [reading for mine in got for reading in mine]
    assert len(set(readings)) == 2000


@given(st.integers(0, 253402300799999))
def test_iso_is_utc_to_the_millisecond_and_reads_back(ms):
    text = iso(ms)
    assert (len(text), text[-1]) == (24, "Z")
    moment = datetime.fromisoformat(text)
    assert moment.utcoffset().total_seconds() == 0
    assert round(moment.timestamp() * 1000) == ms


def test_iso_sorts_as_time_does():
    assert iso(0) == "1970-01-01T00:00:00.000Z"
    assert iso(999) < iso(1000) < iso(wall_ms())
