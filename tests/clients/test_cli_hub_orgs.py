"""`unibos hub orgs`, `unibos hub users` and `unibos hub invitations`."""

import json

import pytest

from unibos.clients.cli.exits import Exit

ORGS, USERS, INVITATIONS = "/api/v1/orgs", "/api/v1/users", "/api/v1/invitations"
ID = "0197a0c0-5b3e-7c1a-9d55-0a4b2f8e6d11"
SMITH = {
    "id": ID,
    "name": "Smith \x1b[31m",
    "slug": "smith",
    "type": "family",
    "plan": "free",
    "created_at": "2026-01-02T03:04:05.000Z",
    "max_users": 5,
    "max_nodes": None,
    "max_storage_gb": 2,
    "enabled_modules": ["notes"],
    "custom_domain": None,
    "delete_after": None,
    "usage": {"users": 3, "nodes": 1, "storage_bytes": 1536},
}
MEMBER = {
    "id": ID,
    "email": "member@example.org",
    "name": "Member",
    "role": "member",
    "org": ID,
    "disabled": False,
    "created_at": "2026-01-02T03:04:05.000Z",
}
LINK = f"https://hub.example.org:8000/invitation/{ID}.secret"
INVITED = {
    "invitation": {
        "id": ID,
        "email": "new@example.org",
        "role": "member",
        "invited_by": "uid:0",
        "created_at": "2026-01-02T03:04:05.000Z",
        "expires_at": "2026-01-09T03:04:05.000Z",
    },
    "secret": f"{ID}.secret",
    "link": LINK,
}


@pytest.fixture
def hub(node, data):
    """An instance on the socket of a hub."""
    (data / "hub.sock").symlink_to("unibos.sock")
    return node


def last(hub):
    return hub.asked[-1]


def test_orgs_are_listed_and_shown(unibos, hub):
    closed = SMITH | {"slug": "jones", "delete_after": "2026-02-02T03:04:05.000Z"}
    hub.on("GET", ORGS, hub.page(SMITH, closed))
    lines = unibos("hub", "orgs", "list").out.splitlines()
    assert [line.split()[0] for line in lines] == ["Short", "smith", "jones"]
    assert "active" in lines[1]
    assert "deleted after 2026-02-02 03:04" in lines[2]
    assert unibos("hub", "orgs", "list", "--json").json["items"][0] == SMITH
    hub.on("GET", f"{ORGS}/smith", SMITH)
    shown = unibos("hub", "orgs", "show", "smith").out
    for told in ("3 of 5", "1 of no limit", "1.5 KiB of 2 GB", "notes"):
        assert told in shown
    assert "\x1b" not in shown


def test_an_org_is_made(unibos, hub):
    hub.on("POST", ORGS, hub.Answer({"org": SMITH, "invitation": INVITED}, 201))
    call = ("hub", "orgs", "add", "Smith", "--owner", "new@example.org", "--type", "family")
    made = unibos(*call)
    assert last(hub).json == {
        "name": "Smith",
        "owner": "new@example.org",
        "type": "family",
        "plan": "self_hosted",
    }
    assert made.out.splitlines() == [
        "The org smith is made.",
        "Give this link to new@example.org; it works once, until 2026-01-09 03:04:",
        LINK,
    ]
    unibos(*call, "--slug", "s")
    assert last(hub).json["slug"] == "s"


@pytest.mark.parametrize(
    ("options", "change"),
    [
        (["--max-users", "7", "--max-nodes", "none"], {"max_users": 7, "max_nodes": None}),
        (["--max-storage-gb", "0"], {"max_storage_gb": 0}),
        (["--modules", "notes, documents"], {"enabled_modules": ["notes", "documents"]}),
        (["--modules", "all"], {"enabled_modules": None}),
        (["--modules", ""], {"enabled_modules": []}),
        (["--domain", "none", "--plan", "free"], {"custom_domain": None, "plan": "free"}),
        (["--name", "none"], {"name": "none"}),
    ],
)
def test_an_org_is_changed(unibos, hub, options, change):
    hub.on("PATCH", f"{ORGS}/smith", SMITH)
    assert unibos("hub", "orgs", "set", "smith", *options).code == 0
    assert last(hub).json == change


@pytest.mark.parametrize("options", [[], ["--max-users", "-1"], ["--max-users", "many"]])
def test_a_change_that_is_none(unibos, hub, options):
    assert unibos("hub", "orgs", "set", "smith", *options).code == Exit.USAGE
    assert hub.asked == []


def test_an_org_is_given_away_within_it(unibos, hub):
    hub.on("GET", USERS, hub.page(MEMBER))
    hub.on("POST", f"{ORGS}/smith/transfer", SMITH)
    call = ("hub", "orgs", "transfer", "smith", "member@example.org")
    assert unibos(*call).code == Exit.USAGE
    assert unibos(*call, "--yes").out == "smith belongs to member@example.org now.\n"
    assert last(hub).json == {"user": ID}
    assert {one.headers.get("unibos-org") for one in hub.asked} == {"smith"}


def test_deleting_an_org_wants_its_slug_and_a_yes(unibos, hub):
    closed = SMITH | {"delete_after": "2026-02-02T03:04:05.000Z"}
    for name in ("smith", ID):
        hub.on("GET", f"{ORGS}/{name}", SMITH)
        hub.on("DELETE", f"{ORGS}/{name}", closed)
    assert "[slug_wanted]" in unibos("hub", "orgs", "delete", ID, "--yes").err
    assert unibos("hub", "orgs", "delete", "smith").code == Exit.USAGE
    assert hub.of("DELETE", f"{ORGS}/smith") == []
    ended = unibos("hub", "orgs", "delete", "smith", "--yes")
    assert ended.out == "smith is closed, and will be deleted after 2026-02-02 03:04.\n"
    assert last(hub).query == {"slug": ["smith"]}
    hub.on("POST", f"{ORGS}/smith/restore", SMITH)
    assert unibos("hub", "orgs", "restore", "smith").out == "smith is open again.\n"


def test_a_limit_says_who_raises_it(unibos, hub):
    hint = "The hub's operator can raise it: sudo unibos hub orgs set smith --max-users N"
    facts = {"limit": "max_users", "present": 5, "allowed": 5, "hint": hint}
    hub.on("POST", USERS, hub.problem(403, "limit_reached", **facts))
    call = ("hub", "users", "add", "x@example.org", "--password-stdin", "--org", "smith")
    ended = unibos(*call, stdin=b"correct horse battery")
    assert (ended.code, hint in ended.err) == (Exit.AUTH, True)
    ended = unibos(*call, "--lang", "tr", stdin=b"correct horse battery")
    assert "Kurum sınırına ulaştı: max_users 5/5." in ended.err


def test_members_of_an_org_of_the_hub(unibos, hub):
    hub.on("GET", USERS, hub.page(MEMBER))
    hub.on("PATCH", f"{USERS}/{ID}", MEMBER | {"email": "other@example.org"})
    hub.on("DELETE", f"{USERS}/{ID}/sessions", None)
    assert "member@example.org" in unibos("hub", "users", "list", "--org", "smith").out
    assert last(hub).headers["unibos-org"] == "smith"
    call = ("hub", "users", "email", "member@example.org", "other@example.org")
    assert unibos(*call).out == "other@example.org is the new address.\n"
    assert last(hub).json == {"email": "other@example.org"}
    ended = unibos("hub", "users", "logout", ID)
    assert ended.out == "member@example.org is logged out.\n"
    mine = {"id": ID, "name": "S", "slug": "smith", "type": "team", "role": "admin"}
    hub.on("GET", "/api/v1/me/orgs", hub.page(mine | {"delete_after": None}))
    assert unibos("hub", "users", "orgs").out.splitlines()[1].split() == ["smith", "S", "admin"]
    assert "unibos hub users list" in unibos("hub", "users", "list", "--help").out
    assert "unibos hub users list" not in unibos("user", "list", "--help").out


def test_invitations_are_made_listed_and_taken_back(unibos, hub):
    hub.on("POST", INVITATIONS, hub.Answer(INVITED, 201))
    told = unibos("hub", "invitations", "add", "new@example.org", "--role", "admin").out
    assert told.splitlines()[-1] == LINK
    assert last(hub).json == {"email": "new@example.org", "role": "admin"}
    hub.on("GET", INVITATIONS, hub.page(INVITED["invitation"]))
    assert "new@example.org" in unibos("hub", "invitations", "list").out
    hub.on("DELETE", f"{INVITATIONS}/{ID}", None)
    told = unibos("hub", "invitations", "revoke", "New@example.org")
    assert told.out == "new@example.org is no longer invited.\n"
    assert "[invitation_not_found]" in unibos("hub", "invitations", "revoke", "x").err


def test_an_invitation_is_accepted_and_the_login_kept(unibos, remote, tmp_path):
    user = {"id": ID, "email": "new@example.org", "name": "New", "role": "member", "org": ID}
    pair = {"access_token": "a", "refresh_token": "r", "expires_in": 900, "user": user}
    remote.on("POST", f"{INVITATIONS}/accept", pair)
    link = f"{remote.url}/invitation/{ID}.secret"
    call = ("hub", "invitations", "accept", link, "--name", "New", "--password-stdin")
    ended = unibos(*call, stdin=b"correct horse battery\n")
    assert ended.out == f"Logged in to {remote.url} as new@example.org.\n"
    assert last(remote).json == {
        "invitation": f"{ID}.secret",
        "name": "New",
        "password": "correct horse battery",
    }
    kept = json.loads((tmp_path / "home/unibos/logins.json").read_text())
    assert kept["logins"][remote.url]["access_token"] == "a"


def test_an_invitation_without_its_address_wants_one(unibos, remote):
    remote.on("POST", f"{INVITATIONS}/accept", remote.problem(404, "invitation_not_found"))
    call = ("hub", "invitations", "accept", f"{ID}.secret", "--password-stdin")
    assert unibos(*call, stdin=b"x").code == Exit.USAGE
    ended = unibos(*call, "--url", remote.url, stdin=b"x")
    assert ended.code == Exit.NOT_FOUND
    assert last(remote).json["invitation"] == f"{ID}.secret"
