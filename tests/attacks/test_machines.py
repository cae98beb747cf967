"""Machine tokens that were forged, altered, replayed or made for others."""

import secrets

import pytest

from tests.attacks import forging
from tests.attacks.conftest import code, nobody
from tests.box import RunningHub
from tests.machine import Machine
from unibos.base.clock import wall_ms
from unibos.base.errors import Unauthenticated
from unibos.core.identity.keys import InstanceKey
from unibos.core.identity.registry.machine_tokens import (
    AHEAD_MS,
    LATE_MS,
    LIFE_MS,
    MachineReader,
    Ticket,
)
from unibos.core.identity.registry.membership import issue_membership, verify_membership
from unibos.core.identity.signing.jwk import public_jwk
from unibos.core.identity.signing.statement import sign_statement

INVALID = (401, "machine_token_invalid")
EXPIRED = (401, "machine_token_expired")
USED = (401, "machine_token_used")
LISTS = "/api/v1/federation/revocations"


def ask(hub, token, path=LISTS, method="GET", body=None):
    headers = {"authorization": f"Bearer {token}"}
    return code(nobody(hub).request(method, path, json=body, headers=headers))


def hub_time(hub, machine):
    """A time that the hub takes: right after its start none that might be from before."""
    headers = {"authorization": f"Bearer {machine.token()}"}
    return nobody(hub).get(LISTS, headers=headers).json().get("time", wall_ms())


def fresh(hub, machine):
    """A token that the hub takes."""
    return machine.token(hub_time(hub, machine))


def test_each_is_good_for_once_wherever_it_is_shown(hub, machine):
    token = fresh(hub, machine)
    assert ask(hub, token)[0] == 200
    for path, method in ((LISTS, "GET"), ("/api/v1/leave", "POST")):
        assert ask(hub, token, path, method) == USED
    # Base64url has no other spelling of the same token, either.
    assert ask(hub, token + "=") in (USED, INVALID)
    assert ask(hub, f"  {token}") == USED


def test_a_used_one_is_not_new_after_a_restart(tmp_path):
    with RunningHub(tmp_path / "hub") as running:
        running.set_up()
        machine = Machine(tmp_path / "machine", running.client())
        machine.enroll(running.join_token()).raise_for_status()
        used, unused = fresh(running, machine), fresh(running, machine)
        assert ask(running, used)[0] == 200
    with RunningHub(tmp_path / "hub") as again:
        assert ask(again, used) == EXPIRED
        assert ask(again, unused) == EXPIRED


def test_a_flood_makes_the_hub_forget_none():
    """What is forgotten early counts as expired from then on."""
    now = [10_000_000]
    reader = MachineReader("hub", lambda: now[0], remembered=8)
    now[0] += 60_000
    taken = [Ticket("node", now[0] + number, f"{number:016}") for number in range(50)]
    for ticket in taken:
        reader.accept(ticket)
    for ticket in taken:
        with pytest.raises(Unauthenticated) as refused:
            reader.accept(ticket)
        assert refused.value.code in ("machine_token_used", "machine_token_expired")
    # One node's flood does not shut the others out: they are told a time that is taken.
    with pytest.raises(Unauthenticated) as refused:
        reader.accept(Ticket("other", now[0], "another name of it"))
    told = refused.value.facts["time"]
    assert told <= now[0] + AHEAD_MS
    reader.accept(Ticket("other", told, "another name of it"))


def test_times_and_lifetimes(hub, machine):
    header, claims = forging.parts(fresh(hub, machine))

    def asked(**changes):
        kept = claims | {"jti": secrets.token_hex(16)} | changes
        kept = {name: value for name, value in kept.items() if value is not None}
        return ask(hub, forging.token(header, kept, machine.key.private))

    now = hub_time(hub, machine) / 1000
    life = LIFE_MS / 1000
    assert asked(iat=now, exp=now + life)[0] == 200
    assert asked(iat=now + 10, exp=now + 10 + life) == EXPIRED
    assert asked(iat=now + 3600, exp=now + 3600 + life) == EXPIRED
    old = now - life - LATE_MS / 1000 - 1
    assert asked(iat=old, exp=old + life) == EXPIRED
    for iat, exp in ((now, now + 3600), (now, now - 1), (0, 2**41), (-1, 0), (now, None)):
        assert asked(iat=iat, exp=exp) == INVALID
    for wrong in (None, "now", True, [now], 1e400):
        assert asked(iat=wrong) == INVALID
    for wrong in (None, "", "short", "x" * 65, 7, ["x" * 32]):
        assert asked(jti=wrong) == INVALID
    for wrong in (None, "another", [], 7):
        assert asked(aud=wrong) == INVALID
        assert asked(iss=wrong) == INVALID


def test_other_keys_algorithms_and_names(hub, machine, tmp_path):
    header, claims = forging.parts(fresh(hub, machine))
    stranger = InstanceKey.open(tmp_path / "stranger")
    own = InstanceKey.open(hub.folder)
    raw = machine.key.public.public_bytes_raw()
    jwk = public_jwk(stranger.public)
    for more, key in (
        ({"alg": "none"}, None),
        ({"alg": "HS256"}, raw),
        ({"alg": "HS256"}, forging.text(raw).encode()),
        ({}, stranger.private),
        ({}, own.private),
        ({"jwk": jwk}, stranger.private),
        ({"kid": stranger.id, "jwk": jwk}, stranger.private),
        ({"kid": own.id}, own.private),
        ({"kid": "../instance.key"}, stranger.private),
        ({"kid": "' OR ''='"}, stranger.private),
        ({"kid": None}, machine.key.private),
        ({"kid": ["x"]}, machine.key.private),
        ({"typ": "at+jwt"}, machine.key.private),
        ({"typ": None}, machine.key.private),
        ({"typ": "MACHINE+JWT"}, machine.key.private),
    ):
        assert ask(hub, forging.token(header | more, claims, key)) == INVALID, more
    assert ask(hub, forging.token(header, claims, machine.key.private))[0] == 200


def test_one_node_does_not_speak_for_another(hub, machine, tmp_path):
    other = Machine(tmp_path / "other", hub.client(), "other")
    other.enroll(hub.join_token()).raise_for_status()
    header, claims = forging.parts(fresh(hub, machine))
    for kid, iss in ((other.key.id, claims["iss"]), (header["kid"], other.key.id)):
        said = claims | {"iss": iss}
        assert ask(hub, forging.token(header | {"kid": kid}, said, machine.key.private)) == INVALID


def test_a_revoked_node_is_refused_whatever_it_shows(hub, machine):
    kept = [fresh(hub, machine) for _ in range(3)]
    path = f"/api/v1/nodes/{machine.key.id}"
    assert hub.owner.delete(path).status_code == 204
    body = {"email": "owner@example.org", "password": "x", "address": ""}
    assert ask(hub, kept[0]) == (403, "node_revoked")
    assert ask(hub, kept[1], "/api/v1/federation/login", "POST", body) == (403, "node_revoked")
    assert hub.owner.delete(f"{path}?purge=true").status_code == 204
    assert ask(hub, kept[2]) == INVALID


def test_forged_memberships(tmp_path):
    hub, node, attacker = (InstanceKey.open(tmp_path / name) for name in ("hub", "node", "evil"))
    raw = node.public.public_bytes_raw()
    genuine = issue_membership(hub, "org", raw, 1_000_000)
    assert verify_membership(genuine, hub.id, 1_000_000).node == node.id
    header, claims = forging.parts(genuine)
    by_attacker = public_jwk(attacker.public)
    forgeries = [
        issue_membership(attacker, "org", raw, 1_000_000),
        forging.token(header, claims, attacker.private),
        forging.token(header | {"jwk": by_attacker}, claims, attacker.private),
        forging.token(header | {"alg": "none"}, claims),
        forging.token(header | {"alg": "HS256"}, claims, hub.public.public_bytes_raw()),
        forging.token(header | {"jwk": {**header["jwk"], "d": "x"}}, claims, attacker.private),
        forging.token({**header, "jwk": None, "kid": hub.id}, claims, hub.private),
        forging.token(header | {"typ": "hub+jwt"}, claims, hub.private),
        forging.token(header, claims | {"iss": attacker.id}, hub.private),
        forging.token(header, claims | {"sub": attacker.id}, hub.private),
        forging.token(header, claims | {"cnf": {"jwk": by_attacker}}, hub.private),
        forging.token(header, claims | {"exp": "never"}, hub.private),
        sign_statement(hub, "revocations+jwt", claims),
        forging.changed(genuine, org="another"),
        forging.changed(genuine, exp=2**40),
    ]
    for forged in forgeries:
        with pytest.raises(Unauthenticated) as refused:
            verify_membership(forged, hub.id, 1_000_000)
        assert refused.value.code == "statement_invalid"
    with pytest.raises(Unauthenticated) as refused:
        verify_membership(genuine, attacker.id, 1_000_000)
    assert refused.value.code == "statement_invalid"
