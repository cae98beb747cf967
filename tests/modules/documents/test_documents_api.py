"""Documents over the wire: taken in, read, found, changed, binned, purged, read again."""

import hashlib

import pytest

from tests.decoders import needs_pdf
from tests.modules.documents.papers import (
    DOCUMENTS,
    FINAL,
    add,
    bomb,
    pdf,
    png,
    read,
    refused,
)


def text(words):
    return f"{words}\n".encode()


def found(owner, words):
    hits = owner.get("/api/v1/search", params={"q": words}).json()["items"]
    return [hit["id"] for hit in hits]


def listed(owner, **asked):
    return [item["id"] for item in owner.get(DOCUMENTS, params=asked).json()["items"]]


def test_a_text_is_taken_in_read_and_found(owner):
    taken = add(owner, text("the zeppelin leaves at noon"), name="zeppelin.txt")
    assert taken["status"] == "queued"
    done = read(owner, taken)
    assert (done["id"], done["status"], done["job"]) == (taken["id"], "done", taken["job"])
    assert done["text"] == "the zeppelin leaves at noon"
    assert done["media_type"] == "text/plain"
    assert done["filename"] == "zeppelin.txt"
    [page] = done["pages"]
    assert (page["number"], page["source"], page["text"]) == (1, "text", done["text"])
    assert (done["error"], done["thumbnail"], done["binned_at"]) == (None, None, None)
    assert found(owner, "zeppelin noon") == [taken["id"]]
    job = owner.get(f"/api/v1/jobs/{taken['job']}").json()
    assert (job["state"], job["kind"], job["result"]["pages"]) == ("done", "documents.read", 1)


def test_a_picture_is_recognised(owner):
    words = "The waterfall is closed\nfrom Monday to Friday.\nPlease use the other road."
    taken = add(owner, png(words), name="sign.png")
    done = read(owner, taken)
    assert done["status"] == "done", done["error"]
    assert "waterfall is closed" in done["text"]
    assert done["pages"][0]["source"] == "ocr"
    thumbnail = owner.get(done["thumbnail"])
    assert (thumbnail.status_code, thumbnail.headers["content-type"]) == (200, "image/webp")


def test_the_same_bytes_are_the_same_document(owner):
    content = text("twice the same")
    first = add(owner, content, name="first.txt")
    done = read(owner, first)
    second = add(owner, content, name="second.txt", status=200)
    assert second == {"id": first["id"], "status": "done", "job": first["job"]}
    assert owner.get(f"{DOCUMENTS}/{first['id']}").json() == done
    sha256 = hashlib.sha256(content).hexdigest()
    assert listed(owner, sha256=sha256) == [first["id"]]


def test_the_original_comes_back_as_an_attachment(owner):
    content = pdf("original")
    taken = add(owner, content, name="Rechnung für Ümit.pdf".encode())
    url = f"{DOCUMENTS}/{taken['id']}/original"
    original = owner.get(url)
    assert original.content == content
    headers = original.headers
    assert headers["content-type"] == "application/pdf"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-disposition"] == (
        "attachment; filename*=UTF-8''Rechnung%20f%C3%BCr%20%C3%9Cmit.pdf"
    )
    part = owner.get(url, headers={"range": "bytes=0-4"})
    assert (part.status_code, part.content) == (206, b"%PDF-")
    known = owner.get(url, headers={"if-none-match": headers["etag"]})
    assert known.status_code == 304


@needs_pdf
def test_a_thumbnail_is_there_once_the_document_was_read(owner, gate):
    gate.close()
    taken = add(owner, pdf("thumbnail"))
    url = f"{DOCUMENTS}/{taken['id']}/thumbnail"
    refused(owner.get(url), 404, "thumbnail_not_found")
    assert owner.get(f"{DOCUMENTS}/{taken['id']}").json()["thumbnail"] is None
    gate.arrival()
    gate.open()
    gate.let_through()
    assert read(owner, taken)["thumbnail"] == url
    thumbnail = owner.get(url)
    assert thumbnail.headers["content-type"] == "image/webp"
    assert thumbnail.headers["content-disposition"] == "inline"
    assert thumbnail.content[8:12] == b"WEBP"


@needs_pdf
def test_bin_restore_purge(box, owner):
    content = pdf("a quokka in the bin")
    taken = add(owner, content)
    done = read(owner, taken)
    one, sha256 = f"{DOCUMENTS}/{taken['id']}", done["sha256"]
    assert found(owner, "quokka") == [taken["id"]]
    for _ in range(2):
        assert owner.delete(one).status_code == 204
    binned = owner.get(one).json()
    assert binned["binned_at"] >= done["created_at"]
    assert found(owner, "quokka") == []
    assert listed(owner, sha256=sha256) == []
    assert listed(owner, sha256=sha256, bin="true") == [taken["id"]]
    restored = owner.post(f"{one}/restore")
    assert (restored.status_code, restored.json()["binned_at"]) == (200, None)
    assert found(owner, "quokka") == [taken["id"]]
    assert owner.delete(one, params={"purge": "true"}).status_code == 204
    assert found(owner, "quokka") == []
    for method, path in (
        ("GET", one),
        ("PATCH", one),
        ("DELETE", one),
        ("DELETE", f"{one}?purge=true"),
        ("POST", f"{one}/restore"),
        ("POST", f"{one}/reprocess"),
        ("GET", f"{one}/original"),
        ("GET", f"{one}/thumbnail"),
    ):
        body = {"title": "x"} if method == "PATCH" else None
        refused(owner.request(method, path, json=body), 404, "document_not_found")
    refused(owner.get(f"/api/v1/blobs/{sha256}"), 404, "blob_not_found")
    again = add(owner, content)
    assert again["id"] != taken["id"]
    assert read(owner, again)["status"] == "done"


def test_the_same_bytes_bring_a_document_back_from_the_bin(owner):
    content = text("back from the bin")
    taken = add(owner, content)
    read(owner, taken)
    owner.delete(f"{DOCUMENTS}/{taken['id']}").raise_for_status()
    assert add(owner, content, status=200)["id"] == taken["id"]
    assert owner.get(f"{DOCUMENTS}/{taken['id']}").json()["binned_at"] is None


@needs_pdf
def test_a_purge_leaves_what_another_document_needs(owner):
    kept = read(owner, add(owner, pdf("two look the same", note="one")))
    gone = read(owner, add(owner, pdf("two look the same", note="two")))
    pictures = [owner.get(each["thumbnail"]).content for each in (kept, gone)]
    assert pictures[0] == pictures[1]
    owner.delete(f"{DOCUMENTS}/{gone['id']}", params={"purge": "true"}).raise_for_status()
    assert owner.get(kept["thumbnail"]).content == pictures[0]
    assert owner.get("/api/v1/integrity").json()["sound"] is True


def test_a_purge_leaves_what_a_person_stored(owner):
    content = text("stored by a person, too")
    sha256 = hashlib.sha256(content).hexdigest()
    owner.put(f"/api/v1/blobs/{sha256}", content=content).raise_for_status()
    taken = read(owner, add(owner, content))
    owner.delete(f"{DOCUMENTS}/{taken['id']}", params={"purge": "true"}).raise_for_status()
    assert owner.get(f"/api/v1/blobs/{sha256}").content == content


def test_a_purge_ends_the_reading(owner, gate):
    gate.close()
    taken = add(owner, text("purged while it is read"))
    gate.arrival()
    one = f"{DOCUMENTS}/{taken['id']}"
    assert owner.get(one).json()["status"] == "running"
    assert owner.delete(one, params={"purge": "true"}).status_code == 204
    gate.open()
    assert owner.get(f"/api/v1/jobs/{taken['job']}").json()["state"] == "cancelled"


def test_title_and_tags(owner):
    taken = add(owner, text("some words to be named"), name="named.txt")
    read(owner, taken)
    one = f"{DOCUMENTS}/{taken['id']}"
    changed = owner.patch(one, json={"title": "Vergi levhası", "tags": ["tax", "2026", "tax"]})
    assert changed.json()["title"] == "Vergi levhası"
    assert changed.json()["tags"] == ["2026", "tax"]
    assert found(owner, "levhasi") == [taken["id"]]
    assert owner.patch(one, json={}).json() == changed.json()
    assert owner.patch(one, json={"tags": []}).json()["tags"] == []


def test_a_chosen_title_survives_another_reading(owner):
    taken = add(owner, text("its first line is its title"))
    done = read(owner, taken)
    one = f"{DOCUMENTS}/{taken['id']}"
    again = read(owner, owner.post(f"{one}/reprocess").json())
    assert (again["title"], again["status"]) == (done["title"], "done")
    owner.patch(one, json={"title": "Chosen"}).raise_for_status()
    assert read(owner, owner.post(f"{one}/reprocess").json())["title"] == "Chosen"


def test_while_it_waits_or_runs_it_is_not_read_again(owner, gate):
    gate.close()
    taken = add(owner, text("waits to be read"))
    again = f"{DOCUMENTS}/{taken['id']}/reprocess"
    told = refused(owner.post(again), 409, "document_busy")
    assert told["job"] == taken["job"]
    gate.arrival()
    refused(owner.post(again), 409, "document_busy")
    gate.open()
    gate.let_through()
    assert read(owner, taken)["status"] == "done"
    answer = owner.post(again)
    assert answer.status_code == 202
    assert answer.json()["job"] != taken["job"]
    assert read(owner, answer.json())["status"] == "done"


def test_a_cancelled_reading_fails_the_document_until_it_is_read_again(owner, gate):
    gate.close()
    taken = add(owner, text("cancelled while it is read"))
    gate.arrival()
    one = f"{DOCUMENTS}/{taken['id']}"
    assert owner.get(one).json()["status"] == "running"
    assert listed(owner, status="queued")[0] == taken["id"]
    cancelled = owner.delete(f"/api/v1/jobs/{taken['job']}")
    assert cancelled.json()["state"] == "cancelled"
    failed = owner.get(one).json()
    assert (failed["status"], failed["error"]["code"]) == ("failed", "job_cancelled")
    refused(owner.delete(f"/api/v1/jobs/{taken['job']}"), 409, "job_finished")
    gate.open()
    done = read(owner, owner.post(f"{one}/reprocess").json())
    assert (done["status"], done["error"]) == ("done", None)
    assert done["text"] == "cancelled while it is read"


def test_a_long_text_in_any_script_is_kept_as_far_as_it_fits(owner):
    # As JSON these are seven bytes for four letters.
    page = '"ё" ' * 10_000
    content = "\f".join([page] * 20).encode()
    assert len(content) < 1024 * 1024
    done = read(owner, add(owner, content))
    assert (done["status"], done["error"]) == ("done", None)
    assert done["text_cut"] is True
    assert len(done["pages"]) == 20
    assert done["pages"][0]["text"] == page
    assert done["pages"][-1]["text"] == ""


NO_KEY = "<" + "00" * 32 + ">"
LOCKED = f"/Encrypt << /Filter /Standard /V 1 /R 2 /O {NO_KEY} /U {NO_KEY} /P -4 >>"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "document_empty"),
        (b" \n\t\n", "document_empty"),
        (b"\xff\xd8\xff\xe0 no picture", "document_damaged"),
        (png("half of a picture")[:400], "document_damaged"),
        pytest.param(b"%PDF-1.7\n nothing more", "document_damaged", marks=needs_pdf),
        pytest.param(
            pdf("locked").replace(b"/Root", LOCKED.encode() + b" /ID [<00> <00>] /Root"),
            "document_encrypted",
            marks=needs_pdf,
        ),
        (bomb(), "document_too_large"),
        (b"\f" * 500 + b"many pages", "document_too_large"),
    ],
    ids=["empty", "blank", "jpeg", "half", "pdf", "locked", "bomb", "pages"],
)
def test_what_cannot_be_read_fails_with_a_reason_and_keeps_its_original(owner, content, code):
    taken = add(owner, content)
    one = f"{DOCUMENTS}/{taken['id']}"
    failed = read(owner, taken)
    assert (failed["status"], failed["error"]["code"]) == ("failed", code)
    assert failed["error"]["detail"].endswith(".")
    assert owner.get(f"{one}/original").content == content
    job = owner.get(f"/api/v1/jobs/{taken['job']}").json()
    assert (job["state"], job["attempt"]) == ("failed", 1)


def test_the_status_counts_documents(owner):
    read(owner, add(owner, text("to be counted")))
    counted = owner.get("/api/v1/status").json()["modules"]["documents"]
    assert counted["done"] > 0
    assert set(counted) <= {"queued", *FINAL}
