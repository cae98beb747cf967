"""Whoever guesses at a joined node learns nothing, and is slowed."""

import argon2
import pytest

from tests.core.identity.federation.people import LOCAL, MEMBER, OTHER, code_of
from unibos.base.errors import Error


@pytest.mark.parametrize("away", [False, True])
def test_unknown_and_known_get_the_same_answer_for_the_same_work(
    node, hub, world, away, monkeypatch
):
    hub.add("stranger@example.org", "b")
    hub.add("fresh@example.org")
    node.add_local()
    node.login()
    if away:
        hub.up = False
    spent = []
    verify = argon2.PasswordHasher.verify

    def spy(self, verifier, password):
        spent.append(argon2.extract_parameters(verifier))
        return verify(self, verifier, password)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", spy)
    answers = []
    emails = [MEMBER, LOCAL, "nobody@example.org", "stranger@example.org", "fresh@example.org"]
    for number, email in enumerate(emails):
        spent.clear()
        with pytest.raises(Error) as refused:
            node.login(email, OTHER, f"192.0.2.{number}")
        error = refused.value
        answers.append((error.code, error.detail, error.hint, error.facts, len(spent)))
    assert all(answer == answers[0] for answer in answers)
    assert answers[0][0] == "login_failed"
    assert answers[0][-1] == 2


@pytest.mark.parametrize("away", [False, True])
@pytest.mark.parametrize("email", [MEMBER, LOCAL, "nobody@example.org"])
def test_guesses_are_slowed_for_all_alike(node, hub, world, away, email):
    node.add_local()
    node.login()
    hub.up = not away
    codes = [code_of(lambda: node.login(email, OTHER)) for _ in range(7)]
    assert codes == ["login_failed"] * 5 + ["too_many_attempts"] * 2


def test_guesses_at_once_are_slowed_as_well(node, hub, world):
    node.login()
    for up in (True, False):
        hub.up = up
        world.advance(days=1)
        hub.asked.clear()
        outcomes = world.all(
            *(node.federation.login(MEMBER, OTHER, "192.0.2.1") for _ in range(30))
        )
        assert {outcome.code for outcome in outcomes} == {"login_failed", "too_many_attempts"}
        assert sum(outcome.code == "login_failed" for outcome in outcomes) == 5
        assert len(hub.asked) == (5 if up else 0)


def test_logins_that_succeed_slow_nobody(node, hub):
    for up in (True, False):
        hub.up = up
        for _ in range(25):
            node.login()


def test_guesses_at_many_accounts_slow_the_address_at_the_hub_by_node(node, world):
    second = world.node("a")
    for number in range(20):
        code_of(lambda n=number: node.login(f"{n}@example.org"))
    node.restart()
    assert code_of(node.login) == "too_many_attempts"
    assert node.login(address="198.51.100.9")
    assert second.login()
