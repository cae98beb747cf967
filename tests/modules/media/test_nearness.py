"""Which likenesses are near: the same answer as comparing all with all."""

from hypothesis import given
from hypothesis import strategies as st

from unibos.modules.media.duplicates import Group, grouped
from unibos.modules.media.nearness import NEAR, groups, near_pairs

BITS = 128


@st.composite
def likenesses(draw):
    """Some likenesses, and others that differ from them in a few bits."""
    found = draw(st.lists(st.integers(0, 2**BITS - 1), min_size=1, max_size=8))
    for _ in range(draw(st.integers(0, 12))):
        one = draw(st.sampled_from(found))
        for bit in draw(st.sets(st.integers(0, BITS - 1), max_size=NEAR + 2)):
            one ^= 1 << bit
        found.append(one)
    return draw(st.permutations(found))


@given(likenesses())
def test_all_pairs_that_are_near_are_found_and_no_others(values):
    truth = {
        (one, other)
        for other in range(len(values))
        for one in range(other)
        if (values[one] ^ values[other]).bit_count() <= NEAR
    }
    assert {tuple(sorted(pair)) for pair in near_pairs(values)} == truth


@given(likenesses())
def test_groups_are_what_pairs_join(values):
    found = groups(values)
    assert all(group == sorted(set(group)) and len(group) > 1 for group in found)
    place = {member: number for number, group in enumerate(found) for member in group}
    assert len(place) == sum(map(len, found)), "nothing is in two groups"
    for one, other in near_pairs(values):
        assert place[one] == place[other]
    for group in found:
        reached, open_ = {group[0]}, [group[0]]
        while open_:
            here = open_.pop()
            for other in group:
                if other not in reached and (values[here] ^ values[other]).bit_count() <= NEAR:
                    reached.add(other)
                    open_.append(other)
        assert reached == set(group), "each is near another one of its group"


def test_very_many_of_one_kind_do_not_take_the_square_of_their_number():
    # All have eight of their nine bands in common, so only the ninth is looked at.
    alike = [number << 112 for number in range(2000)]
    pairs = sum(1 for _ in near_pairs(alike))
    assert pairs == 0


def test_the_same_bytes_are_exact_and_the_same_picture_is_near():
    one, close, other = f"{0:032x}", f"{0b1011:032x}", f"{2**127 - 1:032x}"
    photos = [
        ("a", "sha-1", one),
        ("b", "sha-2", close),
        ("c", "sha-3", other),
        ("d", "sha-3", other),
        ("e", "sha-4", None),
        ("f", "sha-5", None),
        ("g", "sha-5", None),
        ("h", "sha-1", one),
    ]
    assert grouped(photos) == [
        Group(("a", "b", "h"), exact=False),
        Group(("c", "d"), exact=True),
        Group(("f", "g"), exact=True),
    ]
    assert grouped([]) == []
