"""What may leave, the switch that stops it, and what has left, at the command line."""

import pytest

from unibos.clients.cli import asking
from unibos.clients.cli.exits import Exit

EXPORT = "/api/v1/export"
NOTES = {
    "collection": "notes",
    "module": None,
    "export": "nodes",
    "ceiling": "hub",
    "records": 12,
    "to_nodes": True,
    "to_hub": False,
}
CAMERA = NOTES | {"collection": "camera", "ceiling": "nodes", "export": "local", "to_nodes": False}
ENTRY = {
    "at": "2026-01-02T03:04:05Z",
    "peer": "p1",
    "peer_name": "attic",
    "collection": "notes",
    "way": "push",
    "records": 3,
    "bytes": 2048,
    "first_seq": 1,
    "last_seq": 3,
    "blocked": None,
}


def state(*items, on=False):
    since = "2026-01-02T03:04:05.000Z" if on else None
    return {"kill_switch": on, "stopped_at": since, "items": list(items), "next": None}


@pytest.fixture(autouse=True)
def export(node):
    def put(asked):
        if "kill_switch" in asked.json:
            return state(NOTES, on=asked.json["kill_switch"])
        return state(NOTES | {"export": asked.json["export"]}, CAMERA)

    node.on("GET", EXPORT, state(NOTES, CAMERA))
    node.on("PUT", EXPORT, put)


@pytest.fixture
def person(monkeypatch):
    """Somebody sits at the terminal."""
    monkeypatch.setattr(asking, "_person_there", lambda: True)


def puts(node):
    return [asked.json for asked in node.of("PUT", EXPORT)]


def test_show_tells_the_switch_and_each_collection(unibos):
    lines = unibos("export", "show").out.splitlines()
    assert lines[0] == "The kill switch is off."
    assert lines[2].split() == ["notes", "nodes", "hub", "12", "yes", "no"]
    assert unibos("export", "show", "--json").json["items"] == [NOTES, CAMERA]


def test_show_on_a_hub_says_where_policies_are(unibos, node):
    node.on("GET", EXPORT, state(on=True))
    told = unibos("export", "show").out
    assert "on since 2026-01-02 03:04" in told
    assert "at the nodes" in told


def test_widening_says_what_leaves_before_it_does(unibos, node, person):
    refused = unibos("export", "set", "notes", "hub", stdin=b"n\n")
    assert "12 records of notes leave this node: the hub gets copies" in refused.out
    assert (refused.code != 0, puts(node)) == (True, [])
    agreed = unibos("export", "set", "notes", "hub", stdin=b"y\n")
    assert (agreed.code, puts(node)) == (0, [{"collection": "notes", "export": "hub"}])
    assert agreed.out.endswith("notes: hub.\n")


def test_with_nobody_to_ask_nothing_is_widened(unibos, node):
    ended = unibos("export", "set", "notes", "hub")
    assert (ended.code, puts(node)) == (Exit.USAGE, [])
    assert unibos("export", "set", "notes", "hub", "--yes", "--json").json["export"] == "hub"


def test_narrowing_is_not_asked_about_and_says_what_follows(unibos):
    ended = unibos("export", "set", "notes", "local")
    assert (ended.code, "Copies elsewhere are withdrawn" in ended.out) == (0, True)


def test_a_ceiling_is_told_and_nothing_is_asked(unibos, node):
    problem = node.problem(403, "export_over_ceiling", "'camera' may go no further than nodes.")
    node.on("PUT", EXPORT, problem)
    ended = unibos("export", "set", "camera", "hub")
    assert (ended.code, "[export_over_ceiling]" in ended.err) == (Exit.AUTH, True)


def test_the_kill_switch_goes_on_unasked_and_off_asked(unibos, node, person):
    assert "nothing leaves" in unibos("export", "kill-switch", "on").out
    assert unibos("export", "kill-switch", "off", stdin=b"n\n").code != 0
    assert unibos("export", "kill-switch", "off", "--yes", "--json").json == {
        "kill_switch": False,
        "stopped_at": None,
    }
    assert puts(node) == [{"kill_switch": True}, {"kill_switch": False}]


def test_the_log_narrows_and_tells_what_was_blocked(unibos, node):
    blocked = ENTRY | {"peer_name": "", "blocked": "export_stopped"}
    node.on("GET", f"{EXPORT}/log", node.page(blocked, ENTRY))
    ended = unibos("export", "log", "--peer", "p1", "--collection", "notes", "--limit", "2")
    first, second = ended.out.splitlines()[1:]
    assert first.split()[2:] == ["p1", "notes", "3", "2.0", "KiB", "blocked:", "export_stopped"]
    assert second.endswith("push")
    [asked] = node.of("GET", f"{EXPORT}/log")
    assert asked.query == {"limit": ["2"], "peer": ["p1"], "collection": ["notes"]}
    assert unibos("export", "log", "--json").json["items"] == [blocked, ENTRY]


def test_a_new_collection_says_that_it_stays(unibos, node, tmp_path):
    (tmp_path / "books.json").write_text("{}")
    made = {"name": "books", "export": "local"}
    node.on("POST", "/api/v1/collections", made)
    arguments = ("collection", "create", "books", "--schema", tmp_path / "books.json")
    assert "unibos export set books nodes|hub" in unibos(*arguments).err
    node.on("POST", "/api/v1/collections", made | {"export": "hub"})
    assert unibos(*arguments, "--export", "hub").err == ""
