"""Workers that mean harm: with others' jobs, others' files, too much of everything."""

import json

import pytest

from tests.attacks import forging
from tests.attacks.conftest import code, nobody, sent_as_it_is
from tests.box import Running, RunningHub
from tests.hand import FACTS, Hand
from tests.wire import Wire
from unibos.base.clock import wall_ms
from unibos.core.identity.registry.join_proof import prove, public_text
from unibos.core.identity.registry.join_string import JoinToken

LOST = (409, "job_lost")
DOCUMENT = {"content-type": "text/plain"}
TEXT = b"Corner Shop\nTotal 12.00 EUR\n" * 20


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    """A node whose work only workers do."""
    settings = {"jobs.heavy": 0, "worker.queues": "realtime"}
    with Running(tmp_path_factory.mktemp("node"), settings) as running:
        running.set_up()
        yield running


@pytest.fixture
def join(node, tmp_path):
    def made(name):
        hand = Hand(tmp_path / name, node.client(), name)
        hand.enroll(node.join_token(role="worker")).raise_for_status()
        hand.sign().raise_for_status()
        return hand

    return made


def leased(node, hand):
    """A document that a worker has."""
    text = TEXT + str(wall_ms()).encode()
    made = node.owner.post("/api/v1/documents", content=text, headers=DOCUMENT).json()
    while True:
        for lease in hand.claim(most=64, wait_seconds=10).json()["items"]:
            if lease["job"] == made["job"]:
                return lease
            hand.report(lease, "back")


def path(lease, what, **changed):
    told = {name: str(lease[name]) for name in ("org", "job", "attempt")} | changed
    return f"/api/v1/leases/{told['org']}/{told['job']}/{told['attempt']}/{what}"


def put(hand, url, data):
    headers = {
        "authorization": f"Bearer {hand.token()}",
        "content-type": "application/octet-stream",
    }
    return hand._client.put(url, content=data, headers=headers)


def test_a_worker_has_no_way_to_anothers_job(node, join):
    mine, thief = join("mine"), join("thief")
    lease = leased(node, mine)
    assert code(thief.ask("GET", path(lease, "input"))) == LOST
    assert code(put(thief, path(lease, "outputs/page.txt"), b"x")) == LOST
    for type_ in ("running", "done", "failed", "back"):
        assert thief.report(lease, type_) == "job_lost"
    state = node.owner.get(f"/api/v1/jobs/{lease['job']}").json()
    assert (state["state"], state["attempt"]) == ("running", lease["attempt"])
    assert mine.report(lease, "back") == ""


def test_an_attempt_that_is_over_opens_nothing(node, join):
    hand = join("hand")
    lease = leased(node, hand)
    for attempt in (0, lease["attempt"] - 1, lease["attempt"] + 1):
        other = lease | {"attempt": attempt}
        assert code(hand.ask("GET", path(other, "input"))) == LOST
        assert hand.report(other, result={}) == "job_lost"
    assert hand.report(lease, "back") == ""
    assert code(hand.ask("GET", path(lease, "input"))) == LOST
    assert hand.report(lease, result={}) == "job_lost"


@pytest.mark.parametrize(
    "name", ["..", "..%2fup", "%2e%2e%2fup", "UP", ".hidden", "a%00b", "a" * 200, "%c3%a4"]
)
def test_no_file_gets_out_of_its_folder(node, join, name):
    hand = join("hand")
    lease = leased(node, hand)
    answer = put(hand, path(lease, f"outputs/{name}"), b"x")
    assert answer.status_code in (401, 404, 405, 422)
    outside = [
        one.name for one in node.folder.rglob("*") if one.name in ("up", "UP", ".hidden", "..")
    ]
    assert outside == []
    assert hand.report(lease, "back") == ""


def test_what_is_no_result_of_the_work_fails_the_job_alone(node, join):
    hand = join("hand")
    for result in (None, 1, "x", [], {"pages": "none"}, {"pages": [{}]}, {"x": [[[]]]}):
        lease = leased(node, hand)
        assert hand.report(lease, result=result) == ""
        job = node.owner.get(f"/api/v1/jobs/{lease['job']}").json()
        assert job["state"] in ("queued", "failed")
        assert job["error"]["code"] in ("job_error", "job_result_invalid")
        node.owner.delete(f"/api/v1/jobs/{lease['job']}")
    assert node.client().get("/health").status_code == 200


def test_an_error_is_told_as_text_alone(node, join):
    hand = join("hand")
    said = [
        ("Misconfigured", {"code": "x" * 5000, "detail": "<script>" * 1000}),
        ("__class__", {"code": "../..", "detail": ""}),
        ("Error", {"code": "", "detail": "\x00\x1b[31m"}),
        ("Invalid", {"code": "ĸ_ñ", "detail": "letters, to Unicode"}),
    ]
    for kind, error in said:
        lease = leased(node, hand)
        assert hand.report(lease, "failed", error_kind=kind, error=error) == ""
        told = node.owner.get(f"/api/v1/jobs/{lease['job']}").json()["error"]
        assert told["code"] == "job_error"
        node.owner.delete(f"/api/v1/jobs/{lease['job']}")


def test_what_is_too_much_is_refused_before_it_is_read(node, join):
    hand = join("hand")
    many = [{"org": "o", "job": "j", "attempt": 1, "type": "running"}] * 65
    assert code(hand.ask("POST", "/api/v1/leases/reports", {"items": many}))[0] == 400
    facts = FACTS | {"kinds": {f"kind.{number}": 1 for number in range(501)}}
    assert code(hand.sign(facts=facts))[0] == 400
    assert code(hand.claim(wait_seconds=3600))[0] == 400
    assert code(hand.claim(most=10_000))[0] == 400
    for url, size in (("/api/v1/leases/reports", 2**30), ("/api/v1/workers/sign", 2**20)):
        with Wire(node.url) as wire:
            wire.head(
                "POST", url, hand.token(), content_type="application/json", content_length=size
            )
            assert wire.answer().status == 413


def test_a_claim_that_lies_about_its_length_keeps_nobody_waiting(node, join):
    """Ten of them hang; an honest one is served."""
    hand = join("hand")
    wires = [Wire(node.url) for _ in range(10)]
    for wire in wires:
        wire.head(
            "POST",
            "/api/v1/leases",
            hand.token(),
            content_type="application/json",
            content_length=100,
        )
        wire.write(b"{")
    assert hand.claim().status_code == 200
    for wire in wires:
        wire.socket.close()


def test_facts_are_shown_and_never_believed(node, join):
    hand = join("hand")
    strange = {
        "type": "<b>",
        "board": "\x1b[31m",
        "queues": ["' OR 1=1 --"],
        "kinds": {"wimm.balance": 99, "documents.read": 2**40},
        "capabilities": ["%", "_"],
    }
    assert hand.sign(facts=strange).status_code == 200
    assert hand.claim(most=64).json() == {"items": []}
    worse = {"kinds": {"documents.read": 2**70}}
    assert hand.sign(facts=worse).status_code in (200, 400)
    assert hand.claim(most=64).status_code == 200


def test_a_proof_for_one_instance_is_none_for_another(node, tmp_path):
    with RunningHub(tmp_path / "hub") as hub:
        hub.set_up()
        hand = Hand(tmp_path / "hand", hub.client())
        text = hub.join_token(role="worker")
        token = JoinToken.parse(text)
        proof = prove(hand.key, hand.key.id, token.secret)
        assert code(hand.enroll(text, proof=proof)) == (401, "join_proof_invalid")
        # Somebody else's key, with the own proof.
        other = Hand(tmp_path / "other", hub.client())
        stolen = hand.enroll(text, public_key=public_text(other.key))
        assert code(stolen) == (401, "join_proof_invalid")
        answer = nobody(node).post("/api/v1/workers/enroll", json=hand.asks(text))
        assert code(answer) == (401, "join_token_invalid")


def test_a_workers_token_is_its_own(node, join, tmp_path):
    hand, other = join("hand"), join("other")
    token = hand.token()
    ask = {"authorization": f"Bearer {token}"}
    sign = "/api/v1/workers/sign"
    while code_of(nobody(node).post(sign, json={}, headers=ask)) == "machine_token_expired":
        ask = {"authorization": f"Bearer {hand.token(wall_ms() + 500)}"}
    assert code_of(nobody(node).post(sign, json={}, headers=ask)) == "machine_token_used"
    header, claims = forging.parts(hand.token())
    forged = forging.token(header, claims | {"iss": other.key.id}, other.key.private)
    unsigned = forging.token(header | {"alg": "none"}, claims)
    renamed = forging.token(header | {"kid": other.key.id}, claims, hand.key.private)
    for text in (forged, unsigned, renamed):
        headers = {"authorization": f"Bearer {text}"}
        answer = nobody(node).post(sign, json={}, headers=headers)
        assert code(answer) == (401, "machine_token_invalid")


def test_guesses_of_a_join_token_are_slowed(tmp_path):
    with RunningHub(tmp_path / "hub") as hub:
        hub.set_up()
        text = hub.join_token(role="worker")
        hand = Hand(tmp_path / "hand", hub.client())
        asked = hand.asks(text)
        guess = asked | {"secret": asked["secret"][::-1]}
        answers = [
            hub.client().post("/api/v1/workers/enroll", json=guess).status_code for _ in range(25)
        ]
        assert answers[0] == 401
        assert answers[-1] == 429


def asked_for(node, count):
    """Jobs whose answers go through as they are."""
    batch = {"jobs": [{"kind": "care.ping"}] * count}
    node.owner.post("/api/v1/jobs/batches/pings", json=batch).raise_for_status()


def ready(join, name="hand"):
    """A worker that takes those."""
    hand = join(name)
    hand.sign(facts={"kinds": {"care.ping": 1}}).raise_for_status()
    return hand


@pytest.mark.parametrize("depth", [200, 970, 978, 984, 988])
def test_a_result_without_a_bottom_harms_nobody_who_lists_jobs(node, join, depth):
    """Long bodies are understood on a thread, where the stack has more room than elsewhere."""
    hand = ready(join)
    asked_for(node, 1)
    lease = hand.claim(sort="light").json()["items"][0]
    result = "[" * depth + "]" * depth
    one = json.dumps({name: lease[name] for name in ("org", "job", "attempt")} | {"type": "done"})
    body = f'{{"items": [{one[:-1]}, "result": ["{"x" * 100_000}", {result}]}}]}}'
    answer = sent_as_it_is(hand, "POST", "/api/v1/leases/reports", body)
    assert answer.status_code in (200, 400)
    job = node.owner.get(f"/api/v1/jobs/{lease['job']}")
    assert job.status_code == 200
    if answer.status_code == 200:
        assert job.json()["error"]["code"] == "job_result_invalid"
    else:
        assert hand.report(lease, "back") == ""
        node.owner.delete(f"/api/v1/jobs/{lease['job']}").raise_for_status()
    assert node.owner.get("/api/v1/jobs").status_code == 200


def test_what_a_worker_says_at_length_is_not_told_at_length(node, join):
    hand = ready(join)
    asked_for(node, 1)
    lease = hand.claim(sort="light").json()["items"][0]
    told = {"value": -1e300, "phase": "x" * 1_000_000}
    assert hand.report(lease, "running", progress=told) == ""
    job = node.owner.get(f"/api/v1/jobs/{lease['job']}").json()
    assert job["progress"] == {"value": 0.0, "phase": "x" * 200}
    assert hand.report(lease, result="y" * 1_000_000) == ""
    assert len(node.owner.get("/api/v1/jobs").content) < 500_000
    assert len(node.owner.get(f"/api/v1/jobs/{lease['job']}").json()["result"]) == 1_000_000


def test_a_thumbnail_without_end_fails_its_document_alone(node, join):
    hand = join("hand")
    lease = leased(node, hand)
    assert put(hand, path(lease, "outputs/thumbnail.webp"), b"x" * 2_000_000).status_code == 204
    assert hand.report(lease, result={"pages": []}) == ""
    job = node.owner.get(f"/api/v1/jobs/{lease['job']}").json()
    assert (job["state"], job["error"]["code"]) == ("failed", "thumbnail_too_large")


def code_of(answer):
    return json.loads(answer.text or "{}").get("code")
