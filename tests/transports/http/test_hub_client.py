"""What a node asks its hub, and what it makes of the answers."""

import asyncio
import json

import pytest

from tests.transports.http.fake_hub import (
    NODE,
    ODD,
    PULSE,
    REPORT,
    T0,
    FakeHub,
    beat,
    client,
    contact_of,
    ok,
    pem,
    problem,
    refusal,
    run,
)
from unibos.core.identity.federation.joining import HubAddress
from unibos.core.identity.link import FederatedLogin
from unibos.core.identity.registry.machine_tokens import MachineReader
from unibos.transports.http import hub_client
from unibos.transports.http.hub_client import hub_links

LOGIN = FederatedLogin(email="a@example.org", password="pass words", address="192.0.2.1")


@pytest.fixture
def contact(tmp_path):
    with contact_of(tmp_path / "node") as made:
        yield made


@pytest.fixture
def hub(tmp_path):
    made = FakeHub(tmp_path)
    made.answers["/api/v1/heartbeat"] = ok(PULSE)
    return made


def test_the_hub_s_refusals_come_through(hub, contact):
    path = "/api/v1/federation/login"
    hub.answers[path] = problem(429, "too_many_attempts", retry_after=30, hint="Wait.")

    async def test():
        async with hub.serve() as url, client(hub, contact, url) as link:
            return await refusal(link.login(LOGIN))

    error = run(test())
    assert (type(error).__name__, error.code) == ("TooMany", "too_many_attempts")
    assert (error.facts["retry_after"], error.hint) == (30, "Wait.")


def test_the_time_is_the_hub_s_and_learned_once(hub, contact):
    times = []

    def answer(headers, _):
        token = headers["authorization"].removeprefix("Bearer ")
        reader = MachineReader(hub.key.id, lambda: 0)
        issued = reader.read(token, NODE.id, NODE.public.public_bytes_raw()).issued_at
        times.append(issued)
        if issued < T0 + 10**9:
            return problem(401, "machine_token_expired", time=T0 + 10**9)
        return ok(PULSE)

    hub.answers["/api/v1/heartbeat"] = answer

    async def test():
        async with hub.serve() as url:
            return await beat(hub, contact, url)

    assert run(test()).name == "kitchen"
    assert times == [T0, T0 + 10**9]
    assert contact.skew_ms == 7 - 10**9


@pytest.mark.parametrize("facts", [{"time": T0}, {}, {"time": "now"}, {"time": None}])
def test_a_hub_that_takes_no_token_is_asked_twice_at_most(hub, contact, facts):
    hub.answers["/api/v1/heartbeat"] = problem(401, "machine_token_expired", **facts)

    async def test():
        async with hub.serve() as url:
            return await beat(hub, contact, url)

    assert run(test()).code == "machine_token_expired"
    assert hub.paths().count("/api/v1/heartbeat") == (2 if facts.get("time") == T0 else 1)


@pytest.mark.parametrize("what", ODD)
def test_odd_answers_are_no_answers(hub, contact, what):
    hub.answers["/api/v1/heartbeat"] = ODD[what]

    async def test():
        async with hub.serve() as url:
            return await beat(hub, contact, url)

    error = run(test())
    assert (error.code, contact.online) == ("hub_unreachable", False)
    assert hub.paths().count("/api/v1/heartbeat") == 1


def test_a_slow_hub_is_given_up(hub, contact, monkeypatch):
    monkeypatch.setattr(hub_client, "TOTAL_S", 0.05)
    waits = asyncio.Event()

    async def forever():
        await waits.wait()
        return False

    hub.answers["/api/v1/heartbeat"] = lambda *_: forever()

    async def test():
        async with hub.serve() as url:
            error = await beat(hub, contact, url, certificate=pem(hub))
            waits.set()
            return error

    error = run(test())
    assert error.code == "hub_unreachable"
    assert "no answer within" in error.detail


def test_offline_nothing_goes_out(hub, contact):
    async def test():
        async with hub.serve() as url:
            link = hub_links(NODE, (url,), offline=True)(HubAddress(hub.key.id, (url,)), contact)
            return await refusal(link.heartbeat(REPORT))

    assert run(test()).code == "hub_unreachable"
    assert (hub.asked, hub.lines) == ([], 0)


def test_addresses_of_the_settings_come_first(hub, contact):
    async def test():
        async with hub.serve() as url:
            link = hub_links(NODE, (url,))(HubAddress(hub.key.id, ("https://192.0.2.1",)), contact)
            pulse = await link.heartbeat(REPORT)
            await link.close()
            return pulse

    assert run(test()).name == "kitchen"


def test_texts_come_as_they_are(hub, contact):
    hub.answers["/.well-known/jwks.json"] = ok({"keys": []}, kind="application/jwk-set+json")
    hub.answers["/api/v1/federation/revocations"] = ok({"revocations": "signed"})
    hub.answers["/api/v1/leave"] = ok(b"", 204)

    async def test():
        async with hub.serve() as url, client(hub, contact, url) as link:
            assert json.loads(await link.keys()) == {"keys": []}
            assert await link.revocations() == "signed"
            assert await link.leave() is None

    run(test())
    signed = {path: "authorization" in headers for _, path, headers, _ in hub.asked}
    assert signed["/.well-known/jwks.json"] is False
    assert signed["/api/v1/federation/revocations"] is signed["/api/v1/leave"] is True
