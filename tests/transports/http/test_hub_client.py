"""The node's way to its hub, against hubs that are what they say, and others."""

import asyncio
import json
import ssl
from contextlib import asynccontextmanager

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from unibos.base.errors import Error
from unibos.core.identity.certificate import Certificate
from unibos.core.identity.federation.contact import Contact
from unibos.core.identity.federation.joining import HubAddress
from unibos.core.identity.federation.trusted_time import TrustedTime
from unibos.core.identity.keys import InstanceKey
from unibos.core.identity.link import FederatedLogin, FederatedRefresh, Report
from unibos.core.identity.registry.machine import MachineReader
from unibos.core.identity.registry.statement import issue_statement
from unibos.core.store.store import Store
from unibos.transports.http import hub_client, hub_line
from unibos.transports.http.hub_client import HubClient, hub_links

T0 = 1_790_000_000_000
NODE = InstanceKey(Ed25519PrivateKey.generate())
REPORT = Report(version="0.1.0", board="pc", profile="edge", clock=T0)
LOGIN = FederatedLogin(email="a@example.org", password="pass words", address="192.0.2.1")
ORG = {"id": "o", "name": "Org", "slug": "org", "type": "family", "plan": "free"}
PULSE = {
    "time": T0,
    "interval_seconds": 30,
    "name": "kitchen",
    "org": ORG,
    "keys_version": "1",
    "revocations_version": "1",
}


class FakeHub:
    """A server that answers as it is told; ``asked`` is what came in, heads and bodies."""

    def __init__(self, folder, name="hub"):
        folder = folder / name
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.key = InstanceKey(Ed25519PrivateKey.generate())
        self.certificate = Certificate.open(folder, "test", hostname="localhost")
        self.tls = self.certificate.fingerprint
        self.answers = {}
        self.asked = []
        self.lines = 0
        self.ended = asyncio.Event()

    def show(self, name):
        """Have another certificate, as after its renewal."""
        other = self.folder / name
        other.mkdir()
        self.certificate = Certificate.open(other, "test", hostname="localhost")

    def well_known(self):
        statement = issue_statement(self.key, self.tls, ("https://hub",), T0)
        return ok({"hub": self.key.id, "name": "Hub", "statement": statement})

    @asynccontextmanager
    async def serve(self, *, tls=True):
        context = None
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.certificate.path)
        server = await asyncio.start_server(self._connected, "0.0.0.0", 0, ssl=context)
        port = server.sockets[0].getsockname()[1]
        yield f"{'https' if tls else 'http'}://127.0.0.1:{port}"
        server.close()

    async def _connected(self, reader, writer):
        self.lines += 1
        try:
            while await self._answered(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        finally:
            writer.close()
            self.ended.set()

    async def _answered(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.strip().split("\r\n")
        method, path, _ = first.split(" ")
        headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        self.asked.append((method, path, headers, body))
        answer = self.answers.get(path)
        broken = answer == ODD["half"]
        if answer is None and path == "/.well-known/unibos":
            answer = self.well_known()
        if callable(answer):
            answer = answer(headers, body)
        if asyncio.iscoroutine(answer):
            return await answer
        writer.write(answer or problem(404, "path_not_found"))
        await writer.drain()
        return not broken

    def paths(self):
        return [path for _, path, _, _ in self.asked]


def ok(body, status=200, kind="application/json", **headers):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} X", f"content-type: {kind}", f"content-length: {len(data)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + data


def problem(status, code, **facts):
    told = {"status": status, "code": code, "detail": "No.", "title": "No", **facts}
    return ok(told, status, "application/problem+json")


@pytest.fixture
def contact(tmp_path):
    store = Store(tmp_path / "node", "node", NODE.id)
    yield Contact(TrustedTime(store, lambda: T0, lambda: 0.0), wall=lambda: T0 + 7)
    store.close()


@pytest.fixture
def hub(tmp_path):
    made = FakeHub(tmp_path)
    made.answers["/api/v1/heartbeat"] = ok(PULSE)
    return made


def run(test):
    return asyncio.run(asyncio.wait_for(test, 60))


@asynccontextmanager
async def client(hub, contact, *urls, certificate=None):
    link = HubClient(HubAddress(hub.key.id, urls, certificate), NODE, contact)
    try:
        yield link
    finally:
        await link.close()


async def refusal(call):
    with pytest.raises(Error) as refused:
        await call
    return refused.value


async def beat(hub, contact, *urls, certificate=None):
    """A heartbeat; what came of it."""
    async with client(hub, contact, *urls, certificate=certificate) as link:
        try:
            return await link.heartbeat(REPORT)
        except Error as error:
            return error


def pem(hub):
    return ssl.DER_cert_to_PEM_cert(hub.certificate.der)


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


ODD = {
    "a redirect": ok(b"", 302, location="https://example.org/"),
    "a page": ok(b"<html>", 200, "text/html"),
    "a proxy's trouble": ok(b"<html>", 502, "text/html"),
    "another shape": ok({"time": "soon"}),
    "a problem that is none": ok(b"[", 500, "application/problem+json"),
    "compressed": ok(b"x", content_encoding="gzip"),
    "no HTTP": b"SSH-2.0-OpenSSH\r\n",
    "too large": ok(b" " * (hub_line.ANSWER_BYTES + 1)),
    "too large, its length untold": (
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + b"10000\r\n" + b" " * 65536
    )
    + (b"\r\n10000\r\n" + b" " * 65536) * 20,
    "half": b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{",
}


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


def test_lines_are_kept_only_while_they_are_used(hub, contact, monkeypatch):
    monkeypatch.setattr(hub_line, "IDLE_S", 0)

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
