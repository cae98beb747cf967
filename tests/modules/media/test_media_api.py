"""Photos over the wire: taken in, read, listed, found, changed, binned, purged, read again."""

import hashlib

import pytest

from tests.decoders import needs_heic
from tests.modules.documents.papers import incoming
from tests.modules.media.snapshots import (
    MEDIA,
    add,
    bomb,
    ended,
    photo,
    picture,
    read,
    refused,
    saved,
)

ROME = {
    "latitude": [(41, 1), (53, 1), (30, 1)],
    "latitude_ref": "N",
    "longitude": [(12, 1), (29, 1), (0, 1)],
    "longitude_ref": "E",
}


def listed(owner, **asked):
    return [item["id"] for item in owner.get(MEDIA, params=asked).json()["items"]]


def found(owner, words):
    hits = owner.get("/api/v1/search", params={"q": words}).json()["items"]
    return [hit["id"] for hit in hits]


def test_a_photo_is_taken_in_read_and_shown(owner):
    content = photo(1, make="Zenit", model="Zenit-E", taken="1984:05:06 07:08:09", **ROME)
    taken = add(owner, content, name="C:\\photos\\holiday.jpg")
    assert (taken["kind"], taken["status"]) == ("photo", "queued")
    done = read(owner, taken)
    assert (done["status"], done["error"]) == ("done", None)
    assert (done["filename"], done["media_type"]) == ("holiday.jpg", "image/jpeg")
    assert (done["width"], done["height"], done["size"]) == (160, 120, len(content))
    assert (done["moment"], done["taken_at"]) == ("1984-05-06T07:08:09",) * 2
    assert done["taken_zone"] == "local"
    assert done["place"]["latitude"] == pytest.approx(41.891667)
    assert (done["camera"], done["video"], done["playable"]) == ("Zenit-E", None, None)
    assert found(owner, "zenit holiday") == [taken["id"]]
    assert listed(owner, q="zenit") == [taken["id"]]
    assert listed(owner, month="1984-05") == [taken["id"]]
    job = owner.get(f"/api/v1/jobs/{taken['job']}").json()
    assert (job["state"], job["kind"]) == ("done", "media.photo")


def test_the_same_bytes_are_the_same_photo(owner):
    content = photo(2)
    first = add(owner, content, name="first.jpg")
    done = read(owner, first)
    second = add(owner, content, name="second.jpg", status=200)
    assert second == {**first, "status": "done"}
    assert owner.get(f"{MEDIA}/{first['id']}").json() == done
    form = owner.post(MEDIA, files={"file": ("third.jpg", content, "image/png")})
    assert (form.status_code, form.json()["id"]) == (200, first["id"])


def test_files_are_shown_in_the_page_and_cannot_carry_scripts(owner):
    content = photo(3)
    taken = add(owner, content, name="shown.jpg")
    done = read(owner, taken)
    types = {"original": "image/jpeg", "thumbnail": "image/webp", "preview": "image/jpeg"}
    for name, media_type in types.items():
        answer = owner.get(done[name])
        headers = answer.headers
        assert (answer.status_code, headers["content-type"]) == (200, media_type)
        assert headers["content-disposition"].startswith("inline")
        assert headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in headers["content-security-policy"]
        known = owner.get(done[name], headers={"if-none-match": headers["etag"]})
        assert known.status_code == 304
        part = owner.get(done[name], headers={"range": "bytes=0-3"})
        assert (part.status_code, part.content) == (206, answer.content[:4])
    assert owner.get(done["original"]).content == content
    refused(owner.get(f"{MEDIA}/{taken['id']}/playable"), 404, "media_not_made")


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 422, "media_empty"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415, "media_type_unsupported"),
        (b"%PDF-1.4\n" + bytes(100), 415, "media_type_unsupported"),
        (b"\xff\xd8\xff" + bytes(1024 * 1024), 413, "media_too_large"),
    ],
)
def test_what_is_no_photo_is_not_taken_in(box, owner, content, status, code):
    headers = {"content-type": "image/jpeg"}
    refused(owner.post(MEDIA, content=content, headers=headers), status, code)
    assert listed(owner, sha256=hashlib.sha256(content).hexdigest()) == []
    assert incoming(box) == []


HOSTILE = {
    "a bomb": (bomb(), "media_too_large"),
    "cut off": (saved(picture(4, 800, 600))[:9000], "media_damaged"),
    "a head and nothing else": (b"\x89PNG\r\n\x1a\n", "media_damaged"),
    "no WebP": (b"RIFF\xff\xff\xff\x7fWEBPVP8 " + bytes(50), "media_damaged"),
    "a TIFF that points into itself": (b"II*\0\x08\0\0\0" + b"\xff" * 60, "media_damaged"),
    "no HEIC": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0\0\0\xffmeta" * 9, "media_damaged"),
}


@pytest.mark.parametrize(
    "name", [pytest.param(one, marks=needs_heic if "HEIC" in one else ()) for one in HOSTILE]
)
def test_a_hostile_file_fails_alone(owner, name):
    content, code = HOSTILE[name]
    hostile, harmless = add(owner, content), add(owner, photo(HOSTILE_SEED[name]))
    failed = read(owner, hostile)
    assert (failed["status"], failed["error"]["code"]) == ("failed", code)
    assert (failed["thumbnail"], failed["width"]) == (None, None)
    assert owner.get(failed["original"]).content == content
    assert read(owner, harmless)["status"] == "done"
    assert owner.get(f"/api/v1/jobs/{hostile['job']}").json()["attempt"] == 1


HOSTILE_SEED = {name: 100 + number for number, name in enumerate(HOSTILE)}


def test_bin_restore_purge(box, owner):
    taken = add(owner, photo(5, model="Quokka"))
    done = read(owner, taken)
    one = f"{MEDIA}/{taken['id']}"
    for _ in range(2):
        assert owner.delete(one).status_code == 204
    assert owner.get(one).json()["binned_at"] >= done["created_at"]
    assert found(owner, "quokka") == []
    assert taken["id"] not in listed(owner)
    assert taken["id"] in listed(owner, bin="true")
    assert owner.post(f"{one}/restore").json()["binned_at"] is None
    assert found(owner, "quokka") == [taken["id"]]
    assert owner.delete(one, params={"purge": "true"}).status_code == 204
    refused(owner.get(one), 404, "media_not_found")
    refused(owner.get(done["original"]), 404, "media_not_found")
    refused(owner.get(f"/api/v1/blobs/{done['sha256']}"), 404, "blob_not_found")


def test_what_a_person_may_change(owner):
    taken = add(owner, photo(6))
    read(owner, taken)
    one = f"{MEDIA}/{taken['id']}"
    asked = {"title": "Snow", "tags": ["b", "a", "a"], "place_name": "Uludağ"}
    changed = owner.patch(one, json=asked).json()
    assert (changed["title"], changed["tags"]) == ("Snow", ["a", "b"])
    assert found(owner, "uludağ snow") == [taken["id"]]
    assert listed(owner, tag="b") == [taken["id"]]
    assert owner.patch(one, json={"place_name": None}).json()["place_name"] is None
    refused(owner.patch(one, json={"moment": "2020-01-01T00:00:00"}), 400, "body_invalid")
    refused(owner.patch(one, json={"title": ""}), 400, "body_invalid")


def test_a_photo_is_read_again(owner):
    taken = add(owner, photo(7))
    before = read(owner, taken)
    again = owner.post(f"{MEDIA}/{taken['id']}/reprocess")
    assert again.status_code == 202
    after = read(owner, again.json())
    assert after["job"] != before["job"]
    assert after["status"] == "done"


def test_a_name_tells_the_time_where_the_file_does_not(owner):
    taken = add(owner, photo(8), name="IMG-19870607-WA0001.jpg")
    done = read(owner, taken)
    assert (done["moment"], done["taken_at"]) == ("1987-06-07T12:00:00", None)


def test_a_photo_in_a_wanted_size(owner):
    taken = add(owner, saved(picture(9, 400, 200)))
    asked = {"media": taken["id"], "width": 100, "height": 100, "format": "png"}
    job = owner.post("/api/v1/jobs", json={"kind": "media.resize", "args": asked})
    assert job.status_code == 201, job.text
    result = ended(owner, job.json()["id"])["result"]
    assert (result["width"], result["height"], result["media_type"]) == (100, 50, "image/png")
    raw = owner.get(f"/api/v1/blobs/{result['sha256']}").content
    assert (raw[:8], len(raw)) == (b"\x89PNG\r\n\x1a\n", result["size"])


def test_thumbnails_are_made_anew(owner):
    taken = add(owner, photo(10))
    done = read(owner, taken)
    asked = {"kind": "media.thumbnail", "args": {"media": taken["id"]}}
    job = ended(owner, owner.post("/api/v1/jobs", json=asked).json()["id"])
    assert job["state"] == "done"
    assert owner.get(done["thumbnail"]).headers["etag"] == f'"{job["result"]["thumbnail"]}"'


@pytest.mark.parametrize(
    "args",
    [
        {},
        {"media": "x", "width": 0, "height": 1},
        {"media": "x", "width": 1, "height": 10**9},
        {"media": "x", "width": 1, "height": 1, "format": "svg"},
        {"media": "x", "width": 1, "height": 1, "path": "/etc/passwd"},
    ],
)
def test_a_size_that_is_none(owner, args):
    asked = {"kind": "media.resize", "args": args}
    refused(owner.post("/api/v1/jobs", json=asked), 422, "job_args_invalid")


def test_a_size_of_a_photo_that_is_not_there(owner):
    args = {"media": "0197a0c0-5b3e-7c1a-9d55-0a4b2f8e6d11"}
    job = owner.post("/api/v1/jobs", json={"kind": "media.thumbnail", "args": args}).json()
    failed = ended(owner, job["id"])
    assert (failed["state"], failed["error"]["code"]) == ("failed", "media_not_found")
    assert failed["attempt"] == 1


def test_who_may_do_what(box, owner):
    taken = add(owner, photo(11))
    read(owner, taken)
    viewer = box.member("viewer", "viewer@example.org")
    assert viewer.get(f"{MEDIA}/{taken['id']}").status_code == 200
    assert viewer.get(f"{MEDIA}/{taken['id']}/thumbnail").status_code == 200
    assert viewer.post(MEDIA, content=photo(12)).status_code == 403
    assert viewer.delete(f"{MEDIA}/{taken['id']}").status_code == 403
    refused(
        owner.post("/api/v1/collections/media/records", json={"data": {}}),
        403,
        "collection_managed",
    )
