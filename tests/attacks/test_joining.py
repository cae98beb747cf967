"""Join tokens: used twice, at once, guessed, altered; and what a node that joins is told."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from msgspec.structs import replace

from tests.attacks.conftest import code, nobody
from tests.machine import Machine
from unibos.core.identity.keys import InstanceKey
from unibos.core.identity.registry.join_proof import prove, public_text
from unibos.core.identity.registry.join_string import JoinToken

USED = (409, "join_token_used")
UNKNOWN = (401, "join_token_invalid")
SLOWED = (429, "too_many_attempts")


@pytest.fixture
def machines(hub, tmp_path):
    """Makes instances that have not joined yet."""

    def make(count):
        return [Machine(tmp_path / f"node{n}", hub.client(), f"node{n}") for n in range(count)]

    return make


def with_secret(token, secret):
    return replace(JoinToken.parse(token), secret=secret).format()


def nodes(hub):
    return hub.owner.get("/api/v1/nodes").json()["items"]


def test_twice(hub, machines):
    first, second = machines(2)
    token = hub.join_token()
    assert first.enroll(token).status_code == 201
    assert code(second.enroll(token)) == USED
    # The first one may ask again, because it may have lost the answer.
    assert first.enroll(token).status_code == 201
    assert len(nodes(hub)) == 1


def test_by_many_at_once(hub, machines):
    token, crowd = hub.join_token(uses=2), machines(12)
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda one: one.enroll(token), crowd))
    told = sorted(answer.status_code for answer in answers)
    assert told == [201] * 2 + [409] * 10
    assert len(nodes(hub)) == 2


def test_after_it_was_revoked_or_a_node_was(hub, machines):
    first, second = machines(2)
    token = hub.join_token()
    assert first.enroll(token).status_code == 201
    assert hub.owner.delete(f"/api/v1/nodes/{first.key.id}").status_code == 204
    assert code(first.enroll(token)) == USED
    id_ = JoinToken.parse(token).secret.partition(".")[0]
    assert hub.owner.delete(f"/api/v1/tokens/{id_}").status_code == 204
    assert code(second.enroll(token)) == UNKNOWN


def test_of_an_admin_who_is_none_any_more(hub, machines):
    """Whoever is sent away has left no door open."""
    for number, (method, path, change) in enumerate(
        (
            ("PATCH", "", {"role": "member"}),
            ("PATCH", "", {"disabled": True}),
            ("DELETE", "", None),
        )
    ):
        email = f"admin{number}@example.org"
        asked = {"email": email, "role": "admin"}
        invited = hub.owner.post("/api/v1/invitations", json=asked).json()
        admin = hub.accept(invited["secret"])
        token, kept = hub.join_token(admin.client, uses=5), hub.join_token()
        user = f"/api/v1/users/{admin.login['user']['id']}{path}"
        hub.owner.request(method, user, json=change).raise_for_status()
        one, two = machines(2)
        assert code(one.enroll(token)) == UNKNOWN
        assert two.enroll(kept).status_code == 201


def test_guesses_are_slowed_whatever_a_client_says_it_is(hub, machines):
    """The secret has 256 bits, so that this is only for the hub's sake."""
    (machine,) = machines(1)
    token = hub.join_token()
    guessed = with_secret(token, JoinToken.parse(token).secret.partition(".")[0] + "." + "A" * 43)
    for number in range(21):
        machine._client.headers["x-forwarded-for"] = f"198.51.100.{number}"
        assert code(machine.enroll(guessed)) == UNKNOWN
    assert code(machine.enroll(guessed)) == SLOWED
    assert code(machine.enroll(token)) == SLOWED


def test_what_is_no_secret_of_a_token(hub, machines):
    (machine,) = machines(1)
    token = JoinToken.parse(hub.join_token())
    id_, _, own = token.secret.partition(".")
    other_id = JoinToken.parse(hub.join_token()).secret.partition(".")[0]
    secrets = [
        "",
        ".",
        id_,
        f"{id_}.",
        f"{id_}.{own[:-1]}",
        f"{id_}.{own}x",
        f"{id_}.{own}.",
        f"{other_id}.{own}",
        f"{id_.upper()}.{own}",
        f".{own}",
        "' OR 1=1 --." + own,
        id_ + "\x00." + own,
    ]
    for secret in secrets:
        said = {
            "secret": secret,
            "public_key": public_text(machine.key),
            "proof": prove(machine.key, machine.hub, secret),
            "name": "attacker",
            "report": machine.report(),
        }
        assert code(nobody(hub).post("/api/v1/enroll", json=said)) == UNKNOWN, secret
    assert nodes(hub) == []


def test_the_key_has_to_be_ones_own(hub, machines, tmp_path):
    """Who overhears a joining can join with it neither as that node nor as another."""
    (machine,) = machines(1)
    secret = JoinToken.parse(hub.join_token()).secret
    other = InstanceKey.open(tmp_path / "other")
    good = prove(machine.key, machine.hub, secret)
    said = {"secret": secret, "name": "attacker", "report": machine.report()}
    for key, proof in (
        (other, good),
        (machine.key, prove(other, machine.hub, secret)),
        (machine.key, prove(machine.key, other.id, secret)),
        (machine.key, prove(machine.key, machine.hub, "another")),
        (machine.key, ""),
        (machine.key, "a.b.c"),
    ):
        asked = said | {"public_key": public_text(key), "proof": proof}
        answer = nobody(hub).post("/api/v1/enroll", json=asked)
        assert code(answer) == (401, "join_proof_invalid")
    for public in ("", "A" * 43, public_text(machine.key) + "=", "A" * 42, "\u00fc" * 43):
        asked = said | {"public_key": public, "proof": good}
        answer = nobody(hub).post("/api/v1/enroll", json=asked)
        assert code(answer) == (401, "join_proof_invalid")


def test_a_node_of_one_org_is_not_taken_over_by_another(hub, machines):
    (machine,) = machines(1)
    other = hub.second_org("Other", "stranger@example.net")
    assert machine.enroll(hub.join_token()).status_code == 201
    assert code(machine.enroll(hub.join_token(other.client))) == (409, "node_elsewhere")
    assert machine.ask("GET", "/api/v1/federation/revocations").status_code == 200
    assert other.client.get(f"/api/v1/nodes/{machine.key.id}").status_code == 404
