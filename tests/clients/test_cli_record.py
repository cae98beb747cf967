"""Records, collections and search."""

import pytest

from unibos.clients.cli.exits import Exit

NOTES = "/api/v1/collections/notes/records"
ONE = {"id": "r1", "collection": "notes", "updated_at": "2026-01-02T03:04:05Z", "data": {"t": "ş"}}


@pytest.fixture(autouse=True)
def records(node):
    node.on("GET", NOTES, node.page(ONE))
    node.on("POST", NOTES, lambda asked: node.Answer(ONE | asked.json, 201))
    for method in ("GET", "PUT", "PATCH"):
        node.on(method, f"{NOTES}/r1", ONE)
    node.on("DELETE", f"{NOTES}/r1", node.Answer(None, 204))


def test_list(unibos, node):
    ended = unibos("record", "list", "notes", "--filter", "a>=1", "--filter", "b=2", "--sort", "-a")
    assert ended.out.splitlines()[1] == 'r1  2026-01-02 03:04  {"t": "ş"}'
    assert node.asked[0].query == {"limit": ["50"], "filter": ["a>=1", "b=2"], "sort": ["-a"]}
    assert unibos("record", "list", "notes", "--json").json["items"] == [ONE]


def test_get(unibos):
    assert unibos("record", "get", "notes", "r1").json == ONE
    assert unibos("record", "get", "notes", "r2").code == Exit.NOT_FOUND


def test_create_from_an_argument_a_file_and_standard_input(unibos, node, tmp_path):
    (tmp_path / "note.json").write_text('{"t": 2}')
    assert unibos("record", "create", "notes", '{"t": 1}').out == "r1\n"
    assert unibos("record", "create", "notes", f"@{tmp_path}/note.json").code == 0
    assert unibos("record", "create", "notes", "-", "--json", stdin=b'{"t": 3}').json["data"] == {
        "t": 3
    }
    assert [one.json for one in node.of("POST", NOTES)] == [{"data": {"t": n}} for n in (1, 2, 3)]


def test_what_is_no_json_is_not_sent(unibos, node):
    ended = unibos("record", "create", "notes", "{t: 1}")
    assert (ended.code, "[bad_json]" in ended.err) == (Exit.USAGE, True)
    assert node.asked == []


def test_update_merges_and_replace_replaces(unibos, node):
    unibos("record", "update", "notes", "r1", '{"t": 1}', "--if-match", '"e"')
    unibos("record", "update", "notes", "r1", '{"t": 1}', "--replace")
    [patched] = node.of("PATCH", f"{NOTES}/r1")
    assert (patched.json, patched.headers["if-match"]) == ({"data": {"t": 1}}, '"e"')
    assert "if-match" not in node.of("PUT", f"{NOTES}/r1")[0].headers


def test_a_version_that_is_gone_ends_with_6(unibos, node):
    node.on("DELETE", f"{NOTES}/r1", node.problem(412, "record_changed"))
    assert unibos("record", "delete", "notes", "r1", "--if-match", '"e"').code == Exit.CONFLICT


def test_delete(unibos):
    assert unibos("record", "delete", "notes", "r1").out == "r1\n"
    assert unibos("record", "delete", "notes", "r1", "--json").json == {"id": "r1"}


def test_collections(unibos, node, tmp_path):
    notes = {"name": "notes", "module": None, "strategy": "fields", "export": "local"}
    node.on("GET", "/api/v1/collections", node.page(notes))
    node.on("GET", "/api/v1/collections/notes", notes)
    node.on("POST", "/api/v1/collections", lambda asked: node.Answer(asked.json, 201))
    assert unibos("collection", "list").out.splitlines()[1] == "notes          fields   local"
    assert unibos("collection", "list", "--json").json["items"] == [notes]
    assert unibos("collection", "show", "notes").json == notes
    (tmp_path / "schema.json").write_text('{"type": "object"}')
    created = ("collection", "create", "books", "--schema", tmp_path / "schema.json")
    assert unibos(*created).out == "Collection books is made.\n"
    assert unibos(*created, "--json", "--export", "hub").json == {
        "name": "books",
        "schema": {"type": "object"},
        "strategy": "fields",
        "export": "hub",
    }
    (tmp_path / "schema.json").write_text("{")
    assert unibos(*created).code == Exit.USAGE


def test_search_marks_what_was_found(unibos, node, monkeypatch):
    item = {
        "collection": "notes",
        "id": "r1",
        "title": "Shopping\n",
        "score": 1.0,
        "snippet": "two coffee, one tea",
        "marks": [[4, 10]],
    }
    node.on("GET", "/api/v1/search", node.page(item))
    ended = unibos("search", "coffee", "tea", "--collection", "notes")
    assert ended.out == "Shopping\\n  notes  r1\n  two coffee, one tea\n"
    assert node.asked[0].query == {"limit": ["20"], "q": ["coffee tea"], "collection": ["notes"]}
    assert unibos("search", "coffee", "--json").json["items"] == [item]


def test_nothing_found(unibos, node):
    node.on("GET", "/api/v1/search", node.page())
    ended = unibos("search", "coffee")
    assert (ended.code, ended.out) == (0, "Nothing found.\n")
    assert unibos("search", "coffee", "--lang", "tr").out == "Hiçbir şey bulunamadı.\n"
