"""Guesses at passwords and codes: slowed, however they come, and never so that the owner is out."""

import itertools

import pytest

from tests.attacks.conftest import code, log_in, nobody
from tests.box import PASSWORD, RunningBoth, RunningHub
from tests.machine import Machine

OWNER = "owner@example.org"
WRONG = (401, "login_failed")
SLOWED = (429, "too_many_attempts")
ACCOUNT_TRIES, ADDRESS_TRIES, LONGEST = 6, 21, 60


def spoofed(number):
    """What a client may say of where it is; nobody has declared it a proxy."""
    ip = f"198.51.100.{number}"
    return {
        "x-forwarded-for": f"{ip}, 127.0.0.2",
        "forwarded": f"for={ip};by=127.0.0.1",
        "x-real-ip": ip,
        "true-client-ip": ip,
        "cf-connecting-ip": ip,
        "x-client-ip": ip,
        "x-forwarded-host": ip,
    }


@pytest.fixture
def proxied(tmp_path):
    """A hub behind a declared proxy, so that tests choose where their clients are."""
    with RunningHub(tmp_path / "hub", {"hub.proxies": "127.0.0.1"}) as running:
        running.set_up()
        yield running


def at(address):
    return {"x-forwarded-for": address}


def test_one_account_is_slowed_whatever_headers_say(hub):
    for number in range(ACCOUNT_TRIES):
        assert code(log_in(hub, OWNER, "not the password", **spoofed(number))) == WRONG
    refused = log_in(hub, OWNER, PASSWORD, **spoofed(99))
    assert code(refused) == SLOWED
    assert 1 <= int(refused.headers["retry-after"]) <= LONGEST


def test_one_address_is_slowed_whatever_accounts_it_tries(hub):
    for number in range(ADDRESS_TRIES):
        email = f"{number}@example.org"
        assert code(log_in(hub, email, "not the password", **spoofed(number))) == WRONG
    assert code(log_in(hub, "one.more@example.org", **spoofed(99))) == SLOWED


@pytest.mark.parametrize(
    "email",
    ["OWNER@example.org", " owner@example.org", "owner@EXAMPLE.ORG\t", "\u00a0owner@example.org"],
)
def test_another_spelling_is_no_other_account(proxied, email):
    for number in range(ACCOUNT_TRIES):
        assert code(log_in(proxied, OWNER, "wrong", **at(f"198.51.100.{number}"))) == WRONG
    assert code(log_in(proxied, email, "wrong", **at("198.51.100.99"))) == SLOWED


def test_an_attacker_everywhere_does_not_keep_the_owner_out(proxied):
    here = at("192.0.2.7")
    assert log_in(proxied, OWNER, **here).status_code == 200
    outcomes = {
        code(log_in(proxied, OWNER, "wrong", **at(f"198.51.100.{number}")))
        for number in range(3 * ACCOUNT_TRIES)
    }
    assert outcomes == {WRONG, SLOWED}
    assert log_in(proxied, OWNER, **here).status_code == 200
    elsewhere = log_in(proxied, OWNER, **at("192.0.2.99"))
    assert code(elsewhere) == SLOWED
    assert int(elsewhere.headers["retry-after"]) <= LONGEST
    # Whoever is logged in stays so.
    assert proxied.owner.get("/api/v1/me").status_code == 200


def test_an_unknown_account_is_slowed_like_a_known_one(proxied):
    def tries(email, network):
        for number in range(2 * ACCOUNT_TRIES):
            answer = log_in(proxied, email, "wrong", **at(f"{network}.{number}"))
            yield code(answer), answer.headers.get("retry-after")

    known = list(tries(OWNER, "198.51.100"))
    assert known == list(tries("nobody@example.org", "203.0.113"))
    assert SLOWED in [told for told, _ in known]


def test_guesses_over_many_nodes_count_together(proxied, tmp_path):
    machines = []
    for number in range(3):
        machine = Machine(tmp_path / f"node{number}", proxied.client(), f"node{number}")
        machine.enroll(proxied.join_token()).raise_for_status()
        machines.append(machine)
    tried = []
    for number, machine in zip(range(3 * ACCOUNT_TRIES), itertools.cycle(machines)):
        said = {"email": OWNER, "password": "wrong", "address": f"198.51.100.{number}"}
        tried.append(code(machine.ask("POST", "/api/v1/federation/login", said)))
    assert tried[:ACCOUNT_TRIES] == [WRONG] * ACCOUNT_TRIES
    assert set(tried[ACCOUNT_TRIES:]) == {SLOWED}
    assert code(log_in(proxied, OWNER, **at("203.0.113.1"))) == SLOWED
    change = {"email": OWNER, "current_password": "wrong", "new_password": "quite another phrase"}
    asked = machines[0].ask("POST", "/api/v1/federation/password", change | {"address": ""})
    assert code(asked) == SLOWED


def test_a_stolen_token_guesses_no_password(hub):
    said = {"current_password": "wrong", "new_password": "quite another phrase"}
    for _ in range(ACCOUNT_TRIES):
        answer = hub.owner.post("/api/v1/auth/password", json=said)
        assert code(answer) == (403, "password_wrong")
    answer = hub.owner.post("/api/v1/auth/password", json=said | {"current_password": PASSWORD})
    assert code(answer) == SLOWED


def guess(box, setup_code, **headers):
    said = {"setup_code": setup_code, "email": OWNER, "name": "Owner", "password": PASSWORD}
    return nobody(box).post("/api/v1/setup", json=said, headers=headers)


def test_the_setup_code_is_not_guessed(tmp_path):
    with RunningHub(tmp_path, {"hub.proxies": "127.0.0.1"}) as fresh:
        for number in range(ACCOUNT_TRIES):
            wrong = guess(fresh, f"{number:06}-000000", **at(f"198.51.100.{number}"))
            assert code(wrong) == (401, "setup_code_wrong")
        for wanted in (fresh.setup_code, "000000-000000", ""):
            assert code(guess(fresh, wanted, **at("203.0.113.1"))) == SLOWED


def test_a_node_beside_its_hub_gives_no_second_chance(tmp_path):
    with RunningBoth(tmp_path) as both:
        real = both.hub.setup_code
        for number in range(2 * ACCOUNT_TRIES):
            for tried in (real, f"{number:06}-000000"):
                assert code(guess(both, tried)) == (409, "setup_at_hub")
        for number in range(ACCOUNT_TRIES):
            assert code(guess(both.hub, f"{number:06}-000000"))[0] == 401
        assert code(guess(both.hub, real)) == SLOWED
        assert code(guess(both, real)) == (409, "setup_at_hub")


def test_a_setup_code_dies_with_the_first_owner(hub):
    for tried in (hub.setup_code, "000000-000000", ""):
        assert code(guess(hub, tried)) == (409, "setup_done")
    assert not (hub.folder / "setup-code").exists()
