"""The door for peers: bodies that are broken, packed or too large, and who may not come in."""

import gzip
import zlib

import httpx2
import msgspec
import pytest

from tests.core.identity.federation.fellows import Word
from tests.core.sync.replicas import plain
from tests.transports.http.fake_hub import run
from tests.transports.http.peer_nodes import Node, hello
from unibos.core.identity.registry.machine_tokens import MachineTokens
from unibos.core.store.definitions import Export
from unibos.core.sync.exchange.messages import MESSAGE_BYTES, HelloAnswer

HELLO = "/api/v1/sync/hello"
JSON = "application/json"


@pytest.fixture
def pair(tmp_path):
    """Who asks, and who answers."""
    word = Word()
    made = [Node(tmp_path, word, name) for name in ("kitchen", "garden")]
    yield made
    for node in made:
        node.close()


def signed(kitchen, garden):
    """Headers that let the kitchen in; the garden has just started, so its time is ahead."""
    token = MachineTokens(kitchen.key, garden.key.id).issue(kitchen.fellow.time() + 2000)
    return {
        "authorization": f"Bearer {token}",
        "unibos-membership": kitchen.fellow.membership,
    }


def asked(pair, body=b"", path=HELLO, method="POST", **headers):
    """The answer's status, its code if it is a refusal, and itself."""
    kitchen, garden = pair
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    sent = {"content-type": JSON, **signed(kitchen, garden), **named}

    async def story():
        async with (
            garden.serve(tls=False) as url,
            httpx2.AsyncClient(base_url=url, trust_env=False) as client,
        ):
            wanted = {name: value for name, value in sent.items() if value}
            return await client.request(method, path, content=body, headers=wanted)

    answer = run(story())
    problem = answer.status_code >= 400
    return answer.status_code, answer.json()["code"] if problem else "", answer


def said(pair):
    return msgspec.json.encode(hello(pair[0]))


def test_a_packed_question(pair):
    assert asked(pair, gzip.compress(said(pair)), content_encoding="gzip")[0] == 200


@pytest.mark.parametrize("level", [0, 1, 9])
def test_a_bomb_is_not_unpacked_further_than_it_may(pair, level):
    bomb = gzip.compress(b" " * (MESSAGE_BYTES + 1), level)
    assert asked(pair, bomb, content_encoding="gzip")[:2] == (413, "body_too_large")


def test_as_much_as_a_message_may_have(pair):
    large = said(pair).ljust(MESSAGE_BYTES)
    assert asked(pair, gzip.compress(large), content_encoding="gzip")[0] == 200


def test_too_large_as_it_is(pair):
    assert asked(pair, b" " * (MESSAGE_BYTES + 1))[:2] == (413, "body_too_large")


def test_half_a_message(pair):
    packed = gzip.compress(said(pair))
    for part in (packed[:-1], packed[: len(packed) // 2], packed[:5], packed + b"x", packed * 2):
        assert asked(pair, part, content_encoding="gzip")[:2] == (400, "gzip_broken")
    assert asked(pair, said(pair)[:-1])[:2] == (400, "json_invalid")


@pytest.mark.parametrize("body", [b"", b"\x1f\x8b", b"{}", bytes(range(100)), zlib.compress(b"{}")])
def test_what_is_no_gzip(pair, body):
    assert asked(pair, body, content_encoding="gzip")[:2] == (400, "gzip_broken")


@pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip", "zstd"])
def test_other_encodings_are_not_taken(pair, encoding):
    got = asked(pair, said(pair), content_encoding=encoding)
    assert got[:2] == (415, "encoding_unsupported")


@pytest.mark.parametrize(
    ("body", "code"),
    [(b"{}", "body_invalid"), (b"{" * 10**5, "json_invalid"), (b"\xff", "json_invalid")],
)
def test_what_is_no_message(pair, body, code):
    packed = gzip.compress(body)
    assert asked(pair, body)[:2] == (400, code)
    assert asked(pair, packed, content_encoding="gzip")[:2] == (400, code)


def test_the_answer_is_packed_for_who_takes_it(pair):
    for number in range(30):
        pair[1].replica.declare(plain(f"things_{number}", export=Export.NODES))
    plainly = asked(pair, said(pair), accept_encoding="identity")[2]
    packed = asked(pair, said(pair), accept_encoding="deflate, gzip;q=0.5")[2]
    refused = asked(pair, said(pair), accept_encoding="gzip;q=0")[2]
    assert "content-encoding" not in plainly.headers
    assert "content-encoding" not in refused.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < len(plainly.content) / 4
    known = [msgspec.json.decode(one.content, type=HelloAnswer) for one in (plainly, packed)]
    assert known[0].definitions == known[1].definitions


def test_nobody_comes_in_without_both_proofs(pair):
    kitchen, garden = pair
    for headers, why in [
        ({"authorization": ""}, (401, "token_missing")),
        ({"authorization": "Bearer x"}, (401, "machine_token_invalid")),
        ({"unibos_membership": ""}, (401, "membership_missing")),
        ({"unibos_membership": garden.fellow.membership}, (409, "peer_is_self")),
        ({"unibos_membership": "x" * 3000}, (401, "statement_invalid")),
    ]:
        assert asked(pair, said(pair), **headers)[:2] == why
    twin = MachineTokens(kitchen.key, kitchen.key.id).issue(kitchen.fellow.time() + 2000)
    got = asked(pair, said(pair), authorization=f"Bearer {twin}")
    assert got[:2] == (401, "machine_token_invalid")


def test_a_token_is_good_for_once(pair):
    kitchen, garden = pair
    headers = {"content-type": JSON, **signed(kitchen, garden)}

    async def story():
        async with (
            garden.serve(tls=False) as url,
            httpx2.AsyncClient(base_url=url, trust_env=False) as client,
        ):
            both = [await client.post(HELLO, content=said(pair), headers=headers) for _ in range(2)]
            other = await client.get("/api/v1/sync/blobs/" + "0" * 64, headers=headers)
            return [*both, other]

    first, *again = run(story())
    assert first.status_code == 200
    assert [one.json()["code"] for one in again] == ["machine_token_used"] * 2


@pytest.mark.parametrize(
    "where", ["bytes 5-4/10", "bytes 0-9/5", "0-9/10", "bytes 0-9/*", "bytes a-b/c"]
)
def test_a_part_that_is_none(pair, where):
    got = asked(
        pair,
        b"0123456789",
        path="/api/v1/sync/blobs/" + "0" * 64,
        method="PUT",
        content_type="application/octet-stream",
        content_range=where,
    )
    assert got[:2] == (422, "content_range_invalid")
