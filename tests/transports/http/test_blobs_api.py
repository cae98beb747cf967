"""Blobs over the wire: whole, in parts after cuts, in ranges; and what is refused."""

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.box import Running
from tests.wire import Wire

MIB = 1024 * 1024


def refused(answer, status, code):
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.json()


@pytest.fixture(scope="module")
def box(tmp_path_factory):
    with Running(tmp_path_factory.mktemp("box"), {"documents.max_mb": 1}) as running:
        running.set_up()
        yield running


class Named:
    """Bytes under their name."""

    def __init__(self, size):
        self.data = os.urandom(size)
        self.sha256 = hashlib.sha256(self.data).hexdigest()
        self.url = f"/api/v1/blobs/{self.sha256}"

    def part(self, first, last=None):
        last = len(self.data) if last is None else last
        return self.data[first:last], f"bytes {first}-{last - 1}/{len(self.data)}"


@pytest.fixture
def blob():
    return Named(200_000)


def put(owner, blob, first=0, last=None):
    content, where = blob.part(first, last)
    return owner.put(blob.url, content=content, headers={"content-range": where})


def incoming(box):
    return sorted(path.name for path in (box.folder / "blobs/incoming").iterdir())


def begin(wire, box, blob, upto, **headers):
    """Send the head and the beginning of a blob."""
    token = box.login["access_token"]
    wire.head("PUT", blob.url, token, content_length=len(blob.data), **headers)
    wire.write(blob.data[:upto])


def received(owner, blob):
    return owner.get(f"{blob.url}/upload").json()["received"]


def go_on(owner, blob):
    """What a client does after a cut: ask how far it got, send the rest, again if it must."""
    while True:
        at = received(owner, blob)
        answer = put(owner, blob, at)
        if answer.status_code != 409:
            return at, answer


def test_whole_then_again_then_read(owner, blob):
    first = owner.put(blob.url, content=blob.data)
    assert (first.status_code, first.json()) == (
        201,
        {"sha256": blob.sha256, "size": len(blob.data)},
    )
    again = owner.put(blob.url, content=blob.data)
    assert (again.status_code, again.json()) == (200, first.json())
    read = owner.get(blob.url)
    assert read.content == blob.data
    assert read.headers["etag"] == f'"{blob.sha256}"'
    assert read.headers["content-type"] == "application/octet-stream"
    assert read.headers["content-disposition"].startswith("attachment")
    assert read.headers["x-content-type-options"] == "nosniff"
    assert read.headers["accept-ranges"] == "bytes"


def test_a_cut_upload_goes_on_where_it_was_cut(box, owner, blob):
    with Wire(box.url) as wire:
        begin(wire, box, blob, 150_000)
    at, answer = go_on(owner, blob)
    assert answer.status_code == 201
    assert at <= 150_000
    assert owner.get(blob.url).content == blob.data
    assert received(owner, blob) == 0
    assert incoming(box) == []


@settings(max_examples=10)
# From sixteen bytes on, chance does not name the same blob in two examples of one node.
@given(cuts=st.lists(st.integers(0, 90_000), max_size=4), size=st.integers(16, 90_000))
def test_whatever_is_cut_the_bytes_are_right_in_the_end(box, owner, cuts, size):
    blob = Named(size)
    for upto in cuts:
        with Wire(box.url) as wire:
            begin(wire, box, blob, min(upto, size - 1))
        if received(owner, blob):
            content, where = blob.part(received(owner, blob), None)
            with Wire(box.url) as wire:
                token = box.login["access_token"]
                wire.head("PUT", blob.url, token, content_length=len(content), content_range=where)
                wire.write(content[: len(content) // 2])
    _, answer = go_on(owner, blob)
    assert answer.status_code == 201
    assert owner.get(blob.url).content == blob.data
    assert incoming(box) == []


def test_in_parts(box, owner, blob):
    first = put(owner, blob, 0, 80_000)
    assert (first.status_code, first.json()) == (202, {"received": 80_000})
    told = refused(put(owner, blob, 90_000), 409, "upload_offset_wrong")
    assert told["received"] == 80_000
    refused(put(owner, blob, 0, 80_000), 409, "upload_offset_wrong")
    assert put(owner, blob, 80_000, 120_000).json() == {"received": 120_000}
    assert put(owner, blob, 120_000).status_code == 201
    assert owner.get(blob.url).content == blob.data


def test_a_whole_upload_forgets_the_parts_before_it(box, owner, blob):
    put(owner, blob, 0, 80_000)
    assert owner.put(blob.url, content=blob.data).status_code == 201
    assert incoming(box) == []


@pytest.mark.parametrize(
    "where",
    [
        "bytes 0-9/5",
        "bytes 5-4/10",
        "0-9/10",
        "bytes */10",
        "bytes 0-9/*",
        "bytes -1-9/10",
        "x",
        "",
    ],
)
def test_a_part_that_is_none(owner, blob, where):
    answer = owner.put(blob.url, content=b"x" * 10, headers={"content-range": where})
    refused(answer, 422, "content_range_invalid")


def test_bytes_of_another_name_are_forgotten(box, owner, blob):
    other = Named(100)
    told = refused(owner.put(blob.url, content=other.data), 422, "blob_hash_mismatch")
    assert other.sha256 in told["detail"]
    refused(owner.get(blob.url), 404, "blob_not_found")
    put(owner, blob, 0, 100)
    rest = b"y" * (len(blob.data) - 100)
    where = blob.part(100)[1]
    answer = owner.put(blob.url, content=rest, headers={"content-range": where})
    refused(answer, 422, "blob_hash_mismatch")
    assert incoming(box) == []


def test_a_part_longer_than_it_says(box, owner, blob):
    content, where = blob.part(0, 100)
    answer = owner.put(blob.url, content=content + b"more", headers={"content-range": where})
    refused(answer, 422, "content_range_invalid")
    assert put(owner, blob).status_code == 201


@pytest.mark.parametrize(
    "name", ["0" * 63, "0" * 65, "A" * 64, "g" * 64, "%2e%2e", "0" * 63 + "%00"]
)
def test_a_name_that_is_none(owner, name):
    for method in ("PUT", "GET"):
        answer = owner.request(method, f"/api/v1/blobs/{name}", content=b"x")
        assert answer.status_code in (404, 422), answer.text
    refused(owner.put(f"/api/v1/blobs/{name}", content=b""), 422, "blob_name_invalid")


def test_too_large_by_its_length_its_range_or_its_bytes(box, owner):
    large = Named(MIB + 1)
    refused(owner.put(large.url, content=large.data), 413, "body_too_large")
    refused(put(owner, large, 0, 10), 413, "blob_too_large")
    pieces = (large.data[start : start + 65536] for start in range(0, MIB + 1, 65536))
    refused(owner.put(large.url, content=pieces), 413, "blob_too_large")
    assert incoming(box) == []
    just = Named(MIB)
    assert owner.put(just.url, content=just.data).status_code == 201


def test_an_empty_blob(owner):
    empty = Named(0)
    assert owner.put(empty.url, content=b"").status_code in (200, 201)
    read = owner.get(empty.url)
    assert (read.status_code, read.content) == (200, b"")
    refused(owner.get(empty.url, headers={"range": "bytes=0-"}), 416, "range_unsatisfiable")


def test_many_send_the_same_blob_at_the_same_time(box, owner, blob):
    def send(_):
        return owner.put(blob.url, content=blob.data)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(8)))
    for answer in answers:
        assert answer.status_code in (200, 201) or refused(answer, 409, "upload_in_progress")
    assert [answer.status_code for answer in answers].count(201) == 1
    assert owner.get(blob.url).content == blob.data
    assert incoming(box) == []


def test_while_one_sends_another_has_to_wait(box, owner, blob):
    with Wire(box.url) as wire:
        begin(wire, box, blob, 100_000)
        while received(owner, blob) == 0:
            pass
        refused(owner.put(blob.url, content=blob.data), 409, "upload_in_progress")
        wire.write(blob.data[100_000:])
        assert wire.answer().status == 201


@pytest.fixture(scope="module")
def kept(box):
    blob = Named(1000)
    box.owner.put(blob.url, content=blob.data).raise_for_status()
    return blob


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=10-19", 10, 19),
        ("bytes=990-", 990, 999),
        ("bytes=-10", 990, 999),
        ("bytes=-5000", 0, 999),
        ("bytes=990-5000", 990, 999),
        ("BYTES=0-9", 0, 9),
    ],
)
def test_a_range(owner, kept, asked, first, last):
    answer = owner.get(kept.url, headers={"range": asked})
    assert answer.status_code == 206
    assert answer.content == kept.data[first : last + 1]
    assert answer.headers["content-range"] == f"bytes {first}-{last}/1000"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "asked",
    [
        "items=0-9",
        "bytes=9-0",
        "bytes=",
        "bytes=-",
        "bytes=a-b",
        "bytes",
        "bytes=0-1,5-6",
        "x" * 999,
    ],
)
def test_a_range_that_is_not_understood_is_as_if_it_were_not_there(owner, kept, asked):
    answer = owner.get(kept.url, headers={"range": asked})
    assert (answer.status_code, answer.content) == (200, kept.data)


@pytest.mark.parametrize("asked", ["bytes=1000-", "bytes=5000-6000", "bytes=-0"])
def test_a_range_outside(owner, kept, asked):
    answer = owner.get(kept.url, headers={"range": asked})
    refused(answer, 416, "range_unsatisfiable")
    assert answer.headers["content-range"] == "bytes */1000"


def test_a_range_of_another_version_is_the_whole(owner, kept):
    asked = {"range": "bytes=0-9", "if-range": '"another"'}
    assert owner.get(kept.url, headers=asked).status_code == 200
    same = asked | {"if-range": f'"{kept.sha256}"'}
    assert owner.get(kept.url, headers=same).status_code == 206


@pytest.mark.parametrize("known", ['"{}"', 'W/"{}"', '"x", "{}"', "*"])
def test_what_the_client_has_is_not_sent_again(owner, kept, known):
    asked = {"if-none-match": known.format(kept.sha256)}
    for method in ("GET", "HEAD"):
        answer = owner.request(method, kept.url, headers=asked)
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == f'"{kept.sha256}"'
    assert owner.get(kept.url, headers={"if-none-match": '"x"'}).status_code == 200


def test_head_tells_the_size(owner, kept):
    answer = owner.head(kept.url)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == "1000"
    assert owner.head(f"/api/v1/blobs/{'0' * 64}").status_code == 404


def test_a_blob_whose_file_is_gone_is_damage_and_sending_it_again_mends_it(box, owner):
    lost = Named(500)
    owner.put(lost.url, content=lost.data).raise_for_status()
    (box.folder / "blobs" / lost.sha256[:2] / lost.sha256).write_bytes(b"short")
    refused(owner.get(lost.url), 500, "blob_missing")
    assert owner.put(lost.url, content=lost.data).status_code == 200
    assert owner.get(lost.url).content == lost.data


def test_a_reader_who_goes_away_harms_nobody(box, owner, kept):
    large = Named(MIB)
    owner.put(large.url, content=large.data).raise_for_status()
    with Wire(box.url) as wire:
        wire.head("GET", large.url, box.login["access_token"])
        assert wire.answer_head().status == 200
    assert httpx2.get(box.url + "/health").status_code == 200
