"""Joining: what lets a node in, how often, and what does not."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.identity.registry.hubs import ADDRESS, REPORT, T0, Hub, Node, refusal
from unibos.base.errors import Error
from unibos.core.identity.registry.join_proof import prove, public_text
from unibos.core.identity.registry.join_tokens import JoinTokenIn
from unibos.core.identity.registry.membership import verify_membership
from unibos.core.identity.scope import Role
from unibos.core.identity.signing.keys import KnownKeys
from unibos.core.identity.signing.revocations import read_revocations
from unibos.core.store import join_tokens, nodes

DAY = 86_400


def left(hub, token):
    """How often a join token may still be used."""
    id_ = token.secret.partition(".")[0]
    row = hub.store.read(lambda view: join_tokens.by_id(view, id_))
    return row.uses_left


def test_a_node_gets_all_it_needs(hub):
    node = hub.node()
    got = node.enrolled
    member = verify_membership(got.membership, hub.key.id, T0)
    assert (member.node, member.org) == (node.id, hub.org)
    assert (got.hub, got.hub_name) == (hub.key.id, "Hub")
    assert KnownKeys.from_jwks(got.keys).public(hub.keys.signer()[0])
    assert read_revocations(got.revocations, hub.key.id, hub.org).org == hub.org
    assert (got.pulse.time, got.pulse.name, got.pulse.org.id) == (T0, "kitchen", hub.org)
    assert got.pulse.urls == ["https://hub.example.org:8000"]
    (listed,) = hub.listed()
    assert (listed.id, listed.state.value, listed.board) == (node.id, "online", "pi4")
    assert hub.listed(hub.other) == []


def test_a_token_is_good_for_as_many_nodes_as_it_says(hub):
    token = hub.token(uses=2)
    for _ in range(2):
        hub.run(Node(hub).enroll(token.secret))
    refused = refusal(lambda: hub.run(Node(hub).enroll(token.secret)))
    assert refused == "join_token_used"
    assert len(hub.listed()) == 2


def test_twenty_at_once_with_five_uses_are_five(hub):
    token = hub.token(uses=5)
    ended = hub.all(*(Node(hub, f"n{number}").enroll(token.secret) for number in range(20)))
    refused = [one.code for one in ended if isinstance(one, Error)]
    assert refused == ["join_token_used"] * 15
    assert len(hub.listed()) == 5
    assert left(hub, token) == 0


def test_a_lost_answer_is_given_again(hub):
    node, token = Node(hub), hub.token()
    first = hub.run(node.enroll(token.secret))
    again = hub.run(node.enroll(token.secret))
    assert (first.pulse.name, first.pulse.org) == (again.pulse.name, again.pulse.org)
    assert len(hub.listed()) == 1
    assert refusal(lambda: hub.run(Node(hub).enroll(token.secret))) == "join_token_used"


def test_who_left_needs_another_token(hub):
    node, token = Node(hub), hub.token()
    hub.run(node.enroll(token.secret))
    hub.run(hub.registry.leave(node.scope()))
    assert refusal(lambda: hub.run(node.enroll(token.secret))) == "join_token_used"


def test_a_node_that_joins_again_keeps_its_name(hub):
    node = hub.node()
    hub.run(hub.registry.rename(hub.admin(), node.id, "cellar"))
    node.name = "elsewhere"
    token = hub.token(uses=3)
    assert hub.run(node.enroll(token.secret)).pulse.name == "cellar"
    assert left(hub, token) == 2


def test_names_are_unique_in_an_org(hub):
    names = [hub.node(name="raspberrypi").enrolled.pulse.name for _ in range(3)]
    assert names == ["raspberrypi", "raspberrypi-2", "raspberrypi-3"]
    assert hub.node(hub.other, "raspberrypi").enrolled.pulse.name == "raspberrypi"


def test_an_instance_is_a_node_of_one_org(hub):
    node, token = hub.node(), hub.token(hub.other)
    assert refusal(lambda: hub.run(node.enroll(token.secret))) == "node_elsewhere"
    assert left(hub, token) == 1
    hub.run(hub.registry.leave(node.scope()))
    assert hub.run(node.enroll(token.secret)).pulse.org.id == hub.other


def test_a_revoked_node_may_join_again(hub):
    node = hub.node()
    hub.run(hub.registry.revoke(hub.admin(), node.id))
    hub.run(node.enroll(hub.token().secret))
    assert node.scope().org == hub.org
    assert node.id not in read_revocations(hub.lists.signed(hub.org), hub.key.id, hub.org).nodes


def test_a_revoked_node_may_join_another_org(hub):
    node = hub.node()
    hub.run(hub.registry.revoke(hub.admin(), node.id))
    hub.run(node.enroll(hub.token(hub.other).secret))
    assert node.scope().org == hub.other
    assert hub.states() == {"kitchen": "revoked"}
    hub.restart()
    assert node.scope().org == hub.other
    hub.run(hub.registry.remove(hub.admin(), node.id))
    assert node.scope().org == hub.other


def test_an_org_has_no_more_nodes_than_its_limit(hub):
    hub.change_org(hub.org, max_nodes=1)
    first, token = hub.node(), hub.token(uses=5)
    assert refusal(lambda: hub.run(Node(hub).enroll(token.secret))) == "limit_reached"
    assert left(hub, token) == 5
    hub.run(first.enroll(token.secret))
    hub.run(hub.registry.revoke(hub.admin(), first.id))
    hub.run(Node(hub).enroll(token.secret))


def test_an_org_that_closes_takes_nobody_in(hub):
    token = hub.token()
    hub.change_org(hub.org, delete_after=T0 + DAY * 1000)
    assert refusal(lambda: hub.run(Node(hub).enroll(token.secret))) == "org_closing"
    assert refusal(hub.token) == "org_closing"


def test_a_token_ends_with_its_time(hub):
    token = hub.token(expires_minutes=60)
    assert token.exp == T0 // 1000 + 3600
    hub.clock.pass_(3600)
    assert refusal(lambda: hub.run(Node(hub).enroll(token.secret))) == "join_token_expired"


def test_a_revoked_token_is_like_one_that_never_was(hub):
    token = hub.token()
    (known,) = hub.run(hub.tokens.page(hub.admin())).items
    hub.run(hub.tokens.revoke(hub.admin(), known.id))
    never = f"{known.id}.{'x' * 43}"
    for secret in (token.secret, never, "", "..", "é"):
        assert refusal(lambda one=secret: hub.run(Node(hub).enroll(one))) == "join_token_invalid"


@pytest.fixture(scope="module")
def standing(tmp_path_factory):
    """A hub for many examples, and a join token of it."""
    hub = Hub(tmp_path_factory.mktemp("hub"))
    yield hub, hub.token()
    hub.stop()
    hub.runner.close()


@given(st.integers(37, 79), st.characters(codec="ascii"))
def test_no_other_secret_will_do(standing, place, letter):
    hub, token = standing
    changed = token.secret[:place] + letter + token.secret[place + 1 :]
    if changed != token.secret:
        address = f"2001:db8:{place:x}:{ord(letter):x}::1"
        ask = Node(hub).enroll(changed, address)
        assert refusal(lambda: hub.run(ask)) == "join_token_invalid"


WRONG = {
    "the proof is by another key": lambda n, s: {"proof": prove(Node(n.hub).key, n.hub.key.id, s)},
    "the key is another": lambda n, s: {"public_key": public_text(Node(n.hub).key)},
    "it is for another hub": lambda n, s: {"proof": prove(n.key, Node(n.hub).id, s)},
    "it is for another token": lambda n, s: {"proof": prove(n.key, n.hub.key.id, s + "x")},
    "it is of another kind": lambda n, s: {"proof": n.tokens.issue(T0)},
    "it is damaged": lambda n, s: {"proof": prove(n.key, n.hub.key.id, s)[:-8] + "AAAAAAAA"},
    "there is none": lambda n, s: {"proof": ""},
    "there is no key": lambda n, s: {"public_key": ""},
    "the key is too long": lambda n, s: {"public_key": public_text(n.key) + "AAAA"},
    "the key is spelt otherwise": lambda n, s: {"public_key": public_text(n.key) + "="},
    "the key is no base64": lambda n, s: {"public_key": "é" * 43},
}


@pytest.mark.parametrize("case", WRONG)
def test_who_does_not_hold_the_key_is_refused(hub, case):
    node, token = Node(hub), hub.token()
    changed = WRONG[case](node, token.secret)
    assert refusal(lambda: hub.run(node.enroll(token.secret, **changed))) == "join_proof_invalid"
    assert hub.listed() == []
    assert left(hub, token) == 1


def test_guesses_are_slowed_for_their_address_only(hub):
    def guess():
        return refusal(lambda: hub.run(Node(hub).enroll("0.guess")))

    codes = [guess() for _ in range(30)]
    assert codes[0] == "join_token_invalid"
    assert codes[-1] == "too_many_attempts"
    node, token = Node(hub), hub.token()
    assert refusal(lambda: hub.run(node.enroll(token.secret, ADDRESS))) == "too_many_attempts"
    assert hub.run(node.enroll(token.secret, "192.0.2.8"))


@pytest.mark.parametrize("name", ["", " ", "a\nb", "\x1b[31m", "x" * 201])
def test_a_name_must_print(hub, name):
    token = hub.token()
    assert refusal(lambda: hub.run(Node(hub, name).enroll(token.secret))) == "name_invalid"
    assert left(hub, token) == 1


def test_a_use_and_its_node_are_one_transaction(hub, monkeypatch):
    token = hub.token()

    def crash(tx, node):
        raise OSError("the power failed")

    with monkeypatch.context() as patched:
        patched.setattr(nodes, "put", crash)
        with pytest.raises(OSError, match="power"):
            hub.run(Node(hub).enroll(token.secret))
    hub.crash()
    assert left(hub, token) == 1
    assert hub.listed() == []
    node = Node(hub)
    hub.run(node.enroll(token.secret))
    hub.crash()
    assert (left(hub, token), len(hub.listed())) == (0, 1)
    assert node.scope().org == hub.org


def test_tokens_are_for_admins_and_of_one_org(hub):
    token = hub.token(label="school", uses=3)
    (known,) = hub.run(hub.tokens.page(hub.admin())).items
    assert (known.label, known.uses, known.uses_left, known.expired) == ("school", 3, 3, False)
    assert token.secret.partition(".")[2] not in str(known)
    stranger = hub.admin(hub.other)
    assert hub.run(hub.tokens.page(stranger)).items == []
    assert refusal(lambda: hub.run(hub.tokens.revoke(stranger, known.id))) == (
        "join_token_not_found"
    )
    member = hub.admin(role=Role.MEMBER)
    for ask in (
        lambda: hub.tokens.create(member, JoinTokenIn()),
        lambda: hub.tokens.page(member),
        lambda: hub.tokens.revoke(member, known.id),
    ):
        assert refusal(lambda ask=ask: hub.run(ask())) == "role_required"


def test_the_list_of_tokens_has_pages(hub):
    made = [hub.token().secret.partition(".")[0] for _ in range(5)]
    page = hub.run(hub.tokens.page(hub.admin(), 3))
    rest = hub.run(hub.tokens.page(hub.admin(), 3, page.next))
    assert [one.id for one in (*page.items, *rest.items)] == sorted(made)
    assert rest.next is None
    bad = hub.tokens.page(hub.admin(), 3, "elsewhere")
    assert refusal(lambda: hub.run(bad)) == "cursor_invalid"


def test_tokens_are_bounded_and_old_ones_forgotten(hub, monkeypatch):
    monkeypatch.setattr(join_tokens, "MAX_TOKENS", 3)
    for _ in range(3):
        hub.token()
    assert refusal(hub.token) == "too_many_join_tokens"
    hub.clock.pass_(9 * DAY)
    hub.token()
    assert len(hub.run(hub.tokens.page(hub.admin())).items) == 1


def test_only_a_hash_of_the_secret_is_kept(hub):
    secret = hub.token().secret.partition(".")[2]
    hub.stop()
    kept = b"".join(path.read_bytes() for path in hub.folder.iterdir() if path.is_file())
    assert secret.encode() not in kept
    with suppress(Error):
        hub.start()


def test_the_report_of_a_new_node_is_kept(hub):
    hub.node()
    hub.crash()
    (listed,) = hub.listed()
    assert (listed.version, listed.board) == (REPORT.version, REPORT.board)
