"""Every endpoint is asked by somebody of another org, and by nobody at all."""

import asyncio
import hashlib
from types import SimpleNamespace

import httpx2
import pytest

from tests.box import PASSWORD, Running
from unibos.base.config import Documents, Media
from unibos.base.ids import new_id
from unibos.core.identity.keys import InstanceKey
from unibos.core.identity.passwords import EFFORTS, Passwords
from unibos.core.module.manifest import install
from unibos.core.store import accounts
from unibos.core.store.store import Store
from unibos.roles.modules import modules

SECRET = "persimmon"
STRANGER = "stranger@example.net"
BYTES = f"{SECRET} bytes".encode()
OPEN = {
    ("get", "/"),
    ("post", "/"),
    ("get", "/health"),
    ("get", "/health/live"),
    ("get", "/health/ready"),
    ("get", "/metrics"),
    ("get", "/openapi.json"),
    ("get", "/.well-known/unibos"),
    ("post", "/api/v1/setup"),
    ("post", "/api/v1/auth/login"),
    ("post", "/api/v1/auth/refresh"),
    ("post", "/api/v1/workers/enroll"),
}
# What goes with a request, so that nothing but the org stands between the asker and the thing.
BODIES = {
    ("post", "/api/v1/collections"): {"name": "mine"},
    ("post", "/api/v1/collections/{collection}/records"): {"data": {}},
    ("put", "/api/v1/collections/{collection}/records/{id}"): {"data": {"title": "taken"}},
    ("patch", "/api/v1/collections/{collection}/records/{id}"): {"data": {"title": "taken"}},
    ("post", "/api/v1/hub/preview"): {"token": "none"},
    ("post", "/api/v1/hub/join"): {"token": "none"},
    ("post", "/api/v1/hub/leave"): {},
    ("post", "/api/v1/me/link"): {"email": "owner@example.org", "password": PASSWORD},
    ("put", "/api/v1/export"): {"collection": SECRET, "export": "local"},
    ("post", "/api/v1/sync/hello"): {},
    ("post", "/api/v1/sync/pull"): {},
    ("post", "/api/v1/sync/push"): {},
    ("post", "/api/v1/sync/ids"): {},
    ("post", "/api/v1/sync/wait"): {},
    ("post", "/api/v1/sync/blobs/offer"): {},
    ("post", "/api/v1/jobs"): {"kind": "documents.read"},
    ("post", "/api/v1/albums"): {"title": "mine"},
    ("patch", "/api/v1/albums/{id}"): {"title": "taken"},
    ("post", "/api/v1/albums/{id}/members"): {"members": ["any"]},
    ("post", "/api/v1/albums/{id}/members/remove"): {"members": ["any"]},
    ("patch", "/api/v1/media/{id}"): {"title": "taken"},
    ("post", "/api/v1/notifications"): {"title": "mine"},
    ("patch", "/api/v1/notifications/{id}"): {"read": True},
    ("post", "/api/v1/leases"): {},
    ("post", "/api/v1/leases/reports"): {"items": []},
    ("post", "/api/v1/tokens"): {"role": "worker"},
    ("post", "/api/v1/workers/sign"): {},
    ("patch", "/api/v1/workers/{id}"): {"name": "taken"},
    ("patch", "/api/v1/documents/{id}"): {"title": "taken"},
    ("post", "/api/v1/documents/reprocess"): {"failed": True},
    ("post", "/api/v1/users"): {
        "email": "another@example.net",
        "name": "Another",
        "password": PASSWORD,
    },
    ("patch", "/api/v1/users/{id}"): {"role": "viewer"},
    ("put", "/api/v1/users/{id}/password"): {"password": "taken over by force"},
}
# Asked for in tests of their own below, or about the asker alone.
APART = {
    ("post", "/api/v1/batch"),
    ("post", "/api/v1/jobs/batches/{id}"),
    ("post", "/api/v1/documents"),
    ("post", "/api/v1/auth/logout"),
    ("post", "/api/v1/auth/password"),
    ("get", "/api/v1/events"),
    ("put", "/api/v1/blobs/{sha256}"),
    ("get", "/api/v1/blobs/{sha256}/upload"),
}


def second_org(folder):
    """Another org in the same database, with an owner of its own."""
    store = Store(folder, "node", InstanceKey.open(folder).id)
    hashing = Passwords(EFFORTS["edge"], 1)
    verifier = asyncio.run(hashing.hash(PASSWORD))
    org = new_id()

    def make(tx):
        tx.connection.execute(
            "INSERT INTO orgs (id, name, type, created_at) VALUES (?, 'Other', 'family', ?)",
            (org, tx.now()),
        )
        accounts.create(tx, STRANGER, STRANGER, "Stranger", verifier, "owner")

    store.write(make, org)
    for module in modules(Documents(), Media()):
        install(module, store.org(org))
    hashing.close()
    store.close()
    return org


def fill(box):
    """Things of the first org, as the values of parameters in paths."""
    owner = box.owner
    owner.post("/api/v1/collections", json={"name": SECRET}).raise_for_status()
    records = f"/api/v1/collections/{SECRET}/records"
    record = owner.post(records, json={"data": {"title": SECRET}}).json()["id"]
    note = owner.post(
        "/api/v1/collections/notes/records", json={"data": {"title": SECRET, "body": SECRET}}
    ).json()["id"]
    kind = {"content-type": "text/plain", "x-filename": f"{SECRET}.txt"}
    document = owner.post("/api/v1/documents", content=BYTES, headers=kind).json()
    with owner.stream("GET", f"/api/v1/jobs/{document['job']}/events") as events:
        events.read()
    return SimpleNamespace(
        record=record,
        note=note,
        document=document["id"],
        job=document["job"],
        user=box.login["user"]["id"],
        org=box.login["user"]["org"],
        sha256=hashlib.sha256(BYTES).hexdigest(),
    )


@pytest.fixture(scope="module")
def box(tmp_path_factory):
    folder = tmp_path_factory.mktemp("box")
    with Running(folder) as running:
        running.set_up()
        theirs = fill(running)
    second_org(folder)
    with Running(folder) as running:
        running.theirs = theirs
        login = running.log_in("owner@example.org")
        running.owner = running.client(login["access_token"])
        running.login = running.log_in(STRANGER)
        running.stranger = running.client(running.login["access_token"])
        yield running


@pytest.fixture(scope="module")
def described(box):
    paths = httpx2.get(box.url + "/openapi.json").json()["paths"]
    return {(method, path): about for path in paths for method, about in paths[path].items()}


def concrete(path, theirs):
    """The paths with parameters that name things of the first org."""
    ids = {
        "/api/v1/collections/": theirs.record,
        "/api/v1/documents/": theirs.document,
        "/api/v1/jobs/": theirs.job,
        "/api/v1/sync/": "1",
        "/api/v1/users/": theirs.user,
    }
    id_ = next((value for start, value in ids.items() if path.startswith(start)), theirs.record)
    path = path.replace("{sha256}", theirs.sha256).replace("{org}", theirs.org)
    path = path.replace("{job}", theirs.job).replace("{attempt}", "1").replace("{name}", "a.txt")
    if "{collection}" in path:
        yield path.replace("{collection}", SECRET).replace("{id}", id_)
        if "{id}" in path:
            yield path.replace("{collection}", "notes").replace("{id}", theirs.note)
    else:
        yield path.replace("{id}", id_)


def everything(owner):
    """All that the first org has, as its owner sees it."""
    asked = [
        "/api/v1/collections",
        f"/api/v1/collections/{SECRET}/records",
        "/api/v1/collections/notes/records",
        "/api/v1/collections/documents/records",
        "/api/v1/documents",
        "/api/v1/export",
        "/api/v1/jobs",
        "/api/v1/sync/conflicts",
        "/api/v1/sync/quarantine",
        "/api/v1/users",
    ]
    return [owner.get(path).json() for path in asked]


def test_a_stranger_reaches_nothing_through_any_endpoint(box, described):
    before = everything(box.owner)
    reached = []
    for method, path in sorted(described):
        if (method, path) in OPEN | APART:
            continue
        for url in concrete(path, box.theirs):
            params = {"q": SECRET} if path == "/api/v1/search" else None
            body = BODIES.get((method, path))
            answer = box.stranger.request(method, url, params=params, json=body)
            mine = url.endswith(box.theirs.note) and method == "put"
            refused = (401,) if described[method, path].get("x-role") == "worker" else (403, 404)
            if "{" in path and not mine and answer.status_code not in refused:
                reached.append((method, url, answer.status_code))
            for secret in (SECRET, box.theirs.org, *vars(box.theirs).values()):
                asked = url + (str(body) if body else "")
                if secret in answer.text and secret not in asked:
                    reached.append((method, url, answer.text))
    assert reached == []
    assert everything(box.owner) == before


def test_an_id_of_another_org_in_a_batch(box):
    before = everything(box.owner)
    for op in ("patch", "delete"):
        for collection, id_, code in (
            (SECRET, box.theirs.record, "collection_not_found"),
            ("notes", box.theirs.note, "record_not_found"),
        ):
            write = {"op": op, "collection": collection, "id": id_}
            write |= {"data": {"title": "taken"}} if op == "patch" else {}
            box.stranger.delete(f"/api/v1/collections/notes/records/{id_}")
            answer = box.stranger.post("/api/v1/batch", json={"writes": [write]})
            assert (answer.status_code, answer.json()["code"]) == (404, code)
    assert everything(box.owner) == before


def test_a_record_with_the_same_id_is_another_record(box):
    url = f"/api/v1/collections/notes/records/{box.theirs.note}"
    box.stranger.delete(url)
    made = box.stranger.put(url, json={"data": {"title": "mine"}})
    assert made.status_code == 201
    assert box.owner.get(url).json()["data"]["title"] == SECRET
    assert box.stranger.delete(url).status_code == 204
    assert box.owner.get(url).status_code == 200


def test_the_same_bytes_in_two_orgs_are_two_documents(box):
    blob = f"/api/v1/blobs/{box.theirs.sha256}"
    guessed = box.stranger.put(blob, content=b"I only know its name")
    assert guessed.json()["code"] == "blob_hash_mismatch"
    assert box.stranger.get(blob).status_code == 404
    half = {"content-range": f"bytes 0-4/{len(BYTES)}"}
    assert box.owner.put(blob, content=BYTES[:5], headers=half).status_code == 202
    assert box.stranger.get(f"{blob}/upload").json() == {"received": 0}
    kind = {"content-type": "text/plain"}
    taken = box.stranger.post("/api/v1/documents", content=BYTES, headers=kind)
    assert taken.status_code == 201
    mine = f"/api/v1/documents/{taken.json()['id']}"
    assert taken.json()["id"] != box.theirs.document
    assert box.stranger.get(mine).json()["filename"] is None
    assert box.stranger.delete(mine, params={"purge": "true"}).status_code == 204
    assert box.stranger.get(blob).status_code == 404
    assert box.owner.get(blob).content == BYTES
    assert box.owner.get(f"/api/v1/documents/{box.theirs.document}/original").content == BYTES


def test_events_are_told_within_an_org_only(box):
    notes = "/api/v1/collections/notes/records"
    with box.stranger.stream("GET", "/api/v1/events", headers={"last-event-id": "0.0"}) as told:
        box.owner.post(notes, json={"data": {"title": SECRET}}).raise_for_status()
        asker = box.client(box.login["access_token"])
        asker.post(notes, json={"data": {"title": "the stranger's own"}}).raise_for_status()
        seen = []
        for line in told.iter_lines():
            seen.append(line)
            if "the stranger's own" in line:
                break
    seen = "\n".join(seen)
    assert SECRET not in seen
    for id_ in (box.theirs.record, box.theirs.document, box.theirs.job, box.theirs.user):
        assert id_ not in seen


def test_the_local_socket_belongs_to_the_first_org(box):
    assert box.local().get("/api/v1/me").json()["org"] == box.theirs.org


def test_nobody_gets_through_without_a_token(box, described):
    nobody = box.client()
    for (method, path), about in sorted(described.items()):
        needs = "x-role" in about
        assert needs != ((method, path) in OPEN), f"{method} {path}"
        if not needs:
            continue
        for url in concrete(path, box.theirs):
            answer = nobody.request(method, url, json=BODIES.get((method, path)))
            told = (answer.status_code, answer.json()["code"])
            assert told == (401, "token_missing"), f"{method} {url}"


def test_the_walk_knows_every_endpoint_that_takes_json(described):
    for (method, path), about in described.items():
        content = about.get("requestBody", {}).get("content", {})
        if "application/json" in content and (method, path) not in OPEN | APART:
            assert (method, path) in BODIES, f"{method} {path}"
    assert set(described) >= OPEN | APART | set(BODIES)
