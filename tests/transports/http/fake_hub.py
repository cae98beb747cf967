"""A hub that answers as a test wants it, over TLS; and a node's line to it."""

import asyncio
import json
import ssl
from contextlib import asynccontextmanager, contextmanager

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from unibos.base.errors import Error
from unibos.core.identity.certificate import Certificate
from unibos.core.identity.federation.contact import Contact
from unibos.core.identity.federation.joining import HubAddress
from unibos.core.identity.federation.trusted_time import TrustedTime
from unibos.core.identity.keys import InstanceKey
from unibos.core.identity.link import Report
from unibos.core.identity.registry.hub_statement import issue_statement
from unibos.core.store.store import Store
from unibos.transports.http import line
from unibos.transports.http.hub_client import HubClient

T0 = 1_790_000_000_000
NODE = InstanceKey(Ed25519PrivateKey.generate())
REPORT = Report(version="0.1.0", board="pc", profile="edge", clock=T0)
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


ODD = {
    "a redirect": ok(b"", 302, location="https://example.org/"),
    "a page": ok(b"<html>", 200, "text/html"),
    "a proxy's trouble": ok(b"<html>", 502, "text/html"),
    "another shape": ok({"time": "soon"}),
    "a problem that is none": ok(b"[", 500, "application/problem+json"),
    "compressed": ok(b"x", content_encoding="gzip"),
    "no HTTP": b"SSH-2.0-OpenSSH\r\n\r\n",
    "too large": ok(b" " * (line.ANSWER_BYTES + 1)),
    "too large, its length untold": (
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + b"10000\r\n" + b" " * 65536
    )
    + (b"\r\n10000\r\n" + b" " * 65536) * 20,
    "half": b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{",
}


@contextmanager
def contact_of(folder):
    """What a node that has just started knows of its hub."""
    store = Store(folder, "node", NODE.id)
    yield Contact(TrustedTime(store, lambda: T0, lambda: 0.0), wall=lambda: T0 + 7)
    store.close()


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
