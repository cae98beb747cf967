from dataclasses import replace

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from unibos.core.identity.oidc import codes
from unibos.core.identity.oidc.codes import LIFE_SECONDS, Code, Codes
from unibos.core.identity.tokens import ACCESS_SECONDS

CODE = Code("client", "org", "uri", "openid", "", "challenge", "user", "v", 0, "iss", "EdDSA")


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def known(clock):
    made = Codes(clock)
    made.keep("text", replace(CODE))
    return made


def test_a_code_is_given_once_and_then_told_as_used(known):
    assert known.take("text", "client").uses == 1
    assert known.take("text", "client").uses == 2


def test_another_client_neither_gets_nor_burns_it(known):
    assert known.take("text", "other") is None
    assert known.take("text", "client").uses == 1


def test_a_code_lives_a_minute(known, clock):
    clock.now += LIFE_SECONDS
    assert known.take("text", "client").uses == 1
    known.keep("late", replace(CODE))
    clock.now += LIFE_SECONDS + 0.001
    assert known.take("late", "client") is None


def test_a_used_code_is_remembered_while_its_tokens_live(known, clock):
    known.take("text", "client")
    clock.now += ACCESS_SECONDS
    known.keep("other", replace(CODE))
    assert known.take("text", "client").uses == 2


def test_memory_is_bounded(known, clock, monkeypatch):
    monkeypatch.setattr(codes, "LIMIT", 3)
    for number in range(5):
        known.keep(f"text{number}", replace(CODE))
    assert known.take("text1", "client") is None
    assert known.take("text4", "client")
    clock.now += LIFE_SECONDS + ACCESS_SECONDS + 1
    known.keep("fresh", replace(CODE))
    assert list(known._known) == ["fresh"]


class Programs(RuleBasedStateMachine):
    """Codes are made, presented by the right and the wrong, and time goes by."""

    def __init__(self):
        super().__init__()
        self.clock = Clock()
        self.codes = Codes(self.clock)
        self.made = {}
        self.good = {}

    @rule(client=st.sampled_from("ab"))
    def make(self, client):
        text = f"code{len(self.made)}"
        self.codes.keep(text, replace(CODE, client=client))
        self.made[text] = client, self.clock.now

    @rule(seconds=st.sampled_from([1.0, 30.0, 61.0, 1000.0]))
    def wait(self, seconds):
        self.clock.now += seconds

    @rule(number=st.integers(0, 5), client=st.sampled_from("ab"))
    def present(self, number, client):
        text = f"code{number}"
        found = self.codes.take(text, client)
        if found is not None and found.uses == 1:
            self.good[text] = self.good.get(text, 0) + 1
            owner, at = self.made[text]
            assert client == owner
            assert self.clock.now - at <= LIFE_SECONDS

    @invariant()
    def no_code_was_good_twice(self):
        assert all(count == 1 for count in self.good.values())


TestPrograms = Programs.TestCase
