"""What leaves a node, at the wire: every byte between two nodes and their hub is read.

The hub serves plain HTTP on loopback, and its only address is that of a tap, so nodes have no other
way to it and nothing is hidden.
"""

import base64
import hashlib
import json
import uuid
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx2
import pytest

from tests.e2e.family import QUICK, Household, online, until
from tests.e2e.server import PATIENCE, Server, run
from tests.e2e.tap import Tap
from unibos.base.local_socket import address_of
from unibos.core.sync.exchange.messages import BATCH_RECORDS

pytestmark = pytest.mark.e2e

EXPORT = "/api/v1/export"
SECRET = "the key lies under the ş-shaped stone"


class TappedHousehold(Household):
    """A hub, and nodes that reach it through a tap."""

    def __init__(self, folder, held, tap):
        self.tap = tap
        super().__init__(folder, held)

    def start_hub(self):
        place = self._folder / "hub" / "data"
        place.parent.mkdir(exist_ok=True)
        plain = {"UNIBOS_HUB_TLS": "false", "UNIBOS_HUB_PUBLIC_URLS": self.tap.url}
        server = Server(place, "--hub-port", self._port, roles=("hub",), **QUICK, **plain)
        self.hub = self._held.enter_context(server)
        self._port = self.hub.url.rpartition(":")[2]
        self.tap.target = ("127.0.0.1", int(self._port))

    def at(self, server, socket="unibos.sock"):
        """Who asks a server over its local socket."""
        path = self._held.enter_context(address_of(server.data / socket))
        transport = httpx2.HTTPTransport(uds=path)
        client = httpx2.Client(transport=transport, base_url="http://local", timeout=PATIENCE)
        return self._held.enter_context(client)

    def restart(self, name, server):
        """A node again, after its power failed."""
        server.kill()
        return self.start_node(name)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    with ExitStack() as held:
        tap = held.enter_context(Tap())
        home = TappedHousehold(tmp_path_factory.mktemp("wire"), held, tap)
        home.one, home.two = home.start_node("one"), home.start_node("two")
        for node in (home.one, home.two):
            home.join(node, home.owner)
        yield home


def collection(asker, name, export):
    asked = {"name": name, "schema": {}, "export": export}
    answer = asker.post("/api/v1/collections", json=asked)
    assert answer.status_code == 201, answer.text


def records(name):
    return f"/api/v1/collections/{name}/records"


def create(asker, name, **data):
    answer = asker.post(records(name), json={"data": data})
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def fill(asker, name, count):
    """Many records at once."""
    writes = [{"op": "create", "collection": name, "data": {"n": n}} for n in range(count)]
    for start in range(0, count, 500):
        answer = asker.post("/api/v1/batch", json={"writes": writes[start : start + 500]})
        assert answer.status_code == 200, answer.text


def held(asker, name):
    """The ids of all records that a place has of a collection."""
    found, cursor = set(), None
    while True:
        asked = {"limit": 200} | ({"cursor": cursor} if cursor else {})
        answer = asker.get(records(name), params=asked)
        if answer.status_code == 404:
            return found
        page = answer.json()
        found |= {one["id"] for one in page["items"]}
        cursor = page["next"]
        if cursor is None:
            return found


def reaches(asker, name, *ids):
    until(lambda: held(asker, name) >= set(ids))


def forms(*texts, ids=(), blob=b""):
    """All ways in which somebody could write down what must not leave."""
    for text in texts:
        raw = text.encode()
        yield from (raw, json.dumps(text)[1:-1].encode(), raw.hex().encode())
        for shift in range(3):
            # The letters that do not depend on what stands before and after.
            yield base64.b64encode(bytes(shift) + raw)[4:-4]
    for id_ in ids:
        one = uuid.UUID(id_)
        yield from (id_.encode(), one.hex.encode(), one.bytes)
    if blob:
        digest = hashlib.sha256(blob)
        yield from (blob, digest.hexdigest().encode(), digest.digest())


def found(tap, needles):
    told, raw = tap.told(), tap.raw()
    return [needle for needle in needles if needle in told or needle in raw]


def others(server):
    """The ports that a server has connected to, as the kernel tells them."""
    fds = Path(f"/proc/{server.pid}/fd")
    inodes = {str(each.readlink())[8:-1] for each in fds.iterdir() if _is_socket(each)}
    own = server.url.rpartition(":")[2]
    ports = set()
    for name in ("tcp", "tcp6"):
        for row in Path(f"/proc/{server.pid}/net/{name}").read_text().splitlines()[1:]:
            cells = row.split()
            near, far = (int(cells[place].rpartition(":")[2], 16) for place in (1, 2))
            if cells[9] in inodes and far and near != int(own):
                ports.add(far)
    return ports


def _is_socket(descriptor):
    with suppress(FileNotFoundError):
        return str(descriptor.readlink()).startswith("socket:")


def test_nothing_of_a_local_collection_leaves(home):
    one, two = home.at(home.one), home.at(home.two)
    blob = b"bytes that stay at home " * 50
    sha256 = hashlib.sha256(blob).hexdigest()
    collection(one, "diary_zq7", "local")
    collection(one, "shared_zq7", "hub")
    assert one.put(f"/api/v1/blobs/{sha256}", content=blob).is_success
    secret = [create(one, "diary_zq7", title=SECRET, body=f"page {n}", file=sha256) for n in "abc"]
    open_ = create(one, "shared_zq7", title="for everybody ş")
    one.patch(f"{records('diary_zq7')}/{secret[0]}", json={"data": {"mood_zq7": "hidden_zq7"}})
    one.delete(f"{records('diary_zq7')}/{secret[1]}")
    reaches(home.owner, "shared_zq7", open_)
    reaches(two, "shared_zq7", open_)

    # Once more, with a hub that has to be met again.
    home.hub.kill()
    until(lambda: not online(home.one))
    secret.append(create(one, "diary_zq7", title=SECRET))
    home.start_hub()
    until(lambda: online(home.one))
    again = create(one, "shared_zq7", title="and another one")
    reaches(two, "shared_zq7", open_, again)

    must_not = forms("diary_zq7", SECRET, "mood_zq7", "hidden_zq7", ids=secret, blob=blob)
    assert found(home.tap, must_not) == []
    # The tap does see what leaves.
    for text in ("shared_zq7", "for everybody ş", "and another one"):
        assert found(home.tap, [text.encode()])
    for id_ in (open_, again):
        assert found(home.tap, forms(ids=[id_]))
    assert others(home.one) == others(home.two) == {home.tap.port}
    assert held(two, "diary_zq7") == set()
    assert held(one, "diary_zq7") == {secret[0], *secret[2:]}


def test_what_is_narrowed_is_gone_at_the_hub_and_at_a_third_node(home):
    one, two = home.at(home.one), home.at(home.two)
    collection(one, "plans_zq7", "hub")
    mine = [create(one, "plans_zq7", title=f"plan {n}") for n in range(3)]
    reaches(two, "plans_zq7", *mine)
    done = run(home.two.data, "export", "set", "plans_zq7", "hub", "--yes")
    assert done.returncode == 0, done.stderr
    theirs = create(two, "plans_zq7", title="of the other node")
    reaches(home.owner, "plans_zq7", *mine, theirs)
    reaches(one, "plans_zq7", theirs)

    done = run(home.one.data, "export", "set", "plans_zq7", "local")
    assert "Copies elsewhere are withdrawn" in done.stdout, done.stderr
    for place in (home.owner, two):
        until(lambda place=place: held(place, "plans_zq7") == {theirs})
    assert held(one, "plans_zq7") == {*mine, theirs}
    late = create(one, "plans_zq7", title="late_zq7")
    collection(one, "after_zq7", "hub")
    reaches(two, "after_zq7", create(one, "after_zq7", title="this one goes"))
    assert found(home.tap, forms("late_zq7", ids=[late])) == []


def test_within_one_batch_of_the_kill_switch_nothing_leaves(home):
    one = home.at(home.one)
    collection(one, "many_zq7", "local")
    fill(one, "many_zq7", 5 * BATCH_RECORDS)
    home.tap.hold(after=1)
    one.put(EXPORT, json={"collection": "many_zq7", "export": "hub"})
    home.tap.held(PATIENCE)
    assert run(home.one.data, "export", "kill-switch", "on").returncode == 0
    begun = home.tap.pushes
    home.tap.release()
    until(lambda: any(entry["blocked"] == "export_stopped" for entry in log(one)))
    assert home.tap.pushes == begun
    gone = held(home.owner, "many_zq7")
    assert 0 < len(gone) <= 2 * BATCH_RECORDS

    home.one = home.restart("one", home.one)
    one = home.at(home.one)
    assert one.get(EXPORT).json()["kill_switch"]
    silent = create(one, "many_zq7", title="silent_zq7")
    [tried] = one.post("/api/v1/sync/now").json()["peers"]
    assert tried["error"]["code"] == "export_stopped"
    until(lambda: online(home.one))
    assert home.tap.pushes == begun
    assert held(home.owner, "many_zq7") == gone
    assert found(home.tap, forms("silent_zq7", ids=[silent])) == []

    assert run(home.one.data, "export", "kill-switch", "off", "--yes").returncode == 0
    until(lambda: len(held(home.owner, "many_zq7")) == 5 * BATCH_RECORDS + 1)
    assert found(home.tap, forms("silent_zq7", ids=[silent]))


def log(asker):
    return asker.get(f"{EXPORT}/log", params={"limit": 200}).json()["items"]
