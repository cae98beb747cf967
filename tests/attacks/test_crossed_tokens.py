"""Genuine tokens at doors that they are not for."""

import base64
import hashlib
import html
import re
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.attacks import forging
from tests.attacks.conftest import code, me, nobody
from tests.box import PASSWORD, RunningBoth
from tests.machine import Machine
from unibos.base.clock import wall_ms
from unibos.core.identity.keys import InstanceKey
from unibos.core.identity.registry.hub_statement import issue_statement
from unibos.core.identity.registry.join_proof import prove, public_text
from unibos.core.identity.registry.join_string import JoinToken
from unibos.core.identity.registry.machine_tokens import MachineTokens
from unibos.core.identity.registry.membership import issue_membership

BACK = "https://program.example.org/back"
VERIFIER = "v" * 43


def oidc_tokens(hub, algorithm):
    """What a program gets for a login of the owner."""
    asked = {"name": "Program", "redirect_uris": [BACK], "id_token_alg": algorithm}
    program = hub.owner.post("/api/v1/clients", json=asked).json()
    digest = hashlib.sha256(VERIFIER.encode()).digest()
    page = hub.client().get(
        "/oidc/authorize",
        params={
            "client_id": program["client"]["id"],
            "redirect_uri": BACK,
            "response_type": "code",
            "scope": "openid email profile",
            "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
            "code_challenge_method": "S256",
        },
    )
    action = html.unescape(re.search(r'action="([^"]*)"', page.text).group(1))
    mark = re.search(r'name="mark" value="([^"]*)"', page.text).group(1)
    form = {"email": "owner@example.org", "password": PASSWORD, "mark": mark}
    cookie = {"cookie": page.headers["set-cookie"].partition(";")[0]}
    sent = hub.client().post(action, data=form, headers=cookie)
    exchanged = hub.client().post(
        "/oidc/token",
        data={
            "grant_type": "authorization_code",
            "code": parse_qs(urlsplit(sent.headers["location"]).query)["code"][0],
            "redirect_uri": BACK,
            "code_verifier": VERIFIER,
        },
        auth=(program["client"]["id"], program["secret"]),
    )
    assert exchanged.status_code == 200, exchanged.text
    return exchanged.json()


@pytest.fixture(scope="module")
def kinds(home, tmp_path_factory):
    """One genuine token of each kind, by name."""
    hub, machine = home.hub, Machine(tmp_path_factory.mktemp("machine"), home.hub.client())
    machine.enroll(hub.join_token()).raise_for_status()
    key = InstanceKey.open(hub.folder)
    listed = machine.ask("GET", "/api/v1/federation/revocations").json()["revocations"]
    programs = {alg: oidc_tokens(hub, alg) for alg in ("EdDSA", "RS256")}
    return {
        "access": hub.login["access_token"],
        "refresh": hub.login["refresh_token"],
        "machine": machine.token(),
        "own machine": MachineTokens(key, key.id).issue(wall_ms()),
        "proof": prove(key, key.id, "secret"),
        "membership": issue_membership(
            key, hub.login["user"]["org"], machine.key.public.public_bytes_raw(), wall_ms()
        ),
        "revocations": listed,
        "statement": hub.client().get("/.well-known/unibos").json()["statement"],
        "issued": issue_statement(key, None, (hub.url,), wall_ms()),
        "EdDSA id": programs["EdDSA"]["id_token"],
        "RS256 id": programs["RS256"]["id_token"],
        "program": programs["EdDSA"]["access_token"],
        "join": hub.join_token(),
        "node": home.one.log_in("owner@example.org")["access_token"],
        "neighbour": home.theirs.log_in("stranger@example.net")["access_token"],
        "setup": hub.setup_code,
    }


def refused(door, token, method, path, body=None):
    headers = {"authorization": f"Bearer {token}"}
    answer = nobody(door).request(method, path, json=body, headers=headers)
    assert answer.status_code == 401, (path, answer.text)
    return answer.json()["code"]


def test_only_access_tokens_open_the_api(home, kinds):
    """Of the neighbour only the hub takes the token, for it is the hub's own, of another org."""
    good = {"hub": {"access", "neighbour"}, "one": {"access", "node"}, "theirs": {"neighbour"}}
    for name, opens in good.items():
        door = getattr(home, name)
        for kind, token in kinds.items():
            status, why = me(door, token)
            if kind in opens:
                assert status == 200, (name, kind)
            else:
                assert (status, why) in (
                    (401, "token_invalid"),
                    (401, "token_key_unknown"),
                ), (name, kind)


def test_only_machine_tokens_open_what_is_for_nodes(home, kinds):
    body = {"version": "0", "board": "pi4", "profile": "edge", "clock": 0}
    for kind in kinds.keys() - {"machine"}:
        why = refused(home.hub, kinds[kind], "POST", "/api/v1/heartbeat", body)
        assert why == "machine_token_invalid", kind
        why = refused(home.hub, kinds[kind], "GET", "/api/v1/federation/revocations")
        assert why == "machine_token_invalid", kind


def test_only_a_programs_token_tells_who_logged_in(home, kinds):
    for kind in kinds.keys() - {"program"}:
        assert refused(home.hub, kinds[kind], "GET", "/oidc/userinfo") == "token_invalid", kind


def test_only_refresh_tokens_are_exchanged(home, kinds):
    for kind in kinds.keys() - {"refresh"}:
        for door in (home.hub, home.one):
            said = {"refresh_token": kinds[kind][:1024]}
            answer = nobody(door).post("/api/v1/auth/refresh", json=said)
            assert code(answer) == (401, "refresh_invalid"), kind


def test_nothing_else_proves_a_key(home, kinds):
    key = InstanceKey.open(home.hub.folder)
    for kind, token in kinds.items():
        asked = {
            "secret": JoinToken.parse(kinds["join"]).secret,
            "public_key": public_text(key),
            "proof": token[:2048],
            "name": "attacker",
            "report": {"version": "0", "board": "", "profile": "", "clock": 0},
        }
        answer = nobody(home.hub).post("/api/v1/enroll", json=asked)
        assert code(answer) == (401, "join_proof_invalid"), kind


def test_an_offline_token_is_good_on_its_node_only(home):
    """Signed by the node that vouches for a hub's user; every other instance refuses it."""
    key = InstanceKey.open(home.one.folder)
    claims = forging.parts(home.login["access_token"])[1]
    header = {"alg": "EdDSA", "typ": "at+jwt", "kid": key.id}
    offline = forging.token(header, claims | {"iss": key.id, "offline": True}, key.private)
    assert me(home.one, offline) == (401, "session_ended")
    for door in (home.hub, home.two, home.theirs):
        assert me(door, offline) == (401, "token_invalid")


def test_tokens_of_a_node_beside_its_hub_are_not_the_hubs(tmp_path):
    """Both have the same key, and so the same id."""
    with RunningBoth(tmp_path) as both:
        both.hub.set_up()
        key = InstanceKey.open(both.folder)
        genuine = both.hub.login["access_token"]
        header, claims = forging.parts(genuine)
        assert claims["iss"] == key.id
        assert me(both, genuine)[0] == me(both.hub, genuine)[0] == 200
        own = forging.token(header | {"kid": key.id}, claims, key.private)
        offline = forging.token(header | {"kid": key.id}, claims | {"offline": True}, key.private)
        for forged in (own, offline):
            assert me(both.hub, forged) == (401, "token_key_unknown")
            assert me(both, forged) == (401, "session_ended")
