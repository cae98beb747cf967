"""Workers join, live, are told of and are revoked; and reach nothing but their leases."""

import json
import threading

import pytest

from tests.attacks.conftest import code
from tests.box import Running, RunningHub
from tests.hand import FACTS, Hand
from tests.machine import Machine

WORKERS, TOKENS = "/api/v1/workers", "/api/v1/tokens"
DOCUMENT = {"content-type": "text/plain", "x-filename": "letter.txt"}


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    with RunningHub(tmp_path_factory.mktemp("hub")) as running:
        running.set_up()
        running.other = running.second_org("Other", "stranger@example.net")
        yield running


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    """A node that leaves heavy work to workers."""
    folder = tmp_path_factory.mktemp("node")
    with Running(folder, {"jobs.heavy": 0}) as running:
        running.set_up()
        yield running


@pytest.fixture(params=["node", "hub"])
def source(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def hand(source, tmp_path):
    """A worker of the source's own org."""
    made = Hand(tmp_path / "hand", source.client())
    made.enroll(source.join_token(role="worker")).raise_for_status()
    yield made
    source.owner.delete(f"{WORKERS}/{made.key.id}")
    source.owner.delete(f"{WORKERS}/{made.key.id}?purge=true")


def listed(source):
    return {one["id"]: one for one in source.owner.get(WORKERS).json()["items"]}


def test_a_worker_joins_is_listed_and_gets_another_name(source, tmp_path):
    hand = Hand(tmp_path / "hand", source.client(), "attic")
    text = source.join_token(role="worker", uses=1)
    answer = hand.enroll(text)
    told = answer.json()
    assert answer.status_code == 201
    assert (told["name"], told["all_orgs"], told["source"]) == ("attic", False, hand.hub)
    assert told["role"] in source.client().get("/health").json()["roles"]
    # The answer was lost: asked again, the same token answers again, and no other worker.
    assert hand.enroll(text).status_code == 201
    assert code(Hand(tmp_path / "other", source.client()).enroll(text)) == (409, "join_token_used")
    shown = listed(source)[hand.key.id]
    assert (shown["name"], shown["state"], shown["facts"]) == ("attic", "online", FACTS)
    one = f"{WORKERS}/{hand.key.id}"
    assert source.owner.patch(one, json={"name": "cellar"}).json()["name"] == "cellar"
    assert source.owner.get(one).json()["name"] == "cellar"
    assert code(source.owner.delete(one, params={"purge": "true"})) == (409, "worker_active")
    assert hand.ask("POST", f"{WORKERS}/leave").status_code == 204
    assert hand.key.id not in listed(source)
    assert code(hand.sign()) == (401, "machine_token_invalid")


def test_a_token_is_for_what_it_says(hub, node, tmp_path):
    machine = Machine(tmp_path / "machine", hub.client())
    wrong = (403, "join_token_role_wrong")
    assert code(machine.enroll(hub.join_token(role="worker"))) == wrong
    hand = Hand(tmp_path / "hand", hub.client())
    assert code(hand.enroll(hub.join_token())) == wrong
    for source, asked in (
        (node, {}),
        (node, {"role": "worker", "all_orgs": True}),
        (hub, {"all_orgs": True}),
    ):
        answer = source.owner.post(TOKENS, json=asked)
        assert code(answer) in ((422, "join_role_invalid"), (403, "operator_required"))


def test_workers_for_all_orgs_are_the_operators(hub, tmp_path):
    asked = {"role": "worker", "all_orgs": True}
    assert code(hub.other.client.post(TOKENS, json=asked)) == (403, "operator_required")
    elsewhere = hub.local().post(TOKENS, json=asked, headers={"unibos-org": hub.other.org})
    assert code(elsewhere) == (422, "join_role_invalid")
    hand = Hand(tmp_path / "hand", hub.client(), "for all")
    told = hand.enroll(hub.join_token(**asked)).json()
    assert told["all_orgs"]
    assert listed(hub)[hand.key.id]["all_orgs"]
    # It belongs to the hub's own org, and others have no say over it.
    one = f"{WORKERS}/{hand.key.id}"
    assert code(hub.other.client.delete(one)) == (404, "worker_not_found")
    assert hub.other.client.get(WORKERS).json()["items"] == []


def test_only_admins_let_workers_in_and_out(source, hand):
    role = source.owner.get("/api/v1/me").json()
    assert role
    nobody = source.client()
    one = f"{WORKERS}/{hand.key.id}"
    for answer in (nobody.get(WORKERS), nobody.delete(one), nobody.post(TOKENS, json={})):
        assert answer.status_code == 401


def test_a_revoked_worker_is_out_at_once(source, tmp_path):
    hand = Hand(tmp_path / "hand", source.client())
    hand.enroll(source.join_token(role="worker")).raise_for_status()
    waiting = []
    thread = threading.Thread(target=lambda: waiting.append(hand.claim(wait_seconds=30)))
    other = Hand(tmp_path / "hand", source.client())
    other.hub, other._tokens = hand.hub, hand._tokens
    assert other.sign().status_code == 200
    thread.start()
    one = f"{WORKERS}/{hand.key.id}"
    assert source.owner.delete(one).status_code == 204
    # Its claim is answered, and not after half a minute.
    thread.join(25)
    assert not thread.is_alive()
    # Revoked while it waited, while its body was read, or before.
    told = (200, None), (401, "token_expired"), (403, "worker_revoked")
    assert (waiting[0].status_code, waiting[0].json().get("code")) in told
    for answer in (other.sign(), other.claim(), other.ask("POST", f"{WORKERS}/leave")):
        assert code(answer) == (403, "worker_revoked")
    assert listed(source)[hand.key.id]["state"] == "revoked"
    assert source.owner.delete(one, params={"purge": "true"}).status_code == 204
    assert code(other.sign()) == (401, "machine_token_invalid")


def test_a_worker_reaches_nothing_but_its_leases(source, hand):
    """Every endpoint is asked with a worker's token; only its own take it."""
    paths = source.client().get("/openapi.json").json()["paths"]
    reached, tried = [], 0
    for path, methods in sorted(paths.items()):
        for method, about in methods.items():
            if "x-role" not in about or about["x-role"] == "worker":
                continue
            tried += 1
            url = path.replace("{sha256}", "a" * 64).replace("{id}", hand.key.id)
            answer = hand.ask(method.upper(), url, {})
            if answer.status_code not in (401, 403):
                reached.append((method, path, answer.status_code, answer.text))
    assert reached == []
    assert tried > 60


def test_nobody_else_reaches_the_leases(source, hand):
    paths = source.client().get("/openapi.json").json()["paths"]
    own = [
        (method, path)
        for path, methods in paths.items()
        for method, about in methods.items()
        if about.get("x-role") == "worker"
    ]
    assert len(own) == 6
    for method, path in own:
        answer = source.owner.request(method, path.replace("{attempt}", "1"), json={})
        assert code(answer) == (401, "machine_token_invalid"), path
        nobody = source.client().request(method, path, json={})
        assert code(nobody) == (401, "token_missing"), path


def test_a_document_is_read_by_a_worker(node, tmp_path):
    hand = Hand(tmp_path / "hand", node.client())
    hand.enroll(node.join_token(role="worker")).raise_for_status()
    data = b"Corner Shop\nTotal 12.00 EUR\n" * 20
    made = node.owner.post("/api/v1/documents", content=data, headers=DOCUMENT).json()
    route = node.owner.get(f"/api/v1/jobs/{made['job']}/route").json()
    assert {one["worker"]: one["may"] for one in route["items"]}["hand"] is True
    (lease,) = hand.claim(most=4, wait_seconds=10).json()["items"]
    assert lease["job"] == made["job"]
    where = f"/api/v1/leases/{lease['org']}/{lease['job']}/{lease['attempt']}"
    assert hand.ask("GET", f"{where}/input").content == data
    assert hand.report(lease, "running", progress={"value": 0.5, "phase": "page 1"}) == ""
    assert node.owner.get(f"/api/v1/jobs/{made['job']}").json()["progress"]["value"] == 0.5
    reading = {
        "pages": [{"text": "Corner Shop", "confidence": 0.9, "source": "text"}],
        "language": "eng",
        "kind": "receipt",
        "confidence": 0.9,
        "fields": {},
        "title": "Corner Shop",
    }
    assert hand.report(lease, result=reading) in ("", "job_lost")
    job = node.owner.get(f"/api/v1/jobs/{made['job']}").json()
    assert job["state"] in ("done", "failed", "queued")


def test_workers_of_this_machine_need_not_join(source):
    local = source.local()
    name = {"unibos-worker": "night%20shift"}
    assert code(local.post("/api/v1/leases", json={}, headers=name)) == (
        409,
        "worker_facts_missing",
    )
    heard = local.post(f"{WORKERS}/sign", json={"facts": FACTS, "running": 1}, headers=name)
    assert heard.json()["facts_wanted"] is False
    assert local.post("/api/v1/leases", json={"sort": "light"}, headers=name).json() == {
        "items": []
    }
    shown = {one["name"]: one for one in local.get(WORKERS).json()["items"]}["night shift"]
    assert (shown["local"], shown["state"], shown["running"]) == (True, "online", 1)
    assert local.post(f"{WORKERS}/leave", headers=name).status_code == 204


def test_what_happens_to_workers_is_told_in_their_org_alone(hub, tmp_path):
    seen = {}

    def listen(who, client):
        with client.stream("GET", "/api/v1/events", params={"topic": "workers"}) as told:
            ready[who].set()
            for line in told.iter_lines():
                if line.startswith("data:"):
                    seen.setdefault(who, []).append(json.loads(line[5:]))
                    if seen[who][-1]["what"] == "left":
                        return

    ready = {who: threading.Event() for who in ("home", "other")}
    clients = {"home": hub.owner, "other": hub.other.client}
    threads = [
        threading.Thread(target=listen, args=(who, client), daemon=True)
        for who, client in clients.items()
    ]
    for thread in threads:
        thread.start()
    for one in ready.values():
        assert one.wait(30)
    for who, name in (("home", "one"), ("other", "two")):
        hand = Hand(tmp_path / name, hub.client(), name)
        hand.enroll(hub.join_token(clients[who], role="worker")).raise_for_status()
        hand.ask("POST", f"{WORKERS}/leave").raise_for_status()
    for thread in threads:
        thread.join(30)
    assert [(one["what"], one["name"]) for one in seen["home"]] == [
        ("joined", "one"),
        ("left", "one"),
    ]
    assert {one["name"] for one in seen["other"]} == {"two"}


def test_an_attempt_in_a_path_is_a_number(source, hand):
    for attempt in ("0", "x", "-1", "9" * 20, "1.5", "%C2%B2"):
        answer = hand.ask("GET", f"/api/v1/leases/org/job/{attempt}/input")
        assert answer.json()["code"] in ("lease_not_found", "job_lost")
