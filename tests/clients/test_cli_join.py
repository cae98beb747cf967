"""unibos join and leave, and what status tells of the hub."""

import pytest

from unibos.clients.cli import join
from unibos.clients.cli.exits import Exit

TOKEN = "unibos-join-abc"
HUB = {"id": "h" * 52, "name": "Family hub", "urls": ["https://hub.example.org:8000"]}
ORG = {"id": "o", "name": "Smiths", "slug": "smith", "type": "family", "plan": "free"}
PLACE = {
    "state": "joined",
    "online": True,
    "hub": HUB,
    "name": "kitchen",
    "org": ORG,
    "last_contact": "2026-01-02T03:04:05.000Z",
    "member_until": "2026-04-02T03:04:05.000Z",
    "clock_skew_ms": 4,
    "trouble": None,
}
STATUS = {
    "version": "1",
    "instance": "i",
    "roles": ["node"],
    "board": "pc",
    "profile": "edge",
    "uptime_seconds": 5,
    "users": 1,
    "records": {},
    "jobs": {},
    "modules": {},
    "disk": {"free": 1, "total": 2, "database": 3, "blobs": 4},
}


@pytest.fixture(autouse=True)
def no_pause(monkeypatch):
    monkeypatch.setattr(join, "_PAUSE_S", 0)


@pytest.fixture
def joins(node):
    """A node that comes back after a moment."""
    node.on("POST", "/api/v1/hub/join", node.Answer({**PLACE, "state": "pending"}, 202))
    node.on(
        "GET",
        "/api/v1/hub",
        {**PLACE, "state": "pending"},
        node.problem(503, "stopping"),
        PLACE,
    )
    return node


def test_join_waits_until_the_node_is_back(unibos, joins):
    ended = unibos("join", TOKEN, "--yes", "--name", "kitchen")
    assert ended.code == Exit.OK
    assert "joined Family hub and belongs to Smiths" in ended.out
    (sent,) = joins.of("POST", "/api/v1/hub/join")
    assert sent.json == {"token": TOKEN, "name": "kitchen"}
    assert len(joins.of("GET", "/api/v1/hub")) == 3
    assert joins.of("POST", "/api/v1/hub/preview") == []


def test_the_token_need_not_be_seen_by_others(unibos, joins):
    ended = unibos("join", "-", "--yes", "--json", stdin=f"  {TOKEN}\n".encode())
    assert ended.json == PLACE
    assert joins.of("POST", "/api/v1/hub/join")[0].json["token"] == TOKEN


def test_without_a_person_yes_has_to_be_said(unibos, joins):
    lead = {"hub": HUB, "url": HUB["urls"][0], "expires_at": "2026-01-02T03:04:05.000Z"}
    joins.on("POST", "/api/v1/hub/preview", lead)
    ended = unibos("join", TOKEN)
    assert (ended.code, joins.of("POST", "/api/v1/hub/join")) == (Exit.USAGE, [])
    assert "--yes" in ended.err
    told = ended.out
    assert all(part in told for part in ("Family hub", HUB["id"], HUB["urls"][0], "2026-01-02"))
    assert unibos("join").code == Exit.USAGE


def test_a_person_says_yes_or_no(unibos, joins, monkeypatch):
    lead = {"hub": HUB, "url": HUB["urls"][0], "expires_at": "2026-01-02T03:04:05.000Z"}
    joins.on("POST", "/api/v1/hub/preview", lead)
    monkeypatch.setattr("unibos.clients.cli.asking._person_there", lambda: True)
    ended = unibos("join", TOKEN, stdin=b"n\n")
    assert (ended.code, joins.of("POST", "/api/v1/hub/join")) == (Exit.INTERRUPTED, [])
    assert unibos("join", TOKEN, stdin=b"y\n").code == Exit.OK


def test_refusals_say_why(unibos, node):
    for status, code, exit_code in (
        (409, "already_joined", Exit.CONFLICT),
        (422, "join_string_invalid", Exit.USAGE),
        (503, "hub_unreachable", Exit.LATER),
        (507, "no_room_to_join", Exit.STORAGE_FULL),
    ):
        node.on("POST", "/api/v1/hub/join", node.problem(status, code))
        ended = unibos("join", TOKEN, "--yes")
        assert (ended.code, code in ended.err) == (exit_code, True)


def test_a_login_over_the_network_ends_with_the_old_org(unibos, joins):
    joins.on("GET", "/api/v1/hub", joins.problem(401, "session_ended"))
    ended = unibos("join", TOKEN, "--yes", "--json")
    assert ended.json["state"] == "joined"


def test_a_node_that_stays_away_is_told(unibos, joins, monkeypatch):
    monkeypatch.setattr(join, "PATIENCE_S", 0.05)
    joins.on("GET", "/api/v1/hub", {**PLACE, "state": "pending"})
    ended = unibos("join", TOKEN, "--yes")
    assert (ended.code, "join_unfinished" in ended.err) == (Exit.LATER, True)


def test_leave(unibos, node):
    node.on("GET", "/api/v1/hub", PLACE)
    node.on("POST", "/api/v1/hub/leave", node.Answer({"state": "none"}, 202))
    assert unibos("leave").code == Exit.USAGE
    ended = unibos("leave", "--yes", "--force")
    assert (ended.code, "left Family hub" in ended.out) == (Exit.OK, True)
    assert node.of("POST", "/api/v1/hub/leave")[0].json == {"force": True}
    assert unibos("leave", "--yes", "--json").json == {"state": "none"}


@pytest.mark.parametrize(
    ("place", "told"),
    [
        (PLACE, ["Family hub (online)", "Smiths (smith)", "2026-01-02 03:04", "2026-04-02 03:04"]),
        (
            PLACE | {"online": False, "last_contact": None, "trouble": "hub_unreachable"},
            ["Family hub (offline)", "hub_unreachable"],
        ),
        (PLACE | {"state": "pending"}, ["Family hub; joining is not finished"]),
        (PLACE | {"state": "revoked"}, ["Family hub has ended this node's membership"]),
    ],
)
def test_status_tells_of_the_hub(unibos, node, place, told):
    node.on("GET", "/api/v1/status", STATUS)
    node.on("GET", "/api/v1/hub", place)
    ended = unibos("status")
    assert [part for part in told if part not in ended.out] == []
    assert unibos("status", "--json").json["hub"] == place


def test_status_of_who_has_no_hub(unibos, node):
    node.on("GET", "/api/v1/status", STATUS)
    assert "Hub" not in unibos("status").out
    node.on("GET", "/api/v1/hub", {"state": "none", "hub": None})
    assert "Hub" not in unibos("status").out
    node.on("GET", "/api/v1/status", STATUS | {"roles": ["hub"]})
    unibos("status")
    assert len(node.of("GET", "/api/v1/hub")) == 2
