"""The hub as a provider, asked as programs and browsers ask."""

import base64
import hashlib
import html
import json
import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest

from tests.box import PASSWORD, Box, RunningHub

BACK = "https://program.example.org/back?from=hub"
VERIFIER = "v" * 43
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    with RunningHub(tmp_path_factory.mktemp("hub")) as running:
        running.set_up()
        yield running


def register(asker, **wanted):
    asked = {"name": "Program", "redirect_uris": [BACK]} | wanted
    answer = asker.post("/api/v1/clients", json=asked)
    assert answer.status_code == 201, answer.text
    return answer.json()


@pytest.fixture(scope="module")
def program(hub):
    """A registered program with a secret."""
    return register(hub.owner)


@pytest.fixture(scope="module")
def app(hub):
    """A public program."""
    return register(hub.owner, name="App", public=True, redirect_uris=["org.example.app:/back"])


class Browser:
    """Follows nothing by itself, and shows what it was shown."""

    def __init__(self, hub):
        self.http = hub.client()
        self.cookies = ""

    def open(self, client, drop=(), **changes):
        asked = {
            "client_id": client["client"]["id"],
            "redirect_uri": client["client"]["redirect_uris"][0],
            "response_type": "code",
            "scope": "openid email profile",
            "state": "s t&ate",
            "nonce": "n0nce",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        } | changes
        asked = {name: value for name, value in asked.items() if name not in drop}
        headers = {"accept-language": changes.pop("language", "en")}
        self.answer = self.http.get("/oidc/authorize", params=asked, headers=headers)
        self._see()
        return self.answer

    def _see(self):
        fresh = self.answer.headers.get("set-cookie", "").partition(";")[0]
        self.cookies = fresh or self.cookies
        found = re.search(r'action="([^"]*)"', self.answer.text)
        self.action = html.unescape(found.group(1)) if found else ""
        found = re.search(r'name="mark" value="([^"]*)"', self.answer.text)
        self.mark = found.group(1) if found else ""

    def submit(self, email="owner@example.org", password=PASSWORD, **headers):
        form = {"email": email, "password": password, "mark": self.mark}
        headers = {"cookie": self.cookies} | headers
        self.answer = self.http.post(self.action, data=form, headers=headers)
        self._see()
        return self.answer


def sent_back(answer):
    """What the program gets from the browser."""
    assert answer.status_code == 303, answer.text
    parts = urlsplit(answer.headers["location"])
    return {name: value for name, (value,) in parse_qs(parts.query).items()}


def code_for(hub, client, **changes):
    browser = Browser(hub)
    browser.open(client, **changes)
    return sent_back(browser.submit())["code"]


def exchange(hub, client, good, *, auth=True, **changes):
    form = {
        "grant_type": "authorization_code",
        "code": good,
        "redirect_uri": client["client"]["redirect_uris"][0],
        "code_verifier": VERIFIER,
    } | changes
    if client["secret"] is None:
        form.setdefault("client_id", client["client"]["id"])
    basic = (client["client"]["id"], client["secret"]) if auth and client["secret"] else None
    return hub.client().post("/oidc/token", data=form, auth=basic)


def userinfo(hub, token, method="GET"):
    return hub.client(token).request(method, "/oidc/userinfo")


def test_discovery_names_where_everything_is(hub):
    told = hub.client().get("/.well-known/openid-configuration").json()
    assert told["issuer"] == hub.url
    for name in ("token_endpoint", "userinfo_endpoint", "jwks_uri", "authorization_endpoint"):
        assert told[name].startswith(hub.url + "/")
    assert told["code_challenge_methods_supported"] == ["S256"]
    assert told["id_token_signing_alg_values_supported"] == ["RS256", "EdDSA"]


@pytest.mark.parametrize(("alg", "hashed"), [("RS256", "sha256"), ("EdDSA", "sha512")])
def test_a_login_ends_in_claims(hub, alg, hashed):
    program = register(hub.owner, id_token_alg=alg)
    browser = Browser(hub)
    page = browser.open(program)
    assert page.status_code == 200
    assert "Program" in page.text
    back = sent_back(browser.submit())
    assert browser.answer.headers["location"].startswith(BACK + "&")
    assert (back["state"], back["iss"], back["from"]) == ("s t&ate", hub.url, "hub")

    tokens = exchange(hub, program, back["code"])
    assert tokens.status_code == 200, tokens.text
    assert tokens.headers["cache-control"] == "no-store"
    answer = tokens.json()
    assert (answer["token_type"], answer["scope"]) == ("Bearer", "openid email profile")
    assert "refresh_token" not in answer

    keys = jwt.PyJWKSet.from_dict(hub.client().get("/.well-known/jwks.json").json())
    header = jwt.get_unverified_header(answer["id_token"])
    kid = header["kid"]
    assert header["alg"] == alg
    claims = jwt.decode(
        answer["id_token"], keys[kid], audience=program["client"]["id"], issuer=hub.url
    )
    me = hub.owner.get("/api/v1/me").json()
    assert claims["sub"] == me["id"]
    assert claims["nonce"] == "n0nce"
    told = {name: claims[name] for name in ("email", "name", "org", "role")}
    assert told == {name: me[name] for name in told}
    digest = hashlib.new(hashed, answer["access_token"].encode()).digest()
    half = base64.urlsafe_b64encode(digest[: len(digest) // 2])
    assert claims["at_hash"] == half.decode().rstrip("=")
    for method in ("GET", "POST"):
        info = userinfo(hub, answer["access_token"], method).json()
        assert info == {"sub": me["id"], "org_name": claims["org_name"], **told}


def test_scope_says_what_is_told(hub, program):
    code = code_for(hub, program, scope="openid other")
    answer = exchange(hub, program, code).json()
    assert answer["scope"] == "openid"
    assert set(userinfo(hub, answer["access_token"]).json()) == {"sub"}


def test_an_app_without_a_secret_logs_in(hub, app):
    browser = Browser(hub)
    page = browser.open(app)
    assert "form-action 'self' org.example.app:;" in page.headers["content-security-policy"]
    back = sent_back(browser.submit())
    assert exchange(hub, app, back["code"]).status_code == 200


def test_a_secret_may_come_in_the_form(hub, program):
    code = code_for(hub, program)
    id_, secret = program["client"]["id"], program["secret"]
    answer = exchange(hub, program, code, auth=False, client_id=id_, client_secret=secret)
    assert answer.status_code == 200


def test_the_page_is_safe_and_in_ones_language(hub, program):
    browser = Browser(hub)
    page = browser.open(program, language="de, tr;q=0.9, en;q=0.8", login_hint='"><script>')
    assert '<html lang="tr">' in page.text
    assert "<script" not in page.text
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "form-action 'self' https://program.example.org;" in policy
    style = re.search("<style>(.*)</style>", page.text).group(1)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in policy
    cookie = page.headers["set-cookie"]
    for part in ("__Host-", "Secure", "HttpOnly", "SameSite=Strict", "Path=/"):
        assert part in cookie
    assert page.headers["cache-control"] == "no-store"
    assert '<html lang="en">' in browser.open(program, language="de").text
    assert '<html lang="tr">' in browser.open(program, ui_locales="tr-TR").text


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "unknown"},
        {"client_id": 'quo"te'},
        {"redirect_uri": "https://evil.example.org/back"},
        {"redirect_uri": BACK + "x"},
        {"redirect_uri": BACK.upper()},
        {"redirect_uri": "https://program.example.org/bäck"},
        {"drop": ["client_id"]},
        {"drop": ["redirect_uri"]},
        {"response_type": "tökén"},
    ],
)
def test_a_stranger_s_request_sends_nobody_anywhere(hub, program, changes):
    answer = Browser(hub).open(program, **changes)
    assert answer.status_code == 422
    assert "location" not in answer.headers
    assert "<form" not in answer.text


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"drop": ["code_challenge", "code_challenge_method"]}, "invalid_request"),
        ({"drop": ["code_challenge_method"]}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"scope": "email"}, "invalid_scope"),
        ({"drop": ["scope"]}, "invalid_scope"),
        ({"prompt": "none"}, "login_required"),
        ({"request": "e30.e30."}, "request_not_supported"),
        ({"request_uri": "https://program.example.org/r"}, "request_uri_not_supported"),
    ],
)
def test_a_request_that_does_not_fit_goes_back_with_its_error(hub, program, changes, error):
    answer = Browser(hub).open(program, **changes)
    back = sent_back(answer)
    assert answer.headers["location"].startswith(BACK + "&")
    assert (back["error"], back["state"], back["iss"]) == (error, "s t&ate", hub.url)
    assert "code" not in back


def test_a_wrong_password_shows_the_form_again(hub, program):
    browser = Browser(hub)
    browser.open(program)
    first = browser.cookies
    answer = browser.submit(password="not the password")
    assert answer.status_code == 401
    assert 'role="alert"' in answer.text
    assert 'value="owner@example.org"' in answer.text
    assert "not the password" not in answer.text
    assert browser.cookies != first
    unknown = browser.submit(email="unknown@example.org", password="not the password")
    assert re.sub(r'mark" value="\w+"|value="\w+@', "", unknown.text) == re.sub(
        r'mark" value="\w+"|value="\w+@', "", answer.text
    )
    assert sent_back(browser.submit())["code"]


def test_guesses_are_slowed_as_those_of_any_login_are(hub, program):
    browser = Browser(hub)
    browser.open(program)
    for _ in range(15):
        answer = browser.submit(email="slow@example.org", password="wrong")
        if answer.status_code == 429:
            break
        assert answer.status_code == 401
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    assert 'role="alert"' in answer.text
    said = {"email": "slow@example.org", "password": "wrong"}
    assert hub.client().post("/api/v1/auth/login", json=said).status_code == 429


def test_only_the_form_that_this_browser_got_is_taken(hub, program, app):
    browser, other = Browser(hub), Browser(hub)
    browser.open(program)
    other.open(program)
    for cookie in ("", "__Host-unibos-login=", other.cookies, 'broken="1; ;;='):
        answer = browser.submit(cookie=cookie)
        assert answer.status_code == 422
        assert "location" not in answer.headers
        browser.open(program)
    forged = Browser(hub)
    forged.open(app)
    action, forged.action = forged.action, browser.action
    assert forged.submit().status_code == 422
    forged.open(app)
    forged.action = action.replace("state=s", "state=t")
    assert forged.submit().status_code == 422


def test_members_of_other_orgs_are_told_nothing(hub, program):
    tenant = hub.second_org("Other", "other@example.org")
    theirs = register(tenant.client, name="Theirs")
    browser = Browser(hub)
    browser.open(program)
    assert browser.submit(email="other@example.org").status_code == 401
    browser.open(theirs)
    assert browser.submit(email="owner@example.org").status_code == 401
    browser.open(theirs)
    back = sent_back(browser.submit(email="other@example.org"))
    assert exchange(hub, program, back["code"]).json()["error"] == "invalid_grant"
    tokens = exchange(hub, theirs, back["code"]).json()
    assert userinfo(hub, tokens["access_token"]).json()["org"] == tenant.org

    assert theirs["client"] not in hub.owner.get("/api/v1/clients").json()["items"]
    path = f"/api/v1/clients/{theirs['client']['id']}"
    assert hub.owner.delete(path).status_code == 404
    assert tenant.client.delete(path).status_code == 204
    assert userinfo(hub, tokens["access_token"]).json()["code"] == "session_ended"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code": "unknown"}, "invalid_grant"),
        ({"code_verifier": "w" * 43}, "invalid_grant"),
        ({"code_verifier": "short"}, "invalid_request"),
        ({"redirect_uri": "https://program.example.org/other"}, "invalid_grant"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "pässword"}, "invalid_request"),
        ({"auth": False}, "invalid_client"),
    ],
)
def test_a_code_is_bound(hub, program, changes, error):
    answer = exchange(hub, program, code_for(hub, program), **changes)
    assert answer.status_code in (400, 401)
    assert answer.json()["error"] == error
    assert "access_token" not in answer.text


def test_a_code_that_was_tried_wrongly_is_used_up(hub, program):
    code = code_for(hub, program)
    exchange(hub, program, code, code_verifier="w" * 43)
    assert exchange(hub, program, code).json()["error"] == "invalid_grant"


def test_a_wrong_secret_opens_nothing(hub, program, app):
    code = code_for(hub, program)
    for secret in ("wrong", "", "x" * 300):
        answer = exchange(hub, program | {"secret": secret or None}, code)
        assert answer.json()["error"] == "invalid_client"
    basic = {"authorization": "Basic /////w=="}
    answer = hub.client().post("/oidc/token", data={"code": code}, headers=basic)
    assert answer.status_code == 400
    # A public program cannot pass for one with a secret, nor the other way round.
    assert exchange(hub, app | {"secret": "guessed"}, code).json()["error"] == "invalid_client"
    assert exchange(hub, program, code).status_code == 200


def test_a_code_used_twice_ends_what_came_of_it(hub, program):
    code = code_for(hub, program)
    token = exchange(hub, program, code).json()["access_token"]
    assert userinfo(hub, token).status_code == 200
    again = exchange(hub, program, code)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert userinfo(hub, token).json()["code"] == "session_ended"


def test_the_programs_token_opens_nothing_else(hub, program):
    token = exchange(hub, program, code_for(hub, program)).json()
    for path in ("/api/v1/me", "/api/v1/users", "/api/v1/keys", "/api/v1/collections"):
        for text in (token["access_token"], token["id_token"]):
            answer = hub.client(text).get(path)
            assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")


def test_userinfo_takes_no_other_token(hub, program):
    tokens = exchange(hub, program, code_for(hub, program)).json()
    own = hub.log_in("owner@example.org")["access_token"]
    for text in (tokens["id_token"], own, "a.b.c", "x" * 5000):
        answer = userinfo(hub, text)
        assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")
        assert answer.headers["www-authenticate"].startswith("Bearer")
    assert hub.client().get("/oidc/userinfo").json()["code"] == "token_missing"


def test_logging_out_everywhere_ends_programs_tokens(hub, program):
    token = exchange(hub, program, code_for(hub, program)).json()["access_token"]
    own = hub.client(hub.log_in("owner@example.org")["access_token"])
    own.post("/api/v1/auth/logout?everywhere=true").raise_for_status()
    assert userinfo(hub, token).json()["code"] == "session_ended"
    hub.owner = hub.client(hub.log_in("owner@example.org")["access_token"])


def test_forms_are_bounded(hub, program):
    browser = Browser(hub)
    browser.open(program)
    assert browser.submit(password="p" * 20_000).status_code == 413
    answer = hub.client().post("/oidc/token", json={"code": "x"})
    assert (answer.status_code, answer.json()["code"]) == (415, "media_type_unsupported")
    twice = hub.client().post(
        "/oidc/token",
        content="code=a&code=b",
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    assert (twice.status_code, twice.json()["code"]) == (400, "form_invalid")


def test_only_admins_register_programs(hub):
    assert hub.client().get("/api/v1/clients").status_code == 401
    made = hub.owner.post(
        "/api/v1/invitations", json={"email": "member@example.org", "role": "member"}
    ).json()
    member = hub.accept(made["secret"])
    assert member.client.get("/api/v1/clients").status_code == 403
    asked = {"name": "Mine", "redirect_uris": [BACK]}
    assert member.client.post("/api/v1/clients", json=asked).status_code == 403


@pytest.mark.parametrize(
    ("uri", "fits"),
    [
        ("https://a.example.org", True),
        ("http://127.0.0.1:8080/cb", True),
        ("http://[::1]/cb", True),
        ("http://nas.local:8123/auth", True),
        ("http://nas/auth", True),
        ("http://192.168.1.5/cb", True),
        ("org.example.app:/cb", True),
        ("http://a.example.org/cb", False),
        ("http://198.51.100.7.example.org/", False),
        ("https://a.example.org/#fragment", False),
        ("https://user@a.example.org/", False),
        ("https://a.example.org/a b", False),
        ("https://a;b.example.org/", False),
        ("https:///nowhere", False),
        ("https://[::1/", False),
        ("https://a.example.org:99999/", False),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("/relative", False),
        ("", False),
    ],
)
def test_where_people_may_be_sent_back_to(hub, uri, fits):
    asked = {"name": "Program", "redirect_uris": [uri]}
    answer = hub.owner.post("/api/v1/clients", json=asked)
    if fits:
        assert answer.status_code == 201
        hub.owner.delete(f"/api/v1/clients/{answer.json()['client']['id']}")
    else:
        assert (answer.status_code, answer.json()["code"]) == (422, "redirect_uri_invalid")


def test_a_secret_is_shown_once(hub, program):
    listed = hub.owner.get("/api/v1/clients").text
    assert program["client"] in json.loads(listed)["items"]
    assert program["secret"] not in listed


def test_a_host_of_ones_own_is_no_issuer(hub):
    answer = hub.client().get(
        "/.well-known/openid-configuration", headers={"host": "evil.example.org/x?"}
    )
    assert answer.json()["issuer"] == hub.url


def test_jwks_is_for_everybody_and_kept_a_while(hub):
    answer = hub.client().get("/.well-known/jwks.json")
    assert answer.headers["content-type"] == "application/jwk-set+json"
    assert answer.headers["cache-control"] == "public, max-age=300"
    etag = {"if-none-match": answer.headers["etag"]}
    again = hub.client().get("/.well-known/jwks.json", headers=etag)
    assert again.status_code == 304
    assert again.headers["cache-control"] == "public, max-age=300"


def states(answer):
    return {(one["alg"], one["state"]): one["kid"] for one in answer.json()["items"]}


@pytest.mark.usefixtures("program")
def test_operators_rotate_keys(hub):
    tenant = hub.second_org("Third", "third@example.org")
    assert tenant.client.get("/api/v1/keys").json()["code"] == "operator_required"
    assert tenant.client.post("/api/v1/keys", json={}).json()["code"] == "operator_required"
    before = states(hub.owner.get("/api/v1/keys"))
    after = states(hub.owner.post("/api/v1/keys", json={}))
    assert set(before) == {(alg, now) for alg in ("EdDSA", "RS256") for now in ("current", "next")}
    for alg in ("EdDSA", "RS256"):
        assert after[alg, "current"] == before[alg, "next"]
        assert after[alg, "retired"] == before[alg, "current"]
    assert hub.owner.get("/api/v1/me").status_code == 200
    hub.owner.post("/api/v1/keys", json={"compromised": True}).raise_for_status()
    assert hub.owner.get("/api/v1/me").json()["code"] == "token_key_unknown"
    fresh = hub.log_in("owner@example.org")["access_token"]
    assert hub.client(fresh).get("/api/v1/me").status_code == 200
