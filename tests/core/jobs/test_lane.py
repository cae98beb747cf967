"""Lanes: how many jobs are claimed for some slots."""

from unibos.core.jobs.lane import Lane


def test_a_lane_claims_ahead_only_what_takes_moments():
    lane = Lane([], slots=2, ahead=True)
    assert lane.room == 4
    assert [lane.enter(("job", number)) for number in range(3)] == [True, True, False]
    assert lane.waiting == [("job", 2)]
    assert lane.leave(1.0) == ("job", 2)
    for _ in range(5):
        lane.leave(1.0)
        lane.enter(("job", 9))
    assert lane.room == 0
    for _ in range(100):
        lane.leave(0.0001)
        lane.enter(("job", 9))
    assert lane.room > 20


def test_a_lane_without_slots_claims_nothing():
    assert Lane([], slots=0).room == 0
    assert Lane([], slots=0, ahead=True).room == 0
