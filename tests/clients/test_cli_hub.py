"""`unibos hub`: which of two local sockets is asked, for which org, and what its status tells."""

import pytest

from tests.clients.conftest import LocalServer, serving
from unibos import __main__ as program
from unibos.clients.cli.exits import Exit

STATUS, SETUP, LOGIN = "/api/v1/status", "/api/v1/setup", "/api/v1/auth/login"
DISK = {"free": 2**30, "total": 2**31, "database": 4096, "blobs": 0}
ALL = {
    "orgs": 2,
    "users": 3,
    "nodes": {"online": 1, "late": 0, "offline": 2},
    "keys": {"current": 1, "next": 1},
    "disk": DISK,
}
HUB = {
    "version": "0.1.0",
    "instance": "i" * 52,
    "roles": ["hub"],
    "name": "attic",
    "fingerprint": "f" * 64,
    "addresses": ["https://attic.local:8000", "https://192.0.2.7:8000"],
    "board": "Raspberry Pi 4",
    "profile": "standard",
    "uptime_seconds": 7260,
    "setup_done": True,
    "org": "o",
    "users": 1,
    "records": {},
    "nodes": {"online": 1},
    "total": ALL,
}
NODE = {
    "version": "0.1.0",
    "instance": "i" * 52,
    "roles": ["node"],
    "board": "PC",
    "profile": "edge",
    "uptime_seconds": 1,
    "online": False,
    "setup_done": True,
    "org": "o",
    "users": 1,
    "records": {},
    "jobs": {},
    "modules": {},
    "disk": DISK,
}
MADE = {
    "access_token": "a",
    "refresh_token": "r",
    "expires_in": 900,
    "user": {"email": "owner@example.org"},
}


@pytest.fixture
def hub(data):
    """A hub on its local socket."""
    for server in serving(LocalServer(data / "hub.sock")):
        server.on("GET", STATUS, HUB)
        server.on("POST", SETUP, server.Answer(MADE, 201))
        yield server


def test_a_hub_tells_how_it_is(unibos, hub):
    told = unibos("hub", "status").out
    for fact in ("attic", "f" * 64, "https://attic.local:8000 https://192.0.2.7:8000", "2 h 1 min"):
        assert fact in told
    assert "1 online, 2 offline" in told
    assert "1 current, 1 next" in told
    assert unibos("hub", "status", "--json").json == HUB


def test_who_does_not_run_the_hub_hears_of_one_org(unibos, hub):
    hub.on("GET", STATUS, HUB | {"total": None, "users": 7})
    told = unibos("hub", "status").out
    assert "7" in told
    assert "1 online" in told
    assert "Orgs" not in told


def test_a_hub_that_nobody_set_up_says_so(unibos, hub):
    hub.on("GET", STATUS, HUB | {"setup_done": False})
    assert "unibos setup" in unibos("hub", "status").out


def test_on_a_box_with_both_each_command_asks_the_one_that_it_is_about(unibos, hub, node):
    node.on("GET", STATUS, NODE)
    assert unibos("status", "--json").json == NODE
    assert unibos("hub", "status", "--json").json == HUB


def test_on_a_box_with_a_hub_alone_the_hub_is_asked(unibos, hub):
    assert unibos("status", "--json").json == HUB
    assert "attic" in unibos("status").out


def test_both_are_set_up_at_the_hub(unibos, hub, node, data):
    (data / "setup-code").write_text("123456-654321\n")
    asked = ("--email", "owner@example.org", "--name", "Owner", "--password-stdin")
    ended = unibos("setup", *asked, stdin=b"correct horse\n")
    assert ended.code == 0
    assert "unibos hub tokens create" in ended.out
    (sent,) = hub.of("POST", SETUP)
    assert sent.json["setup_code"] == "123456-654321"
    assert node.asked == []


@pytest.mark.parametrize("call", [("hub", "status"), ("hub", "--org", "x", "status")])
def test_the_org_goes_along(unibos, hub, call):
    assert unibos(*call, "--org", "smith").code == 0
    assert hub.asked[0].headers["unibos-org"] == "smith"
    assert unibos("hub", "status").code == 0
    assert "unibos-org" not in hub.asked[1].headers


def test_over_the_network_the_login_says_the_org(unibos, remote):
    remote.on("POST", LOGIN, MADE)
    call = ("login", "--url", remote.url, "--email", "owner@example.org", "--password-stdin")
    assert unibos(*call, "--org", "smith", stdin=b"correct horse\n").code == 0
    assert remote.asked[0].json["org"] == "smith"
    for where in (("--url", remote.url), ()):
        ended = unibos("hub", "status", "--org", "jones", *where)
        assert (ended.code, "[org_of_login]" in ended.err) == (Exit.USAGE, True)
    remote.on("GET", STATUS, HUB)
    assert unibos("hub", "status", "--json").json == HUB


@pytest.mark.parametrize(
    ("name", "called"), [("/usr/bin/unibos-hub", ["hub", "status"]), ("unibos", ["status"])]
)
def test_the_name_of_the_program_picks_the_commands(monkeypatch, name, called):
    seen = []
    monkeypatch.setattr("unibos.clients.cli.app.run", lambda given: seen.append(given) or 0)
    monkeypatch.setattr("sys.argv", [name, "status"])
    with pytest.raises(SystemExit):
        program.main()
    assert seen == [called]


@pytest.mark.parametrize(
    ("options", "moved"),
    [
        (("--role", "hub", "--port", "1", "--host", "::1", "--no-tls"), (1, "::1", False, 8001)),
        (("--role", "hub", "--port", "1", "--hub-port", "2"), (2, "0.0.0.0", True, 8001)),
        (("--role", "hub", "--role", "node", "--port", "1"), (8000, "0.0.0.0", True, 1)),
        (("--role", "hub,node", "--port", "1"), (8000, "0.0.0.0", True, 1)),
        (("--port", "1"), (8000, "0.0.0.0", True, 1)),
    ],
)
def test_the_options_of_serve_are_those_of_the_only_role(unibos, monkeypatch, options, moved):
    seen = []
    monkeypatch.setattr("unibos.roles.serve.serve", seen.append)
    assert unibos("serve", *options).code == 0
    (config,) = seen
    assert (config.hub.port, config.hub.host, config.hub.tls, config.node.port) == moved
