"""Which hub is read from and written to."""

from hypothesis import given
from hypothesis import strategies as st

from unibos.core.sync.schedule.hubs import NOWHERE, Choice, Seen, Wishes, choose, smoothed

A, B, C = (Seen(name, f"hub {name}", None, 0.1) for name in "abc")


def gone(hub, since, latency=0.1):
    return Seen(hub.id, hub.name, since, latency)


def took(hub, seconds):
    return Seen(hub.id, hub.name, None, seconds)


def test_without_hubs_there_is_nothing_to_choose():
    assert choose(Wishes(), [], 0.0) == NOWHERE


def test_the_first_that_was_joined_is_written_to():
    assert choose(Wishes(), [A, B], 0.0).write == "a"


def test_settings_name_hubs_by_name_or_id():
    assert choose(Wishes(order=("hub c", "b")), [A, B, C], 0.0).write == "c"
    assert choose(Wishes(write_hub="hub b"), [A, B, C], 0.0).write == "b"
    assert choose(Wishes(write_hub="b"), [A, B, C], 0.0).write == "b"
    assert choose(Wishes(write_hub="nobody"), [A, B, C], 0.0).write == "a"


def test_the_nearest_is_read_from():
    assert choose(Wishes(), [A, took(B, 0.02)], 0.0).read == "b"
    assert choose(Wishes(read_strategy="priority"), [A, took(B, 0.02)], 0.0).read == "a"


def test_one_that_was_never_measured_is_no_nearer():
    assert choose(Wishes(), [Seen("a", "", None), B], 0.0).read == "b"


def test_two_that_are_equally_near_do_not_take_turns():
    before = Choice("a", "a", online=True)
    assert choose(Wishes(), [A, took(B, 0.09)], 0.0, before).read == "a"
    assert choose(Wishes(), [A, took(B, 0.07)], 0.0, before).read == "b"


def test_reading_moves_at_once_and_writing_after_a_while():
    wishes = Wishes(failover_s=30.0)
    early = choose(wishes, [gone(A, 100.0), B], 129.0)
    assert early == Choice("b", "a", online=True, again=130.0)
    late = choose(wishes, [gone(A, 100.0), B], 130.0)
    assert late == Choice("b", "b", online=True)


def test_the_hub_to_write_to_is_that_again_once_it_is_back():
    failed_over = choose(Wishes(), [gone(A, 0.0), B], 60.0)
    assert failed_over.write == "b"
    assert choose(Wishes(), [A, B], 61.0, failed_over).write == "a"


def test_with_all_of_them_gone_it_is_offline():
    choice = choose(Wishes(), [gone(A, 0.0), gone(B, 5.0)], 60.0)
    assert choice == Choice("a", "a", online=False)


def test_latency_follows_slowly():
    assert smoothed(None, 0.4) == 0.4
    assert smoothed(0.4, 0.8) == 0.5


seen = st.builds(
    Seen,
    st.sampled_from("abcd"),
    st.just("some hub"),
    st.none() | st.floats(0, 100),
    st.none() | st.floats(0, 10),
)


@given(st.lists(seen, min_size=1, unique_by=lambda hub: hub.id), st.floats(0, 200))
def test_what_is_read_from_is_there_whenever_any_is(hubs, now):
    choice = choose(Wishes(), hubs, now)
    there = {hub.id for hub in hubs if hub.gone_since is None}
    assert choice.online == bool(there)
    assert choice.read in there or not there
    assert choice.write in {hub.id for hub in hubs}
    if choice.again is not None:
        assert choice.again > now
    assert choose(Wishes(), hubs, now, choice) == choice
