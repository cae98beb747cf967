"""The order of an album's members after some were put somewhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unibos.base.errors import Invalid
from unibos.modules.media.albums.albums import placing

NAMES = st.sampled_from("abcdefghij")


@given(st.lists(NAMES, unique=True), st.lists(NAMES, min_size=1), st.data())
def test_members_stand_together_before_the_next_one_and_none_is_lost(present, members, data):
    moved = list(dict.fromkeys(members))
    rest = [one for one in present if one not in moved]
    before = data.draw(st.sampled_from([None, *rest]))
    placed = placing(present, members, before)
    assert sorted(placed) == sorted({*present, *members})
    assert [one for one in placed if one not in moved] == rest, "the others keep their order"
    start = placed.index(moved[0])
    assert placed[start : start + len(moved)] == moved
    follower = placed[start + len(moved)] if start + len(moved) < len(placed) else None
    assert follower == before


@given(st.lists(NAMES, unique=True), st.lists(NAMES, min_size=1))
def test_before_one_that_moves_or_is_no_member_is_nowhere(present, members):
    for nowhere in (members[0], "z"):
        with pytest.raises(Invalid):
            placing(present, members, nowhere)
