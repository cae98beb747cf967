"""Another self-hosted program logs people in through the hub.

The program is idpyoidc, a library of another origin, as it is; hub and program speak HTTPS with
the hub's own certificate, and the person posts the form of the login page as a browser would.
"""

import html
import json
import re
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest
from cryptojwt import KeyJar
from idpyoidc.client.exception import OidcServiceError
from idpyoidc.client.rp_handler import RPHandler

from tests.e2e.server import PASSWORD, Server, run

pytestmark = pytest.mark.e2e
BACK = "https://photos.example.org/oidc/back"
SERVICES = [
    ("discovery", "provider_info_discovery.ProviderInfoDiscovery"),
    ("authorization", "authorization.Authorization"),
    ("accesstoken", "access_token.AccessToken"),
    ("userinfo", "userinfo.UserInfo"),
]
PKCE = {
    "function": "idpyoidc.client.oauth2.add_on.pkce.add_support",
    "kwargs": {"code_challenge_length": 64, "code_challenge_method": "S256"},
}


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    data = tmp_path_factory.mktemp("hub") / "data"
    with Server(data, roles=("hub",)) as server, server.set_up():
        yield server


def registered(hub, *options):
    """What the command line gives to the program's admin."""
    done = run(hub.data, "hub", "clients", "add", "Photos", "--redirect", BACK, *options, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def program(hub, known, method="client_secret_basic", alg="RS256"):
    """The program, configured by its manual: issuer, client id, secret, where it is."""
    text = (hub.data / "tls.pem").read_text()
    trusted = hub.data.parent / "hub.crt"
    trusted.write_text(text[text.index("-----BEGIN CERTIFICATE") :])
    secret = {"client_secret": known["secret"]} if known["secret"] else {}
    wanted = {
        "client_type": "oidc",
        "issuer": hub.url,
        "provider_info": {"issuer": hub.url},
        "client_id": known["client"]["id"],
        "redirect_uris": known["client"]["redirect_uris"],
        "response_types_supported": ["code"],
        "scopes_supported": ["openid", "email", "profile"],
        "token_endpoint_auth_methods_supported": [method],
        "id_token_signing_alg_values_supported": [alg],
        "client_authn_methods": [method],
        "services": {name: {"class": f"idpyoidc.client.oidc.{path}"} for name, path in SERVICES},
        "add_ons": {"pkce": PKCE},
    }
    return RPHandler(
        base_url="https://photos.example.org",
        client_configs={"hub": wanted | secret},
        keyjar=KeyJar(),
        httpc_params={"verify": str(trusted), "timeout": 30},
    )


def log_in(hub, url, password=PASSWORD):
    """What a person does in a browser: where they end up."""
    with hub.client() as browser:
        page = browser.get(url, headers={"accept-language": "tr"})
        assert page.status_code == 200, page.text
        hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text))
        action = html.unescape(re.search(r'action="([^"]*)"', page.text).group(1))
        form = hidden | {"email": "owner@example.org", "password": password}
        answer = browser.post(urljoin(url, action), data=form)
    assert answer.status_code == 303, (answer.status_code, answer.text)
    return answer.headers["location"]


def answered(url):
    assert url.startswith(BACK + "?")
    return {name: value for name, (value,) in parse_qs(urlsplit(url).query).items()}


def finished(rp, back):
    done = rp.finalize(back["iss"], back)
    assert "error" not in done, done
    return done


@pytest.mark.parametrize(
    ("options", "method", "alg"),
    [
        ((), "client_secret_basic", "RS256"),
        ((), "client_secret_post", "RS256"),
        (("--alg", "EdDSA"), "client_secret_basic", "EdDSA"),
    ],
)
def test_a_program_logs_its_user_in(hub, options, method, alg):
    known = registered(hub, *options)
    rp = program(hub, known, method, alg)
    back = answered(log_in(hub, rp.begin(issuer_id="hub")))
    done = finished(rp, back)
    assert done["userinfo"]["email"] == "owner@example.org"
    assert done["userinfo"]["role"] == "owner"
    assert done["id_token"]["iss"] == hub.url
    assert done["id_token"]["sub"] == done["userinfo"]["sub"]
    assert done["id_token"]["aud"] == [known["client"]["id"]]
    assert done["id_token"].jws_header["alg"] == alg


def test_logins_go_on_while_keys_change(hub):
    rp = program(hub, registered(hub))
    for _ in range(3):
        back = answered(log_in(hub, rp.begin(issuer_id="hub")))
        kid = finished(rp, back)["id_token"].jws_header["kid"]
        rotated = run(hub.data, "hub", "keys", "rotate", "--json")
        states = {key["kid"]: key["state"] for key in json.loads(rotated.stdout)["items"]}
        assert states[kid] == "retired"


def test_a_stolen_code_is_of_no_use(hub):
    """Another copy of the program, with its secret, but not the browser's verifier."""
    known = registered(hub)
    rp, thief = program(hub, known), program(hub, known)
    back = answered(log_in(hub, rp.begin(issuer_id="hub")))
    state = answered(log_in(hub, thief.begin(issuer_id="hub")))["state"]
    with pytest.raises(OidcServiceError, match="invalid_grant"):
        thief.finalize(back["iss"], back | {"state": state})
    with pytest.raises(OidcServiceError, match="invalid_grant"):
        rp.finalize(back["iss"], back)


def test_a_wrong_password_leads_nowhere(hub):
    rp = program(hub, registered(hub))
    with pytest.raises(AssertionError, match="401"):
        log_in(hub, rp.begin(issuer_id="hub"), "not the password")
