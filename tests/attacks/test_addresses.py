"""A join token says where a hub is. What a node asks there, whoever made the token."""

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.attacks.conftest import code
from tests.box import Running
from unibos.base.ids import new_id

SECRET = f"{new_id()}.{'s' * 43}"
HUB = "a" * 52


def join_string(*urls, **changes):
    said = {"v": 1, "urls": urls, "hub": HUB, "secret": SECRET, "exp": 2**32} | changes
    raw = json.dumps(said).encode()
    return "unibos-join-" + base64.urlsafe_b64encode(raw).decode().rstrip("=")


class Trap(ThreadingHTTPServer):
    """Keeps all that it is asked, and answers as it is told."""

    def __init__(self, status=404, **headers):
        self.asked, self.status, self.headers, self.body = [], status, headers, b"{}"
        super().__init__(("127.0.0.1", 0), _Keeper)
        self.thread = threading.Thread(target=self.serve_forever, args=(0.01,))
        self.url = f"http://127.0.0.1:{self.server_port}"

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *error):
        self.shutdown()
        self.thread.join()
        super().__exit__(*error)


class _Keeper(BaseHTTPRequestHandler):
    def _answer(self):
        said = self.rfile.read(int(self.headers.get("content-length", "0")))
        self.server.asked.append((self.command, self.path, lower(self.headers), said))
        self.send_response(self.server.status)
        for name, value in self.server.headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("content-length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)

    do_GET = do_POST = _answer  # noqa: N815 - the names that the library asks for

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    with Running(tmp_path_factory.mktemp("node")) as running:
        running.set_up()
        running.admin = running.member("admin", "admin@example.org")
        yield running


def lower(headers):
    return {name.lower(): value for name, value in headers.items()}


@pytest.fixture(params=["preview", "join"])
def paste(request, node):
    """An owner pastes what somebody gave them."""
    path = f"/api/v1/hub/{request.param}"
    return lambda text: node.owner.post(path, json={"token": text})


def test_only_owners_make_the_node_ask_anybody(node):
    with Trap() as trap:
        for path in ("preview", "join"):
            said = {"token": join_string(trap.url)}
            refused = node.admin.post(f"/api/v1/hub/{path}", json=said)
            assert code(refused) == (403, "role_required")
            assert node.client().post(f"/api/v1/hub/{path}", json=said).status_code == 401
        assert trap.asked == []


def test_nothing_is_told_to_who_does_not_prove_to_be_the_hub(node, paste):
    """One GET without a name, a secret or a key; and no answer of theirs is passed on."""
    with Trap(200, content_type="application/json") as trap:
        trap.body = b'{"statement": "a.b.c", "name": "internal secret"}'
        answer = paste(join_string(trap.url))
        assert code(answer) == (503, "hub_not_genuine")
        assert "internal secret" not in answer.text
        (asked,) = trap.asked
    method, path, headers, body = asked
    assert (method, path, body) == ("GET", "/.well-known/unibos", b"")
    assert not {"authorization", "cookie"} & set(headers)
    assert "s" * 43 not in str(headers)


def test_redirects_are_not_followed(node, paste):
    with Trap(200) as inside:
        for status in (301, 302, 303, 307, 308):
            with Trap(status, location=inside.url + "/admin") as trap:
                assert code(paste(join_string(trap.url)))[0] == 503
                assert len(trap.asked) == 1
        assert inside.asked == []


def test_a_large_or_compressed_answer_is_not_read(node, paste):
    with Trap(200, content_type="application/json") as trap:
        trap.body = b'{"statement": "' + b"x" * 200_000 + b'"}'
        assert code(paste(join_string(trap.url))) == (503, "hub_unreachable")
    with Trap(200, content_encoding="gzip", content_type="application/json") as trap:
        assert code(paste(join_string(trap.url))) == (503, "hub_unreachable")


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254",
        "http://192.0.2.1",
        "http://10.0.0.1:8000",
        "http://[fe80::1]:8000",
        "http://0.0.0.0",
        "http://2130706433",
        "http://127.0.0.1.attacker.example",
        "http://localhost.attacker.example",
        "http://localhost%2eattacker.example",
        "http://[::ffff:169.254.169.254]",
    ],
)
def test_plain_http_is_for_this_machine_only(node, paste, url):
    answer = paste(join_string(url))
    assert code(answer) == (503, "hub_unreachable")
    assert "plain HTTP is for this machine only" in answer.json()["detail"]


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://127.0.0.1",
        "gopher://127.0.0.1:6379/_x",
        "unix:///run/docker.sock",
        "http://user@127.0.0.1",
        "http://127.0.0.1@attacker.example",
        "http://127.0.0.1/path",
        "http://127.0.0.1?query",
        "http://127.0.0.1#fragment",
        "http://127.0.0.1 x",
        "http://127.0.0.1\r\nx: y",
        "http://",
        "//127.0.0.1",
        "",
        "HTTP://127.0.0.1",
        "https://" + "a" * 300,
    ],
)
def test_what_is_no_address_of_a_hub(node, paste, url):
    assert code(paste(join_string(url))) == (422, "join_string_invalid")


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:99999", "https://[::1", "http://[x]:1", "https://\ud800"]
)
def test_odd_addresses_are_refused_without_a_defect(node, paste, url):
    assert code(paste(join_string(url))) in (
        (503, "hub_unreachable"),
        (422, "join_string_invalid"),
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"urls": []},
        {"urls": ["https://a.example"] * 9},
        {"hub": "../../etc"},
        {"hub": "A" * 52},
        {"secret": "short"},
        {"secret": f"{SECRET}\n"},
        {"exp": -1},
        {"exp": 2**70},
        {"v": 2},
        {"more": 1},
    ],
)
def test_what_is_no_join_token(node, paste, changes):
    assert code(paste(join_string("https://a.example", **changes))) == (422, "join_string_invalid")


def test_no_address_at_all_for_many_of_them(node, paste):
    with Trap() as trap:
        answer = paste(join_string(*[trap.url] * 8))
        assert answer.status_code == 503
        assert len(trap.asked) <= 8
