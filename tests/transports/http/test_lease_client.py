"""A worker's line to a source that answers as it should, and as it should not."""

import asyncio
import hashlib
import re
from contextlib import asynccontextmanager

import msgspec
import pytest

from unibos.base.errors import Conflict, Damaged, Unauthenticated, Unavailable
from unibos.base.ids import new_id
from unibos.core.identity.keys import InstanceKey
from unibos.core.identity.registry.hub_statement import NODE_KIND, issue_statement
from unibos.core.jobs.leasing.messages import Claim, Input, Lease, Sign
from unibos.transports.http.lease_client import LeaseClient, SourceAddress

DATA = bytes(range(256)) * 4096
INPUT = Input(hashlib.sha256(DATA).hexdigest(), len(DATA))
LEASE = Lease(
    org="home",
    job=new_id(),
    attempt=2,
    kind="test",
    queue="test",
    priority=0,
    args={},
    input=INPUT,
    lease_seconds=60,
    timeout_seconds=60,
)
PROBLEM = "application/problem+json"


class Source:
    """Answers each path by a function of the request: status, headers, body."""

    def __init__(self):
        self.answers = {}
        self.asked = []

    async def serve(self, reader, writer):
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                method, path, _ = head.split(b" ", 2)
                headers = dict(re.findall(r"(?m)^([a-z-]+): (.*?)\r$", head.decode().lower()))
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                self.asked.append((method.decode(), path.decode(), headers, body))
                status, more, answer = self.answers[path.decode()](headers, body)
                lines = [f"HTTP/1.1 {status} X", f"content-length: {len(answer)}"]
                lines += [f"{name}: {value}" for name, value in more.items()]
                cut = more.get("x-cut")
                writer.write("\r\n".join([*lines, "", ""]).encode() + answer[: cut and int(cut)])
                await writer.drain()
                if cut:
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def connected(tmp_path, source):
    server = await asyncio.start_unix_server(source.serve, tmp_path / "x.sock")
    client = LeaseClient.local(tmp_path / "x.sock", "kö")
    try:
        yield client
    finally:
        await client.close()
        server.close()


@pytest.fixture
def source():
    return Source()


def run(tmp_path, source, test):
    async def go():
        async with connected(tmp_path, source) as client, asyncio.timeout(60):
            return await test(client)

    return asyncio.run(go())


def at(what):
    return f"/api/v1/leases/home/{LEASE.job}/2/{what}"


def ranged(headers, _body):
    """As a file is given away, in parts."""
    begin = int(re.search(r"bytes=(\d+)-", headers.get("range", "bytes=0-"))[1])
    if not begin:
        return 200, {}, DATA
    return 206, {"content-range": f"bytes {begin}-{len(DATA) - 1}/{len(DATA)}"}, DATA[begin:]


def test_it_says_what_it_is_called(tmp_path, source):
    source.answers["/api/v1/leases"] = lambda *_: (200, {}, b'{"items": []}')
    assert run(tmp_path, source, lambda client: client.claim(Claim())) == []
    (_, _, headers, body) = source.asked[0]
    assert headers["unibos-worker"] == "k%c3%b6"
    assert "authorization" not in headers
    assert msgspec.json.decode(body)["most"] == 1


def test_an_input_goes_on_where_the_line_broke(tmp_path, source):
    cuts = ["100000", "200000"]

    def cut(headers, body):
        status, more, data = ranged(headers, body)
        return status, more | ({"x-cut": cuts.pop(0)} if cuts else {}), data

    source.answers[at("input")] = cut
    to = tmp_path / "input"

    async def test(client):
        for _ in range(2):
            with pytest.raises(Unavailable):
                await client.fetch(LEASE, INPUT, to)
            assert not to.exists()
        await client.fetch(LEASE, INPUT, to)

    run(tmp_path, source, test)
    assert to.read_bytes() == DATA
    begins = [headers.get("range") for _, _, headers, _ in source.asked]
    assert begins == [None, "bytes=100000-", "bytes=300000-"]


def test_an_input_that_is_another_one_is_thrown_away(tmp_path, source):
    source.answers[at("input")] = lambda *_: (200, {}, DATA[:-1] + b"x")

    async def test(client):
        with pytest.raises(Damaged):
            await client.fetch(LEASE, INPUT, tmp_path / "input")

    run(tmp_path, source, test)
    assert {path.name for path in tmp_path.iterdir()} <= {"x.sock"}


@pytest.mark.parametrize(
    "answer",
    [
        lambda *_: (200, {}, DATA + b"more"),
        lambda *_: (206, {"content-range": "bytes 5-9/100"}, b"xxxxx"),
        lambda *_: (200, {}, b""),
    ],
)
def test_an_input_of_another_size_is_no_input(tmp_path, source, answer):
    source.answers[at("input")] = answer

    async def test(client):
        with pytest.raises(Unavailable):
            await client.fetch(LEASE, INPUT, tmp_path / "input")

    run(tmp_path, source, test)
    assert not (tmp_path / "input").exists()


def test_an_output_arrives_whole(tmp_path, source):
    source.answers[at("outputs/page.txt")] = lambda *_: (204, {}, b"")

    async def chunks():
        yield b"one"
        yield b"two"

    run(tmp_path, source, lambda client: client.send(LEASE, "page.txt", chunks(), 6))
    assert source.asked[0][3] == b"onetwo"


def test_a_refusal_is_the_error_that_it_was(tmp_path, source):
    problem = b'{"code": "job_lost", "detail": "No."}'
    source.answers[at("input")] = lambda *_: (409, {"content-type": PROBLEM}, problem)

    async def test(client):
        with pytest.raises(Conflict) as raised:
            await client.fetch(LEASE, INPUT, tmp_path / "input")
        return raised.value.code

    assert run(tmp_path, source, test) == "job_lost"


@pytest.mark.parametrize("answer", [b"", b"[]", b"<html>", b'{"items": 3}'])
def test_what_is_no_answer_is_nobody(tmp_path, source, answer):
    source.answers["/api/v1/leases"] = lambda *_: (200, {}, answer)

    async def test(client):
        with pytest.raises(Unavailable):
            await client.claim(Claim())

    run(tmp_path, source, test)


def test_nobody_there(tmp_path):
    async def test():
        client = LeaseClient.local(tmp_path / "x.sock", "me")
        with pytest.raises(Unavailable) as raised:
            await client.sign(Sign())
        await client.close()
        return raised.value.code

    assert asyncio.run(test()) == "source_unreachable"


HEARD = {"time": 1, "source": "s", "name": "n", "heartbeat_seconds": 30}


def test_a_source_proves_itself_and_tells_its_time(tmp_path):
    """Over the network: the id is checked, the token carries the source's time."""
    key, other = InstanceKey.open(tmp_path / "key"), InstanceKey.open(tmp_path / "other")
    source = Source()
    said = issue_statement(key, None, (), 0, NODE_KIND)
    source.answers["/.well-known/unibos"] = lambda *_: (
        200,
        {},
        msgspec.json.encode({"statement": said, "membership": ""}),
    )
    refused = [True]

    def sign(headers, _body):
        if refused:
            refused.clear()
            problem = {"code": "machine_token_expired", "detail": "No.", "time": 1_000_000}
            return 401, {"content-type": PROBLEM}, msgspec.json.encode(problem)
        return 200, {}, msgspec.json.encode(HEARD)

    source.answers["/api/v1/workers/sign"] = sign

    async def test():
        server = await asyncio.start_server(source.serve, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        client = LeaseClient.joined(SourceAddress(key.id, (url,)), other)
        assert (await client.sign(Sign())).name == "n"
        stranger = LeaseClient.joined(SourceAddress(other.id, (url,)), other)
        with pytest.raises(Unavailable) as raised:
            await stranger.sign(Sign())
        assert raised.value.code == "source_not_genuine"
        refused.append(True)
        source.answers["/api/v1/workers/sign"] = lambda *_: (
            401,
            {"content-type": PROBLEM},
            b'{"code": "machine_token_invalid", "detail": "No."}',
        )
        with pytest.raises(Unauthenticated):
            await client.sign(Sign())
        await client.close()
        await stranger.close()
        server.close()

    asyncio.run(test())
