"""`unibos hub nodes` and `unibos hub tokens`."""

import pytest

from unibos.clients.cli.exits import Exit

NODES, TOKENS = "/api/v1/nodes", "/api/v1/tokens"
ID = "0197a0c0-5b3e-7c1a-9d55-0a4b2f8e6d11"
KITCHEN = {
    "id": "k" * 52,
    "name": "kitchen",
    "state": "online",
    "version": "0.1.0",
    "board": "pi4",
    "profile": "standard",
    "joined_at": "2026-01-02T03:04:05.000Z",
    "seen_at": "2026-01-03T03:04:05.000Z",
    "revoked_at": None,
    "skew_ms": 400,
    "uptime_seconds": 3700,
    "disk_free": 1024,
    "disk_total": 4096,
    "temperature_c": 51.4,
    "queue_length": 0,
}
ATTIC = KITCHEN | {"id": "a" * 52, "name": "attic", "state": "late", "skew_ms": -7_200_000}
BARE = dict.fromkeys(KITCHEN) | {
    "id": "b" * 52,
    "name": "\x1b[31mbare",
    "state": "revoked",
    "joined_at": KITCHEN["joined_at"],
    "seen_at": KITCHEN["seen_at"],
}
MADE = {
    "id": ID,
    "label": "school",
    "uses": 3,
    "uses_left": 3,
    "created_by": "uid:0",
    "created_at": "2026-01-02T03:04:05.000Z",
    "expires_at": "2026-01-02T04:04:05.000Z",
    "expired": False,
    "token": "unibos-join-abc",
}
LISTED = {name: value for name, value in MADE.items() if name != "token"}


@pytest.fixture
def hub(node, data):
    """The instance answers as a hub, too."""
    (data / "hub.sock").symlink_to("unibos.sock")
    node.on("GET", NODES, node.page(KITCHEN, ATTIC, BARE))
    node.on("POST", TOKENS, node.Answer(MADE, 201))
    return node


def test_nodes_are_listed_by_name(unibos, hub):
    ended = unibos("hub", "nodes", "list")
    rows = ended.out.splitlines()[1:]
    assert [row.split()[0] for row in rows] == [r"\x1b[31mbare", "attic", "kitchen"]
    assert "late" in rows[1]
    assert "2 h behind" in rows[1]
    assert "online" in rows[2]
    assert "right       1.0 KiB free of 4.0 KiB" in rows[2]
    assert [one["name"] for one in unibos("hub", "nodes", "list", "--json").json["items"]]


def test_turkish(unibos, hub):
    out = unibos("hub", "nodes", "list", "--lang", "tr").out
    assert "çevrimiçi" in out
    assert "2 sa geri" in out


def test_a_node_is_shown_by_name_or_id(unibos, hub):
    told = unibos("hub", "nodes", "show", "kitchen").out
    assert "51 °C" in told
    assert "1 h 1 min" in told
    assert unibos("hub", "nodes", "show", KITCHEN["id"], "--json").json == KITCHEN
    assert "Revoked" not in told
    assert unibos("hub", "nodes", "show", "b" * 52).code == Exit.OK
    missing = unibos("hub", "nodes", "show", "nowhere")
    assert missing.code == Exit.NOT_FOUND
    assert "node_not_found" in missing.err


def test_a_node_is_renamed(unibos, hub):
    hub.on("PATCH", f"{NODES}/{KITCHEN['id']}", KITCHEN | {"name": "cellar"})
    assert unibos("hub", "nodes", "rename", "kitchen", "cellar").out == "cellar has a new name.\n"
    assert hub.asked[-1].json == {"name": "cellar"}


def test_a_node_is_revoked_only_when_that_is_meant(unibos, hub):
    one = f"{NODES}/{KITCHEN['id']}"
    hub.on("DELETE", one, hub.Answer(None, 204))
    assert unibos("hub", "nodes", "revoke", "kitchen").code == Exit.USAGE
    assert hub.of("DELETE", one) == []
    ended = unibos("hub", "nodes", "revoke", "kitchen", "--yes")
    assert ended.out == "kitchen is a node of this org no longer.\n"
    assert hub.of("DELETE", one)[0].query == {}


def test_a_revoked_node_is_taken_out_of_the_list(unibos, hub):
    one = f"{NODES}/{BARE['id']}"
    hub.on("DELETE", one, hub.Answer(None, 204))
    assert unibos("hub", "nodes", "remove", BARE["id"]).code == Exit.OK
    assert hub.of("DELETE", one)[0].query == {"purge": ["true"]}


@pytest.mark.parametrize(
    ("text", "minutes"), [("30min", 30), ("90m", 90), ("12h", 720), ("30d", 43_200), ("1 d", 1440)]
)
def test_a_token_is_made_for_a_time(unibos, hub, text, minutes):
    ended = unibos("hub", "tokens", "create", "--uses", "3", "--expires", text, "--label", "school")
    assert hub.asked[-1].json == {"uses": 3, "expires_minutes": minutes, "label": "school"}
    assert ended.out == "unibos-join-abc\n"
    assert ended.err.splitlines() == [
        "On the node: sudo unibos join, and paste it there.",
        "Good for 3 uses until 2026-01-02 04:04.",
    ]


@pytest.mark.parametrize("text", ["", "soon", "0h", "31d", "-1h", "1w", "99999d"])
def test_a_time_that_is_none_is_refused(unibos, hub, text):
    ended = unibos("hub", "tokens", "create", f"--expires={text}")
    assert ended.code == Exit.USAGE
    assert hub.asked == []


def test_the_code_is_drawn_when_asked_for(unibos, hub):
    plain = unibos("hub", "tokens", "create").out
    drawn = unibos("hub", "tokens", "create", "--qr").out
    assert "▄" not in plain
    assert drawn.startswith(plain)
    assert drawn.count("\n") > plain.count("\n") + 10
    assert "▄" in drawn
    assert unibos("hub", "tokens", "create", "--json").json == MADE


def test_tokens_are_listed_without_secrets(unibos, hub):
    used = LISTED | {"uses_left": 0}
    old = used | {"expired": True, "label": None}
    hub.on("GET", TOKENS, hub.page(LISTED, used, old))
    rows = unibos("hub", "tokens", "list").out.splitlines()[1:]
    assert [row.split("  ")[-1] for row in rows] == ["good", "used up", "expired"]
    assert unibos("hub", "tokens", "list", "--json").json["items"] == [LISTED, used, old]


def test_a_token_is_revoked(unibos, hub):
    hub.on("DELETE", f"{TOKENS}/{ID}", hub.Answer(None, 204))
    assert "revoked" in unibos("hub", "tokens", "revoke", ID).out
    assert unibos("hub", "tokens", "revoke", ID, "--json").json == {"id": ID}


WORKERS = "/api/v1/workers"
ATTIC_WORKER = {
    "id": "w" * 52,
    "name": "attic",
    "state": "online",
    "local": False,
    "all_orgs": True,
    "facts": {
        "type": "ocr",
        "board": "pi5",
        "version": "0.1.0",
        "queues": ["ocr"],
        "kinds": {"documents.read": 1},
        "capabilities": ["tesseract"],
        "versions": {"tesseract": "5.3.0"},
    },
    "running": 2,
    "stopping": False,
    "joined_at": KITCHEN["joined_at"],
    "seen_at": KITCHEN["seen_at"],
    "revoked_at": None,
}
UNTOLD = ATTIC_WORKER | {"id": "u" * 52, "name": "untold", "facts": None, "running": None}


@pytest.fixture
def workers(hub):
    hub.on("GET", WORKERS, hub.page(ATTIC_WORKER, UNTOLD))
    return hub


@pytest.mark.parametrize("group", [("hub", "workers"), ("workers",)])
def test_workers_are_listed_and_shown(unibos, workers, group):
    rows = unibos(*group, "list").out.splitlines()
    assert [row.split()[0] for row in rows[1:]] == ["attic", "untold"]
    shown = unibos(*group, "show", "attic").out
    for fact in ("documents.read", "tesseract 5.3.0", "all orgs", "pi5"):
        assert fact in shown
    assert "untold" in unibos(*group, "show", "u" * 52).out
    assert unibos(*group, "show", "nobody").code == Exit.NOT_FOUND


def test_a_worker_is_revoked_and_removed(unibos, workers):
    path = f"{WORKERS}/{'w' * 52}"
    workers.on("DELETE", path, workers.Answer(None, 204))
    assert "takes no more jobs" in unibos("hub", "workers", "revoke", "attic", "--yes").out
    assert "out of the list" in unibos("hub", "workers", "remove", "attic").out
    workers.on("PATCH", path, workers.Answer(ATTIC_WORKER | {"name": "cellar"}))
    assert "cellar has a new name" in unibos("hub", "workers", "rename", "attic", "cellar").out


def test_a_workers_token(unibos, hub):
    unibos("hub", "tokens", "create", "--role", "worker", "--all-orgs")
    ended = unibos("tokens", "create", "--uses", "3")
    assert "unibos-worker join" in ended.err
    asked = [call.json for call in hub.of("POST", TOKENS)]
    assert [(one["role"], one.get("all_orgs")) for one in asked] == [
        ("worker", True),
        ("worker", None),
    ]
