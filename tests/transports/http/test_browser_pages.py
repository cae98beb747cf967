"""What people see of a hub in a browser: its front page, and the link of an invitation."""

import logging
import re
import sqlite3
from contextlib import closing

import pytest

from tests.box import PASSWORD, RunningHub
from unibos import __version__
from unibos.core.identity import identity, passwords
from unibos.core.identity.invitations import Invitations
from unibos.core.identity.passwords import Effort
from unibos.core.identity.throttle import Kind, Throttle

NEW = "new@example.org"
FORM = {"content-type": "application/x-www-form-urlencoded"}
GONE = "0197a000-0000-7000-8000-000000000000." + "x" * 43


@pytest.fixture
def hub(tmp_path, monkeypatch):
    # What slows guesses goes by a clock that stands still, so that a slow machine counts alike.
    monkeypatch.setattr(identity, "Throttle", lambda _: Throttle(lambda: 0.0))
    monkeypatch.setitem(passwords.EFFORTS, "edge", Effort(64, 1))
    with RunningHub(tmp_path / "hub", {"hub.name": "Basement"}) as running:
        running.set_up()
        yield running


def invite(hub, email=NEW, asker=None):
    answer = (asker or hub.owner).post("/api/v1/invitations", json={"email": email})
    assert answer.status_code == 201, answer.text
    return answer.json()


def path_of(invitation):
    return "/invitation/" + invitation["secret"]


def send(hub, path, password=PASSWORD, again=None, name="New", **headers):
    form = {"name": name, "password": password, "again": password if again is None else again}
    return hub.client().post(path, data=form, headers=headers)


def title(answer):
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return re.search("<title>(.*)</title>", answer.text)[1]


def test_the_front_page_says_where_one_is_and_no_more(hub):
    answer = hub.client().get("/", headers={"accept-language": "tr"})
    assert (answer.status_code, title(answer)) == (200, "Basement")
    assert 'lang="tr"' in answer.text
    assert __version__ not in answer.text
    assert set(re.findall('href="([^"]*)"', answer.text)) == {"/openapi.json"}
    assert hub.client().head("/").status_code == 200
    assert hub.client().get("/?fbclid=x").status_code == 200


def test_a_link_leads_to_a_form_and_the_form_into_the_org(hub):
    invitation = invite(hub)
    assert invitation["link"] == hub.url + path_of(invitation)
    path = path_of(invitation)
    for _ in range(2):
        shown = hub.client().get(path)
        assert (shown.status_code, title(shown)) == (200, "Join Home")
        assert NEW in shown.text
    assert hub.client().head(path).status_code == 200
    assert hub.client().get(f"{path}?utm_source=chat&x").status_code == 200
    answer = send(hub, path)
    assert (answer.status_code, title(answer)) == (200, "You are in")
    for told in (NEW, hub.url, "New"):
        assert told in answer.text
    assert "set-cookie" not in answer.headers
    user = hub.log_in(NEW)["user"]
    assert (user["name"], user["email"]) == ("New", NEW)
    for again in (hub.client().get(path), send(hub, path)):
        assert (again.status_code, title(again)) == (404, "This link does not work")


def test_no_session_begins_that_nobody_has(hub):
    before = sessions(hub)
    send(hub, path_of(invite(hub)))
    assert sessions(hub) == before


def sessions(hub):
    found = hub.folder / "hub.db"
    with closing(sqlite3.connect(found)) as connection:
        return connection.execute("SELECT count(*) FROM sessions").fetchone()


def test_who_has_an_account_proves_its_password(hub):
    other = hub.second_org("Other", NEW)
    path = path_of(invite(hub))
    wrong = send(hub, path, "another four words")
    assert wrong.status_code == 401
    assert 'role="alert"' in wrong.text
    assert title(send(hub, path)) == "You are in"
    assert {one["id"] for one in other.client.get("/api/v1/me/orgs").json()["items"]} == {
        other.org,
        hub.login["user"]["org"],
    }


@pytest.mark.parametrize(
    ("form", "status", "told"),
    [
        ({"password": "short"}, 422, "too short"),
        ({"password": "x" * 300}, 422, "too long"),
        ({"password": "password123"}, 422, "first that anybody"),
        ({"again": "another four words"}, 422, "not the same"),
        ({"name": "a\nb"}, 422, "special characters"),
    ],
)
def test_what_does_not_fit_is_told_in_the_form_and_kept(hub, form, status, told):
    path = path_of(invite(hub))
    answer = send(hub, path, **{"name": "Kept", **form})
    assert (answer.status_code, title(answer)) == (status, "Join Home")
    assert told in answer.text
    assert form.get("name", 'value="Kept"') in answer.text
    assert PASSWORD not in answer.text
    assert title(send(hub, path)) == "You are in"


def test_pages_speak_the_browsers_language(hub):
    path = path_of(invite(hub))
    turkish = {"accept-language": "tr-TR,tr;q=0.9,en;q=0.8"}
    assert title(hub.client().get(path, headers=turkish)) == "Home: davet"
    assert title(send(hub, path, "short", **turkish)) == "Home: davet"
    assert title(send(hub, path, **turkish)) == "İçeridesiniz"
    assert title(hub.client().get(path, headers=turkish)) == "Bu bağlantı çalışmıyor"


def test_pages_are_sealed(hub):
    path = path_of(invite(hub))
    for answer in (
        hub.client().get("/"),
        hub.client().get(path),
        hub.client().get("/invitation/" + GONE),
        send(hub, path, "short"),
        send(hub, path),
    ):
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "script-src" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-robots-tag"] == "noindex, nofollow"


def test_links_that_are_none_are_all_the_same(hub):
    invitation = invite(hub)
    id_ = invitation["invitation"]["id"]
    pages = set()
    for secret in (GONE, f"{id_}.{'x' * 43}", id_, "x", f"{invitation['secret']}x"):
        answer = hub.client().get(f"/invitation/{secret}")
        assert answer.status_code == 404
        pages.add(answer.text)
    assert len(pages) == 1
    assert hub.client().get("/invitation").status_code == 404


def test_guesses_are_slowed_as_those_of_the_api_are(hub):
    path = path_of(invite(hub))
    free = [hub.client().get("/invitation/" + GONE).status_code for _ in range(Kind.ADDRESS.free)]
    assert set(free) == {404}
    late = hub.client().get(path)
    assert late.status_code == 429
    assert title(late) == "Please wait"
    assert int(late.headers["retry-after"]) > 0
    said = {"invitation": GONE, "password": PASSWORD}
    api = hub.client().post("/api/v1/invitations/accept", json=said)
    assert (api.status_code, api.json()["code"]) == (429, "too_many_attempts")
    assert send(hub, path).status_code == 429


def test_an_org_that_is_full_or_closing_says_so(hub):
    other = hub.second_org("Other", "stranger@example.net")
    path = path_of(invite(hub, asker=other.client))
    one = f"/api/v1/orgs/{other.org}"
    assert hub.owner.patch(one, json={"max_users": 1}).status_code == 200
    full = send(hub, path)
    assert full.status_code == 403
    assert "no room" in full.text
    assert hub.owner.delete(f"{one}?slug=other").status_code == 202
    for answer in (hub.client().get(path), send(hub, path)):
        assert answer.status_code == 403
        assert "deleted" in answer.text


def test_a_form_from_elsewhere_needs_the_secret_like_any_other(hub):
    """It is what speaks for the sender; a browser adds nothing of its own."""
    headers = {**FORM, "origin": "https://evil.example.org", "cookie": "a=b"}
    path = path_of(invite(hub))
    assert send(hub, "/invitation/" + GONE, **headers).status_code == 404
    assert send(hub, path, **headers).status_code == 200


def test_a_failure_does_not_tell_the_log_the_secret(hub, monkeypatch, caplog):
    invitation = invite(hub)

    def broken(*_):
        raise RuntimeError("broken")

    monkeypatch.setattr(Invitations, "look", broken)
    with caplog.at_level(logging.DEBUG):
        assert hub.client().get(path_of(invitation)).status_code == 500
    paths = [record.path for record in caplog.records if hasattr(record, "path")]
    assert paths == ["/invitation/•••"]
    told = [str(vars(record)) for record in caplog.records if not record.name.startswith("http")]
    assert invitation["secret"].partition(".")[2] not in "".join(told)
