"""Every endpoint of a hub is asked by another org, by its node, and by nobody."""

import hashlib
from types import SimpleNamespace

import pytest

from tests.box import PASSWORD, RunningHub
from tests.hand import Hand
from tests.machine import Machine

SECRET = "persimmon"
BYTES = f"{SECRET} bytes".encode()
OPEN = {
    ("get", "/health"),
    ("get", "/health/live"),
    ("get", "/health/ready"),
    ("get", "/metrics"),
    ("get", "/openapi.json"),
    ("get", "/.well-known/unibos"),
    ("get", "/"),
    ("get", "/.well-known/jwks.json"),
    ("get", "/.well-known/openid-configuration"),
    ("get", "/invitation/{secret}"),
    ("post", "/invitation/{secret}"),
    ("get", "/oidc/authorize"),
    ("post", "/oidc/authorize"),
    ("post", "/oidc/token"),
    ("get", "/oidc/userinfo"),
    ("post", "/oidc/userinfo"),
    ("post", "/api/v1/setup"),
    ("post", "/api/v1/auth/login"),
    ("post", "/api/v1/auth/refresh"),
    ("post", "/api/v1/enroll"),
    ("post", "/api/v1/workers/enroll"),
    ("post", "/api/v1/invitations/accept"),
}
OPERATORS = {
    ("get", "/api/v1/orgs"),
    ("post", "/api/v1/orgs"),
    ("get", "/api/v1/keys"),
    ("post", "/api/v1/keys"),
    ("get", "/api/v1/integrity"),
    ("get", "/api/v1/backup/copy"),
    ("post", "/api/v1/backup/copy"),
    ("delete", "/api/v1/backup/copy"),
}
# Asked for in tests of their own below, or about the asker alone.
APART = {
    ("post", "/api/v1/auth/logout"),
    ("post", "/api/v1/auth/password"),
    ("post", "/api/v1/batch"),
    ("put", "/api/v1/blobs/{sha256}"),
    ("get", "/api/v1/blobs/{sha256}/upload"),
    ("get", "/api/v1/events"),
}
EPOCH = "the life of a counter"
HELLO = {
    "protocol": 1,
    "kind": "node",
    "name": "machine",
    "epoch": EPOCH,
    "counter": 0,
    "holds": "",
    "time": 0,
    "collections": [],
    "digest": "",
    "heard": "",
    "policies": [],
}
HANDOVER = {
    "attempt": 1,
    "kind": "documents.read",
    "version": 1,
    "queue": "ocr",
    "priority": 0,
    "locality": "any",
}
REPORT = {"version": "0", "board": "pi4", "profile": "edge", "clock": 0}


def bodies(theirs):
    """What goes with a request, so that nothing but the org stands in its way."""
    login = {"email": theirs.email, "password": PASSWORD, "address": "192.0.2.7"}
    new = {"current_password": PASSWORD, "new_password": "taken over by force"}
    return {
        ("post", "/api/v1/auth/org"): {"org": theirs.org},
        ("post", "/api/v1/clients"): {"name": "mine", "redirect_uris": ["https://a.example/back"]},
        ("post", "/api/v1/shelves/{shelf}/locks"): {"alone": True},
        ("post", "/api/v1/collections"): {"name": "mine"},
        ("post", "/api/v1/collections/{collection}/records"): {"data": {}},
        ("put", "/api/v1/collections/{collection}/records/{id}"): {"data": {"title": "taken"}},
        ("patch", "/api/v1/collections/{collection}/records/{id}"): {"data": {"title": "taken"}},
        ("post", "/api/v1/federation/login"): login,
        ("post", "/api/v1/federation/refresh"): {"refresh_token": theirs.refresh},
        ("post", "/api/v1/federation/logout"): {"session": theirs.session, "everywhere": True},
        ("post", "/api/v1/federation/password"): {
            "email": theirs.email,
            "address": "192.0.2.7",
            **new,
        },
        ("put", "/api/v1/handovers/{job}"): HANDOVER,
        ("post", "/api/v1/handovers/watch"): {"known": {theirs.record: "queued"}},
        ("post", "/api/v1/heartbeat"): REPORT,
        ("post", "/api/v1/leases"): {},
        ("post", "/api/v1/leases/reports"): {"items": []},
        ("post", "/api/v1/workers/sign"): {},
        ("patch", "/api/v1/workers/{id}"): {"name": "taken"},
        ("post", "/api/v1/invitations"): {"email": "another@example.net"},
        ("post", "/api/v1/keys"): {},
        ("patch", "/api/v1/nodes/{id}"): {"name": "taken"},
        ("post", "/api/v1/orgs"): {"name": "Mine", "owner": "another@example.net"},
        ("patch", "/api/v1/orgs/{id}"): {"name": "taken"},
        ("post", "/api/v1/orgs/{id}/transfer"): {"user": theirs.user},
        ("put", "/api/v1/export"): {"collection": SECRET, "export": "local"},
        **peers_say(theirs),
        ("post", "/api/v1/tokens"): {},
        ("post", "/api/v1/users"): {
            "email": "another@example.net",
            "name": "Another",
            "password": PASSWORD,
        },
        ("patch", "/api/v1/users/{id}"): {"role": "viewer"},
        ("put", "/api/v1/users/{id}/password"): {"password": "taken over by force"},
    }


def peers_say(theirs):
    """What nodes ask, of the other org's collection and blob."""
    counted = {"epoch": theirs.met["epoch"], "own_epoch": EPOCH, "collection": SECRET}
    pull = {**counted, "version": 1, "after": 0, "everything": True}
    asked = {
        "hello": HELLO,
        "pull": pull,
        "push": {**counted, "version": 1, "after": 0, "upto": 1, "changes": []},
        "ids": {**counted, "heard": theirs.met["digest"], "after": ""},
        "wait": {"epoch": "another", "own_epoch": EPOCH, "heard": "", "pulled": {}},
        "blobs/offer": {"blobs": {theirs.sha256: len(BYTES)}, "asked": [theirs.sha256]},
    }
    return {("post", f"/api/v1/sync/{name}"): body for name, body in asked.items()}


def greet(machine):
    """What a hub answers a node that begins a round."""
    answer = machine.ask("POST", "/api/v1/sync/hello", HELLO)
    assert answer.status_code == 200, answer.text
    return answer.json()["hello"]


def fill(hub, folder):
    """All kinds of things of one org."""
    tenant = hub.second_org(SECRET, f"{SECRET}@example.net")
    owner = tenant.client

    def made(path, body):
        answer = owner.post(f"/api/v1/{path}", json=body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    invitation = made("invitations", {"email": f"{SECRET}-guest@example.net"})
    program = {"name": SECRET, "redirect_uris": [f"https://{SECRET}.example/back"]}
    made("collections", {"name": SECRET})
    blob = hashlib.sha256(BYTES).hexdigest()
    owner.put(f"/api/v1/blobs/{blob}", content=BYTES).raise_for_status()
    machine = Machine(folder, hub.client(), f"{SECRET} node")
    machine.enroll(hub.join_token(owner, label=SECRET)).raise_for_status()
    met = greet(machine)
    worker = Hand(folder / "worker", hub.client(), f"{SECRET} worker")
    worker.enroll(hub.join_token(owner, role="worker", label=SECRET)).raise_for_status()
    return SimpleNamespace(
        worker=worker.key.id,
        met=met,
        owner=owner,
        tenant=tenant,
        machine=machine,
        email=f"{SECRET}@example.net",
        org=tenant.org,
        user=tenant.login["user"]["id"],
        session=tenant.login["refresh_token"].partition(".")[0],
        refresh=tenant.login["refresh_token"],
        record=made(f"collections/{SECRET}/records", {"data": {"title": SECRET}})["id"],
        sha256=blob,
        invitation=invitation["invitation"]["id"],
        secret=invitation["secret"],
        token=made("tokens", {"label": SECRET})["id"],
        node=machine.key.id,
        client=made("clients", program)["client"]["id"],
    )


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    with RunningHub(tmp_path_factory.mktemp("hub")) as running:
        running.set_up()
        running.theirs = fill(running, tmp_path_factory.mktemp("theirs"))
        running.stranger = running.second_org("Jones", "jones@example.net")
        running.machine = Machine(tmp_path_factory.mktemp("ours"), running.client())
        token = running.join_token(running.stranger.client)
        running.machine.enroll(token).raise_for_status()
        greet(running.machine)
        yield running


@pytest.fixture(scope="module")
def described(hub):
    paths = hub.client().get("/openapi.json").json()["paths"]
    return {(method, path): about for path in paths for method, about in paths[path].items()}


def of_machines(about):
    return about.get("x-role") in ("node", "worker")


def concrete(path, theirs):
    """The path with parameters that name things of the other org."""
    ids = {
        "/api/v1/collections/": theirs.record,
        "/api/v1/clients/": theirs.client,
        "/api/v1/jobs/": theirs.record,
        "/api/v1/invitations/": theirs.invitation,
        "/api/v1/nodes/": theirs.node,
        "/api/v1/orgs/": theirs.org,
        "/api/v1/sync/peers/": theirs.node,
        "/api/v1/sync/": "1",
        "/api/v1/tokens/": theirs.token,
        "/api/v1/users/": theirs.user,
        "/api/v1/workers/": theirs.worker,
    }
    path = path.replace("{org}", theirs.org).replace("{job}", theirs.record)
    path = path.replace("{attempt}", "1").replace("{name}", "page.txt")
    if path.startswith("/api/v1/handovers/") and not path.endswith("/watch"):
        path += "?attempt=1"
    id_ = next((value for start, value in ids.items() if path.startswith(start)), "")
    path = path.replace("{sha256}", theirs.sha256).replace("{collection}", SECRET)
    yield path.replace("{id}", id_)
    if path.startswith("/api/v1/orgs/"):
        yield path.replace("{id}", SECRET)


def everything(theirs):
    """All that the other org has, as its owner sees it."""
    asked = [
        f"/api/v1/orgs/{theirs.org}",
        "/api/v1/clients",
        "/api/v1/collections",
        f"/api/v1/collections/{SECRET}/records",
        "/api/v1/export",
        "/api/v1/invitations",
        "/api/v1/nodes",
        "/api/v1/sync/conflicts",
        "/api/v1/sync/quarantine",
        "/api/v1/tokens",
        "/api/v1/users",
        "/api/v1/workers",
    ]
    return [theirs.owner.get(path).json() for path in asked]


def leaks(theirs, answer, said):
    """What of the other org is in an answer, beyond what the asker said."""
    known = [value for value in vars(theirs).values() if isinstance(value, str)]
    return [secret for secret in (SECRET, *known) if secret in answer.text and secret not in said]


PARAMETERS = {
    ("get", "/api/v1/search"): {"q": SECRET},
    ("delete", "/api/v1/orgs/{id}"): {"slug": SECRET},
}


@pytest.mark.parametrize("header", [False, True])
def test_an_owner_of_another_org_reaches_nothing(hub, described, header):
    theirs, with_body = hub.theirs, bodies(hub.theirs)
    before = everything(theirs)
    headers = {"unibos-org": theirs.org} if header else {}
    reached = []
    for (method, path), about in sorted(described.items()):
        if (method, path) in OPEN | APART:
            continue
        for url in concrete(path, theirs):
            body = with_body.get((method, path))
            asked = PARAMETERS.get((method, path))
            answer = hub.stranger.client.request(
                method, url, params=asked, json=body, headers=headers
            )
            status = answer.status_code
            if of_machines(about):
                ok = status == 401
            elif (method, path) in OPERATORS:
                ok = (status, answer.json()["code"]) == (403, "operator_required")
            else:
                ok = status in (403, 404) if "{" in path else status < 500
            found = leaks(theirs, answer, f"{url} {body} {asked}")
            if not ok or found:
                reached.append((method, url, status, answer.text, found))
    assert reached == []
    assert everything(theirs) == before


def test_a_node_of_another_org_reaches_nothing(hub, described):
    theirs, with_body = hub.theirs, bodies(hub.theirs)
    before = everything(theirs)
    expected = {
        "/api/v1/federation/login": (401, "login_failed"),
        "/api/v1/federation/refresh": (401, "session_ended"),
        "/api/v1/federation/password": (403, "password_wrong"),
        "/api/v1/federation/logout": (204, ""),
        "/api/v1/federation/revocations": (200, ""),
        "/api/v1/handovers/watch": (200, ""),
        "put /api/v1/handovers/{job}": (409, "no_worker"),
        "get /api/v1/handovers/{job}": (200, ""),
        "delete /api/v1/handovers/{job}": (200, ""),
        "/api/v1/handovers/{job}/input": (404, "handover_not_found"),
        "/api/v1/handovers/{job}/outputs/{name}": (404, "handover_not_found"),
        "/api/v1/heartbeat": (200, ""),
        "/api/v1/sync/hello": (200, ""),
        "/api/v1/sync/pull": (404, "collection_not_found"),
        "/api/v1/sync/push": (404, "collection_not_found"),
        "/api/v1/sync/ids": (404, "collection_not_found"),
        "/api/v1/sync/wait": (409, "epoch_changed"),
        "/api/v1/sync/blobs/offer": (200, ""),
        "get /api/v1/sync/blobs/{sha256}": (404, "blob_not_found"),
        "put /api/v1/sync/blobs/{sha256}": (404, "blob_not_wanted"),
    }
    reached = []
    for (method, path), about in sorted(described.items()):
        if (method, path) in OPEN or path == "/api/v1/leave":
            continue
        for url in concrete(path, theirs):
            body = with_body.get((method, path))
            if (method, path) == ("put", "/api/v1/handovers/{job}"):
                url = url.partition("?")[0]  # noqa: PLW2901 - its attempt is in the body
            answer = hub.machine.ask(method, url, body)
            code = answer.json()["code"] if answer.status_code >= 400 else ""
            wanted = (401, "token_invalid")
            if about["x-role"] == "worker":
                wanted = (401, "machine_token_invalid")
            elif of_machines(about):
                wanted = expected.get(path) or expected[f"{method} {path}"]
            found = leaks(theirs, answer, f"{url} {body}")
            if (answer.status_code, code) != wanted or found:
                reached.append((method, url, answer.status_code, answer.text, found))
    assert reached == []
    assert everything(theirs) == before
    # Neither did its logout end a session of theirs, nor its refresh use their token up.
    said = {"refresh_token": theirs.refresh}
    renewed = hub.client().post("/api/v1/auth/refresh", json=said)
    assert renewed.status_code == 200
    theirs.refresh = renewed.json()["refresh_token"]


def test_nobody_gets_through_without_a_token(hub, described):
    nobody, with_body = hub.client(), bodies(hub.theirs)
    for (method, path), about in sorted(described.items()):
        needs = "x-role" in about
        assert needs != ((method, path) in OPEN), f"{method} {path}"
        if not needs:
            continue
        for url in concrete(path, hub.theirs):
            answer = nobody.request(method, url, json=with_body.get((method, path)))
            told = (answer.status_code, answer.json()["code"])
            assert told == (401, "token_missing"), f"{method} {url}"


def test_a_machine_token_is_none_of_a_persons_and_the_other_way_round(hub):
    theirs = hub.theirs
    machine = theirs.machine.token()
    as_person = hub.client(machine).get("/api/v1/me")
    assert (as_person.status_code, as_person.json()["code"]) == (401, "token_invalid")
    for path in ("heartbeat", "leave"):
        answer = theirs.owner.post(f"/api/v1/{path}", json=REPORT)
        assert (answer.status_code, answer.json()["code"]) == (401, "machine_token_invalid")


def test_a_batch_and_a_blob_of_another_org(hub):
    theirs, mine = hub.theirs, hub.stranger.client
    write = {"op": "delete", "collection": SECRET, "id": theirs.record}
    answer = mine.post("/api/v1/batch", json={"writes": [write]})
    assert (answer.status_code, answer.json()["code"]) == (404, "collection_not_found")
    blob = f"/api/v1/blobs/{theirs.sha256}"
    assert mine.put(blob, content=b"I only know its name").status_code == 422
    assert mine.get(blob).status_code == 404
    assert mine.get(f"{blob}/upload").json() == {"received": 0}
    assert theirs.owner.get(blob).content == BYTES


def test_events_are_told_within_an_org_only(hub):
    theirs, mine = hub.theirs, hub.stranger.client
    mine.post("/api/v1/collections", json={"name": "own"})
    with mine.stream("GET", "/api/v1/events", headers={"last-event-id": "0.0"}) as told:
        records = f"/api/v1/collections/{SECRET}/records"
        theirs.owner.post(records, json={"data": {"title": SECRET}}).raise_for_status()
        asker = hub.client(hub.stranger.login["access_token"])
        asker.post("/api/v1/collections/own/records", json={"data": {"title": "my own"}})
        seen = []
        for line in told.iter_lines():
            seen.append(line)
            if "my own" in line:
                break
    assert SECRET not in "\n".join(seen)


def test_the_hubs_owner_operates_it_and_reads_nobodys_data(hub):
    theirs = hub.theirs
    orgs = hub.owner.get("/api/v1/orgs").json()["items"]
    assert theirs.org in {org["id"] for org in orgs}
    for headers in ({}, {"unibos-org": theirs.org}):
        for path in (f"collections/{SECRET}/records", f"nodes/{theirs.node}", "search?q=" + SECRET):
            answer = hub.owner.get(f"/api/v1/{path}", headers=headers)
            assert answer.status_code == 404 or answer.json()["items"] == []


def test_a_user_of_two_orgs_is_in_one_at_a_time(hub):
    """A session is of one org; the other one is a session of its own."""
    theirs = hub.theirs
    asked = {"email": "jones@example.net", "role": "viewer"}
    secret = theirs.owner.post("/api/v1/invitations", json=asked).json()["secret"]
    guest = hub.accept(secret)
    records = f"/api/v1/collections/{SECRET}/records"
    assert guest.org == theirs.org
    assert guest.client.get(records).status_code == 200
    assert guest.client.post(records, json={"data": {}}).status_code == 403
    assert hub.stranger.client.get(records).status_code == 404
    theirs.owner.delete(f"/api/v1/users/{guest.login['user']['id']}").raise_for_status()
    assert guest.client.get(records).status_code == 401
    assert hub.stranger.client.get("/api/v1/me").status_code == 200


def test_the_walk_knows_every_endpoint_that_takes_json(hub, described):
    with_body = bodies(hub.theirs)
    for (method, path), about in described.items():
        content = about.get("requestBody", {}).get("content", {})
        if "application/json" in content and (method, path) not in OPEN | APART:
            assert (method, path) in with_body, f"{method} {path}"
    assert set(described) >= OPEN | APART | OPERATORS | set(with_body)
