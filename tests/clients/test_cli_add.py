"""Taking documents in: what is sent, what is told, what a second call does."""

import hashlib

import pytest

from unibos.clients.cli import sending
from unibos.clients.cli.exits import Exit
from unibos.clients.cli.finding import DOCUMENT_SUFFIXES, find, names_in

DOCUMENTS = "/api/v1/documents"


class Intake:
    """Keeps what it is sent, as a server does."""

    def __init__(self, node):
        self.kept = {}
        self.node = node
        node.on("GET", DOCUMENTS, self.known)
        node.on("POST", DOCUMENTS, self.take)

    def known(self, asked):
        [digest] = asked.query["sha256"]
        return self.node.page(*([{"id": self.kept[digest]}] if digest in self.kept else []))

    def take(self, asked):
        boundary = asked.headers["content-type"].partition("boundary=")[2].encode()
        content = asked.body.partition(b"\r\n\r\n")[2].rpartition(b"\r\n--" + boundary)[0]
        digest = hashlib.sha256(content).hexdigest()
        if digest in self.kept:
            return self.node.Answer({"id": self.kept[digest], "status": "done"}, 200)
        number = f"doc-{len(self.kept)}"
        self.kept[digest] = number
        self.read(number, {"status": "queued"}, {"status": "done", "kind": "receipt"})
        return self.node.Answer({"id": number, "status": "queued"}, 201)

    def read(self, number, *documents):
        path = f"{DOCUMENTS}/{number}"
        self.node.on("GET", path, *({"id": number, **one} for one in documents))
        self.node.on("PATCH", path, {"id": number})


@pytest.fixture
def intake(node, monkeypatch):
    monkeypatch.setattr(sending.time, "sleep", lambda seconds: None)
    return Intake(node)


@pytest.fixture
def scans(tmp_path):
    folder = tmp_path / "scans"
    (folder / "inner/.hidden").mkdir(parents=True)
    for name in ("b.JPG", "a.pdf", ".secret.pdf", "inner/c.txt", "inner/.hidden/d.pdf", "e.zip"):
        (folder / name).write_bytes(name.encode())
    return folder


def test_files_of_a_folder_are_found_in_order(scans):
    found = [str(path.relative_to(scans)) for path in find([str(scans)], DOCUMENT_SUFFIXES)]
    assert found == ["a.pdf", "b.JPG", "inner/c.txt"]


def test_a_named_file_is_tried_whatever_it_is_called_and_once(scans):
    names = [str(scans / "e.zip"), str(scans / "inner/../e.zip"), str(scans)]
    assert [path.name for path in find(names, DOCUMENT_SUFFIXES)] == [
        "e.zip",
        "a.pdf",
        "b.JPG",
        "c.txt",
    ]


@pytest.mark.parametrize("raw", [b"a b.pdf\nc\xff.pdf\n", b"a b.pdf\0c\xff.pdf\0"])
def test_names_come_one_a_line_or_between_nuls(tmp_path, raw):
    (tmp_path / "names").write_bytes(raw)
    assert names_in(str(tmp_path / "names")) == ["a b.pdf", "c\udcff.pdf"]


def test_a_folder_is_taken_in(unibos, intake, scans):
    ended = unibos("add", scans)
    assert ended.code == 0
    assert ended.out.splitlines() == [
        f"{scans}/a.pdf: added  doc-0",
        f"{scans}/b.JPG: added  doc-1",
        f"{scans}/inner/c.txt: added  doc-2",
        "3 added",
    ]
    sent = intake.node.of("POST", DOCUMENTS)
    assert [b"Content-Type: image/jpeg" in one.body for one in sent] == [False, True, False]


def test_a_second_call_sends_nothing_again(unibos, intake, scans):
    unibos("add", scans / "a.pdf")
    ended = unibos("add", scans)
    assert ended.out.splitlines()[0] == f"{scans}/a.pdf: is here already  doc-0"
    assert ended.out.splitlines()[-1] == "2 added, 1 here already"
    assert len(intake.node.of("POST", DOCUMENTS)) == 3


def test_what_lies_in_the_bin_is_not_new_either(unibos, intake, scans):
    unibos("add", scans / "a.pdf")
    intake.node.on("GET", DOCUMENTS, intake.node.page())
    assert "is here already  doc-0" in unibos("add", scans / "a.pdf").out


def test_waiting_tells_what_was_read(unibos, intake, scans):
    ended = unibos("add", scans / "a.pdf", "--wait")
    assert f"{scans}/a.pdf: read  doc-0  receipt" in ended.out.splitlines()
    fields = {"merchant": "Shop", "date": "2026-01-02", "total": "3.50", "currency": "EUR"}
    intake.read("doc-0", {"status": "done", "kind": "receipt", "fields": fields})
    ended = unibos("add", scans / "a.pdf", "--wait")
    assert "doc-0  receipt, Shop, 2026-01-02, 3.50, EUR" in ended.out


def test_a_document_that_cant_be_read_fails_the_call(unibos, intake, scans):
    unibos("add", scans / "a.pdf")
    error = {"code": "pdf_damaged", "detail": "The file is damaged."}
    intake.read("doc-0", {"status": "failed", "error": error})
    ended = unibos("add", scans / "a.pdf", "--wait")
    assert ended.code == Exit.FAILED
    assert "a.pdf: could not be read  doc-0  The file is damaged." in ended.out


def test_json_is_one_line_a_file(unibos, intake, scans):
    lines = unibos("add", scans, "--json").lines
    assert [(one["file"], one["state"], one["id"]) for one in lines] == [
        (f"{scans}/a.pdf", "added", "doc-0"),
        (f"{scans}/b.JPG", "added", "doc-1"),
        (f"{scans}/inner/c.txt", "added", "doc-2"),
    ]
    waited = unibos("add", scans, "--json", "--wait").lines
    assert [(one["state"], one["document"]["kind"]) for one in waited] == [("done", "receipt")] * 3


def test_tags_are_given_to_what_is_new(unibos, intake, scans):
    unibos("add", scans / "a.pdf", "--tag", "taxes", "--tag", "2026")
    assert [one.json for one in intake.node.of("PATCH", f"{DOCUMENTS}/doc-0")] == [
        {"tags": ["taxes", "2026"]}
    ]


def test_names_come_from_standard_input(unibos, intake, scans):
    ended = unibos("add", "--files-from", "-", stdin=f"{scans}/a.pdf\n{scans}/b.JPG\n".encode())
    assert ended.out.splitlines()[-1] == "2 added"


def test_a_bad_file_does_not_stop_the_others(unibos, intake, scans):
    take = intake.take

    def picky(asked):
        refusal = intake.node.problem(413, "file_too_large", "Too large.")
        return refusal if b"a.pdf" in asked.body else take(asked)

    intake.node.on("POST", DOCUMENTS, picky)
    ended = unibos("add", scans, scans / "not there.pdf")
    assert ended.code == Exit.FAILED
    assert f"{scans}/a.pdf: refused  Too large." in ended.out
    assert "not there.pdf: refused  No such file or directory" in ended.out
    assert ended.out.splitlines()[-1] == "2 added, 2 refused"


def test_a_full_disk_stops_and_says_how_to_go_on(unibos, intake, scans):
    intake.node.on("POST", DOCUMENTS, intake.node.problem(507, "storage_full", hint="Make room."))
    ended = unibos("add", scans)
    assert ended.code == Exit.STORAGE_FULL
    assert "Hint: Make room. The same call again goes on from here." in ended.err
    assert len(intake.node.of("POST", DOCUMENTS)) == 1


def test_nothing_to_add_is_wrong_usage(unibos, tmp_path):
    assert unibos("add").code == Exit.USAGE
    (tmp_path / "empty").mkdir()
    assert unibos("add", tmp_path / "empty").code == Exit.USAGE


def test_a_terminal_gets_a_bar(unibos, intake, scans, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    ended = unibos("add", scans)
    assert ended.code == 0
    assert ended.out.splitlines()[-1] == "3 added"


def test_on_a_terminal_lines_go_above_the_bar(unibos, intake, scans, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    ended = unibos("add", scans)
    assert f"{scans}/a.pdf: added  doc-0\n" in ended.err
    assert ended.out == "3 added\n"
