"""Stories that the state machine found, each as short as it gets."""

import pytest

from unibos.core.store.definitions import Export

from .machine_world import CALM, Trouble
from .test_machine import Machine

NEW = {"a": "new", "b": "new"}
LOST = Trouble("cut", 1, "answered")


def story(focus, *steps):
    """Play steps of the machine, then let all heal."""
    machine = Machine()
    machine.begin(focus=[focus], work=[], shared=False)
    try:
        for name, more in steps:
            getattr(machine, name)(**more)
    except BaseException:
        machine.world.close()
        raise
    machine.teardown()


def test_a_peer_that_lets_nothing_go_any_more_is_not_asked_for_it():
    story(
        "notes",
        ("meet", {"work": [("a", (0, 0, "put", NEW))], "rounds": [(("a", "b"), LOST)]}),
        ("policy", {"name": "b", "number": 0, "wanted": Export.LOCAL}),
    )


def test_a_clone_hears_what_its_original_does_not_let_go_any_more():
    story(
        "notes",
        ("write", {"work": [("b", (0, 0, "put", NEW))]}),
        ("clone", {"name": "b"}),
        ("policy", {"name": "b", "number": 0, "wanted": Export.NODES}),
    )


def test_a_record_that_comes_out_of_quarantine_brings_its_collection_along():
    story(
        "plans",
        ("skew", {"name": "a", "ahead": -600}),
        ("write", {"work": [("b", (0, 0, "put", NEW))]}),
        ("half", {"link": ("b", "a"), "pull": False}),
    )


def test_a_clone_of_which_more_was_let_go_meanwhile_is_recognised():
    story(
        "pages",
        ("clone", {"name": "a"}),
        ("policy", {"name": "a", "number": 0, "wanted": Export.LOCAL}),
        ("policy", {"name": "a", "number": 0, "wanted": Export.NODES}),
        ("write", {"work": [("c", (0, 0, "create", NEW)), ("a", (0, 0, "create", NEW))]}),
    )


def test_a_policy_goes_to_who_names_a_collection_that_it_does_not_reach():
    story(
        "plans",
        ("write", {"work": [("b", (0, 0, "put", NEW))]}),
        ("meet", {"work": [], "rounds": [(("b", "hub"), CALM), (("a", "b"), CALM)]}),
        ("policy", {"name": "b", "number": 0, "wanted": Export.LOCAL}),
        ("half", {"link": ("a", "b"), "pull": True}),
        ("policy", {"name": "a", "number": 0, "wanted": Export.NODES}),
        ("meet_calmly", {"link": ("a", "hub")}),
    )


def test_a_census_is_taken_once_for_what_was_forgotten_last():
    story(
        "pages",
        ("write", {"work": [("b", (0, 0, "put", NEW)), ("b", (0, 1, "put", NEW))]}),
        ("write", {"work": [("b", (0, 1, "delete", NEW))]}),
        ("collect", {"name": "b", "kept": False, "days": 8}),
    )


def test_what_waits_in_quarantine_is_not_overtaken_by_what_a_restore_left():
    b_to_hub = ("meet", {"work": [], "rounds": [(("b", "hub"), CALM)]})
    story(
        "pages",
        ("write", {"work": [("b", (0, 0, "put", NEW))]}),
        ("skew", {"name": "b", "ahead": 3600}),
        ("save", {"name": "b"}),
        ("write", {"work": [("b", (0, 0, "patch", NEW))]}),
        b_to_hub,
        ("restored", {"name": "b", "way": "database"}),
        b_to_hub,
    )


def test_a_hub_that_is_restored_to_a_life_before_its_last_one_is_recognised():
    def again(*before):
        return "restore", {"name": "hub", "way": "folder", "before": before, "after": []}

    story(
        "pages",
        ("save", {"name": "hub"}),
        again(("b", (0, 0, "create", NEW))),
        ("policy", {"name": "a", "number": 0, "wanted": Export.LOCAL}),
        again(),
        again(("b", (0, 2, "delete", NEW))),
    )


def test_a_deletion_goes_to_who_took_the_record_when_it_was_the_one_to_ask():
    story(
        "family",
        ("write", {"work": [("a", (0, 0, "put", NEW))]}),
        ("meet", {"work": [("b", (0, 1, "put", NEW))], "rounds": [(("b", "a"), CALM)]}),
        ("write", {"work": [("a", (0, 0, "delete", NEW))]}),
    )


def test_a_restored_hub_that_went_on_before_it_met_who_knew_more():
    def meet(pick, *names):
        return "meet", {
            "work": [(names[0], (0, pick, "put", NEW))],
            "rounds": [((name, "hub"), CALM) for name in names],
        }

    story(
        "pages",
        ("save", {"name": "hub"}),
        meet(0, "a", "c"),
        ("restored", {"name": "hub", "way": "folder"}),
        meet(1, "b"),
    )


def test_a_restore_takes_the_only_trace_of_what_lost_elsewhere():
    hub_b, hub_c = (("b", "hub"), CALM), (("c", "hub"), CALM)
    story(
        "pages",
        ("meet", {"work": [("c", (0, 0, "put", NEW))], "rounds": [hub_c, hub_b]}),
        ("save", {"name": "b"}),
        ("write", {"work": [("c", (0, 0, "put", NEW))]}),
        ("half", {"link": ("c", "hub"), "pull": False}),
        ("wait", {"seconds": 1}),
        ("meet", {"work": [("b", (0, 0, "put", NEW))], "rounds": [hub_b]}),
        ("restored", {"name": "b", "way": "folder"}),
    )


def test_a_push_that_comes_again_takes_back_nothing_that_is_held():
    story(
        "family",
        ("meet", {"work": [("b", (0, 0, "put", NEW))], "rounds": [(("b", "a"), CALM)]}),
        ("meet", {"work": [("b", (0, 1, "put", NEW))], "rounds": [(("a", "b"), CALM)]}),
        ("again", {"number": 0}),
        ("write", {"work": [("b", (0, 1, "delete", NEW))]}),
    )


def test_a_push_from_before_a_restore_does_not_stand_for_what_was_lost():
    b_to_a = ("meet", {"work": [], "rounds": [(("b", "a"), CALM)]})
    story(
        "family",
        b_to_a,
        ("save", {"name": "a"}),
        ("write", {"work": [("b", (0, 0, "put", NEW))]}),
        b_to_a,
        ("write", {"work": [("b", (0, 1, "put", NEW))]}),
        b_to_a,
        ("restored", {"name": "a", "way": "folder"}),
        ("again", {"number": 1}),
    )


def test_a_reading_that_was_given_twice_is_two_writes():
    story(
        "family",
        ("save", {"name": "a"}),
        (
            "meet",
            {
                "work": [("a", (0, 0, "put", {"a": "keep", "b": "keep"}))],
                "rounds": [(("b", "a"), CALM)],
            },
        ),
        ("restored", {"name": "a", "way": "folder"}),
        ("write", {"work": [("a", (0, 0, "put", NEW))]}),
    )


def test_who_finds_out_that_it_was_restored_takes_nothing_for_known():
    story(
        "family",
        ("save", {"name": "a"}),
        (
            "meet",
            {
                "work": [("a", (0, 0, "put", NEW)), ("a", (0, 0, "patch", NEW))],
                "rounds": [(("b", "a"), CALM)],
            },
        ),
        ("restored", {"name": "a", "way": "folder"}),
        ("write", {"work": [("a", (0, 0, "put", NEW))]}),
    )


def test_what_waits_in_quarantine_is_not_overtaken_by_what_was_written_after_a_restore():
    c_to_hub = ("meet", {"work": [], "rounds": [(("c", "hub"), CALM)]})
    story(
        "notes",
        ("meet", {"work": [("a", (0, 0, "put", NEW))], "rounds": [(("a", "hub"), CALM)]}),
        ("save", {"name": "hub"}),
        ("skew", {"name": "c", "ahead": -600}),
        ("write", {"work": [("hub", (0, 0, "put", NEW))]}),
        c_to_hub,
        ("restored", {"name": "hub", "way": "database"}),
        c_to_hub,
        ("write", {"work": [("hub", (0, 0, "put", NEW))]}),
    )


@pytest.mark.parametrize("seconds", [0, 60])
@pytest.mark.parametrize("focus", ["notes", "pages", "ledger", "letters", "plans"])
def test_what_gives_its_place_in_quarantine_to_another_life_is_told(focus, seconds):
    put = "hub", (0, 0, "put", NEW)
    story(
        focus,
        ("meet", {"work": [("a", (0, 0, "put", NEW))], "rounds": [(("a", "hub"), CALM)]}),
        ("save", {"name": "hub"}),
        ("skew", {"name": "c", "ahead": -600}),
        ("meet", {"work": [put], "rounds": [(("c", "hub"), CALM)]}),
        ("wait", {"seconds": seconds}),
        ("restore", {"name": "hub", "way": "database", "before": [], "after": [put]}),
    )


@pytest.mark.parametrize("focus", ["notes", "pages", "ledger", "letters", "plans"])
def test_a_loss_that_another_hears_of_only_through_the_hub(focus):
    story(
        focus,
        ("save", {"name": "a"}),
        ("meet", {"work": [("a", (0, 0, "put", NEW))], "rounds": [(("b", "a"), CALM)]}),
        ("restored", {"name": "a", "way": "renewed"}),
        ("write", {"work": [("a", (0, 0, "put", NEW))]}),
        ("meet", {"work": [], "rounds": [(("a", "hub"), CALM), (("b", "hub"), CALM)]}),
    )
