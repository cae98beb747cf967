"""Paths that lead where no path was meant to lead."""

import pytest

from tests.wire import Wire

TRICKS = [
    "/../instance.key",
    "/../../../../etc/passwd",
    "/%2e%2e/%2e%2e/instance.key",
    "/..%2f..%2finstance.key",
    "/..%5c..%5cinstance.key",
    "/%252e%252e%252finstance.key",
    "/.%00./instance.key",
    "/\u2025/instance.key",
    "/%c0%ae%c0%ae/instance.key",
    "/%ff",
    "/%",
    "/%zz",
    "/instance.key",
    "/setup-code",
    "/hub.db",
    "/unibos.db",
    "//api/v1/me",
    "/api/v1//me",
    "/api/v1/me/",
    "/api//v1/me",
    "/API/V1/ME",
    "/api/v1/me;x=1",
    "/api/v1/me%2f",
    "/api/v1/%6de/.",
    "/api/v1/blobs/../../../instance.key",
    "/api/v1/blobs/%2e%2e%2finstance.key",
    "/api/v1/users/../me",
    "/api/v1/users/..%2fme",
    "/api/v1/orgs/%2e%2e%2fusers",
    "/.well-known/../instance.key",
    "/.well-known/unibos/../../instance.key",
    "/oidc/../../instance.key",
    "*",
    "/api/v1/me\t",
    "/" + "a" * 60_000,
    "/" + "%2e%2e%2f" * 5_000,
]


def ask(box, path, token="", method="GET"):
    with Wire(box.url) as wire:
        wire.head(method, path, token)
        return wire.answer(body=method != "HEAD")


@pytest.mark.parametrize("path", TRICKS, ids=lambda path: path[:40])
def test_tricks(home, path):
    token = home.hub.login["access_token"]
    for box in (home.hub, home.one):
        for method in ("GET", "DELETE"):
            answer = ask(box, path, token, method)
            assert 400 <= answer.status < 500, (path, answer)
            assert b"PRIVATE KEY" not in answer.body
            assert answer.json()["code"] in (
                "path_not_found",
                "request_malformed",
                "head_too_large",
                "blob_name_invalid",
                "user_not_found",
                "method_not_allowed",
                "org_not_found",
            )


NAMES = [
    "..",
    "%2e%2e",
    "%00",
    "a%00b",
    "%0d%0aset-cookie:%20a=b",
    "%e2%80%ae",
    "%ed%a0%80",
    "%ff%fe",
    "'%20OR%201=1--",
    "%25",
    "*",
    "x" * 10_000,
    "0" * 36,
    "{id}",
]
PLACES = [
    "users/{}",
    "orgs/{}",
    "nodes/{}",
    "collections/{}",
    "collections/{}/records",
    "collections/notes/records/{}",
    "blobs/{}",
    "blobs/{}/upload",
]


@pytest.mark.parametrize("place", PLACES)
def test_names_in_paths(home, place):
    for name in NAMES:
        answer = ask(home.hub, "/api/v1/" + place.format(name), home.hub.login["access_token"])
        assert answer.status in (400, 404, 422), (name, answer)
        assert answer.json()["code"] != "internal_error"
        assert "set-cookie" not in answer.headers
        answer.body.decode()


@pytest.mark.parametrize("name", ["instance.key", "hub.db", "setup-code", "../instance.key"])
def test_a_whole_url_leads_nowhere_else(home, name):
    for target in (f"http://localhost/{name}", f"file:///{name}", f"http://169.254.169.254/{name}"):
        answer = ask(home.hub, target)
        assert answer.status in (400, 404)
        assert b"PRIVATE KEY" not in answer.body


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND", "get", "BREW", "OPTIONS"])
def test_other_methods(home, method):
    target = "box:443" if method == "CONNECT" else "/api/v1/me"
    with Wire(home.hub.url) as wire:
        wire.send(f"{method} {target} HTTP/1.1", "host: box", "x-echo: secret", "")
        answer = wire.answer()
        assert answer.status in (400, 404, 405)
        assert b"x-echo" not in answer.body


@pytest.mark.parametrize("org", ["other", "home", "..", "%00", "\u00ff", "x" * 5000, "a\tb"])
def test_the_header_that_chooses_an_org_is_for_the_local_socket(home, org):
    """Over the network it changes nothing; on the socket it names an org or is refused."""
    hub = home.hub
    told = hub.owner.get("/api/v1/me", headers={b"unibos-org": org.encode("latin-1")}).json()
    assert told["org"] == hub.login["user"]["org"]
    answer = hub.local().get("/api/v1/me", headers={b"unibos-org": org.encode("latin-1")})
    if org in ("other", "home"):
        assert answer.status_code == 200
    else:
        assert (answer.status_code, answer.json()["code"]) == (404, "org_not_found")
    node = home.one.local().get("/api/v1/me", headers={"unibos-org": "other"})
    assert (node.status_code, node.json()["code"]) == (404, "org_not_found")
