"""The state machine finds bugs: each of those that are put in here on purpose."""

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from unibos.base.errors import Error
from unibos.core.store.tombstones import Acknowledged
from unibos.core.sync import collecting, merge
from unibos.core.sync.exchange import answer, applying, planner, pulling
from unibos.core.sync.exchange.applying import Applied

from .machine_world import CALM, Trouble
from .test_machine import LONG, Machine
from .test_machine_stories import NEW, story

HUB_A, HUB_B, HUB_C = ((("a", "hub"), CALM), (("b", "hub"), CALM), (("c", "hub"), CALM))
EXAMPLES = 1500


def last_arrival_wins(monkeypatch):
    """What comes last stays, whatever its clock says."""
    monkeypatch.setattr(merge, "_beats", lambda strategy, one, other: True)


def checkpoint_outside(monkeypatch):
    """That a batch has arrived is written down before it is kept."""
    real = applying.apply

    async def apply(local, org, peer, collection, changes, *, also=None, **more):
        if also is not None:
            await local.store.awrite(lambda tx: also(tx, Applied(0, exact=False)), org)
        return await real(local, org, peer, collection, changes, **more)

    for module in (answer, pulling):
        monkeypatch.setattr(module, "apply", apply)


def collected_early(monkeypatch):
    """A tombstone goes although not everybody has heard of it, and nobody is told."""
    monkeypatch.setattr(collecting, "acknowledged", lambda view, epoch, standing: Acknowledged())
    monkeypatch.setattr("unibos.core.store.collections.raise_horizon", lambda tx, name, seq: None)


def epoch_kept(monkeypatch):
    """A replica that was restored goes on counting as if nothing had been."""
    monkeypatch.setattr(planner, "holds_too_much", lambda mine, theirs, starts: False)


def start_overlooked(monkeypatch):
    """A replica that was restored takes what it gave before for what it gives now."""
    monkeypatch.setattr(planner, "_of_another_start", lambda head, starts: False)


def meet(*rounds, work=()):
    return "meet", {"work": list(work), "rounds": list(rounds)}


def put(place, plan=NEW, pick=0):
    return place, (0, pick, "put", plan)


STORIES = {
    last_arrival_wins: (
        "pages",
        meet(HUB_A, work=[put("a")]),
        meet(HUB_A, work=[put("a")]),
        ("again", {"number": 0}),
    ),
    checkpoint_outside: (
        "pages",
        meet(HUB_A, work=[put("a")]),
        meet((("c", "hub"), Trouble("crash", 0, "sync.applied"))),
    ),
    collected_early: (
        "pages",
        meet(HUB_A, HUB_B, work=[put("a")]),
        meet(HUB_A, work=[("a", (0, 0, "delete", NEW))]),
        ("collect", {"name": "hub", "kept": False, "days": 8}),
        ("collect", {"name": "a", "kept": False, "days": 8}),
    ),
    epoch_kept: (
        "pages",
        ("save", {"name": "hub"}),
        meet(HUB_A, HUB_C, work=[put("a")]),
        ("restored", {"name": "hub", "way": "folder"}),
        meet(HUB_C),
        meet(HUB_B, work=[put("b", pick=1)]),
    ),
    start_overlooked: (
        "pages",
        ("save", {"name": "hub"}),
        meet(HUB_A, HUB_C, work=[put("a")]),
        ("restored", {"name": "hub", "way": "folder"}),
        meet(HUB_B, work=[put("b", pick=1)]),
    ),
}


@pytest.mark.parametrize("bug", STORIES, ids=lambda bug: bug.__name__)
def test_a_story_shows_it(bug, monkeypatch):
    story(*STORIES[bug])
    bug(monkeypatch)
    with pytest.raises(AssertionError):
        story(*STORIES[bug])


@pytest.mark.skipif(not LONG, reason="part of make test-long")
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("bug", STORIES, ids=lambda bug: bug.__name__)
def test_the_machine_finds_it(bug, monkeypatch):
    """As a broken promise, or as a round that is refused though nothing was done wrong."""
    bug(monkeypatch)
    with pytest.raises((AssertionError, Error)):
        run_state_machine_as_test(
            Machine,
            settings=settings(
                max_examples=EXAMPLES,
                stateful_step_count=40,
                deadline=None,
                database=None,
                phases=[Phase.generate],
                report_multiple_bugs=False,
                suppress_health_check=list(HealthCheck),
            ),
        )
