"""The one API client: pages, streams, logins."""

import io
import json
import stat
import threading

import pytest

from unibos.base.clock import wall_ms
from unibos.base.errors import Misconfigured, Unauthenticated, Unavailable
from unibos.clients.api import Api, Event
from unibos.clients.files import name_in
from unibos.clients.login import Login, Logins
from unibos.clients.paths import below

JOB = "/api/v1/jobs/7/events"


@pytest.fixture
def api(node, data):
    client = Api(data / "unibos.sock")
    yield client
    client.close()


@pytest.fixture
def logins(tmp_path):
    return Logins(tmp_path / "unibos")


def login(url, token="old", expires_ms=None):
    return Login(
        url=url,
        email="owner@example.org",
        access_token=token,
        refresh_token=f"refresh-{token}",
        expires_ms=wall_ms() + 900_000 if expires_ms is None else expires_ms,
    )


def pair(token):
    return {"access_token": token, "refresh_token": f"refresh-{token}", "expires_in": 900}


def test_a_page_is_gathered_over_as_many_answers_as_it_takes(node, api):
    node.on("GET", "/x", node.page({"n": 1}, {"n": 2}, next="c"), node.page({"n": 3}, next="d"))
    page = api.page("/x", 3, q="a b", kind=None)
    assert ([item["n"] for item in page.items], page.next) == ([1, 2, 3], "d")
    assert [one.query for one in node.asked] == [
        {"limit": ["3"], "q": ["a b"]},
        {"limit": ["1"], "q": ["a b"], "cursor": ["c"]},
    ]


def test_each_goes_on_to_the_end(node, api):
    node.on("GET", "/x", node.page({"n": 1}, next="c"), node.page({"n": 2}))
    assert [item["n"] for item in api.each("/x")] == [1, 2]


def test_each_ends_with_an_empty_list(node, api):
    node.on("GET", "/x", node.page())
    assert list(api.each("/x")) == []


def test_a_file_is_sent_in_pieces_and_counted(node, api):
    node.on("POST", "/x", {"id": "1"})
    counted = []
    sent = bytes(range(256)) * 4096
    answer = api.upload("/x", io.BytesIO(sent), "a.jpg", counted.append, "image/jpeg")
    [asked] = node.asked
    assert answer == ({"id": "1"}, False)
    assert sum(counted) == len(sent)
    assert b'name="file"; filename="a.jpg"' in asked.body
    assert b"Content-Type: image/jpeg" in asked.body
    assert sent in asked.body


def test_an_answer_that_breaks_off_is_told(node, api):
    node.on(
        "GET", "/x", node.Answer(b"abc", headers={"Content-Length": "10", "Connection": "close"})
    )
    with pytest.raises(Unavailable) as raised:
        api.download("/x", io.BytesIO())
    assert raised.value.code == "unreachable"


def test_a_full_disk_here_is_not_taken_for_a_lost_connection(node, api):
    class Full(io.BytesIO):
        def write(self, piece):
            raise OSError(28, "No space left on device")

    node.on("GET", "/x", node.Answer(b"abc"))
    with pytest.raises(OSError, match="No space left"):
        api.download("/x", Full())


def stream(*events):
    text = "".join(f"id: {n}\nevent: progress\ndata: {json.dumps(data)}\n\n" for n, data in events)
    return text.encode()


def test_events_are_decoded(node, api):
    body = stream((1, {"value": 0.5}), (2, None))
    node.on("GET", JOB, node.Answer(body, headers={"Content-Type": "text/event-stream"}))
    assert list(api.events(JOB)) == [
        Event("1", "progress", {"value": 0.5}),
        Event("2", "progress", None),
    ]


def test_a_broken_stream_of_events_is_resumed_behind_the_last_one(node, api):
    events = {"Content-Type": "text/event-stream"}
    broken = events | {"Content-Length": "10000", "Connection": "close"}
    node.on(
        "GET",
        JOB,
        node.Answer(stream((1, "a"), (2, "b")), headers=broken),
        node.Answer(stream((3, "c")), headers=events),
    )
    assert [event.data for event in api.events(JOB, wait_s=0)] == ["a", "b", "c"]
    assert [one.headers.get("last-event-id") for one in node.asked] == [None, "2"]


def test_a_stream_that_stays_broken_is_given_up(node, api):
    broken = {"Content-Type": "text/event-stream", "Content-Length": "9", "Connection": "close"}
    node.on("GET", JOB, node.Answer(b"", headers=broken))
    with pytest.raises(Unavailable):
        list(api.events(JOB, wait_s=0))
    assert len(node.asked) == 6


def test_the_language_is_asked_for(node, data):
    node.on("GET", "/x", {})
    client = Api(data / "unibos.sock", language="tr")
    client.get("/x")
    client.close()
    assert node.asked[0].headers["accept-language"] == "tr"
    assert "authorization" not in node.asked[0].headers


def test_a_token_is_sent_as_it_is(remote):
    remote.on("GET", "/x", {})
    client = Api(remote.url, token="t")
    client.get("/x")
    client.close()
    assert remote.asked[0].headers["authorization"] == "Bearer t"


def test_a_login_that_ends_is_refreshed_and_kept(remote, logins):
    logins.keep(login(remote.url, expires_ms=wall_ms() + 1000))
    remote.on("POST", "/api/v1/auth/refresh", pair("new"))
    remote.on("GET", "/x", {})
    client = Api(remote.url, login=logins.find(), logins=logins)
    client.get("/x")
    client.get("/x")
    client.close()
    refreshed = remote.of("POST", "/api/v1/auth/refresh")
    assert [one.json for one in refreshed] == [{"refresh_token": "refresh-old"}]
    assert [one.headers["authorization"] for one in remote.of("GET", "/x")] == ["Bearer new"] * 2
    assert "authorization" not in refreshed[0].headers
    kept = logins.find(remote.url)
    assert (kept.access_token, kept.refresh_token) == ("new", "refresh-new")
    assert kept.expires_ms > wall_ms() + 800_000


def test_two_at_once_refresh_only_once(remote, logins):
    """A second use of a refresh token would end the login for both."""
    logins.keep(login(remote.url, expires_ms=0))
    remote.on("POST", "/api/v1/auth/refresh", pair("new"))
    remote.on("GET", "/x", {})
    clients = [Api(remote.url, login=logins.find(), logins=logins) for _ in range(4)]
    threads = [threading.Thread(target=client.get, args=("/x",)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for client in clients:
        client.close()
    assert len(remote.of("POST", "/api/v1/auth/refresh")) == 1
    assert {one.headers["authorization"] for one in remote.of("GET", "/x")} == {"Bearer new"}


def test_a_login_that_has_ended_says_so(remote, logins):
    logins.keep(login(remote.url, expires_ms=0))
    remote.on("POST", "/api/v1/auth/refresh", remote.problem(401, "refresh_reused"))
    client = Api(remote.url, login=logins.find(), logins=logins)
    with pytest.raises(Unauthenticated) as raised:
        client.get("/x")
    client.close()
    assert (raised.value.code, "unibos login" in raised.value.hint) == ("login_ended", True)


def test_logins_are_for_their_user_only(logins):
    logins.keep(login("http://a/"))
    assert stat.S_IMODE(logins.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(logins.path.parent.stat().st_mode) == 0o700


def test_the_newest_login_is_the_default(logins):
    assert logins.find() is None
    logins.keep(login("http://a"))
    logins.keep(login("http://b/"))
    assert logins.find().url == "http://b/"
    assert logins.find("http://a/").url == "http://a"
    logins.forget("http://b")
    assert logins.find().url == "http://a"
    logins.forget("http://a")
    logins.forget("http://a")
    assert logins.find() is None


def test_damaged_logins_are_told(logins):
    logins.keep(login("http://a"))
    logins.path.write_text("{")
    with pytest.raises(Misconfigured):
        logins.find()


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ("attachment; filename*=UTF-8''fi%C5%9F.jpg", "fiş.jpg"),
        ('attachment; filename="a b.pdf"', "a b.pdf"),
        ("attachment; filename*=UTF-8''..%2F..%2Fetc%2Fpasswd", "passwd"),
        ("attachment; filename*=UTF-8''..%5Cevil.exe", "evil.exe"),
        ('attachment; filename=".bashrc"', "bashrc"),
        ("attachment; filename*=UTF-8''a%0Ab%1B.txt", "ab.txt"),
        ("attachment", ""),
        ("", ""),
    ],
)
def test_a_name_from_the_wire_is_never_a_path(disposition, name):
    assert name_in(disposition) == name


def test_an_id_stays_one_step_of_a_path():
    assert below("/a", "../b?c", "d") == "/a/..%2Fb%3Fc/d"
