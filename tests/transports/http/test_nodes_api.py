"""Joining, heartbeats and the management of nodes, over a hub's real socket."""

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.box import RunningHub
from unibos.base.clock import wall_ms
from unibos.core.identity.keys import InstanceKey
from unibos.core.identity.registry.hub_statement import verify_statement
from unibos.core.identity.registry.join_proof import prove, public_text
from unibos.core.identity.registry.join_string import JoinToken
from unibos.core.identity.registry.machine_tokens import MachineTokens
from unibos.core.identity.registry.membership import verify_membership
from unibos.core.identity.signing.revocations import read_revocations

ENROLL, HEARTBEAT, LEAVE = "/api/v1/enroll", "/api/v1/heartbeat", "/api/v1/leave"
REVOCATIONS, NODES, TOKENS = "/api/v1/federation/revocations", "/api/v1/nodes", "/api/v1/tokens"
REPORT = {"version": "0.1.0", "board": "pi4", "profile": "standard", "clock": 0}


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    with RunningHub(tmp_path_factory.mktemp("hub")) as running:
        running.set_up()
        running.other = running.second_org("Jones", "jones@example.org")
        yield running


class Node:
    """An instance at the hub's door."""

    def __init__(self, hub, name="kitchen"):
        self.http = hub.client()
        self.key = InstanceKey(Ed25519PrivateKey.generate())
        self.name = name
        self.hub = JoinToken.parse(hub.join_token()).hub
        self.tokens = MachineTokens(self.key, self.hub)
        self.ahead = 0

    def enroll(self, token, **changed):
        secret = JoinToken.parse(token).secret
        asked = {
            "secret": secret,
            "public_key": public_text(self.key),
            "proof": prove(self.key, self.hub, secret),
            "name": self.name,
            "report": REPORT | {"clock": wall_ms()},
        }
        return self.http.post(ENROLL, json=asked | changed)

    def ask(self, method, path, token=None, **more):
        """A machine's request; a refusal for its time tells the time, once."""
        for _ in range(2):
            shown = token or self.tokens.issue(wall_ms() + self.ahead)
            answer = self.http.request(
                method, path, headers={"authorization": f"Bearer {shown}"}, **more
            )
            if token or answer.status_code != 401 or "time" not in answer.json():
                break
            self.ahead = answer.json()["time"] - wall_ms()
        return answer

    def beat(self, **changed):
        return self.ask("POST", HEARTBEAT, json=REPORT | {"clock": wall_ms()} | changed)


@pytest.fixture
def node(hub):
    """A node of the hub's own org."""
    made = Node(hub, name="kitchen")
    made.enrolled = made.enroll(hub.join_token())
    assert made.enrolled.status_code == 201, made.enrolled.text
    return made


def code(answer):
    return answer.status_code, answer.json()["code"]


def test_a_hub_says_who_it_is(hub):
    answer = hub.client().get("/.well-known/unibos")
    assert answer.status_code == 200
    said = verify_statement(answer.json()["statement"], answer.json()["hub"])
    assert said.urls == (hub.url,)
    assert said.tls is None
    assert abs(said.issued_at - wall_ms()) < 60_000


def test_a_node_joins_calls_and_leaves(hub, node):
    got = node.enrolled.json()
    member = verify_membership(got["membership"], node.hub, wall_ms())
    assert member.node == node.key.id
    pulse = node.beat(disk_free=7).json()
    assert pulse["org"]["id"] == member.org
    assert pulse["keys_version"] == got["pulse"]["keys_version"]
    listed = hub.owner.get(f"{NODES}/{node.key.id}").json()
    assert (listed["state"], listed["disk_free"]) == ("online", 7)
    assert node.ask("POST", LEAVE).status_code == 204
    assert code(node.beat()) == (401, "machine_token_invalid")
    assert code(hub.owner.get(f"{NODES}/{node.key.id}")) == (404, "node_not_found")


def test_a_clock_that_is_years_wrong_needs_one_more_try(hub, node):
    for wrong in (-400, 400):
        node.ahead = wrong * 86_400_000
        assert node.beat().status_code == 200


def test_a_machine_token_is_good_for_once(hub, node):
    node.beat()
    token = node.tokens.issue(wall_ms() + node.ahead)
    assert node.ask("GET", REVOCATIONS, token).status_code == 200
    assert code(node.ask("GET", REVOCATIONS, token)) == (401, "machine_token_used")


def test_the_list_of_revocations_is_the_orgs(hub, node):
    text = node.ask("GET", REVOCATIONS).json()["revocations"]
    org = node.enrolled.json()["pulse"]["org"]["id"]
    assert read_revocations(text, node.hub, org).org == org


def test_machines_and_people_have_doors_of_their_own(hub, node):
    machine = node.tokens.issue(wall_ms() + node.ahead)
    for path in (NODES, TOKENS, "/api/v1/me", "/api/v1/users"):
        assert code(node.ask("GET", path, machine)) == (401, "token_invalid")
    person = hub.login["access_token"]
    for method, path in (("POST", HEARTBEAT), ("GET", REVOCATIONS), ("POST", LEAVE)):
        assert code(node.ask(method, path, person, json=REPORT)) == (401, "machine_token_invalid")
        assert hub.client().request(method, path, json=REPORT).status_code == 401
        assert hub.local().request(method, path, json=REPORT).status_code == 401


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_other_algorithms_open_nothing(hub, node, algorithm):
    claims = jwt.decode(node.tokens.issue(wall_ms()), options={"verify_signature": False})
    key = None if algorithm == "none" else node.key.public.public_bytes_raw()
    headers = {"typ": "machine+jwt", "kid": node.key.id}
    forged = jwt.encode(claims, key, algorithm, headers=headers)
    assert code(node.ask("POST", HEARTBEAT, forged, json=REPORT)) == (401, "machine_token_invalid")


def test_a_join_token_is_used_once(hub):
    token = hub.join_token()
    assert Node(hub).enroll(token).status_code == 201
    assert code(Node(hub).enroll(token)) == (409, "join_token_used")


def test_a_large_or_strange_enrolment_is_refused(hub):
    token = hub.join_token()
    assert code(Node(hub).enroll(token, name="x" * 20_000)) == (413, "body_too_large")
    assert code(Node(hub).enroll(token, more=1)) == (400, "body_invalid")
    assert code(Node(hub).enroll(token, proof="x" * 3000)) == (400, "body_invalid")
    assert Node(hub).enroll(token).status_code == 201


def test_a_revoked_node_is_refused_at_once(hub, node):
    assert node.beat().status_code == 200
    assert hub.owner.delete(f"{NODES}/{node.key.id}").status_code == 204
    assert code(node.beat()) == (403, "node_revoked")
    assert hub.owner.get(f"{NODES}/{node.key.id}").json()["state"] == "revoked"
    assert hub.owner.delete(f"{NODES}/{node.key.id}", params={"purge": True}).status_code == 204
    assert code(node.beat()) == (401, "machine_token_invalid")


def test_renaming(hub, node):
    one = f"{NODES}/{node.key.id}"
    assert hub.owner.patch(one, json={"name": "attic"}).json()["name"] == "attic"
    assert node.beat().json()["name"] == "attic"
    assert code(hub.owner.patch(one, json={"name": "\x1b"})) == (422, "name_invalid")
    assert hub.owner.delete(one, params={"purge": True}).status_code == 409


def test_another_org_sees_and_touches_nothing(hub, node):
    stranger, one = hub.other.client, f"{NODES}/{node.key.id}"
    assert stranger.get(NODES).json()["items"] == []
    assert stranger.get(TOKENS).json()["items"] == []
    for answer in (
        stranger.get(one),
        stranger.patch(one, json={"name": "mine"}),
        stranger.delete(one),
        stranger.delete(one, params={"purge": True}),
    ):
        assert code(answer) == (404, "node_not_found")
    token = hub.owner.get(TOKENS).json()["items"][0]["id"]
    assert code(stranger.delete(f"{TOKENS}/{token}")) == (404, "join_token_not_found")
    assert node.beat().status_code == 200


def test_join_tokens_are_listed_without_their_secrets(hub):
    made = hub.owner.post(TOKENS, json={"uses": 3, "label": "school", "expires_minutes": 5})
    assert made.status_code == 201
    token = made.json()
    listed = next(one for one in hub.owner.get(TOKENS).json()["items"] if one["id"] == token["id"])
    assert listed == {name: value for name, value in token.items() if name != "token"}
    assert hub.owner.delete(f"{TOKENS}/{token['id']}").status_code == 204
    assert code(Node(hub).enroll(token["token"])) == (401, "join_token_invalid")


@pytest.mark.parametrize(
    "asked", [{"uses": 0}, {"uses": 1001}, {"expires_minutes": 0}, {"expires_minutes": 50_000}]
)
def test_join_tokens_have_bounds(hub, asked):
    assert code(hub.owner.post(TOKENS, json=asked)) == (400, "body_invalid")


def test_operators_act_in_any_org_on_the_local_socket(hub):
    local, org = hub.local(), {"unibos-org": hub.other.org}
    made = local.post(TOKENS, json={}, headers=org)
    assert made.status_code == 201
    node = Node(hub, "hall")
    assert node.enroll(made.json()["token"]).json()["pulse"]["org"]["id"] == hub.other.org
    assert [one["name"] for one in local.get(NODES, headers=org).json()["items"]] == ["hall"]
    assert [one["name"] for one in hub.other.client.get(NODES).json()["items"]] == ["hall"]
