"""What comes before an app sees a request: heads, pipelines, silence, and what is no HTTP."""

import json
import socket
import threading

import httpx2
import pytest

from tests.wire import Wire
from unibos.transports.http import connection, server

HEALTH = "/health"


@pytest.fixture
def wire(box):
    with Wire(box.url) as opened:
        yield opened


def refused(answer, status, code):
    assert (answer.status, answer.json()["code"]) == (status, code), answer
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-content-type-options"] == "nosniff"


def flood(wire, unit, times):
    """Write until the server hangs up; true when it did."""
    try:
        for _ in range(times):
            wire.write(unit)
    except (BrokenPipeError, ConnectionResetError):
        return True
    return False


def test_answers_do_not_wait_for_delayed_acknowledgements(box, monkeypatch):
    seen = []

    def look(self, transport):
        connected = transport.get_extra_info("socket")
        seen.append(connected.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        made(self, transport)

    made = connection.Connection.connection_made
    monkeypatch.setattr(connection.Connection, "connection_made", look)
    httpx2.get(box.url + HEALTH)
    assert seen == [1]


@pytest.mark.parametrize("line", ["a" * 100 + ": b", "x: " + "y" * 3000], ids=["many", "long"])
def test_a_head_has_a_limit(wire, line):
    fitting = [f"GET {HEALTH} HTTP/1.1", "host: box", *[line] * (60 * 1024 // (len(line) + 2))]
    wire.send(*fitting, "")
    assert wire.answer().status == 200
    wire.send(*fitting)
    # Nothing may be left unread when the server closes, or else the answer is lost with it.
    wire.send("x: " + "y" * 8000)
    refused(wire.answer(), 431, "head_too_large")
    assert wire.ended()


@pytest.mark.parametrize("start", [b"GET /", b"GET / HTTP/1.1\r\nx: ", b"GET / HTTP/1.1\r\n"])
def test_a_head_without_an_end_is_cut(wire, start):
    wire.write(start)
    unit = b"a: b\r\n" * 10_000 if start.endswith(b"1\r\n") else b"a" * 60_000
    assert flood(wire, unit, 2000)


def test_trailers_and_chunk_extensions_are_bounded_and_never_headers(box, wire):
    chunked = {"content-type": "application/json", "transfer-encoding": "chunked"}
    login = json.dumps({"email": "owner@example.org", "password": "x"}).encode()
    wire.head("GET", "/api/v1/me", **chunked)
    wire.send("0", f"authorization: Bearer {box.login['access_token']}", "")
    refused(wire.answer(), 401, "token_missing")
    wire.head("POST", "/api/v1/auth/login", **chunked)
    wire.send(b"%x" % len(login), login, "0")
    assert flood(wire, b"a: b\r\n" * 10_000, 2000)
    with Wire(box.url) as other:
        other.head("POST", "/api/v1/auth/login", **chunked)
        other.write(b"1;x=")
        assert flood(other, b"a" * 60_000, 2000)


def test_a_few_requests_may_be_pipelined_in_order(wire):
    paths = [HEALTH, "/health/live", "/nowhere", "/health/ready"] * 5
    wire.write(b"".join(f"GET {path} HTTP/1.1\r\nhost: box\r\n\r\n".encode() for path in paths))
    assert [wire.answer().status for _ in paths] == [200, 200, 404, 200] * 5


def test_a_flood_of_pipelined_requests_is_cut(wire):
    assert flood(wire, f"GET {HEALTH} HTTP/1.1\r\n\r\n".encode() * 4000, 100)


@pytest.mark.parametrize(
    "line",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"hello",
        b"GET /\xff\xfe HTTP/1.1",
        "GET /ü HTTP/1.1".encode(),
        b"GET /health?\xff HTTP/1.1",
        b"GET /health\0 HTTP/1.1",
        b"GET /he alth HTTP/1.1",
        b"FOO /health HTTP/1.1",
        b"PRI * HTTP/2.0",
    ],
)
def test_what_is_no_request_gets_a_problem_document(wire, line):
    wire.send(line, "host: box", "")
    refused(wire.answer(), 400, "request_malformed")
    assert wire.ended()


@pytest.mark.parametrize(
    "headers",
    [
        ("content-length: 5", "transfer-encoding: chunked"),
        ("content-length: 5", "content-length: 6"),
        ("content-length: -1",),
        ("content-length: ²",),
        ("content-length: 99999999999999999999999999",),
        ("transfer-encoding: gzip, chunked, identity",),
        ("x y: z",),
    ],
)
def test_what_could_be_understood_in_two_ways_is_refused(wire, headers):
    wire.send("POST /api/v1/auth/login HTTP/1.1", "host: box", *headers, "", "0", "")
    assert wire.answer().status == 400
    assert wire.ended()


def test_half_requests_keep_nobody_waiting(box):
    halves = [Wire(box.url) for _ in range(60)]
    try:
        for number, half in enumerate(halves):
            half.write(b"GET /health HTTP/1.1\r\nhost: " if number % 2 else b"")
        half = halves[0]
        half.head("POST", "/api/v1/auth/login", content_type="application/json", content_length=90)
        half.write(b'{"email"')
        assert httpx2.get(box.url + HEALTH).status_code == 200
    finally:
        for half in halves:
            half.__exit__()


@pytest.mark.parametrize("start", [b"", b"GET /health HTTP/1.1\r\nhost: box\r\n"])
def test_who_never_ends_a_head_is_given_up(box, monkeypatch, start):
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.05)
    with Wire(box.url) as wire:
        wire.write(start)
        assert wire.ended()


def test_who_falls_silent_within_a_body_is_given_up(box, monkeypatch):
    monkeypatch.setattr(connection, "SILENT_SECONDS", 0.05)
    with Wire(box.url) as wire:
        wire.head("POST", "/api/v1/auth/login", content_type="application/json", content_length=90)
        wire.write(b'{"email"')
        assert wire.ended()


def test_half_a_request_behind_a_stream_does_not_cut_the_stream(box, monkeypatch):
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.01)
    with Wire(box.url) as wire:
        wire.head("GET", "/api/v1/events", box.login["access_token"])
        assert wire.answer_head().status == 200
        wire.write(b"GET /health HTTP/1.1\r\nhost: ")
        with Wire(box.url) as other:
            assert other.ended()
        box.owner.post("/api/v1/collections/notes/records", json={"data": {}})
        assert wire.line()


def test_patience_ends_with_the_request_not_with_the_answer(box, monkeypatch):
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.01)
    monkeypatch.setattr(connection, "SILENT_SECONDS", 0.01)
    with Wire(box.url) as wire:
        wire.head("GET", "/api/v1/events", box.login["access_token"])
        assert wire.answer_head().status == 200
        # Another one's patience is over meanwhile, so this one's would be, too.
        with Wire(box.url) as other:
            assert other.ended()
        box.owner.post("/api/v1/collections/notes/records", json={"data": {}})
        assert wire.line()


def test_more_connections_than_the_limit_are_told_so(box, monkeypatch):
    monkeypatch.setattr(connection, "MAX_CONNECTIONS", 0)
    with Wire(box.url) as wire:
        wire.head("GET", HEALTH)
        answer = wire.answer()
        refused(answer, 503, "too_many_connections")
        assert (answer.headers["retry-after"], answer.headers["connection"]) == ("5", "close")
        assert wire.ended()
    monkeypatch.undo()
    assert httpx2.get(box.url + HEALTH).status_code == 200


def test_a_continue_is_sent_only_where_the_body_is_wanted(box, wire):
    expecting = {"expect": "100-continue", "content-type": "application/json"}
    wire.head("POST", "/api/v1/batch", **expecting, content_length=50)
    refused(wire.answer(), 401, "token_missing")
    with Wire(box.url) as other:
        large = {**expecting, "content-length": 3 * 1024 * 1024}
        other.head("POST", "/api/v1/auth/login", **large)
        refused(other.answer(), 413, "body_too_large")
    with Wire(box.url) as other:
        other.head("POST", "/api/v1/auth/login", **expecting, content_length=2)
        assert other.answer_head().status == 100
        other.write(b"{}")
        refused(other.answer(), 400, "body_invalid")


def test_a_client_that_leaves_before_its_answer_harms_nobody(box):
    gone = threading.Barrier(8)

    def ask_and_leave():
        with Wire(box.url) as wire:
            wire.head("GET", "/api/v1/status", box.login["access_token"])
            gone.wait()

    threads = [threading.Thread(target=ask_and_leave) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert httpx2.get(box.url + HEALTH).status_code == 200


def test_a_port_in_use_is_told():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        where = server.Listening("127.0.0.1", taken.getsockname()[1])
        listening = server.HttpServer(server.State(), where)
        with pytest.raises(server.Misconfigured) as raised:
            listening.start(None).send(None)
        assert raised.value.code == "address_unusable"
