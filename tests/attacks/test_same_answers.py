"""Nobody learns from an answer, or from how long it took, who has an account."""

import threading
from collections import Counter

import pytest

from tests.attacks.conftest import MEMBER, STRANGER, code, nobody
from tests.box import PASSWORD
from tests.machine import Machine
from unibos.core.identity.passwords import Passwords

NOBODY = "nobody@example.com"
OWNER = "owner@example.org"


@pytest.fixture
def hashes(monkeypatch):
    """Counts what takes time: hashes that are made, and passwords that are compared."""
    counted, lock = Counter(), threading.Lock()
    matches, hashed = Passwords.matches, Passwords.hash

    def compare(self, verifier, password):
        with lock:
            counted["matches"] += 1
        return matches(self, verifier, password)

    async def make(self, password):
        with lock:
            counted["hash"] += 1
        return await hashed(self, password)

    monkeypatch.setattr(Passwords, "matches", compare)
    monkeypatch.setattr(Passwords, "hash", make)
    return counted


@pytest.fixture
def seen(hashes):
    """All that an attacker sees of a question: status, headers, body, and the work behind it."""

    def look(ask):
        hashes.clear()
        answer = ask()
        headers = {k: v for k, v in answer.headers.items() if k not in ("date", "set-cookie")}
        return answer.status_code, headers, answer.text, dict(hashes)

    return look


@pytest.fixture
def crowd(hub):
    """A hub with a second org, a disabled member and one who was sent away."""
    hub.other = hub.second_org("Other", STRANGER)
    for email in (MEMBER, "disabled@example.org", "removed@example.org"):
        made = hub.owner.post("/api/v1/invitations", json={"email": email}).json()
        id_ = hub.accept(made["secret"]).login["user"]["id"]
        if email.startswith("disabled"):
            hub.owner.patch(f"/api/v1/users/{id_}", json={"disabled": True}).raise_for_status()
        if email.startswith("removed"):
            hub.owner.delete(f"/api/v1/users/{id_}").raise_for_status()
    return hub


def test_login(crowd, seen):
    def ask(email, password, **more):
        said = {"email": email, "password": password} | more
        return lambda: nobody(crowd).post("/api/v1/auth/login", json=said)

    expected = seen(ask(NOBODY, "wrong"))
    assert expected[0] == 401
    assert expected[3] == {"matches": 1}
    for asked in (
        ask(OWNER, "wrong"),
        ask(STRANGER, "wrong"),
        ask("disabled@example.org", "wrong"),
        ask("disabled@example.org", PASSWORD),
        ask("removed@example.org", PASSWORD),
        ask(NOBODY, PASSWORD),
        ask("", ""),
        ask("not an address", "x" * 1024),
        ask(OWNER, PASSWORD, org="other"),
        ask(OWNER, PASSWORD, org="nowhere"),
        ask(MEMBER, "wrong", org="home"),
    ):
        assert seen(asked) == expected


def test_login_through_a_node(crowd, seen, tmp_path):
    machine = Machine(tmp_path / "machine", crowd.client())
    machine.enroll(crowd.join_token()).raise_for_status()

    def ask(email, password, path="login", **more):
        said = {"email": email, "address": "192.0.2.7", "password": password} | more
        if path == "password":
            said = {("current_password" if k == "password" else k): v for k, v in said.items()}
        token = machine.token(hub_now(machine))
        headers = {"authorization": f"Bearer {token}"}
        return lambda: nobody(crowd).post(f"/api/v1/federation/{path}", json=said, headers=headers)

    expected = seen(ask(NOBODY, "wrong"))
    assert expected[0] == 401
    for email, password in (
        (OWNER, "wrong"),
        (STRANGER, "wrong"),
        (STRANGER, PASSWORD),
        ("disabled@example.org", PASSWORD),
    ):
        assert seen(ask(email, password)) == expected
    more = {"path": "password", "new_password": "quite another phrase"}
    expected = seen(ask(NOBODY, "wrong", **more))
    assert expected[0] == 403
    for email, password in ((OWNER, "wrong"), (STRANGER, PASSWORD)):
        assert seen(ask(email, password, **more)) == expected


def hub_now(machine):
    headers = {"authorization": f"Bearer {machine.token()}"}
    answer = machine._client.get("/api/v1/federation/revocations", headers=headers)
    return answer.json().get("time", 0) or None


def test_login_at_a_node(home, seen):
    def ask(email, password):
        said = {"email": email, "password": password}
        return lambda: nobody(home.one).post("/api/v1/auth/login", json=said)

    expected = seen(ask(NOBODY, "wrong"))
    assert expected[0] == 401
    # One hash at the node, and one at its hub.
    assert expected[3] == {"matches": 2}
    for email, password in (
        (OWNER, "wrong"),
        (MEMBER, "wrong"),
        (STRANGER, "wrong"),
        (STRANGER, PASSWORD),
    ):
        assert seen(ask(email, password)) == expected


def test_invitations(crowd, seen):
    """Who has the link of an invitation needs a password of the right kind in any case."""

    made = [
        crowd.owner.post("/api/v1/invitations", json={"email": email}).json()
        for email in (STRANGER, NOBODY)
    ]
    assert set(made[0]["invitation"]) == set(made[1]["invitation"])
    known, new = (one["secret"] for one in made)

    def ask(secret, password="x", name=""):
        said = {"invitation": secret, "password": password, "name": name}
        return lambda: nobody(crowd).post("/api/v1/invitations/accept", json=said)

    for more in ({}, {"password": "a" * 12}, {"password": PASSWORD, "name": "\x00"}):
        refused = seen(ask(known, **more))
        assert refused[0] == 422
        assert refused == seen(ask(new, **more))
    genuine = seen(ask(known, PASSWORD))
    created = seen(ask(new, PASSWORD))
    assert genuine[0] == created[0] == 200
    assert sum(genuine[3].values()) == sum(created[3].values()) == 1
    gone = seen(ask(known, PASSWORD))
    for secret in (new, "", f"{known[:36]}.{'A' * 43}", "x" * 80, "a.b", known[:-1], known + "A"):
        assert seen(ask(secret, PASSWORD)) == gone
    assert gone[0] == 404


def test_admins_of_an_org_learn_nothing_of_others(crowd, seen):
    """Only the hub's operator makes accounts; an admin is told the same of every address."""

    def ask(email):
        said = {"email": email, "name": "Somebody", "password": PASSWORD}
        return lambda: crowd.other.client.post("/api/v1/users", json=said)

    answers = [seen(ask(email)) for email in (OWNER, MEMBER, NOBODY, STRANGER)]
    assert answers[0][0] == 403
    assert all(answer == answers[0] for answer in answers)
    taken = {"email": OWNER, "name": "Somebody", "password": PASSWORD}
    assert code(crowd.owner.post("/api/v1/users", json=taken)) == (409, "email_taken")


def test_ids_of_others_are_ids_of_nobody(crowd):
    """What another org has is what nobody has."""
    stranger = crowd.owner.get("/api/v1/me").json()["id"]
    none = stranger[:-4] + ("0000" if stranger[-4:] != "0000" else "1111")
    ours, theirs = crowd.other.client, crowd.owner.get("/api/v1/me").json()["org"]
    nowhere = theirs[:-4] + ("0000" if theirs[-4:] != "0000" else "1111")
    for method, path, ids in (
        ("GET", "users/{}", (stranger, none)),
        ("PATCH", "users/{}", (stranger, none)),
        ("DELETE", "users/{}", (stranger, none)),
        ("DELETE", "users/{}/sessions", (stranger, none)),
        ("GET", "orgs/{}", (theirs, nowhere)),
        ("PATCH", "orgs/{}", (theirs, nowhere)),
        ("POST", "orgs/{}/restore", (theirs, nowhere)),
    ):
        body = {"name": "taken"} if method == "PATCH" else None
        answers = [ours.request(method, f"/api/v1/{path.format(id_)}", json=body) for id_ in ids]
        assert all(answer.status_code in (403, 404) for answer in answers)
        first, second = (
            answer.text.replace(id_, "ID") for answer, id_ in zip(answers, ids, strict=True)
        )
        assert first == second
