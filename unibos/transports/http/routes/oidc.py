"""OpenID Connect: other programs have people log in here (authorization code with PKCE)."""

import logging
from http.cookies import CookieError, SimpleCookie
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
from msgspec import Meta, Struct

from unibos.base.errors import Error, Invalid, TooMany, Unauthenticated, Unavailable
from unibos.core.identity.oidc.discovery import discovery
from unibos.core.identity.oidc.provider import Form as LoginForm
from unibos.core.identity.oidc.provider import Proof, Provider, Redirect
from unibos.core.module.endpoint import Answer, Call, Endpoint, Form, Media
from unibos.transports.http.browser import frame
from unibos.transports.http.browser.login import LoginPage, login_page, refusal_page
from unibos.transports.http.errors import status_of
from unibos.transports.http.routes.auth import Email, Password

log = logging.getLogger(__name__)

AUTHORIZE = "/oidc/authorize"
_COOKIE = "__Host-unibos-login"
_COOKIE_SECONDS = 3600
_KIB = 1024
_SHOWN_IN_FORM = ("login_failed", "too_many_attempts", "login_overloaded", "login_form_stale")

Short = Annotated[str, Meta(max_length=300)]
Long = Annotated[str, Meta(max_length=2000)]


class Asked(Struct, frozen=True, omit_defaults=True):
    """What a program sends the browser with (OpenID Connect Core, section 3.1.2.1)."""

    client_id: Short | None = None
    redirect_uri: Long | None = None
    response_type: Short | None = None
    response_mode: Short | None = None
    scope: Long | None = None
    state: Long | None = None
    nonce: Long | None = None
    code_challenge: Short | None = None
    code_challenge_method: Short | None = None
    prompt: Short | None = None
    login_hint: Short | None = None
    ui_locales: Short | None = None
    request: Long | None = None
    request_uri: Long | None = None


class Credentials(Struct, frozen=True):
    """What the login form brings."""

    email: Email = ""
    password: Password = ""
    mark: Short = ""


class Exchange(Struct, frozen=True, omit_defaults=True):
    """What a program presents a code with (RFC 6749, section 4.1.3; RFC 7636, section 4.5)."""

    grant_type: Short | None = None
    code: Short | None = None
    redirect_uri: Long | None = None
    code_verifier: Short | None = None
    client_id: Short | None = None
    client_secret: Short | None = None


class Tokens(Struct, frozen=True):
    """What a code is exchanged for. The access token opens `/oidc/userinfo` and nothing else."""

    access_token: str
    token_type: str
    expires_in: int
    scope: str
    id_token: str


class Refusal(Struct, frozen=True):
    """An error as OAuth has them (RFC 6749, section 5.2)."""

    error: str
    error_description: str = ""


class Discovery(Struct, frozen=True):
    """Where everything is, and what is known here (OpenID Connect Discovery 1.0)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    userinfo_endpoint: str
    jwks_uri: str


class UserInfo(Struct, frozen=True):
    """Who logged in, as far as the program asked for it."""

    sub: str
    email: str = ""
    name: str = ""
    org: str = ""
    org_name: str = ""
    role: str = ""


def endpoints(provider: Provider) -> tuple[Endpoint, ...]:
    """The endpoints of one hub as a provider."""

    async def discover(call: Call) -> Answer:
        return Answer(discovery(_issuer(provider, call)), headers={"cache-control": "no-cache"})

    async def authorize(call: Call) -> Answer:
        asked = _values(call.query)
        try:
            found = await provider.ask(asked, _issuer(provider, call))
        except Invalid as error:
            return _refused(error, call)
        return _form_or_redirect(found, call)

    async def log_in(call: Call) -> Answer:
        return await _log_in(provider, call)

    async def exchange(call: Call) -> Answer:
        reply = await provider.exchange(_values(call.body), call.headers.get("authorization", ""))
        return Answer(reply.body, reply.status, reply.headers)

    async def userinfo(call: Call) -> Answer:
        kind, _, token = call.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not token:
            raise Unauthenticated("token_missing", "This needs the access token of a program.")
        return Answer(provider.userinfo(token.strip()))

    page = Media("text/html")
    about: dict[str, Any] = {"role": None, "root": True}
    return (
        Endpoint(
            "GET",
            "/.well-known/openid-configuration",
            discover,
            "Where programs log people in",
            {200: Discovery},
            **about,
        ),
        Endpoint(
            "GET",
            AUTHORIZE,
            authorize,
            "Show the login form that a program sent the browser for",
            {200: page, 303: None, 422: page},
            query=Asked,
            **about,
        ),
        Endpoint(
            "POST",
            AUTHORIZE,
            log_in,
            "Log in, and go back to the program with a code",
            {303: None, 401: page, 422: page, 429: page, 503: page},
            query=Asked,
            body=Form(Credentials),
            body_limit=16 * _KIB,
            **about,
        ),
        Endpoint(
            "POST",
            "/oidc/token",
            exchange,
            "Exchange a code for tokens",
            {200: Tokens, 400: Refusal, 401: Refusal},
            body=Form(Exchange),
            body_limit=16 * _KIB,
            **about,
        ),
        *(
            Endpoint(
                method,
                "/oidc/userinfo",
                userinfo,
                "Tell a program who logged in",
                {200: UserInfo},
                errors=(Unauthenticated,),
                **about,
            )
            for method in ("GET", "POST")
        ),
    )


async def _log_in(provider: Provider, call: Call) -> Answer:
    asked, issuer, form = _values(call.query), _issuer(provider, call), call.body
    proof = Proof(form.email, form.password, call.address, _cookie(call), form.mark)
    try:
        back = await provider.log_in(asked, issuer, proof)
    except (Invalid, Unauthenticated, TooMany, Unavailable) as error:
        if error.code not in _SHOWN_IN_FORM:
            return _refused(error, call)
        again = await provider.ask(asked, issuer)
        return _form_or_redirect(again, call, error)
    log.info("logged in to a program", extra={"client": asked["client_id"]})
    return _form_or_redirect(back, call)


def _form_or_redirect(
    found: LoginForm | Redirect, call: Call, error: Error | None = None
) -> Answer:
    if isinstance(found, Redirect):
        return Answer(status=303, headers={"location": found.location})
    wait = int(str(error.facts.get("retry_after", 0))) if error else 0
    asked: Asked = call.query
    page = LoginPage(
        client=found.client,
        org=found.org,
        action=f"{AUTHORIZE}?{urlencode(_values(asked))}",
        mark=found.mark,
        email=call.body.email if call.body else asked.login_hint or "",
        problem=error.code if error else "",
        seconds=wait,
    )
    headers = frame.headers(found.back) | {
        "set-cookie": f"{_COOKIE}={found.cookie}; Path=/; Max-Age={_COOKIE_SECONDS};"
        " Secure; HttpOnly; SameSite=Strict"
    }
    if wait:
        headers["retry-after"] = str(wait)
    body = login_page(page, _language(call))
    return Answer(body, status_of(error) if error else 200, headers)


def _refused(error: Error, call: Call) -> Answer:
    body = refusal_page(error.code, str(error), _language(call))
    return Answer(body, status_of(error), frame.headers())


def _language(call: Call) -> str:
    return frame.language(call.headers.get("accept-language", ""), call.query.ui_locales or "")


def _issuer(provider: Provider, call: Call) -> str:
    return provider.issuer(call.headers.get("host", ""))


def _cookie(call: Call) -> str:
    try:
        found = SimpleCookie(call.headers.get("cookie", "")).get(_COOKIE)
    except CookieError:
        return ""
    return found.value if found else ""


def _values(struct: Struct) -> dict[str, str]:
    """The parameters that were given."""
    found: dict[str, str] = msgspec.to_builtins(struct)
    return found
