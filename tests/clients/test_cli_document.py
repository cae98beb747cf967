"""Work with documents."""

import pytest

from unibos.clients.cli.exits import Exit

PATH = "/api/v1/documents"
ONE = {
    "id": "d1",
    "status": "done",
    "kind": "receipt",
    "title": "Shop\x1b[2J",
    "text": "Total 3.50\nthanks",
    "pages": [{"number": 1, "text": "Total 3.50"}],
    "filename": "a.jpg",
    "size": 2048,
    "binned_at": None,
    "language": "eng",
    "tags": ["a"],
    "created_at": "2026-01-02T03:04:05.678Z",
    "fields": {"merchant": "Shop", "date": "2026-01-01", "total": "3.50", "currency": "EUR"},
    "error": None,
}


@pytest.fixture(autouse=True)
def document(node):
    node.on("GET", f"{PATH}/d1", ONE)
    node.on("PATCH", f"{PATH}/d1", lambda asked: ONE | asked.json)


def test_list(unibos, node):
    node.on("GET", PATH, node.page(ONE))
    ended = unibos("document", "list", "--kind", "receipt", "--tag", "a", "-q", "x y", "--bin")
    assert ended.out.splitlines() == [
        "Id  Added             State  Kind     Title",
        r"d1  2026-01-02 03:04  done   receipt  Shop\x1b[2J",
    ]
    assert node.asked[0].query == {
        "limit": ["50"],
        "kind": ["receipt"],
        "tag": ["a"],
        "q": ["x y"],
        "bin": ["true"],
    }
    assert unibos("document", "list", "--json").json == {"items": [ONE], "next": None}


def test_a_list_that_goes_on_says_so(unibos, node):
    node.on("GET", PATH, node.page(ONE, next="c"))
    ended = unibos("document", "list", "--limit", "1")
    assert "--limit" in ended.err


def test_show(unibos):
    out = unibos("document", "show", "d1").out
    assert "Merchant  Shop" in out
    assert "Total     3.50 EUR" in out
    assert "\x1b" not in out
    assert unibos("document", "show", "d1", "--json").json == ONE


def test_show_in_turkish(unibos):
    assert "Tür        fiş" in unibos("document", "show", "d1", "--lang", "tr").out


def test_text(unibos):
    assert unibos("document", "text", "d1").out == "Total 3.50\nthanks\n"
    assert unibos("document", "text", "d1", "--json").json["text"] == ONE["text"]


def test_not_found(unibos):
    assert unibos("document", "show", "d2").code == Exit.NOT_FOUND


@pytest.fixture
def original(node, tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    headers = {"Content-Disposition": "attachment; filename*=UTF-8''fi%C5%9F.jpg"}
    node.on("GET", f"{PATH}/d1/original", node.Answer(b"\xff\xd8", headers=headers))
    return tmp_path / "here"


def test_download_takes_the_servers_name(unibos, original):
    assert unibos("document", "download", "d1").out == "fiş.jpg\n"
    assert (original / "fiş.jpg").read_bytes() == b"\xff\xd8"
    assert [path.name for path in original.iterdir()] == ["fiş.jpg"]


def test_download_never_overwrites_unasked(unibos, original):
    (original / "fiş.jpg").write_text("mine")
    (original / "other").write_text("mine")
    assert unibos("document", "download", "d1").code == Exit.CONFLICT
    assert unibos("document", "download", "d1", "-o", "other").code == Exit.CONFLICT
    assert sorted(path.read_text() for path in original.iterdir()) == ["mine", "mine"]
    assert unibos("document", "download", "d1", "-o", "other", "--force", "--json").code == 0
    assert (original / "other").read_bytes() == b"\xff\xd8"


def test_a_download_that_breaks_off_leaves_nothing(unibos, node, original):
    broken = {"Content-Length": "10", "Connection": "close"}
    node.on("GET", f"{PATH}/d1/original", node.Answer(b"abc", headers=broken))
    assert unibos("document", "download", "d1").code == Exit.UNREACHABLE
    assert list(original.iterdir()) == []


def test_download_into_a_folder_that_is_not_there(unibos, original):
    ended = unibos("document", "download", "d1", "-o", "no/where")
    assert (ended.code, "[system_error]" in ended.err) == (Exit.FAILED, True)


def test_tags_are_added_and_taken_off(unibos, node):
    ended = unibos("document", "tag", "d1", "b", "a", "--remove", "c", "--json")
    assert ended.json["tags"] == ["a", "b"]
    assert unibos("document", "tag", "d1", "--remove", "a", "--json").json["tags"] == []


def test_title(unibos, node):
    assert unibos("document", "title", "d1", "New").code == 0
    assert node.of("PATCH", f"{PATH}/d1")[0].json == {"title": "New"}


def test_bin_restore_and_reprocess_take_several(unibos, node):
    for name in ("d1", "d2"):
        node.on("DELETE", f"{PATH}/{name}", node.Answer(None, 204))
        node.on("POST", f"{PATH}/{name}/restore", {"id": name})
        node.on("POST", f"{PATH}/{name}/reprocess", node.Answer({"id": name}, 202))
    assert unibos("document", "bin", "d1", "d2").out == "d1 is in the bin.\nd2 is in the bin.\n"
    assert unibos("document", "restore", "d1", "d2").out.count("is back") == 2
    assert [one["id"] for one in unibos("document", "reprocess", "d1", "d2", "--json").lines] == [
        "d1",
        "d2",
    ]
    assert node.of("DELETE", f"{PATH}/d1")[0].query == {}


def test_purge_wants_a_yes(unibos, node):
    node.on("DELETE", f"{PATH}/d1", node.Answer(None, 204))
    assert unibos("document", "purge", "d1").code == Exit.USAGE
    assert node.of("DELETE", f"{PATH}/d1") == []
    assert unibos("document", "purge", "d1", "--yes").code == 0
    assert node.of("DELETE", f"{PATH}/d1")[0].query == {"purge": ["true"]}
