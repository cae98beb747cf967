"""When the next round begins."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unibos.core.sync.schedule.pace import Pace, Standing, after_failure, due

PACE = Pace(interval_s=300.0, gather_s=0.03, retry_s=1.0, longest_s=300.0)


def test_the_first_one_begins_at_once():
    assert due(PACE, Standing()) == float("-inf")


@pytest.mark.parametrize(("chance", "seconds"), [(0.0, 270.0), (0.5, 300.0), (1.0, 330.0)])
def test_with_nothing_new_it_is_the_interval(chance, seconds):
    assert due(PACE, Standing(ended=1000.0, chance=chance)) == pytest.approx(1000.0 + seconds)


def test_a_change_waits_for_those_right_behind_it():
    assert due(PACE, Standing(ended=1000.0, changed=1010.0)) == pytest.approx(1010.03)


def test_news_do_not_wait():
    assert due(PACE, Standing(ended=1000.0, news=True)) == 1000.0


def test_news_that_bring_nothing_wait_ever_longer():
    waits = [
        due(PACE, Standing(ended=0.0, news=True, empty=empty, chance=1.0)) for empty in range(5)
    ]
    assert waits == [0.0, 0.0, 1.0, 2.0, 4.0]
    changed = Standing(ended=0.0, news=True, empty=5, changed=1.0)
    assert due(PACE, changed) == 1.03, "what is new here does not wait for that"


def test_after_a_failure_changes_and_news_wait_as_well():
    standing = Standing(ended=1000.0, failures=3, changed=1001.0, news=True, chance=1.0)
    assert due(PACE, standing) == 1004.0


@pytest.mark.parametrize(
    ("failures", "least", "most"), [(1, 0.5, 1), (2, 1, 2), (9, 128, 256), (10, 150, 300)]
)
def test_it_backs_off_to_five_minutes(failures, least, most):
    assert after_failure(PACE, failures, 0.0) == least
    assert after_failure(PACE, failures, 1.0) == most


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_it_never_gives_up_and_never_hammers(failures, chance):
    assert 0.5 <= after_failure(PACE, failures, chance) <= 300.0
