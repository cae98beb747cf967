"""Nodes that mean harm to their hub, by the jobs that they hand over."""

import json
from concurrent.futures import ThreadPoolExecutor
from copy import copy

import pytest

from tests.attacks.conftest import code, sent_as_it_is
from tests.box import RunningHub
from tests.hand import Hand
from tests.machine import Machine
from unibos.core.jobs.handing.messages import MOST_HANDED

PING = {
    "attempt": 1,
    "kind": "care.ping",
    "version": 1,
    "queue": "default",
    "priority": 0,
    "locality": "any",
}
FACTS = {"kinds": dict.fromkeys(("care.ping", "wimm.sum", "cctv.look", "WIMM.sum"), 2**70)}
GONE = (404, "handover_not_found")


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    """A hub with a worker that says it can do anything."""
    with RunningHub(tmp_path_factory.mktemp("hub")) as running:
        running.set_up()
        hand = Hand(tmp_path_factory.mktemp("hand"), running.client())
        hand.enroll(running.join_token(role="worker", all_orgs=True)).raise_for_status()
        hand.sign(facts=FACTS).raise_for_status()
        running.hand = hand
        running.other = running.second_org("Other", "stranger@example.net")
        yield running


@pytest.fixture
def join(hub, tmp_path):
    def made(name, asker=None):
        machine = Machine(tmp_path / name, hub.client(), name)
        machine.enroll(hub.join_token(asker)).raise_for_status()
        return machine

    return made


def hand_over(machine, job, **changed):
    return machine.ask("PUT", f"/api/v1/handovers/{job}", PING | changed)


def standing(machine):
    answer = machine.ask("POST", "/api/v1/handovers/watch", {"known": {}})
    return [each["job"] for each in answer.json()["items"]]


@pytest.mark.parametrize("kind", ["wimm.sum", "cctv.look", "documents.sensitive.read"])
def test_what_must_stay_is_refused_by_the_hub_too(join, kind):
    machine = join("node")
    assert code(hand_over(machine, "stays", kind=kind)) == (403, "job_stays")
    assert standing(machine) == []


@pytest.mark.parametrize("locality", ["node_only", "attached"])
def test_what_says_itself_that_it_stays_is_refused(join, locality):
    assert code(hand_over(join("node"), "near", locality=locality)) == (403, "job_stays")


def test_the_name_of_a_kind_is_its_name_to_the_letter(join):
    assert code(hand_over(join("node"), "loud", kind="WIMM.sum")) == (409, "no_worker")


@pytest.mark.parametrize(
    "changed",
    [
        {"attempt": 2**70},
        {"attempt": 0},
        {"version": 2**70},
        {"priority": 2**70},
        {"priority": -(2**70)},
        {"memory_mb": -1},
        {"memory_mb": 2**70},
        {"requires": ["x"] * 1000},
        {"prefer_seconds": 1e300},
        {"input": {"sha256": "0" * 64, "size": -1}},
        {"input": {"sha256": "0" * 64, "size": 2**70}},
        {"input": {"sha256": "../../etc/passwd", "size": 1}},
        {"owner": "somebody"},
    ],
)
def test_no_number_is_too_large_to_be_refused(join, changed):
    machine = join("node")
    assert hand_over(machine, "odd", **changed).status_code == 400
    assert standing(machine) == []


@pytest.mark.parametrize("depth", [150, 960, 975])
def test_arguments_without_a_bottom_are_refused(join, depth):
    machine = join("node")
    body = json.dumps(PING)[:-1] + ', "args": {"a": "' + "x" * 100_000 + '", "b": '
    body += "[" * depth + "]" * depth + "}}"
    answer = sent_as_it_is(machine, "PUT", "/api/v1/handovers/deep", body)
    assert answer.status_code in (400, 422)
    assert standing(machine) == []


def test_as_many_as_may_be_here_and_not_one_more_however_fast_they_come(hub, join):
    machine = join("node")
    same = [copy(machine) for _ in range(8)]
    for each in same:
        # One connection would have them come one after the other.
        each._client = hub.client()

    def some(number):
        jobs = (f"many-{number}-{each}" for each in range(40))
        return [hand_over(same[number], job).status_code for job in jobs]

    with ThreadPoolExecutor(len(same)) as pool:
        answers = [status for found in pool.map(some, range(len(same))) for status in found]
    assert set(answers) == {200, 429}
    assert len(standing(machine)) == MOST_HANDED == answers.count(200)


def test_nobody_reaches_what_another_node_handed_over(hub, join):
    mine, neighbour = join("mine"), join("neighbour")
    stranger = join("stranger", hub.other.client)
    assert hand_over(mine, "job-1", args={"text": "a secret"}).status_code == 200
    for thief in (neighbour, stranger):
        assert standing(thief) == []
        got = thief.ask("GET", "/api/v1/handovers/job-1?attempt=1").json()
        assert (got["state"], got["result"]) == ("gone", None)
        path = "/api/v1/handovers/job-1/outputs/x?attempt=1"
        assert code(thief.ask("GET", path)) == GONE
        assert thief.ask("DELETE", "/api/v1/handovers/job-1?attempt=9").json()["dropped"]
        # Forgotten is what the thief had there, and that is nothing.
        assert standing(mine) == ["job-1"]
    assert code(hand_over(neighbour, "job-1", attempt=7)) == (409, "handover_of_another")
    assert hand_over(stranger, "job-1", attempt=7).status_code == 200
    assert mine.ask("GET", "/api/v1/handovers/job-1?attempt=1").json()["state"] == "queued"


def test_a_worker_and_a_person_hand_nothing_over(hub):
    answer = hub.hand.ask("PUT", "/api/v1/handovers/job-2", PING)
    assert answer.status_code in (401, 403)
    assert hub.owner.put("/api/v1/handovers/job-2", json=PING).status_code in (401, 403)


def test_an_id_that_climbs_is_but_an_id(hub, join):
    machine = join("node")
    for id_ in ("%2e%2e%2f%2e%2e%2fup", "..%2fup", "a%00b", "'--", "%c3%a4" * 50):
        answer = machine.ask("PUT", f"/api/v1/handovers/{id_}", PING)
        assert answer.status_code in (200, 400, 404, 405)
    assert not [one for one in hub.folder.rglob("*up*") if "backup" not in one.name]
