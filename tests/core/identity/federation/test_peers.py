"""Who another node is: each thing that is to refuse it does so alone."""

import pytest

from tests.core.identity.federation.fellows import T0, Fellow, Word, new_key
from unibos.base.errors import Error
from unibos.core.identity.keys import InstanceKey
from unibos.core.identity.registry.hub_statement import NODE_KIND, issue_statement
from unibos.core.identity.registry.machine_tokens import LATE_MS, LIFE_MS, MachineTokens
from unibos.core.identity.scope import Role
from unibos.core.store.store import Store

DAY = 86_400_000
ORG = "org-a"
TLS = "ab" * 32


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    made = Store(tmp_path_factory.mktemp("node"), "node", "x")
    yield made
    made.close()


@pytest.fixture
def word():
    return Word()


@pytest.fixture
def kitchen(word, store):
    """A node that has run for an hour."""
    made = Fellow(word, store, ORG)
    word.ms += 3_600_000
    return made


@pytest.fixture
def garden(word, store):
    return Fellow(word, store, ORG)


def refused(call, *how):
    with pytest.raises(Error) as error:
        call(*how)
    return error.value.code


def test_a_node_of_the_org_is_a_viewer_in_it(kitchen, garden):
    scope = garden.ask(kitchen)
    assert (scope.org, scope.store.org, scope.role) == (ORG, ORG, Role.VIEWER)
    assert (scope.principal.kind, scope.principal.id) == ("node", garden.key.id)
    assert scope.held(None)


def test_a_token_is_good_for_once(kitchen, garden):
    token = garden.token(kitchen)
    garden.ask(kitchen, token)
    assert refused(garden.ask, kitchen, token) == "machine_token_used"


def test_a_token_for_another_is_none(kitchen, garden, word):
    for other in (garden, word, new_key()):
        token = garden.token(other)
        assert refused(garden.ask, kitchen, token) == "machine_token_invalid"


def test_a_token_of_another_key_is_none(kitchen, garden, word, store):
    thief = Fellow(word, store, ORG)
    assert refused(garden.ask, kitchen, thief.token(kitchen)) == "machine_token_invalid"
    renamed = InstanceKey(thief.key.private)
    renamed.id = garden.key.id
    forged = MachineTokens(renamed, kitchen.key.id).issue(word.ms)
    assert refused(garden.ask, kitchen, forged) == "machine_token_invalid"


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "x" * 5000])
def test_what_is_no_token(kitchen, garden, token):
    assert refused(garden.ask, kitchen, token) == "machine_token_invalid"


def test_a_membership_is_no_token(kitchen, garden):
    assert refused(garden.ask, kitchen, garden.membership) == "machine_token_invalid"


def test_without_a_membership(kitchen, garden):
    token = garden.token(kitchen)
    assert refused(garden.ask, kitchen, token, "") == "membership_missing"


def test_a_membership_of_another_hub(kitchen, garden, store):
    other = Word()
    stranger = Fellow(other, store, ORG)
    assert refused(stranger.ask, kitchen) == "statement_invalid"
    forged = other.membership(garden.key, ORG)
    assert refused(garden.ask, kitchen, None, forged) == "statement_invalid"


@pytest.mark.parametrize("what", ["x", "a.b.c", "x" * 4000])
def test_what_is_no_membership(kitchen, garden, what):
    assert refused(garden.ask, kitchen, None, what) == "statement_invalid"


def test_a_token_is_no_membership(kitchen, garden):
    assert refused(garden.ask, kitchen, None, garden.token(kitchen)) == "statement_invalid"


def test_another_org_of_the_hub(kitchen, word, store):
    stranger = Fellow(word, store, "org-b")
    assert refused(stranger.ask, kitchen) == "peer_foreign"
    assert refused(stranger.peers.prove, kitchen.peers.statement(TLS), kitchen.membership) == (
        "peer_foreign"
    )


def test_a_membership_that_is_over(kitchen, garden, word):
    garden.ask(kitchen)
    garden.membership = word.membership(garden.key, ORG, at=word.ms - 90 * DAY)
    assert refused(garden.ask, kitchen) == "membership_expired"
    garden.membership = word.membership(garden.key, ORG, at=word.ms)
    garden.ask(kitchen)


def test_time_ends_a_membership_that_was_good(kitchen, garden, word):
    scope = garden.ask(kitchen)
    word.ms += 90 * DAY
    kitchen.until = garden.until = word.ms + DAY
    kitchen.membership = word.membership(kitchen.key, ORG, at=word.ms)
    assert not scope.held(None)
    assert refused(garden.ask, kitchen) == "membership_expired"


def test_a_node_that_is_revoked(kitchen, garden, word):
    scope = garden.ask(kitchen)
    word.revoked.add(garden.key.id)
    assert not scope.held(None)
    assert refused(garden.ask, kitchen) == "node_revoked"
    word.revoked.clear()
    garden.ask(kitchen)


def test_who_is_a_member_no_longer_knows_nobody(kitchen, garden, word):
    kitchen.until = word.ms
    assert refused(garden.ask, kitchen) == "hub_away_too_long"
    said = garden.peers.statement(TLS), garden.membership
    assert refused(kitchen.peers.prove, *said) == "hub_away_too_long"


def test_a_copy_of_itself(kitchen, word, store):
    twin = Fellow(word, store, ORG, key=kitchen.key)
    assert refused(twin.ask, kitchen) == "peer_is_self"
    said = kitchen.peers.statement(TLS), kitchen.membership
    assert refused(twin.peers.prove, *said) == "peer_is_self"


@pytest.mark.parametrize("wrong_ms", [-LIFE_MS - LATE_MS - 1000, 60_000])
def test_the_time_is_told_to_who_has_it_wrong(kitchen, garden, wrong_ms, word):
    garden.ahead_ms = wrong_ms
    with pytest.raises(Error) as error:
        garden.ask(kitchen)
    assert error.value.code == "machine_token_expired"
    told = error.value.facts["time"]
    assert told == word.ms
    garden.ask(kitchen, garden.token(kitchen, told))


def test_after_a_start_nothing_from_before_is_taken(kitchen, garden):
    token = garden.token(kitchen)
    garden.ask(kitchen, token)
    kitchen.peers = kitchen.made()
    assert refused(garden.ask, kitchen, token) == "machine_token_expired"


def test_who_answers_says_its_certificate(kitchen, garden):
    found = garden.peers.prove(kitchen.peers.statement(TLS), kitchen.membership)
    assert (found.id, found.tls, found.until) == (kitchen.key.id, TLS, T0 + 90 * DAY)
    garden.peers.require_standing(found)
    bare = garden.peers.prove(kitchen.peers.statement(None), kitchen.membership)
    assert bare.tls is None


def test_a_statement_of_another_kind_or_key(kitchen, garden, word, store):
    """A hub beside its node has the same key, and another certificate may be its."""
    as_hub = issue_statement(kitchen.key, TLS, (), word.ms)
    assert refused(garden.peers.prove, as_hub, kitchen.membership) == "statement_invalid"
    other = Fellow(word, store, ORG)
    mixed = issue_statement(other.key, TLS, (), word.ms, NODE_KIND)
    assert refused(garden.peers.prove, mixed, kitchen.membership) == "statement_invalid"


def test_who_answered_is_revoked_later(kitchen, garden, word):
    said = kitchen.peers.statement(TLS), kitchen.membership
    found = garden.peers.prove(*said)
    word.revoked.add(kitchen.key.id)
    assert refused(garden.peers.require_standing, found) == "peer_revoked"
    assert refused(garden.peers.prove, *said) == "peer_revoked"


def test_who_answered_is_to_renew_its_membership(kitchen, garden, word):
    found = garden.peers.prove(kitchen.peers.statement(TLS), kitchen.membership)
    word.ms += 90 * DAY
    garden.until = word.ms + DAY
    assert refused(garden.peers.require_standing, found) == "membership_expired"


def test_many_credentials_are_not_kept_for_ever(kitchen, word, store):
    for number in range(300):
        asker = Fellow(word, store, ORG)
        asker.membership = word.membership(asker.key, ORG, at=T0 + number)
        asker.ask(kitchen)
    assert len(kitchen.peers._genuine) == 256
