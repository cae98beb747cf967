"""What a node may say to its hub in a round, and what a stranger or a former node may not."""

import gzip

import msgspec
import pytest

from tests.attacks.conftest import code, nobody
from unibos.base.clock import COUNTER_BITS, wall_ms
from unibos.base.ids import new_id

EPOCH = "e1"
HELLO = {
    "protocol": 1,
    "kind": "node",
    "name": "machine\x1b[2J",
    "epoch": EPOCH,
    "counter": 1,
    "holds": "",
    "time": 1,
    "collections": [],
    "digest": "",
    "heard": "",
}
DEFINITION = {
    "name": "things",
    "schema": {},
    "strategy": "fields",
    "ceiling": "hub",
    "search": {"title": "title"},
    "module": None,
    "managed": False,
    "key": None,
    "blobs": [],
    "hlc": 1,
    "origin": "made-up",
}
CALLS = ("hello", "pull", "push", "ids", "wait", "blobs/offer")


def post(machine, path, body, token=None):
    headers = {"content-type": "application/json"}
    headers["authorization"] = f"Bearer {token or machine.token()}"
    if body.startswith(b"\x1f\x8b"):
        headers["content-encoding"] = "gzip"
    answer = machine._client.post(f"/api/v1/sync/{path}", content=body, headers=headers)
    if token is None and code(answer) == (401, "machine_token_expired"):
        return post(machine, path, body, machine.token(answer.json()["time"]))
    return answer


def hello(machine, **more):
    policy = ["things", machine.key.id, "hub", 1]
    body = msgspec.json.encode(HELLO | {"policies": [policy]} | more)
    return post(machine, "hello", body)


def push(machine, epoch, change):
    said = {
        "epoch": epoch,
        "own_epoch": EPOCH,
        "collection": "things",
        "version": 1,
        "after": 0,
        "upto": 1,
        "changes": [change],
        "definition": DEFINITION,
    }
    return post(machine, "push", msgspec.json.encode(said))


def change(machine, data, **more):
    hlc = wall_ms() << COUNTER_BITS
    said = {"id": new_id(), "hlc": hlc, "origin": machine.key.id, "data": msgspec.Raw(data)} | more
    return list(said.values())


@pytest.mark.parametrize("call", CALLS)
def test_strangers_and_former_nodes_hear_nothing(hub, machine, call):
    assert nobody(hub).post(f"/api/v1/sync/{call}", json={}).status_code == 401
    hello(machine).raise_for_status()
    hub.owner.delete(f"/api/v1/nodes/{machine.key.id}").raise_for_status()
    assert code(post(machine, call, b"{}")) == (403, "node_revoked")


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"[" * 100_000, 400),
        (b"[" * 900 + b"]" * 900, 200),
        (b'{"a":' + b"[" * 900 + b"]" * 900 + b"}", 200),
        (b'{"a":"\\ud800"}', 400),
        (b'{"a":"\xff"}', 400),
        (b'{"a":1e999999}', 400),
        (b'{"title":"' + b"word " * 200_000 + b'"}', 200),
        (b'{"title":"' + b"\\u0000" * 100_000 + b'"}', 200),
        (b'{"' + b"x" * 200 + b'":1}', 200),
        (b'{"a":' + b"9" * 5_000 + b"}", 400),
        (b'{"a":' + b"9" * 500 + b"}", 200),
    ],
    ids=lambda data: repr(data)[:20],
)
def test_strange_data_is_kept_back_or_refused(hub, machine, data, status):
    epoch = hello(machine).json()["hello"]["epoch"]
    answer = push(machine, epoch, change(machine, data))
    assert answer.status_code == status, answer.text
    assert nobody(hub).get("/health/live").status_code == 200
    assert push(machine, epoch, change(machine, b'{"title":"x"}')).status_code == 200


def test_what_unpacks_to_much_is_not_unpacked(hub, machine):
    bomb = gzip.compress(b" " * (64 * 1024 * 1024))
    for call in CALLS:
        assert code(post(machine, call, bomb)) == (413, "body_too_large")


def test_the_author_of_a_record_makes_no_header(hub, machine):
    """The header ``ETag`` has a part of the author's name."""
    origin = "a\r\nx-y:z"
    said = hello(machine, policies=[["things", origin, "hub", 1]])
    assert code(said) == (400, "body_invalid")
    epoch = hello(machine).json()["hello"]["epoch"]
    for more in ({"origin": origin}, {"clocks": {"title": [1, origin]}}, {"seen": {origin: 1}}):
        given = {"origin": machine.key.id, "data": msgspec.Raw(b"{}"), "clocks": None, "seen": None}
        said = list(({"id": new_id(), "hlc": 1} | given | more).values())
        assert code(push(machine, epoch, said)) == (400, "body_invalid")
