"""`unibos hub clients` and `unibos hub keys`."""

import pytest

from unibos.clients.cli.exits import Exit

CLIENTS, KEYS = "/api/v1/clients", "/api/v1/keys"
BACK = "https://photos.example.org/back"
CLIENT = {
    "id": "0197a0c0-5b3e-7c1a-9d55-0a4b2f8e6d11",
    "name": "Photos",
    "redirect_uris": [BACK],
    "public": False,
    "id_token_alg": "RS256",
    "created_at": "2026-01-02T03:04:05.000Z",
}
APP = CLIENT | {"id": "app", "name": "\x1b[31mApp", "public": True}
KEY = {
    "kid": "kid-1",
    "alg": "EdDSA",
    "state": "current",
    "created_at": "2026-01-02T03:04:05.000Z",
    "current_at": "2026-01-03T03:04:05.000Z",
    "retired_at": None,
}
NEXT = KEY | {"kid": "kid-2", "state": "next", "current_at": None}


@pytest.fixture
def hub(node, data):
    """The instance answers as a hub, too."""
    (data / "hub.sock").symlink_to("unibos.sock")
    node.on("GET", CLIENTS, node.page(CLIENT, APP))
    node.on("POST", CLIENTS, node.Answer({"client": CLIENT, "secret": "s3cret"}, 201))
    node.on("GET", KEYS, node.page(KEY, NEXT))
    node.on("POST", KEYS, node.page(NEXT, KEY))
    return node


def test_clients_are_listed(unibos, hub):
    rows = unibos("hub", "clients", "list").out.splitlines()[1:]
    assert [row.split()[1:3] for row in rows] == [["Photos", "yes"], [r"\x1b[31mApp", "none"]]
    assert unibos("hub", "clients", "list", "--json").json["items"] == [CLIENT, APP]


def test_a_client_is_added_and_its_secret_shown(unibos, hub):
    ended = unibos("hub", "clients", "add", "Photos", "--redirect", BACK)
    assert CLIENT["id"] in ended.out
    assert "s3cret" in ended.out
    wanted = {"name": "Photos", "redirect_uris": [BACK], "public": False, "id_token_alg": "RS256"}
    assert hub.of("POST", CLIENTS)[-1].json == wanted


def test_an_app_asks_for_what_it_knows(unibos, hub):
    options = ("--redirect", "a.b:/c", "--redirect", "a.b:/d", "--public", "--alg", "EdDSA")
    ended = unibos("hub", "clients", "add", "App", *options, "--json")
    assert ended.json["secret"] == "s3cret"
    asked = hub.of("POST", CLIENTS)[-1].json
    assert asked["redirect_uris"] == ["a.b:/c", "a.b:/d"]
    assert (asked["public"], asked["id_token_alg"]) == (True, "EdDSA")


def test_a_client_without_an_address_is_refused(unibos, hub):
    assert unibos("hub", "clients", "add", "Photos").code == Exit.USAGE


def test_a_client_is_removed(unibos, hub):
    hub.on("DELETE", f"{CLIENTS}/{CLIENT['id']}", hub.Answer(None, 204))
    ended = unibos("hub", "clients", "remove", CLIENT["id"], "--yes")
    assert "forgotten" in ended.out


def test_keys_are_listed(unibos, hub):
    rows = unibos("hub", "keys", "list").out.splitlines()[1:]
    assert [row.split()[:3] for row in rows] == [
        ["kid-1", "EdDSA", "current"],
        ["kid-2", "EdDSA", "next"],
    ]


def test_keys_are_rotated(unibos, hub):
    assert unibos("hub", "keys", "rotate", "--json").json["items"] == [NEXT, KEY]
    assert hub.of("POST", KEYS)[-1].json == {"compromised": False}


def test_keys_that_others_know_are_forgotten_when_one_is_sure(unibos, hub):
    assert unibos("hub", "keys", "rotate", "--compromised").code != 0
    unibos("hub", "keys", "rotate", "--compromised", "--yes")
    assert hub.of("POST", KEYS)[-1].json == {"compromised": True}
