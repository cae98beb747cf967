"""What comes in and what is refused; none of these documents is ever read."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import unquote

import httpx2
import pytest

from tests.modules.documents.papers import DOCUMENTS, add, incoming, refused
from tests.wire import Wire
from unibos.base.ids import new_id

MIB = 1024 * 1024


@pytest.fixture(autouse=True, scope="module")
def _nothing_is_read(gate):
    gate.close()


def text(words):
    return f"{words}\n".encode()


def listed(owner, **asked):
    return [item["id"] for item in owner.get(DOCUMENTS, params=asked).json()["items"]]


def by_bytes(owner, content):
    return listed(owner, sha256=hashlib.sha256(content).hexdigest())


def test_a_multipart_form_is_the_same_as_raw_bytes(owner):
    content = text("one and the same either way")
    form = {"file": ("form.txt", content, "text/plain")}
    sent = owner.post(DOCUMENTS, files=form)
    assert sent.status_code == 201
    again = add(owner, content, status=200)
    assert again["id"] == sent.json()["id"]
    assert owner.get(f"{DOCUMENTS}/{again['id']}").json()["filename"] == "form.txt"


def test_twenty_at_once_with_the_same_bytes_make_one_document(box, owner):
    content = text("twenty at once")

    def send(number):
        client = box.client(box.login["access_token"])
        return client.post(DOCUMENTS, files={"file": (f"{number}.txt", content, "text/plain")})

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(send, range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len({answer.json()["job"] for answer in answers}) == 1
    assert len(listed(owner, sha256=hashlib.sha256(content).hexdigest())) == 1
    assert incoming(box) == []


BOUNDARY = "limit"
PART = 'Content-Disposition: form-data; name="{}"'


def form(*parts, end=True):
    """A form, byte by byte; a part is (headers, content)."""
    out = b""
    for headers, content in parts:
        lines = "\r\n".join(headers).encode("latin-1")
        out += b"--limit\r\n" + lines + b"\r\n\r\n" + content + b"\r\n"
    return out + (b"--limit--\r\n" if end else b"")


def post_form(owner, body, kind="multipart/form-data; boundary=limit"):
    return owner.post(DOCUMENTS, content=body, headers={"content-type": kind})


def file_part(name="a.txt", field="file", more=()):
    return [f'{PART.format(field)}; filename="{name}"', *more]


def test_a_form_may_hold_other_fields(owner):
    content = text("among other fields")
    other = ([PART.format("comment")], b"hello")
    answer = post_form(owner, form(other, (file_part(), content), other))
    assert answer.status_code == 201
    assert by_bytes(owner, content) == [answer.json()["id"]]


def test_a_field_without_a_file_name_is_a_file_without_a_name(owner):
    answer = post_form(owner, form(([PART.format("file")], text("no name at all"))))
    assert answer.status_code == 201
    assert owner.get(f"{DOCUMENTS}/{answer.json()['id']}").json()["filename"] is None


@pytest.mark.parametrize(
    "kind",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        'multipart/form-data; boundary=""',
        f"multipart/form-data; boundary={'x' * 300}",
        "multipart/form-data; boundary=another",
        "multipart/form-data; boundary",
        "multipart/form-data;;;=;boundary*=utf-8''limit",
    ],
)
def test_a_form_without_its_boundary(box, owner, kind):
    answer = post_form(owner, form((file_part(), text("without a boundary"))), kind)
    refused(answer, 400, "form_invalid")
    assert incoming(box) == []


CONTENT = text("within a broken form")
BROKEN = {
    "empty": b"",
    "no part": form(),
    "wrong field": form((file_part(field="document"), CONTENT)),
    "no name": form((["Content-Disposition: form-data"], CONTENT)),
    "no disposition": form((["Content-Type: text/plain"], CONTENT)),
    "two files": form((file_part(), CONTENT), (file_part("b.txt"), text("another"))),
    "cut in the file": form((file_part(), CONTENT), end=False)[:-10],
    "cut in the head": b"--limit\r\nContent-Disposition: form-da",
    "cut in the boundary": form((file_part(), CONTENT))[:-8],
    "no end": form((file_part(), CONTENT), end=False),
    "giant header": form((file_part(more=[f"X: {'y' * 20_000}"]), CONTENT)),
    "many headers": form((file_part(more=["X: y"] * 1000), CONTENT)),
    "giant name of a header": form((file_part(more=[f"{'X' * 20_000}: y"]), CONTENT)),
    "giant file name": form((file_part("x" * 20_000), CONTENT)),
    "no colon": form((file_part(more=["nonsense"]), CONTENT)),
    "no line ends": form((file_part(), CONTENT)).replace(b"\r\n", b"\n"),
    "text before": b"hello" * 100 + form((file_part(), CONTENT)),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_form(box, owner, what):
    refused(post_form(owner, BROKEN[what]), 400, "form_invalid")
    assert incoming(box) == []
    assert by_bytes(owner, CONTENT) == []


def test_a_form_is_the_same_however_it_is_cut_into_pieces(box, owner):
    content = b"pieces \r\n--limi\r\n--limit- of a form" * 100
    body = form(([PART.format("x")], b"y"), (file_part(), content))
    for size in (1, 2, 7, 64, 1000):
        pieces = (body[start : start + size] for start in range(0, len(body), size))
        assert post_form(owner, pieces).status_code in (200, 201)
    assert len(by_bytes(owner, content)) == 1
    assert incoming(box) == []


@pytest.mark.parametrize("how", ["raw", "form", "chunks", "form in chunks", "another field"])
def test_too_large(box, owner, how):
    content = b"a" * (MIB + 1)
    whole = form((file_part(), content))
    other = form(([PART.format("comment")], content + b"b" * 65536), (file_part(), b"x"))

    def chunks(body):
        return (body[start : start + 65536] for start in range(0, len(body), 65536))

    raw = {"content-type": "text/plain"}
    asked = {
        "raw": lambda: owner.post(DOCUMENTS, content=content, headers=raw),
        "chunks": lambda: owner.post(DOCUMENTS, content=chunks(content), headers=raw),
        "form": lambda: post_form(owner, whole),
        "form in chunks": lambda: post_form(owner, chunks(whole)),
        "another field": lambda: post_form(owner, chunks(other)),
    }
    answer = asked[how]()
    assert answer.status_code == 413
    assert answer.json()["code"] in ("body_too_large", "blob_too_large")
    assert incoming(box) == []


def test_just_not_too_large(owner):
    assert add(owner, b"b" * MIB, media_type="text/plain")["status"] == "queued"


@pytest.mark.parametrize("kind", ["form", "raw"])
def test_a_connection_cut_in_the_middle_leaves_nothing(box, owner, kind):
    content = text("cut in the middle") * 5000
    body = form((file_part(), content)) if kind == "form" else content
    media_type = "multipart/form-data; boundary=limit" if kind == "form" else "text/plain"
    with Wire(box.url) as wire:
        token, size = box.login["access_token"], len(body)
        wire.head("POST", DOCUMENTS, token, content_type=media_type, content_length=size)
        wire.write(body[: size // 2])
        while not incoming(box):
            pass
    while incoming(box):
        pass
    assert by_bytes(owner, content) == []


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\..\\windows\\system.ini", "system.ini"),
        ("/absolute.pdf", "absolute.pdf"),
        ("C:\\Users\\me\\scan.pdf", "scan.pdf"),
        ("folder/", None),
        ("Fatura şubat – ığüşöç.pdf", "Fatura şubat – ığüşöç.pdf"),
        ("票据 🧾.pdf", "票据 🧾.pdf"),
        ("tab\there.txt", "tabhere.txt"),
        ("right\u202eto-left.pdf", "rightto-left.pdf"),
        ("x" * 300 + ".pdf", "x" * 255),
        ('quo"te.txt', 'quo"te.txt'),
        ("100%25;a=b.txt", "100%25;a=b.txt"),
        ("<script>.html", "<script>.html"),
    ],
)
def test_names_are_only_shown_never_paths(owner, sent, shown):
    content = text(f"named {sent}")
    quoted = sent.replace("\\", "\\\\").replace('"', '\\"')
    part = f'{PART.format("file")}; filename="{quoted}"'.encode().decode("latin-1")
    by_form = post_form(owner, form(([part], content)))
    raw = add(owner, content + b"raw", name=sent.encode())
    for taken in (by_form.json(), raw):
        one = f"{DOCUMENTS}/{taken['id']}"
        assert owner.get(one).json()["filename"] == shown
        told = owner.get(f"{one}/original").headers["content-disposition"]
        name = told.partition("filename*=UTF-8''")[2]
        assert unquote(name) == (shown or "")
        assert told.isascii()
        assert not set('/\\" ') & set(name)


def test_a_name_in_latin_1_is_shown_as_it_was_meant(owner):
    taken = add(owner, text("named in latin-1"), name="Müll.pdf".encode("latin-1"))
    assert owner.get(f"{DOCUMENTS}/{taken['id']}").json()["filename"] == "Müll.pdf"


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b"PK\x03\x04 an archive", "application/zip"),
        (b"\x7fELF\x02\x01\x01\x00", "application/octet-stream"),
        (b"\x00\x01\x02\x03", "text/html"),
        (b"\x00" * 5000, ""),
    ],
)
def test_what_nobody_can_read_is_refused(box, owner, content, media_type):
    answer = owner.post(DOCUMENTS, content=content, headers={"content-type": media_type})
    refused(answer, 415, "media_type_unsupported")
    assert incoming(box) == []
    assert by_bytes(owner, content) == []


def test_bytes_are_believed_and_declared_types_are_not(owner):
    taken = add(owner, b"%PDF-1.7 not really", media_type="text/html")
    one = f"{DOCUMENTS}/{taken['id']}"
    assert owner.get(one).json()["media_type"] == "application/pdf"
    page = b"<html><script>alert(1)</script></html>"
    taken = add(owner, page, media_type="text/html; charset=utf-8")
    original = owner.get(f"{DOCUMENTS}/{taken['id']}/original")
    assert original.headers["content-type"].startswith("text/plain")
    assert original.headers["content-disposition"].startswith("attachment")


def test_nothing_at_all_is_kept_to_be_told_as_empty(owner):
    taken = add(owner, b"", media_type="text/html", name="empty.html")
    assert (
        owner.get(f"{DOCUMENTS}/{taken['id']}").json()["media_type"] == "application/octet-stream"
    )
    assert post_form(owner, form((file_part(), b""))).json()["id"] == taken["id"]


def test_whoever_has_no_token_sends_nothing(box):
    answer = httpx2.post(box.url + DOCUMENTS, content=b"x" * 100)
    refused(answer, 401, "token_missing")
    assert incoming(box) == []


@pytest.mark.parametrize(
    "tag", ["plain", "42", "true", 'with "quotes"', "back\\slash", "\\b", "ş ö"]
)
def test_a_tag_finds_its_documents_whatever_it_is(owner, tag):
    taken = add(owner, text(f"tagged {tag}"))
    owner.patch(f"{DOCUMENTS}/{taken['id']}", json={"tags": [tag]}).raise_for_status()
    assert listed(owner, tag=tag) == [taken["id"]]


@pytest.mark.parametrize(
    "change",
    [
        {"title": ""},
        {"title": "x" * 501},
        {"title": None},
        {"tags": [""]},
        {"tags": ["x"] * 51},
        {"tags": [1]},
        {"status": "done"},
        {"text": "mine"},
    ],
)
def test_what_a_person_may_not_change(owner, change):
    taken = add(owner, text(f"unchangeable {change}"[:200]))
    answer = owner.patch(f"{DOCUMENTS}/{taken['id']}", json=change)
    refused(answer, 400, "body_invalid")


def test_a_job_of_reading_cannot_be_asked_for_by_its_name(owner):
    body = {"kind": "documents.read", "args": {"document": new_id()}}
    refused(owner.post("/api/v1/jobs", json=body), 422, "job_kind_unknown")


def test_lists_are_paged_in_the_order_of_arrival(owner):
    made = [add(owner, text(f"page {number}"))["id"] for number in range(5)]
    seen, cursor = [], None
    while len(seen) < 5:
        asked = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = owner.get(DOCUMENTS, params=asked).json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next"]
    assert seen[:5] == made[::-1]
    assert "text" not in page["items"][0]
    refused(owner.get(DOCUMENTS, params={"cursor": "x"}), 422, "cursor_invalid")
    refused(owner.get(DOCUMENTS, params={"sort": "text"}), 400, "query_invalid")
