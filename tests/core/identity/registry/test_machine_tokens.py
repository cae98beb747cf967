"""Machine tokens: who made them, for whom, when, and that each is good for once."""

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from tests.core.identity.registry.hubs import T0, refusal
from unibos.base.errors import Unauthenticated
from unibos.core.identity.keys import InstanceKey
from unibos.core.identity.registry import machine_tokens
from unibos.core.identity.registry.machine_tokens import MachineReader, MachineTokens

HUB, NODE, OTHER = (InstanceKey(Ed25519PrivateKey.generate()) for _ in range(3))
TOKENS = MachineTokens(NODE, HUB.id)
MINUTE = 60_000


class Reader(MachineReader):
    """A hub that has run for a day, with a clock that stands until it is moved."""

    def __init__(self, remembered=machine_tokens.REMEMBERED, at=T0 - 86_400_000):
        self.ms = at
        super().__init__(HUB.id, lambda: self.ms, remembered)
        self.ms = max(at, T0)

    def take(self, token, public=NODE.public):
        """The node behind a token, as the hub's door asks for it."""
        ticket = self.read(token, self.named(token), public.public_bytes_raw())
        self.accept(ticket)
        return ticket.node


def forged(key=NODE.private, algorithm="EdDSA", headers=None, **changed):
    claims = {
        "iss": NODE.id,
        "aud": HUB.id,
        "iat": T0 / 1000,
        "exp": T0 / 1000 + 60,
        "jti": "0123456789abcdef",
    } | changed
    wanted = {name: value for name, value in claims.items() if value is not ...}
    said = {"typ": machine_tokens.KIND, "kid": NODE.id} | (headers or {})
    return jwt.encode(wanted, key, algorithm, headers=said)


def test_a_genuine_token_names_its_node():
    assert Reader().take(TOKENS.issue(T0)) == NODE.id
    assert Reader().take(forged()) == NODE.id


@pytest.mark.parametrize(
    "token",
    [
        forged(OTHER.private),
        forged(None, "none"),
        forged(NODE.public.public_bytes_raw(), "HS256"),
        forged(aud=OTHER.id),
        forged(aud=...),
        forged(iss=OTHER.id),
        forged(headers={"typ": "at+jwt"}),
        forged(headers={"typ": "JWT"}),
        forged(headers={"kid": ""}),
        forged(iat=...),
        forged(exp=...),
        forged(jti=...),
        forged(jti="short"),
        forged(jti="x" * 65),
        forged(jti=1234567890123456),
        forged(iat="1790000000"),
        forged(iat=True),
        forged(iat=float("nan")),
        forged(iat=float("inf"), exp=float("inf")),
        forged(exp=T0 / 1000 + 3600),
        forged(exp=T0 / 1000 - 1),
        forged(more="x" * 1024),
        MachineTokens(NODE, OTHER.id).issue(T0),
        "",
        "a.b.c",
        "é.é.é",
    ],
)
def test_a_forged_token_is_refused(token):
    assert refusal(lambda: Reader().take(token)) == "machine_token_invalid"


def test_the_node_of_another_name_is_not_believed():
    token = forged(OTHER.private, headers={"kid": NODE.id})
    assert refusal(lambda: Reader().take(token)) == "machine_token_invalid"


@given(st.integers(0), st.characters(codec="latin-1"))
def test_no_changed_letter_makes_a_second_token(place, letter):
    reader, token = Reader(), TOKENS.issue(T0)
    assert reader.take(token)
    place %= len(token)
    changed = token[:place] + letter + token[place + 1 :]
    # The last letter of a signature has bits that mean nothing: the same token, used before.
    assert refusal(lambda: reader.take(changed)) in ("machine_token_invalid", "machine_token_used")


def test_each_is_good_for_once():
    reader, token = Reader(), TOKENS.issue(T0)
    reader.take(token)
    assert refusal(lambda: reader.take(token)) == "machine_token_used"
    reader.take(TOKENS.issue(T0))


def test_the_same_name_from_another_node_is_another_token():
    reader = Reader()
    reader.take(forged())
    token = forged(OTHER.private, iss=OTHER.id, headers={"kid": OTHER.id})
    assert reader.take(token, OTHER.public) == OTHER.id


def test_a_token_lives_a_minute_and_may_be_a_minute_late():
    for age in (0, MINUTE, 2 * MINUTE):
        Reader().take(TOKENS.issue(T0 - age))
    token = TOKENS.issue(T0 - 2 * MINUTE - 1)
    assert refusal(lambda: Reader().take(token)) == "machine_token_expired"


@given(st.integers(-400 * 86_400_000, 400 * 86_400_000))
def test_a_wrong_clock_is_told_the_time_and_needs_one_more_try(wrong):
    reader = Reader()
    token = TOKENS.issue(T0 + wrong)
    if -2 * MINUTE <= wrong <= machine_tokens.AHEAD_MS:
        reader.take(token)
        return
    with pytest.raises(Unauthenticated) as refused:
        reader.take(token)
    assert refused.value.code == "machine_token_expired"
    assert refused.value.facts["time"] == T0
    reader.take(TOKENS.issue(refused.value.facts["time"]))


def test_after_a_start_nothing_from_before_is_taken():
    shown = [TOKENS.issue(T0 + ahead) for ahead in (-MINUTE, 0, machine_tokens.AHEAD_MS)]
    before = Reader()
    for token in shown:
        before.take(token)
    started = Reader(at=T0 + 1)
    for _ in range(200):
        for token in shown:
            assert refusal(lambda text=token: started.take(text)) == "machine_token_expired"
        started.ms += 1000


def test_after_a_start_one_more_try_is_enough():
    started = Reader(at=T0)
    for _ in range(3):
        with pytest.raises(Unauthenticated) as refused:
            started.take(TOKENS.issue(started.ms))
        started.take(TOKENS.issue(refused.value.facts["time"]))
    started.ms += machine_tokens.AHEAD_MS
    started.take(TOKENS.issue(started.ms))


@given(st.lists(st.integers(1, 40_000), min_size=20, max_size=40))
def test_no_replay_passes_a_memory_that_is_full(steps):
    """However little is remembered, and however the clock goes on, nothing is taken twice."""
    reader, taken = Reader(remembered=8), []
    for step in steps:
        reader.ms += step
        token = TOKENS.issue(reader.ms)
        reader.take(token)
        taken.append(token)
        # The oldest, and those at the edge of what is remembered.
        for old in (taken[0], *taken[-10:]):
            assert refusal(lambda text=old: reader.take(text)).startswith("machine_token_")


def test_its_memory_is_bounded():
    reader = Reader(remembered=100)
    for _ in range(1000):
        reader.ms += 1
        reader.take(TOKENS.issue(reader.ms))
    assert len(reader._new) + len(reader._old) <= 100


def test_a_clock_that_is_set_back_shuts_nobody_out():
    reader, old = Reader(), TOKENS.issue(T0)
    reader.take(old)
    reader.ms -= 86_400_000
    assert refusal(lambda: reader.take(TOKENS.issue(T0))) == "machine_token_expired"
    with pytest.raises(Unauthenticated) as refused:
        reader.take(TOKENS.issue(reader.ms))
    reader.take(TOKENS.issue(refused.value.facts["time"]))
    assert refusal(lambda: reader.take(old)) == "machine_token_expired"
