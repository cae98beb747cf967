"""The way to a peer over HTTP: who answers, and what is made of their answers."""

import asyncio
import gzip
import json
import time

import msgspec
import pytest
from msgspec.structs import replace

from tests.core.identity.federation.fellows import T0, Word
from tests.transports.http.fake_hub import NODE, ODD, FakeHub, ok, problem, run
from tests.transports.http.peer_nodes import Gate, Node, hello
from unibos.base.errors import Error
from unibos.core.identity.federation.joining import HubAddress
from unibos.core.identity.registry.machine_tokens import MachineReader
from unibos.core.sync.exchange.messages import MESSAGE_BYTES, HelloAnswer, PolicyTold, Pull, Wait
from unibos.transports.http import connections, peer_client
from unibos.transports.http.peer_client import PeerLinks

HELLO = "/api/v1/sync/hello"


@pytest.fixture
def word():
    return Word(time.monotonic)


@pytest.fixture
def nodes(tmp_path, word):
    """Makes nodes by their names."""
    made = []

    def make(name, **how):
        made.append(Node(tmp_path, how.pop("word", word), name, **how))
        return made[-1]

    yield make
    for node in made:
        node.close()


@pytest.fixture
def kitchen(nodes):
    return nodes("kitchen")


@pytest.fixture
def garden(nodes):
    return nodes("garden")


@pytest.fixture
def hub(tmp_path, kitchen):
    """One that answers whatever a test wants it to."""
    made = FakeHub(tmp_path)
    made.answers[HELLO] = ok(answer_of(kitchen))
    return made


def answer_of(node):
    return msgspec.json.encode(HelloAnswer(hello(node), [], []))


async def refused(call):
    with pytest.raises(Error) as error:
        await call
    return error.value.code


async def greeted(node, url):
    """Whom a node meets at an address, or why not."""
    async with node.link(url) as link:
        try:
            await link.hello(hello(node))
        except Error as error:
            return error.code
        return link.peer


def test_a_node_proves_itself_and_its_certificate_is_pinned(kitchen, garden):
    seen = []

    class Watching(Gate):
        def machine(self, token, membership):
            seen.append(token)
            return super().machine(token, membership)

    async def story():
        async with (
            garden.serve(gate=Watching(garden.fellow)) as url,
            kitchen.link(url) as link,
        ):
            assert (link.peer, link.address, link.certificate) == ("", url, None)
            for _ in range(3):
                await link.hello(hello(kitchen))
            assert link.peer == garden.key.id
            assert link.certificate.startswith("-----BEGIN CERTIFICATE")

    run(story())
    # The first may have been of before the other's start.
    assert len(set(seen)) == len(seen) <= 4


def test_who_shows_another_certificate_gets_nothing(kitchen, garden):
    """Somebody in between passes on what the node says of itself."""
    garden.show("theirs")

    async def story():
        async with garden.serve() as url:
            return await greeted(kitchen, url)

    assert run(story()) == "peer_not_genuine"
    assert garden.state.answered.keys() == {("GET", 200)}


def test_a_node_of_another_hub_gets_nothing(kitchen, nodes):
    stranger = nodes("stranger", word=Word())

    async def story():
        async with stranger.serve() as url:
            return await greeted(kitchen, url)

    assert run(story()) == "peer_not_genuine"
    assert stranger.state.answered.keys() == {("GET", 200)}


def test_a_node_of_another_org_gets_nothing(kitchen, nodes):
    stranger = nodes("stranger", org="org-b")

    async def story():
        async with stranger.serve() as url:
            return await greeted(kitchen, url)

    assert run(story()) == "peer_foreign"
    assert stranger.state.answered.keys() == {("GET", 200)}


def test_a_node_of_another_org_is_given_nothing(kitchen, garden, nodes):
    """It takes the garden for one of its own org; the garden does not."""
    stranger = nodes("stranger", org="org-b")
    stranger.fellow.org = "org-a"

    async def story():
        async with garden.serve() as url:
            return await greeted(stranger, url)

    assert run(story()) == "peer_foreign"


def test_a_revoked_node_is_neither_asked_nor_answered(kitchen, garden, word):
    async def story():
        async with garden.serve() as url, kitchen.link(url) as link:
            await link.hello(hello(kitchen))
            word.revoked.add(garden.key.id)
            assert await refused(link.hello(hello(kitchen))) == "peer_revoked"
            assert await greeted(kitchen, url) == "peer_revoked"
            word.revoked = {kitchen.key.id}
            assert await refused(link.hello(hello(kitchen))) == "node_revoked"

    run(story())


def test_a_membership_is_looked_at_anew_when_it_is_over(kitchen, garden, word):
    day = 86_400_000

    async def story():
        async with garden.serve() as url, kitchen.link(url) as link:
            await link.hello(hello(kitchen))
            word.ms += 90 * day
            for node in (kitchen, garden):
                node.fellow.until = word.ms + day
            kitchen.fellow.membership = word.membership(kitchen.key, "org-a", word.ms)
            assert await refused(link.hello(hello(kitchen))) == "peer_not_genuine"
            garden.fellow.membership = word.membership(garden.key, "org-a", word.ms)
            await link.hello(hello(kitchen))

    run(story())


def test_a_renewed_certificate_is_pinned_by_itself(kitchen, garden):
    async def story():
        async with garden.serve() as url, kitchen.link(url) as link:
            await link.hello(hello(kitchen))
            old = link.certificate
            port = int(url.rpartition(":")[2])
            await kept_apart(link)
        garden.show("new")
        garden.tls = garden.certificate.fingerprint
        async with garden.serve(port=port):
            await link.hello(hello(kitchen))
            assert link.certificate != old
            await link.close()

    run(story())


async def kept_apart(link):
    """Let go of connections, as an idle way does."""
    link._line._connections._let_go()
    await link._line._connections.close()


def test_another_node_at_the_address_is_met_at_a_hello_only(kitchen, garden, nodes):
    cellar = nodes("cellar")

    async def story():
        async with garden.serve() as url, kitchen.link(url) as link:
            await link.hello(hello(kitchen))
            port = int(url.rpartition(":")[2])
            await kept_apart(link)
        async with cellar.serve(port=port):
            wait = Wait("x", "y", "", {})
            assert await refused(link.wait(wait)) == "peer_not_genuine"
            assert link.peer == garden.key.id
            await link.hello(hello(kitchen))
            assert link.peer == cellar.key.id
            await link.close()

    run(story())


def test_plain_http_goes_to_this_machine_only(kitchen, garden):
    async def story():
        async with garden.serve(tls=False) as url:
            far = await greeted(kitchen, "http://192.0.2.1:8001")
            return await greeted(kitchen, url), far

    assert run(story()) == (garden.key.id, "peer_unreachable")


def test_another_node_on_loopback_is_found_out(kitchen, garden, nodes):
    """Without a certificate, the token tells: it is for another."""
    cellar = nodes("cellar")

    async def story():
        async with garden.serve(tls=False) as url, kitchen.link(url) as link:
            await link.hello(hello(kitchen))
            port = int(url.rpartition(":")[2])
            await kept_apart(link)
        async with cellar.serve(port=port, tls=False):
            assert await refused(link.hello(hello(kitchen))) == "machine_token_invalid"
            await link.hello(hello(kitchen))
            assert link.peer == cellar.key.id
            await link.close()

    run(story())


def test_a_copy_of_this_node_is_no_peer(kitchen):
    async def story():
        async with kitchen.serve() as url:
            return await greeted(kitchen, url)

    assert run(story()) == "peer_is_self"


def test_nobody_is_there(kitchen):
    async def story():
        dead = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        port = dead.sockets[0].getsockname()[1]
        dead.close()
        await dead.wait_closed()
        return await greeted(kitchen, f"https://127.0.0.1:{port}")

    assert run(story()) == "peer_unreachable"


def test_a_node_without_a_hub_answers_no_peer(kitchen, hub):
    hub.answers["/.well-known/unibos"] = problem(409, "not_joined")

    async def story():
        async with hub.serve() as url:
            return await greeted(kitchen, url)

    assert run(story()) == "peer_unreachable"


def way_to(hub, *urls, key=NODE):
    """The way to a hub; nothing is known of it but its id."""
    return PeerLinks(key, lambda: T0, None).hub(HubAddress(hub.key.id, urls))


def test_a_hub_is_known_by_its_id_and_gets_no_membership(hub, kitchen):
    async def story():
        async with hub.serve() as url:
            link = way_to(hub, "https://127.0.0.1:1", url)
            await link.hello(hello(kitchen))
            await link.close()
            return link

    link = run(story())
    assert (link.peer, link.kind) == (hub.key.id, "hub")
    method, path, headers, _ = hub.asked[-1]
    assert (method, path) == ("POST", HELLO)
    assert "unibos-membership" not in headers
    token = headers["authorization"].removeprefix("Bearer ")
    MachineReader(hub.key.id, lambda: T0).read(token, NODE.id, NODE.public.public_bytes_raw())


def test_another_hub_gets_nothing(hub, kitchen, tmp_path):
    other = FakeHub(tmp_path, "other")

    async def story():
        async with other.serve() as url:
            link = way_to(hub, url)
            code = await refused(link.hello(hello(kitchen)))
            await link.close()
            return code

    assert run(story()) == "peer_not_genuine"
    assert other.paths() == ["/.well-known/unibos"]


def test_the_peers_time_is_learned_from_its_refusal(hub, kitchen):
    times = []

    def answer(headers, _):
        token = headers["authorization"].removeprefix("Bearer ")
        reader = MachineReader(hub.key.id, lambda: 0)
        times.append(reader.read(token, NODE.id, NODE.public.public_bytes_raw()).issued_at)
        if times[-1] < T0 + 10**9:
            return problem(401, "machine_token_expired", time=T0 + 10**9)
        return ok(answer_of(kitchen))

    hub.answers[HELLO] = answer

    async def story():
        async with hub.serve() as url:
            link = way_to(hub, url)
            await link.hello(hello(kitchen))
            await link.hello(hello(kitchen))
            await link.close()

    run(story())
    assert times[0] == T0
    assert len(times) == 3
    assert all(T0 + 10**9 <= time < T0 + 10**9 + 60_000 for time in times[1:])


@pytest.mark.parametrize("facts", [{"time": T0}, {}, {"time": "now"}])
def test_who_takes_no_token_is_asked_twice_at_most(hub, kitchen, facts):
    hub.answers[HELLO] = problem(401, "machine_token_expired", **facts)

    async def story():
        async with hub.serve() as url:
            link = way_to(hub, url)
            assert await refused(link.hello(hello(kitchen))) == "machine_token_expired"
            await link.close()

    run(story())
    assert hub.paths().count(HELLO) == (2 if facts.get("time") == T0 else 1)


BOMB = gzip.compress(b" " * (MESSAGE_BYTES + 1))
ANSWERS = {
    **{what: ODD[what] for what in ODD.keys() - {"too large, its length untold"}},
    "a bomb": ok(BOMB, content_encoding="gzip"),
    "half of what gzip makes": ok(gzip.compress(b'{"new": true}')[:-5], content_encoding="gzip"),
    "no gzip": ok(b'{"new": true}', content_encoding="gzip"),
    "more than one gzip": ok(gzip.compress(b"{}") * 2, content_encoding="gzip"),
    "packed otherwise": ok(b"x", content_encoding="br"),
    "deep": ok(b"[" * 10**5),
    "too large": ok(b" " * (MESSAGE_BYTES + 1)),
    "too large, its length untold": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
    + (b"10000\r\n" + b" " * 65536 + b"\r\n") * 70,
}


@pytest.mark.parametrize("what", sorted(ANSWERS))
def test_odd_answers_are_no_answers(hub, kitchen, what):
    hub.answers[HELLO] = ANSWERS[what]

    async def story():
        async with hub.serve() as url:
            link = way_to(hub, url)
            code = await refused(link.hello(hello(kitchen)))
            await link.close()
            return code

    assert run(story()) == "peer_unreachable"
    assert hub.paths().count(HELLO) == 1


def test_a_packed_answer_is_read(hub, kitchen):
    hub.answers[HELLO] = ok(gzip.compress(answer_of(kitchen)), content_encoding="gzip")

    async def story():
        async with hub.serve() as url:
            link = way_to(hub, url)
            answer = await link.hello(hello(kitchen))
            await link.close()
            return answer

    assert run(story()).hello.name == "kitchen"


def test_large_questions_go_out_packed(hub, kitchen):
    many = [PolicyTold("notes", f"origin-{number}", "hub", 1) for number in range(5000)]

    async def story():
        async with hub.serve() as url:
            link = way_to(hub, url)
            await link.hello(replace(hello(kitchen), policies=many))
            await link.hello(hello(kitchen))
            await link.close()
            return link

    link = run(story())
    large, small = hub.asked[-2:]
    assert large[2]["content-encoding"] == "gzip"
    assert len(json.loads(gzip.decompress(large[3]))["policies"]) == 5000
    assert "content-encoding" not in small[2]
    assert link.sent_bytes < 100_000


def test_a_blob_s_other_part_is_none(hub, kitchen):
    part = ok(b"x", 206, "application/octet-stream", content_range="bytes 0-0/10")

    async def story():
        async with hub.serve() as url:
            link = way_to(hub, url)
            hub.answers["/api/v1/sync/blobs/" + "0" * 64] = part
            code = await refused(anext(link.get_blob("0" * 64, 5)))
            await link.close()
            return code

    assert run(story()) == "peer_unreachable"


def test_a_name_of_a_blob_leads_nowhere_else(hub, kitchen):
    async def story():
        async with hub.serve() as url:
            link = way_to(hub, url)
            await refused(anext(link.get_blob("../../tokens?x", 0)))
            await link.close()

    run(story())
    assert hub.paths()[-1] == "/api/v1/sync/blobs/..%2F..%2Ftokens%3Fx"


def test_a_slow_peer_is_given_up(hub, kitchen, monkeypatch):
    monkeypatch.setattr(peer_client, "TOTAL_S", 0.05)
    ends = asyncio.Event()

    async def forever():
        await ends.wait()
        return False

    hub.answers["/api/v1/sync/pull"] = lambda *_: forever()

    async def story():
        async with hub.serve() as url:
            link = way_to(hub, url)
            code = await refused(link.pull(Pull("x", "y", "z", 0, 0)))
            await link.close()
            ends.set()
            return code

    assert run(story()) == "peer_unreachable"


def test_connections_are_kept_only_while_they_are_used(hub, kitchen, monkeypatch):
    monkeypatch.setattr(connections, "IDLE_S", 0)

    async def story():
        async with hub.serve() as url:
            link = way_to(hub, url)
            await link.hello(hello(kitchen))
            hub.ended.clear()
            await hub.ended.wait()
            await link.hello(hello(kitchen))
            await link.close()

    run(story())
    assert hub.paths().count("/.well-known/unibos") == 1
