"""Who answers at the hub's addresses: the hub, or somebody who gets nothing."""

import asyncio
import json
import ssl

import pytest

from tests.transports.http.fake_hub import (
    NODE,
    PULSE,
    REPORT,
    T0,
    FakeHub,
    beat,
    client,
    contact_of,
    ok,
    pem,
    refusal,
    run,
)
from unibos.core.identity.link import FederatedRefresh
from unibos.core.identity.registry.machine_tokens import MachineReader
from unibos.transports.http import connections


@pytest.fixture
def contact(tmp_path):
    with contact_of(tmp_path / "node") as made:
        yield made


@pytest.fixture
def hub(tmp_path):
    made = FakeHub(tmp_path)
    made.answers["/api/v1/heartbeat"] = ok(PULSE)
    return made


def test_the_hub_vouches_for_its_certificate(hub, contact):
    async def test():
        async with hub.serve() as url:
            pulse = await beat(hub, contact, url + "/")
        assert (pulse.name, pulse.interval_seconds) == ("kitchen", 30)
        assert contact.certificate == pem(hub)
        assert (contact.url, contact.hub_name, contact.online) == (url, "Hub", True)

    run(test())
    assert hub.paths() == ["/.well-known/unibos", "/api/v1/heartbeat"]
    assert "authorization" not in hub.asked[0][2]
    token = hub.asked[1][2]["authorization"].removeprefix("Bearer ")
    reader = MachineReader(hub.key.id, lambda: T0 - 100_000)
    assert reader.named(token) == NODE.id
    ticket = reader.read(token, NODE.id, NODE.public.public_bytes_raw())
    assert ticket.issued_at == T0
    assert json.loads(hub.asked[1][3])["board"] == "pc"


def test_a_pinned_certificate_needs_no_statement(hub, contact):
    async def test():
        async with hub.serve() as url:
            await beat(hub, contact, url, certificate=pem(hub))

    run(test())
    assert hub.paths() == ["/api/v1/heartbeat"]
    assert contact.certificate is None


def test_a_renewed_certificate_is_pinned_by_itself(hub, contact):
    old = pem(hub)
    hub.show("new")
    hub.tls = hub.certificate.fingerprint

    async def test():
        async with hub.serve() as url:
            return await beat(hub, contact, url, certificate=old)

    assert run(test()).name == "kitchen"
    assert contact.certificate == pem(hub) != old


def test_the_wrong_certificate_gets_nothing(hub, contact):
    """Somebody in between passes on the hub's statement, with a certificate of their own."""
    old = pem(hub)
    hub.show("theirs")

    async def test(certificate):
        async with hub.serve() as url:
            return await beat(hub, contact, url, certificate=certificate)

    for certificate in (old, None):
        error = run(test(certificate))
        assert (error.code, contact.online) == ("hub_not_genuine", False)
    assert set(hub.paths()) == {"/.well-known/unibos"}
    assert contact.certificate is None


def test_another_hub_gets_nothing(hub, contact, tmp_path):
    other = FakeHub(tmp_path, "other")
    other.answers = hub.answers

    async def test():
        async with other.serve() as url:
            return await beat(hub, contact, url)

    assert run(test()).code == "hub_not_genuine"
    assert other.paths() == ["/.well-known/unibos"]


def test_without_a_certificate_of_its_own_a_public_one_is_wanted(hub, contact):
    hub.tls = None

    async def test():
        async with hub.serve() as url:
            return await beat(hub, contact, url)

    assert run(test()).code == "hub_not_genuine"
    assert set(hub.paths()) == {"/.well-known/unibos"}


def test_a_public_certificate_is_checked_by_its_name(hub, contact, monkeypatch):
    hub.tls = None
    public = ssl.create_default_context
    monkeypatch.setattr(ssl, "create_default_context", lambda: public(cadata=pem(hub)))

    async def test():
        async with hub.serve() as url:
            # The certificate is for localhost and 127.0.0.1; 127.0.0.2 is this machine, too.
            wrong = await beat(hub, contact, url.replace("127.0.0.1", "127.0.0.2"))
            return wrong, await beat(hub, contact, url)

    wrong, right = run(test())
    assert (wrong.code, right.name) == ("hub_not_genuine", "kitchen")
    assert contact.certificate == ""


@pytest.mark.parametrize(
    "statement", ["none", b"\xff", {"hub": "x"}, {"statement": "e30.e30.e30"}, {"statement": 1}]
)
def test_what_is_no_statement_proves_nothing(hub, contact, statement):
    body = statement if isinstance(statement, bytes) else json.dumps(statement).encode()
    hub.answers["/.well-known/unibos"] = ok(body)

    async def test():
        async with hub.serve() as url:
            return await beat(hub, contact, url)

    assert run(test()).code in ("hub_not_genuine", "hub_unreachable")
    assert hub.paths() == ["/.well-known/unibos"]


def test_plain_http_goes_to_this_machine_only(hub, contact):
    async def test():
        async with hub.serve(tls=False) as url:
            near = await beat(hub, contact, url)
            far = await beat(hub, contact, "http://192.0.2.1:8000", "http://hub.local")
            return near, far

    near, far = run(test())
    assert near.name == "kitchen"
    assert far.code == "hub_unreachable"
    assert "this machine only" in far.detail


def test_the_first_address_that_answers_is_taken_and_remembered(hub, contact):
    async def test():
        async with hub.serve() as url:
            dead = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
            gone = f"https://127.0.0.1:{dead.sockets[0].getsockname()[1]}"
            dead.close()
            await dead.wait_closed()
            async with client(hub, contact, gone, url) as link:
                await link.heartbeat(REPORT)
                assert contact.url == url
                await link.heartbeat(REPORT)

    run(test())
    assert hub.lines == 2  # one for the statement, one for both heartbeats


def test_an_impostor_at_one_address_does_not_hide_the_hub_at_another(hub, contact, tmp_path):
    other = FakeHub(tmp_path, "other")

    async def test():
        async with other.serve() as wrong, hub.serve() as url:
            return await beat(hub, contact, wrong, url)

    assert run(test()).name == "kitchen"
    assert other.paths() == ["/.well-known/unibos"]


def test_what_went_out_is_asked_nowhere_else(hub, contact, tmp_path):
    """A refresh token is good for once: the hub may have taken it before the line broke."""
    other = FakeHub(tmp_path, "twin")
    other.key, other.certificate, other.tls = hub.key, hub.certificate, hub.tls

    async def broken(*_):
        return False

    path = "/api/v1/federation/refresh"
    hub.answers[path] = lambda *_: broken()

    async def test():
        refresh = FederatedRefresh(refresh_token="once")
        async with (
            hub.serve() as url,
            other.serve() as twin,
            client(hub, contact, url, twin) as link,
        ):
            return await refusal(link.refresh(refresh))

    assert run(test()).code == "hub_unreachable"
    assert hub.paths().count(path) == 1
    assert other.paths() == []


def test_lines_are_kept_only_while_they_are_used(hub, contact, monkeypatch):
    monkeypatch.setattr(connections, "IDLE_S", 0)

    async def test():
        async with hub.serve() as url, client(hub, contact, url) as link:
            await link.heartbeat(REPORT)
            hub.ended.clear()
            await hub.ended.wait()
            await link.heartbeat(REPORT)

    run(test())
    assert hub.paths().count("/.well-known/unibos") == 1


def test_many_at_once_share_one_pin(hub, contact):
    async def test():
        async with hub.serve() as url, client(hub, contact, url, certificate=pem(hub)) as link:
            pulses = await asyncio.gather(*(link.heartbeat(REPORT) for _ in range(20)))
            assert len(pulses) == 20

    run(test())
    assert hub.lines <= 8


def test_no_proxy_of_the_environment_is_asked(hub, contact, monkeypatch):
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    async def test():
        async with hub.serve() as url:
            return await beat(hub, contact, url)

    assert run(test()).name == "kitchen"
