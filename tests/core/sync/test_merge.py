"""Merging agrees everywhere, whatever the order, and loses nothing silently."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unibos.base.ids import is_id, made_at_ms
from unibos.core.store.definitions import Strategy
from unibos.core.store.versions import Version
from unibos.core.sync.merge import Lost, merge

from .merge_network import Network, Replica, networks, play, replicas, rewritten, steps

NAME = ("notes", "one")
WHOLE = (Strategy.RECORD, Strategy.BOTH, Strategy.MANUAL)
strategies = pytest.mark.parametrize("strategy", list(Strategy))


def version(hlc, origin, fields, clocks=None, seen=None):
    return Version((hlc, origin), fields, clocks or {}, seen or {})


def join(strategy, mine, theirs, **more):
    return merge(strategy, mine, theirs, name=NAME, **more)


BASE = version(1, "p", {"title": "x", "body": "y"})
TITLE = rewritten(BASE, {"title": "p's", "body": "y"}, (5, "p"))
BODY = rewritten(BASE, {"title": "x", "body": "q's"}, (7, "q"))


@strategies
def test_a_first_version_is_taken_as_it_is(strategy):
    merged = join(strategy, None, BODY)
    assert (merged.version, merged.changed, merged.needed, merged.lost) == (BODY, True, False, ())


@strategies
def test_a_later_version_replaces_what_it_knows(strategy):
    for mine, theirs in ((BASE, BODY), (BODY, BASE)):
        merged = join(strategy, mine, theirs)
        assert (merged.version, merged.lost) == (BODY, ())
        assert merged.changed is (mine is BASE)
        assert merged.needed is (mine is BODY)


def test_fields_of_both_sides_keep_their_clocks():
    merged = join(Strategy.FIELDS, TITLE, BODY)
    assert merged.version == Version(
        (7, "q"), {"title": "p's", "body": "q's"}, {"title": (5, "p")}, {"p": 5}
    )
    assert (merged.changed, merged.needed, merged.lost) == (True, True, ())
    assert merged.version.authors() == {"p", "q"}


def test_a_field_that_both_changed_goes_to_the_later_and_the_other_is_told():
    other = rewritten(BASE, {"title": "q's", "body": "y"}, (4, "q"))
    merged = join(Strategy.FIELDS, other, TITLE)
    assert merged.version.fields == TITLE.fields
    assert merged.lost == (Lost({"title": "q's"}, (4, "q"), mine=True),)
    assert join(Strategy.FIELDS, TITLE, other).lost[0].mine is False
    # Whoever gets the old version again knows it by now.
    assert join(Strategy.FIELDS, merged.version, other).lost == ()
    # Restoring is a write like any other.
    restored = rewritten(merged.version, {"title": "q's", "body": "y"}, (9, "r"))
    for late in (other, TITLE):
        assert join(Strategy.FIELDS, late, restored).version == restored
        assert join(Strategy.FIELDS, late, restored).lost == ()


def test_the_same_value_twice_is_no_conflict_but_true_is_not_one():
    def told(one, other):
        return join(Strategy.FIELDS, version(4, "p", {"a": one}), version(5, "q", {"a": other}))

    assert told(1, 1).lost == ()
    for other in (True, 1.0):
        assert told(1, other).lost == (Lost({"a": 1}, (4, "p"), mine=True),)
        assert join(Strategy.FIELDS, version(4, "p", {"a": 1}), version(4, "p", {"a": other})).lost


def test_a_removed_field_stays_removed_through_merges():
    removed = rewritten(BASE, {"title": "x"}, (5, "p"))
    merged = join(Strategy.FIELDS, removed, rewritten(BASE, {**BASE.fields, "tag": 1}, (7, "q")))
    assert merged.version.fields == {"title": "x", "tag": 1}
    assert merged.version.clocks["body"] == (5, "p")
    late = rewritten(BASE, {**BASE.fields, "body": "late"}, (4, "r"))
    merged = join(Strategy.FIELDS, merged.version, late)
    assert "body" not in merged.version.fields
    assert merged.lost == (Lost({"body": "late"}, (4, "r"), mine=False),)


@pytest.mark.parametrize("strategy", [Strategy.FIELDS, *WHOLE])
def test_between_a_deletion_and_a_change_the_later_wins(strategy):
    deleted = rewritten(BASE, None, (6, "r"))
    merged = join(strategy, deleted, BODY)
    assert merged.version == Version((7, "q"), BODY.fields, BODY.clocks, {"p": 1, "r": 6})
    assert merged.lost == ()
    merged = join(strategy, TITLE, deleted)
    assert merged.version == Version((6, "r"), None, {}, {"p": 5})
    (lost,) = merged.lost
    assert (lost.fields, lost.clock, lost.mine) == (TITLE.fields, (5, "p"), True)
    assert (lost.copy is not None) == (strategy is Strategy.BOTH)
    assert join(strategy, BASE, deleted).lost == ()


def test_a_deletion_that_knew_only_a_part_tells_what_it_took():
    both = join(Strategy.FIELDS, TITLE, BODY).version
    merged = join(Strategy.FIELDS, both, rewritten(BODY, None, (8, "r")))
    assert merged.version.fields is None
    assert merged.lost == (Lost(both.fields, (7, "q"), mine=True),)


def test_a_record_made_anew_does_not_get_back_what_was_deleted():
    anew = rewritten(rewritten(BASE, None, (6, "r")), {"title": "anew"}, (8, "r"))
    assert join(Strategy.FIELDS, BASE, anew).version == anew
    merged = join(Strategy.FIELDS, BODY, anew)
    assert merged.version.fields == {"title": "anew", "body": "q's"}


@pytest.mark.parametrize("strategy", WHOLE)
def test_a_whole_version_wins_and_the_other_is_told_whole(strategy):
    for mine, theirs in ((TITLE, BODY), (BODY, TITLE)):
        merged = join(strategy, mine, theirs)
        assert merged.version == Version((7, "q"), BODY.fields, BODY.clocks, {"p": 5})
        (lost,) = merged.lost
        assert (lost.fields, lost.clock) == (TITLE.fields, (5, "p"))
        assert lost.mine is (mine is TITLE)


def test_first_keeps_the_oldest_of_concurrent_versions():
    old, new = version(3, "p", {"a": 1}), version(5, "q", {"a": 2})
    merged = join(Strategy.FIRST, new, old)
    assert merged.version == Version((3, "p"), {"a": 1}, {}, {"q": 5})
    assert merged.lost == (Lost({"a": 2}, (5, "q"), mine=True),)
    # Both have seen the same: the older still wins, and both were told of before.
    same_seen = version(5, "q", {"a": 2}, seen={"p": 3})
    assert join(Strategy.FIRST, merged.version, same_seen).version == merged.version
    assert join(Strategy.FIRST, same_seen, merged.version).lost == ()
    edited = rewritten(merged.version, {"a": 3}, (9, "q"))
    assert join(Strategy.FIRST, merged.version, edited).version == edited


def test_the_copy_of_a_loser_is_the_same_everywhere():
    third = rewritten(BASE, {"title": "r's", "body": "y"}, (3, "r"))
    straight = join(Strategy.BOTH, TITLE, BODY).lost[0].copy
    roundabout = join(Strategy.BOTH, BODY, join(Strategy.BOTH, third, TITLE).version).lost[0].copy
    assert straight == roundabout
    id_, copy = straight
    assert is_id(id_)
    assert made_at_ms(id_) == TITLE.clock[0] >> 16
    assert (copy.fields, copy.clock, copy.authors()) == (TITLE.fields, TITLE.clock, {"p"})
    elsewhere = merge(Strategy.BOTH, TITLE, BODY, name=("notes", "two")).lost[0].copy
    another = join(Strategy.BOTH, third, BODY).lost[0].copy
    assert len({id_, elsewhere[0], another[0]}) == 3


@strategies
def test_one_reading_of_two_clones_is_decided_by_content(strategy):
    one, other = version(5, "p", {"a": 1}), version(5, "p", {"a": 2})
    for mine, theirs in ((one, other), (other, one)):
        merged = join(strategy, mine, theirs)
        assert merged.version == other
        assert [(lost.fields, lost.mine) for lost in merged.lost] == [({"a": 1}, mine is one)]


@strategies
def test_a_suspect_changes_what_is_told_and_not_what_wins(strategy):
    earlier, later = version(5, "p", {"a": 1}), version(6, "p", {"a": 2})
    for mine, theirs in ((earlier, later), (later, earlier)):
        trusting = join(strategy, mine, theirs)
        doubting = join(strategy, mine, theirs, suspicious=True)
        assert trusting.version == doubting.version == later
        assert trusting.lost == ()
        assert doubting.lost == (Lost({"a": 1}, (5, "p"), mine is earlier),)
    # Another instance's vector names the very write: no doubt.
    sure = rewritten(earlier, {"a": 2}, (6, "q"))
    assert join(strategy, earlier, sure, suspicious=True).lost == ()


def test_equal_states_are_equal_objects():
    loose = Version((5, "p"), {"a": 1}, {"a": (5, "p"), "b": (5, "p")}, {"p": 4, "q": 2})
    assert loose.normal() == Version((5, "p"), {"a": 1}, {"b": (5, "p")}, {"q": 2})
    assert Version((5, "p"), None, {"a": (1, "q")}, {"p": 9}).normal().clocks == {}
    merged = join(Strategy.FIELDS, loose.normal(), loose)
    assert (merged.changed, merged.needed) == (False, False)


stamps = st.tuples(st.integers(1, 4), st.sampled_from("pqr"))
any_version = st.builds(
    Version,
    stamps,
    st.none() | st.dictionaries(st.sampled_from("abc"), st.sampled_from((1, True, 1.0, "x", []))),
    st.dictionaries(st.sampled_from("abcd"), stamps),
    st.dictionaries(st.sampled_from("pqr"), st.integers(1, 4)),
)


@strategies
@given(one=any_version, other=any_version)
def test_merging_is_commutative_and_idempotent_even_on_nonsense(strategy, one, other):
    merged = join(strategy, one, other)
    turned = join(strategy, other, one)
    assert merged.version.equals(turned.version)
    assert merged.version.normal() is merged.version
    assert {(lost.clock, not lost.mine) for lost in merged.lost} == {
        (lost.clock, lost.mine) for lost in turned.lost
    }
    for part in (one, other, merged.version):
        again = join(strategy, merged.version, part)
        assert not again.changed
        assert join(strategy, part, merged.version).version.equals(merged.version)
        assert merged.version.knows(part.clock)
        assert all(merged.version.knows((hlc, origin)) for origin, hlc in part.seen.items())


@pytest.mark.parametrize(("strategy", "deletes"), [("fields", False), ("record", True)])
@given(data=st.data())
def test_merging_is_associative(strategy, deletes, data):
    strategy = Strategy(strategy)
    network = data.draw(networks((strategy,), deletes=deletes).filter(lambda n: n.history))
    one, two, three = (data.draw(st.sampled_from(network.history)) for _ in range(3))
    left = join(strategy, join(strategy, one, two).version, three).version
    right = join(strategy, one, join(strategy, two, three).version).version
    assert left.equals(right)


@strategies
@given(data=st.data())
def test_replicas_agree_and_nothing_is_lost_silently(strategy, data):
    network = data.draw(networks((strategy,)))
    network.settle()
    # With copies, nothing needs the log.
    assert not network.missing(logged=strategy is not Strategy.BOTH)


@strategies
@given(some=replicas(), path=steps())
def test_clones_are_found_out_and_nothing_is_lost_silently(strategy, some, path):
    clone = Replica(some[0].origin, some[0].skew)
    for lane, replica in enumerate([*some, clone]):
        replica.lane = lane
    network = Network(strategy, [*some, clone], suspicious=True)
    play(network, path).settle()
    assert not network.missing()


def test_a_value_that_another_write_of_the_same_reading_does_not_have_is_told():
    """A restored instance whose clock went back, too, gave one reading to two writes."""
    one, other = version(5, "p", {"title": "x"}), version(5, "p", {})
    for mine, theirs in ((one, other), (other, one)):
        merged = join(Strategy.FIELDS, mine, theirs, suspicious=True)
        assert merged.version.fields == {}
        assert merged.lost == (Lost({"title": "x"}, (5, "p"), mine is one),)
