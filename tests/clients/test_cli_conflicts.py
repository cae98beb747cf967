"""Conflicts and quarantine at the terminal."""

import pytest

from unibos.clients.cli.exits import Exit

CONFLICTS = "/api/v1/sync/conflicts"
QUARANTINE = "/api/v1/sync/quarantine"
ONE = {
    "id": "12",
    "collection": "notes",
    "record": "r1",
    "found_at": "2026-01-02T03:04:05Z",
    "written_at": "2026-01-02T03:00:00Z",
    "strategy": "fields",
    "fields": ["title", "body"],
    "origin": "bbbb",
    "mine": False,
    "peer": "bbbb",
    "copy": None,
    "open": True,
}
SHOWN = ONE | {
    "lost": {"title": "old\x1b[2J", "body": "one\ntwo\nthree"},
    "present": {"title": "new", "body": "one\n2\nthree", "kept": 1},
}


def test_list(unibos, node):
    node.on("GET", CONFLICTS, node.page(ONE))
    told = unibos("conflicts", "list", "--open", "--collection", "notes")
    assert "2026-01-02 03:04  notes       r1      title, body  yes" in told.out
    assert node.asked[0].query["open"] == ["true"]
    assert node.asked[0].query["collection"] == ["notes"]


def difference(told):
    lines = told.splitlines()
    return lines[lines.index(next(line for line in lines if line in ("title", "count"))) :]


def test_show_tells_what_restoring_would_change(unibos, node):
    node.on("GET", f"{CONFLICTS}/12", SHOWN)
    told = unibos("conflicts", "show", "12")
    assert difference(told.out) == [
        *("title", "- new", "+ old\\x1b[2J"),
        *("body", "  one", "- 2", "+ two", "  three"),
    ]
    assert "bbbb (came from the peer)" in told.out
    assert unibos("conflicts", "show", "12", "--json").json == SHOWN


def test_a_whole_record_shows_what_would_go_too(unibos, node):
    whole = SHOWN | {
        "strategy": "record",
        "lost": {"count": 2},
        "present": {"count": 1, "on": True},
    }
    node.on("GET", f"{CONFLICTS}/12", whole)
    assert difference(unibos("conflicts", "show", "12").out) == [
        *("count", "- 1", "+ 2"),
        *("on", "- yes"),
    ]


def test_a_deleted_record_is_told(unibos, node):
    node.on("GET", f"{CONFLICTS}/12", SHOWN | {"present": None})
    told = unibos("conflicts", "show", "12", "--lang", "tr").out
    assert "Kayıt silinmiş." in told
    assert "+ two" in told


def test_restore(unibos, node):
    record = {"id": "r1", "collection": "notes", "data": {"title": "old"}}
    node.on("POST", f"{CONFLICTS}/12/restore", record)
    assert unibos("conflicts", "restore", "12").out == "notes/r1 has it back.\n"
    assert unibos("conflicts", "restore", "12", "--json").json == record


def test_letting_go_asks_first(unibos, node):
    node.on("POST", f"{CONFLICTS}/12/discard", node.Answer(None, 204))
    assert unibos("conflicts", "discard", "12").code == Exit.USAGE
    assert node.asked == []
    assert unibos("conflicts", "discard", "12", "--yes").out == "Conflict 12 is closed.\n"


HELD = {
    "id": "7",
    "peer": "bbbb",
    "peer_name": "Kitchen",
    "collection": "notes",
    "record": "r1",
    "at": "2026-01-02T03:04:05Z",
    "code": "record_invalid",
    "detail": "$.title: 7 is not of type 'string'.",
    "due": None,
    "size": 90,
}


def test_quarantine(unibos, node):
    node.on("GET", QUARANTINE, node.page(HELD))
    told = unibos("sync", "quarantine", "list").out
    assert "Kitchen" in told
    assert "$.title: 7 is not of type 'string'. [record_invalid]" in told
    node.on("POST", f"{QUARANTINE}/retry", {"taken": 2, "held": 1})
    assert unibos("sync", "quarantine", "retry").out == "2 taken, 1 held as before.\n"
    node.on("DELETE", f"{QUARANTINE}/7", node.Answer(None, 204))
    assert unibos("sync", "quarantine", "discard", "7").code == Exit.USAGE
    told = unibos("sync", "quarantine", "discard", "7", "--yes")
    assert told.out == "Change 7 is let go.\n"


@pytest.mark.parametrize("peer", ["bbbb", "../nodes/x"])
def test_forget(unibos, node, peer):
    path = f"/api/v1/sync/peers/{peer.replace('/', '%2F')}"
    node.on("DELETE", path, node.Answer(None, 204))
    told = unibos("sync", "forget", peer, "--yes").out
    assert told == f"Nothing waits for {peer} any more.\n"
