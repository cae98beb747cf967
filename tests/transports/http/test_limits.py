"""Requests at and over every limit: bodies, paths, queries, numbers, letters, methods."""

import asyncio
import json

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.wire import Wire
from unibos.core.module.endpoint import Answer, Endpoint
from unibos.transports.http.app import build_app
from unibos.transports.http.door import State

NOTES = "/api/v1/collections/notes/records"
LOGIN = "/api/v1/auth/login"
MIB = 1024 * 1024
AS_JSON = {"content-type": "application/json"}


def refused(answer, status, code):
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(answer.json()) >= {"type", "title", "status", "detail", "code"}
    return answer.json()


def post(owner, body, path=NOTES):
    return owner.post(path, content=body, headers=AS_JSON)


def pieces(body, size=65536):
    return (body[start : start + size] for start in range(0, len(body), size))


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize(("path", "limit"), [(NOTES, 2 * MIB), ("/api/v1/batch", 8 * MIB)])
def test_a_body_has_a_limit_however_it_is_sent(owner, path, limit, chunked):
    body = b'{"data":{}}' + b" " * limit
    answer = post(owner, pieces(body) if chunked else body, path)
    assert refused(answer, 413, "body_too_large")["limit"] == limit
    assert owner.get("/health").status_code == 200


def test_a_body_in_chunks_is_a_body(owner):
    body = json.dumps({"data": {"title": "in chunks"}}).encode()
    assert post(owner, pieces(body, 3)).json()["data"] == {"title": "in chunks"}


def test_a_record_has_a_limit_below_that_of_bodies(owner):
    big = {"data": {"body": "x" * MIB}}
    assert refused(owner.post(NOTES, json=big), 413, "record_too_large")["limit"] == MIB
    made = owner.post(NOTES, json={"data": {"body": "x" * (MIB - 100)}})
    assert made.status_code == 201
    url = f"{NOTES}/{made.json()['id']}"
    refused(owner.patch(url, json={"data": {"title": "y" * 400}}), 413, "record_too_large")
    assert owner.delete(url).status_code == 204


@pytest.mark.parametrize("depth", [101, 500, 900, 2000, 100_000])
@pytest.mark.parametrize(("left", "right"), [("[", "]"), ('{"a":', "}")])
def test_deep_json(owner, depth, left, right):
    inner = "1" if right == "}" else ""
    body = '{"data":{"body2":' + left * depth + inner + right * depth + "}}"
    assert post(owner, body.encode()).status_code in (400, 422)
    assert owner.get(NOTES, params={"filter": "body2=1"}).status_code == 200


@pytest.mark.parametrize(
    ("number", "status"),
    [
        ("9007199254740993", 201),
        ("18446744073709551615", 201),
        ("-9223372036854775808", 201),
        ("1e308", 201),
        ("1e-400", 201),
        ("1e999", 400),
        ("-1e999", 400),
        ("NaN", 400),
        ("Infinity", 400),
        ("01", 400),
        ("+1", 400),
        ("1.", 400),
        ("0x10", 400),
        ("9" * 5000, 400),
    ],
)
def test_numbers(owner, number, status):
    answer = post(owner, f'{{"data":{{"n":{number}}}}}'.encode())
    assert answer.status_code == status, answer.text
    for asked in ({"sort": "n"}, {"sort": "-n"}, {"filter": "n>1"}, {"filter": f"n={number}"}):
        assert owner.get(NOTES, params=asked).status_code in (200, 400, 422)


def test_a_number_too_large_for_its_schema(owner):
    schema = {"properties": {"n": {"multipleOf": 0.01}}}
    owner.post("/api/v1/collections", json={"name": "sums", "schema": schema}).raise_for_status()
    body = b'{"data":{"n":%s}}' % (b"9" * 400)
    refused(post(owner, body, "/api/v1/collections/sums/records"), 422, "record_invalid")


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (b'"\\ud800"', 400),
        (b'"\\ud800 and more to come"', 400),
        (b'"\\udc00 the wrong way round"', 400),
        (b'"\\ud83d\\ude00"', 201),
        (b'"\xed\xa0\x80"', 400),
        (b'"\xff"', 400),
        (b'"\xc0\xaf"', 400),
        (b'"\\u0000"', 201),
        (b'"a\x00b"', 400),
        (b'"\\x41"', 400),
        (b"'single'", 400),
    ],
)
def test_letters(owner, text, status):
    for body in (b'{"data":{"title":%s}}' % text, b'{"data":{%s:1}}' % text):
        answer = post(owner, body)
        assert answer.status_code == status, answer.text
    if status == 201:
        made = post(owner, b'{"data":{"title":%s}}' % text).json()
        assert made["data"]["title"] == json.loads(text)
        assert owner.get(f"{NOTES}/{made['id']}").json() == made
        assert owner.get(NOTES, params={"filter": "title~a"}).status_code == 200


def test_of_duplicate_keys_one_counts(owner):
    made = post(owner, b'{"data":{"a":1},"data":{"a":2,"a":3}}')
    assert made.json()["data"] == {"a": 3}


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b'"x"', b"1", b"{}", b"{}{}", b"\xef\xbb\xbf{}", b"\x00"]
)
def test_what_is_no_object_with_data(owner, body):
    assert post(owner, body).status_code == 400


def test_a_query_with_a_thousand_parameters(owner):
    many = [(f"p{number}", "x") for number in range(1000)]
    refused(owner.get(NOTES, params=many), 400, "query_invalid")
    refused(owner.get(NOTES, params=[("limit", "1")] * 2), 400, "query_invalid")
    refused(owner.get(NOTES, params=[("filter", "a=1")] * 11), 400, "query_invalid")
    assert owner.get(NOTES, params=[("filter", "a=1")] * 10).status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=-1",
        "limit=1.5",
        "limit=",
        "limit=%00",
        f"limit={'9' * 5000}",
        "cursor=" + "x" * 3000,
        "=",
        "unknown=1",
        "LIMIT=1",
        "limit=1;limit=2",
        "q=" + "x" * 201,
    ],
)
def test_a_query_that_is_not_understood(owner, query):
    refused(owner.get(f"{NOTES}?{query}"), 400, "query_invalid")


@pytest.mark.parametrize(
    "query", ["", "&&&", "q=%ff%fe", "q=%ed%a0%80", "q=%00", "filter=a%3D%00", "filter=%ff=1"]
)
def test_a_query_of_odd_bytes_is_answered(owner, query):
    assert owner.get(f"{NOTES}?{query}").status_code in (200, 422)


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/../v1/me",
        "/api/v1/%2e%2e/v1/me",
        "/api/v1/./me",
        "/api/v1//me",
        "//api/v1/me",
        "/api/v1/me/",
        "/api/v1/me%2f",
        "/API/v1/me",
        "/api/v1/blobs/..%2f..%2fnode.db",
        "/api/v1/blobs/%2e%2e",
        f"/api/v1/blobs/{'A' * 64}",
        f"/api/v1/blobs/{'0' * 63}%0a",
        "/api/v1/documents/..%2f",
        "/api/v1/documents/%00/original",
        "/api/v1/documents/%ff%fe",
        "/api/v1/jobs/%ed%a0%80",
        "/api/v1/collections/%F0%9F%98%80/records",
        "/api/v1/collections/notes%00/records",
        f"{NOTES}/' OR 1=1 --".replace(" ", "%20"),
        f"{NOTES}/%0d%0aset-cookie:%20a=b",
        "/etc/passwd",
        "/static/../../etc/passwd",
    ],
)
def test_a_path_leads_nowhere_else(box, path):
    with Wire(box.url) as wire:
        wire.head("GET", path, box.login["access_token"])
        answer = wire.answer()
    assert answer.status in (404, 422), answer
    assert answer.json()["code"].endswith(("_not_found", "_invalid"))
    assert "set-cookie" not in answer.headers


def test_a_very_long_path_is_answered_shortly(owner):
    answer = owner.get(f"{NOTES}/{'x' * 50_000}")
    refused(answer, 404, "record_not_found")
    assert len(answer.content) < 1000
    refused(owner.get(f"/api/v1/collections/{'x' * 50_000}"), 404, "collection_not_found")


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=30))
@settings(max_examples=30)
def test_any_id_is_answered(owner, id_):
    from urllib.parse import quote

    for base in ("/api/v1/documents", "/api/v1/jobs", "/api/v1/users", NOTES):
        answer = owner.get(f"{base}/{quote(id_, safe='')}")
        assert answer.status_code == 404 or "/" in id_ or id_ in (".", "..")


def test_methods(box, owner):
    told = owner.delete("/api/v1/me")
    refused(told, 405, "method_not_allowed")
    assert told.headers["allow"] == "GET, HEAD"
    for method in ("OPTIONS", "TRACE", "PATCH", "PROPFIND"):
        refused(owner.request(method, "/health"), 405, "method_not_allowed")
    assert owner.request("OPTIONS", "/api/v1/nothing").status_code == 404
    with Wire(box.url) as wire:
        wire.head("HEAD", "/api/v1/nothing")
        nothing = wire.answer(body=False)
        assert nothing.status == 404
        # What follows would not be read as an answer, had the first one had a body.
        wire.head("HEAD", "/health")
        assert wire.answer(body=False).status == 200
        wire.head("GET", "/health")
        assert wire.answer().json()["status"] == "ok"


def test_head_is_like_get_everywhere(box, owner):
    for path in ("/health", "/metrics", "/openapi.json", NOTES, "/api/v1/me"):
        got, told = owner.get(path), owner.head(path)
        assert (told.status_code, told.content) == (200, b"")
        assert told.headers["content-type"] == got.headers["content-type"]


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/json", 201),
        ("application/json; charset=utf-8", 201),
        ("Application/JSON ;x=y", 201),
        ("application/merge-patch+json", 201),
        ("text/json", 415),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data; boundary=x", 415),
        ("", 415),
        ("/", 415),
    ],
)
def test_media_types(owner, kind, status):
    answer = owner.post(NOTES, content=b'{"data":{}}', headers={"content-type": kind})
    assert answer.status_code == status


def test_a_compressed_body_is_not_unpacked(owner):
    import gzip

    packed = gzip.compress(b'{"data":{}}' + b" " * 10_000_000)
    headers = AS_JSON | {"content-encoding": "gzip"}
    refused(owner.post(NOTES, content=packed, headers=headers), 415, "encoding_unsupported")


def test_http_1_0_is_answered_and_closed(box):
    with Wire(box.url) as wire:
        wire.send("GET /health HTTP/1.0", "")
        assert wire.answer().status == 200
        assert wire.ended()


def test_no_other_site_may_read_answers(box):
    answer = httpx2.get(box.url + "/health", headers={"origin": "https://evil.example"})
    assert not [name for name in answer.headers if name.startswith("access-control")]


class Nobody:
    def authenticate(self, token):
        raise AssertionError

    def local_scope(self, uid):
        raise AssertionError


def answered(app, path="/thing", method="GET"):
    """What an app answers, as (status, headers, body)."""
    said = []

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        said.append(message)

    asked = {"type": "http", "method": method, "path": path, "headers": [], "query_string": b""}
    asyncio.run(app(asked, receive, send))
    return said[0]["status"], dict(said[0]["headers"]), said[1]["body"]


def app_of(handler, state):
    declared = Endpoint("GET", "/thing", handler, "", {200: None}, None, root=True)
    return build_app([declared], Nobody(), state)


def test_while_it_stops_it_says_so():
    state = State()

    async def handler(call):
        return Answer(b"{}")

    app = app_of(handler, state)
    assert answered(app)[0] == 200
    state.stopping = True
    status, headers, body = answered(app)
    assert (status, json.loads(body)["code"]) == (503, "stopping")
    assert headers[b"retry-after"] == b"5"


def test_a_request_that_a_stop_cuts_off_says_so():
    state = State()

    async def handler(call):
        raise asyncio.CancelledError

    app = app_of(handler, state)
    with pytest.raises(asyncio.CancelledError):
        answered(app)
    state.stopping = True
    assert json.loads(answered(app)[2])["code"] == "stopping"


def test_a_defect_tells_nothing_about_itself(caplog):
    async def handler(call):
        raise RuntimeError("the secret of the house")

    status, _, body = answered(app_of(handler, State()))
    assert (status, json.loads(body)["code"]) == (500, "internal_error")
    assert b"secret" not in body
    assert "the secret of the house" in caplog.text
