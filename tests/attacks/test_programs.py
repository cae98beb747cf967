"""The login page, and programs that log people in: forged forms, other ways back, split headers."""

import base64
import hashlib
import html
import re
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.attacks.conftest import MEMBER, STRANGER, code, nobody
from tests.box import PASSWORD
from tests.wire import Wire

BACK = "https://program.example.org/back"
VERIFIER = "v" * 43
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
)
NASTY = '"><script>alert(1)</script>\r\nset-cookie: a=b'


class Page:
    """One visit to the login page."""

    def __init__(self, hub, program, **changes):
        asked = {
            "client_id": program["client"]["id"],
            "redirect_uri": BACK,
            "response_type": "code",
            "scope": "openid email",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
        self.http = nobody(hub)
        self.answer = self.http.get("/oidc/authorize", params=asked | changes)
        self.cookie = self.answer.headers.get("set-cookie", "").partition(";")[0]
        self.action = self.found(r'action="([^"]*)"')
        self.mark = self.found(r'name="mark" value="([^"]*)"')

    def found(self, pattern):
        found = re.search(pattern, self.answer.text)
        return html.unescape(found.group(1)) if found else ""

    def submit(self, email="owner@example.org", password=PASSWORD, **changes):
        form = {"email": email, "password": password, "mark": self.mark}
        headers = {"cookie": changes.pop("cookie", self.cookie)}
        return self.http.post(
            changes.pop("action", self.action), data=form | changes, headers=headers
        )


@pytest.fixture(scope="module")
def hub(home):
    return home.hub


def register(asker, **more):
    made = asker.post("/api/v1/clients", json={"name": "Program", "redirect_uris": [BACK]} | more)
    assert made.status_code == 201, made.text
    return made.json()


@pytest.fixture(scope="module")
def program(hub):
    return register(hub.owner)


def stale(answer):
    return answer.status_code == 422 and "location" not in answer.headers


def test_a_form_of_another_site_or_browser_is_refused(hub, program):
    mine, theirs = Page(hub, program), Page(hub, program)
    assert stale(mine.submit(mark=""))
    assert stale(mine.submit(mark=theirs.mark))
    assert stale(mine.submit(cookie=""))
    assert stale(mine.submit(cookie=theirs.cookie))
    assert stale(mine.submit(cookie=mine.cookie + "x"))
    # The mark is for one request of one program, so that a form leads nowhere else.
    other = Page(hub, program, state="another")
    assert stale(mine.submit(action=other.action))
    assert mine.submit().status_code == 303


def test_nobody_frames_the_page_or_runs_anything_in_it(hub, program):
    answer = Page(hub, program, login_hint=NASTY, state=NASTY, ui_locales=NASTY[:90]).answer
    policy = answer.headers["content-security-policy"]
    for part in ("default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"):
        assert part in policy
    assert "script" not in policy
    assert "<script" not in answer.text
    assert answer.headers["cache-control"] == "no-store"
    for attribute in ("HttpOnly", "Secure", "SameSite=Strict", "__Host-"):
        assert attribute in answer.headers["set-cookie"]


@pytest.mark.parametrize(
    "uri",
    [
        "https://attacker.example/back",
        BACK + "/",
        BACK + "?x=1",
        BACK + "#x",
        BACK + "/../evil",
        BACK.upper(),
        BACK.replace("https", "http"),
        "https://program.example.org.attacker.example/back",
        "https://program.example.org@attacker.example/back",
        "https://program.example.org:443/back",
        "//attacker.example/back",
        "javascript:alert(1)",
        "/back",
        "",
        BACK + "\r\nset-cookie: a=b",
        BACK + "\x00",
        BACK + " ",
    ],
)
def test_only_registered_ways_lead_back(hub, program, uri):
    page = Page(hub, program, redirect_uri=uri)
    assert page.answer.status_code == 422
    assert "location" not in page.answer.headers
    assert "set-cookie" not in page.answer.headers
    # Nor is a form for a good request any good for it.
    good = Page(hub, program)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(good.action).query).items()}
    answer = good.http.post(
        "/oidc/authorize",
        params=asked | {"redirect_uri": uri},
        data={"email": "owner@example.org", "password": PASSWORD, "mark": good.mark},
        headers={"cookie": good.cookie},
    )
    assert stale(answer)


@pytest.mark.parametrize(
    "uri",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "http://program.example.org/back",
        "https://a@b.example/",
        "https://program.example.org/\r\nx: y",
        "https://program.example.org/#x",
        "https:///back",
        "https://evil.example\\@good.example/",
        "//program.example.org",
        "",
    ],
)
def test_ways_back_that_cannot_be_registered(hub, uri):
    answer = hub.owner.post("/api/v1/clients", json={"name": "P", "redirect_uris": [uri]})
    assert code(answer) == (422, "redirect_uri_invalid")


@pytest.mark.parametrize("state", [NASTY, "a&code=stolen", "x#y", "\u2028\u0000", "%0d%0aa: b"])
def test_what_a_program_hands_in_comes_back_whole_and_splits_no_header(hub, program, state):
    sent = Page(hub, program, state=state).submit()
    assert sent.status_code == 303
    location = urlsplit(sent.headers["location"])
    assert location.geturl().startswith(BACK + "?")
    told = parse_qs(location.query, keep_blank_values=True)
    assert told["state"] == [state]
    assert len(told["code"]) == 1
    assert "set-cookie" not in sent.headers
    assert told["iss"] == [hub.url]


def test_names_that_people_chose_are_text(hub):
    name = "<b>Program</b>{client}%s"
    page = Page(hub, register(hub.owner, name=name))
    assert html.escape(name) in page.answer.text
    assert "<b>" not in page.answer.text
    refused = hub.owner.post("/api/v1/clients", json={"name": "a\r\nb", "redirect_uris": [BACK]})
    assert code(refused) == (422, "name_invalid")


def shown(answer):
    """The page without what is made anew for each."""
    text = re.sub(r'name="mark" value="[^"]*"', "", answer.text)
    text = re.sub(r'id="email"[^>]*value="[^"]*"', "", text)
    headers = {k: v for k, v in answer.headers.items() if k not in ("date", "set-cookie")}
    return answer.status_code, headers.pop("content-length") and headers, text


def test_the_page_does_not_tell_who_has_an_account(hub, program):
    """Addresses of the same length, for the page repeats what was typed."""
    expected = shown(Page(hub, program).submit("nobody@example.org", "wrong"))
    assert expected[0] == 401
    for email, password in (
        (MEMBER, "wrong"),
        ("owner@example.org", "wrong"),
        (STRANGER, "wrong"),
        (STRANGER, PASSWORD),
    ):
        assert shown(Page(hub, program).submit(email, password)) == expected


def token(hub, program, good, **changes):
    form = {
        "grant_type": "authorization_code",
        "code": good,
        "redirect_uri": BACK,
        "code_verifier": VERIFIER,
    }
    auth = (program["client"]["id"], program["secret"])
    return nobody(hub).post("/oidc/token", data=form | changes, auth=changes.pop("auth", auth))


def login_code(hub, program):
    sent = Page(hub, program).submit()
    return parse_qs(urlsplit(sent.headers["location"]).query)["code"][0]


def test_a_stolen_code_is_worth_nothing(hub, program):
    thief = register(hub.owner, name="Thief")
    assert token(hub, thief, login_code(hub, program)).status_code == 400
    for changes in (
        {"code_verifier": "w" * 43},
        {"code_verifier": CHALLENGE},
        {"code_verifier": ""},
        {"redirect_uri": "https://attacker.example/"},
        {"redirect_uri": ""},
        {"grant_type": "password"},
        {"grant_type": "client_credentials"},
        {"grant_type": "refresh_token"},
    ):
        assert token(hub, program, login_code(hub, program), **changes).status_code == 400
    good = login_code(hub, program)
    first = token(hub, program, good)
    assert first.status_code == 200
    assert token(hub, program, good).status_code == 400
    opened = first.json()["access_token"]
    answer = nobody(hub).get("/oidc/userinfo", headers={"authorization": f"Bearer {opened}"})
    assert code(answer) == (401, "session_ended")


@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge": ""},
        {"code_challenge_method": "plain"},
        {"code_challenge": "", "code_challenge_method": ""},
        {"response_type": "token"},
        {"response_type": "id_token"},
        {"response_type": "code token"},
        {"response_mode": "fragment"},
        {"request": "e30.e30."},
        {"request_uri": "https://attacker.example/request"},
        {"scope": "profile"},
    ],
)
def test_weaker_flows_are_not_there(hub, program, changes):
    answer = Page(hub, program, **changes).answer
    assert answer.status_code in (303, 422)
    if answer.status_code == 303:
        assert answer.headers["location"].startswith(BACK + "?")
        assert "error" in parse_qs(urlsplit(answer.headers["location"]).query)


@pytest.mark.parametrize("host", ["attacker.example", "attacker.example:8000", "127.0.0.1:1", ""])
@pytest.mark.parametrize("more", [(), ("x-forwarded-host: attacker.example",)])
def test_the_hub_is_called_what_it_is_whatever_a_request_calls_it(hub, host, more):
    with Wire(hub.url) as wire:
        wire.send(
            "GET /.well-known/openid-configuration HTTP/1.1",
            f"host: {host}",
            *more,
            "forwarded: host=attacker.example",
            "",
        )
        told = wire.answer().json()
    assert told["issuer"] == hub.url
    assert all(
        value.startswith(hub.url)
        for name, value in told.items()
        if name.endswith(("_endpoint", "_uri"))
    )


@pytest.mark.parametrize("path", ["invitations", "tokens", "orgs"])
def test_links_lead_to_the_hub_whatever_a_request_calls_it(hub, path):
    bodies = {
        "invitations": {"email": "guest@example.org"},
        "tokens": {},
        "orgs": {"name": "Third", "owner": "third@example.org"},
    }
    headers = {"host": "attacker.example", "x-forwarded-host": "attacker.example"}
    answer = hub.owner.post(f"/api/v1/{path}", json=bodies[path], headers=headers)
    assert answer.status_code == 201
    text = answer.text
    if path == "tokens":
        joined = answer.json()["token"].removeprefix("unibos-join-")
        text = base64.urlsafe_b64decode(joined + "===").decode()
    assert "attacker" not in text
    assert hub.url in text
