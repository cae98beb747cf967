"""The journal must accept every true outcome and see every loss."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from journal import Journal, Verdict

FINE = Verdict([], [], [])
states = st.none() | st.integers(0, 3)
changes = st.dictionaries(st.sampled_from("abcde"), states, min_size=1)
outcomes = st.sampled_from(["acknowledged", "done, answer lost", "not done"])


@given(st.lists(st.tuples(changes, outcomes)))
def test_a_server_that_keeps_its_word_is_fine(history):
    journal, server = Journal(), {}
    for change, outcome in history:
        if outcome != "not done":
            server.update(change)
        if outcome == "acknowledged":
            journal.acknowledge(change)
        else:
            journal.doubt(change)
    assert journal.verdict(server) == FINE


@given(st.lists(changes, min_size=1), st.data())
def test_any_other_state_of_an_acknowledged_key_is_a_loss(history, data):
    journal, server = Journal(), {}
    for change in history:
        journal.acknowledge(change)
        server.update(change)
    key = data.draw(st.sampled_from(sorted(server)))
    server[key] = data.draw(states.filter(lambda state: state != server[key]))
    assert journal.verdict(server).lost == [key]


def test_half_a_group_is_seen():
    journal = Journal()
    journal.doubt({"a": 1, "b": 1, "c": 1})
    assert journal.verdict({"a": 1, "b": 1, "c": 1}) == FINE
    assert journal.verdict({}) == FINE
    assert journal.verdict({"a": 1}).half == ["a", "b", "c"]


def test_a_later_write_hides_its_part_of_a_group():
    journal = Journal()
    journal.doubt({"a": 1, "b": 1, "c": 1})
    journal.acknowledge({"a": 2})
    assert journal.verdict({"a": 2, "b": 1, "c": 1}) == FINE
    assert journal.verdict({"a": 2}) == FINE
    assert journal.verdict({"a": 2, "b": 1}).half == ["b", "c"]


def test_an_acknowledgement_ends_the_doubt():
    journal = Journal()
    journal.acknowledge({"a": 1})
    journal.doubt({"a": 2})
    assert journal.verdict({"a": 1}) == journal.verdict({"a": 2}) == FINE
    journal.acknowledge({"a": 2})
    assert journal.verdict({"a": 1}).lost == ["a"]


@pytest.mark.parametrize("state", [0, 7])
def test_a_key_that_nobody_wrote_is_strange(state):
    assert Journal().verdict({"x": state}).strange == ["x"]


def test_writes_are_counted():
    journal = Journal()
    journal.acknowledge({"a": 1, "b": 1})
    journal.doubt({"a": 2})
    assert (journal.acknowledged_writes, journal.unknown_writes) == (2, 1)
