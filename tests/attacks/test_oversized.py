"""Requests that are too large, too deep or too strange, at the doors that are open to everybody."""

import pytest

from tests.attacks.conftest import code, nobody
from tests.wire import Wire

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
MIB = 1024 * 1024
OPEN = [
    ("/api/v1/auth/login", 2 * MIB),
    ("/api/v1/auth/refresh", 2 * MIB),
    ("/api/v1/setup", 2 * MIB),
    ("/api/v1/invitations/accept", 2 * MIB),
    ("/api/v1/enroll", 16 * 1024),
]
FORMS = [("/oidc/token", b"code"), ("/oidc/authorize", b"email")]
TOO_LARGE = (413, "body_too_large")


@pytest.fixture(scope="module")
def hub(home):
    return home.hub


def send(hub, path, body, kind=JSON):
    return nobody(hub).post(path, content=body, headers={"content-type": kind})


@pytest.mark.parametrize(("path", "limit"), OPEN)
def test_bodies_are_bounded_before_they_are_read(hub, path, limit):
    with Wire(hub.url) as wire:
        wire.head("POST", path, content_type=JSON, content_length=limit + 1)
        answer = wire.answer()
        assert (answer.status, answer.json()["code"]) == TOO_LARGE
    assert code(send(hub, path, iter([b" " * limit, b"{}"]))) == TOO_LARGE
    assert code(send(hub, path, b" " * (limit - 2) + b"{}"))[0] == 400


@pytest.mark.parametrize(("path", "name"), FORMS)
def test_forms_are_bounded(hub, path, name):
    assert code(send(hub, path, b"a=1&" * 5000, FORM)) == TOO_LARGE
    assert code(send(hub, path, b"a=1&" * 4000, FORM)) == (400, "form_invalid")
    for odd in (name + b"=\xff\xfe", name + b"=1&" + name + b"=2"):
        assert code(send(hub, path, odd, FORM)) == (400, "form_invalid")
    assert code(send(hub, path, b"{}", JSON)) == (415, "media_type_unsupported")
    query = "&".join(f"a{number}=1" for number in range(100))
    assert nobody(hub).get(f"{path}?{query}").status_code in (400, 405)


DEEP = [
    b"[" * 100_000,
    b'{"email":' * 50_000,
    b'{"email": "a", "password": ' + b"[" * 100_000,
    b"[" * 50_000 + b"]" * 50_000,
    b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
]
STRANGE = [
    b"",
    b"null",
    b"7",
    b"[]",
    b"\x00",
    b"\xff\xfe{}",
    b'{"email": "\\ud800"}',
    b'{"email": "\\u0000", "password": "\\u0000"}{}',
    b"1e999999",
    b"9" * 100_000,
    b'{"email": "a", "email": "b", "password": 7}',
    b'{"__proto__": {"role": "owner"}, "email": "a", "password": "b"}',
    b'{"email": ["a"], "password": {"$ne": ""}}',
]


@pytest.mark.parametrize(("path", "_limit"), OPEN)
@pytest.mark.parametrize("body", DEEP + STRANGE, ids=lambda body: repr(body[:20]))
def test_deep_and_strange_json(hub, path, _limit, body):
    answer = send(hub, path, body)
    assert code(answer) in ((400, "json_invalid"), (400, "body_invalid"), TOO_LARGE)


def test_a_deep_record(hub):
    record = "/api/v1/collections/notes/records"
    for depth in (200, 5_000, 100_000):
        body = b'{"data": {"a": ' + b"[" * depth + b"]" * depth + b"}}"
        answer = hub.owner.post(record, content=body, headers={"content-type": JSON})
        assert answer.status_code in (400, 404, 413, 422), answer.text
        assert answer.json()["code"] != "internal_error"


@pytest.mark.parametrize(
    "field", ["email", "password", "org", "refresh_token", "invitation", "secret"]
)
def test_texts_are_bounded(hub, field):
    paths = {
        "refresh_token": "/api/v1/auth/refresh",
        "invitation": "/api/v1/invitations/accept",
        "secret": "/api/v1/enroll",
    }
    body = {"email": "a@example.org", "password": "b"} | {field: "x" * 100_000}
    answer = nobody(hub).post(paths.get(field, "/api/v1/auth/login"), json=body)
    assert code(answer) == (TOO_LARGE if field == "secret" else (400, "body_invalid"))


@pytest.mark.parametrize("size", [5_000, 60_000])
@pytest.mark.parametrize("path", ["/api/v1/me", "/oidc/userinfo"])
def test_long_tokens(hub, path, size):
    headers = {"authorization": "Bearer " + "x" * size}
    assert code(nobody(hub).get(path, headers=headers)) == (401, "token_invalid")


def test_a_head_is_bounded(hub):
    for line in ("authorization: Bearer " + "x" * 70_000, "x: y\r\n" * 20_000 + "z: 1"):
        with Wire(hub.url) as wire:
            wire.send("GET /api/v1/me HTTP/1.1", "host: box", line, "")
            answer = wire.answer()
            assert (answer.status, answer.json()["code"]) == (431, "head_too_large")


@pytest.mark.parametrize(
    "lines",
    [
        ("transfer-encoding: chunked", "content-length: 4"),
        ("content-length: 4", "content-length: 5"),
        ("content-length: -1",),
        ("content-length: 4, 4",),
        ("content-length: 0x4",),
        ("transfer-encoding: chunked, identity",),
        ("transfer-encoding : chunked",),
        ("transfer-encoding: xchunked",),
        ("x: a\x00b",),
        (" folded: header",),
    ],
)
def test_a_request_inside_a_request_is_none(hub, lines):
    """Where two readers would disagree on where a body ends, there is no second request."""
    with Wire(hub.url) as wire:
        wire.send(
            "POST /api/v1/auth/login HTTP/1.1", "host: box", f"content-type: {JSON}", *lines, ""
        )
        wire.write(b"0\r\n\r\nGET /health/live HTTP/1.1\r\nhost: box\r\n\r\n")
        answer = wire.answer()
        assert answer.status >= 400
        assert b'"live"' not in answer.body
        if answer.headers.get("connection") == "close":
            assert wire.ended()
