"""The rules of OAuth 2.0 and OpenID Connect, which Authlib knows; the hub's ways with them.

RFC 6749 (authorization code), RFC 7636 (PKCE, always, S256 only), OpenID Connect Core 1.0,
section 3.1. It is imported when the first program asks, and runs on one thread.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from authlib.oauth2.rfc6749 import AuthorizationServer, ClientMixin, OAuth2Error, OAuth2Request
from authlib.oauth2.rfc6749.errors import InvalidRequestError
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import AuthorizationCodeMixin, OpenIDCode

from unibos.core.identity.oidc.clients import secret_matches
from unibos.core.identity.oidc.codes import Code
from unibos.core.identity.oidc.names import AUTH_METHODS, GRANT, SCOPES
from unibos.core.store.accounts import Account
from unibos.core.store.clients import Client


class Hub(Protocol):
    """What the protocol asks of the hub."""

    def client(self, id_: str) -> Client | None:
        """A registered program."""
        ...

    def now(self) -> int:
        """The hub's time, in seconds since 1970."""
        ...

    def keep(self, text: str, code: Code) -> None:
        """Remember what a person agreed to."""
        ...

    def take(self, code: str, client: str) -> Code | None:
        """What a code stands for, once."""
        ...

    def begin(self, code: Code) -> Account | None:
        """Begin the session of a code's person, unless they may not log in any more."""
        ...

    def access_token(self, code: Code) -> dict[str, Any]:
        """The answer to a code, without the ID token."""
        ...

    def id_token(self, user: Account, code: Code, access_token: str) -> str:
        """Who logged in, signed for the program."""
        ...


@dataclass(frozen=True, slots=True)
class Reply:
    """What the protocol answers."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def location(self) -> str:
        """Where the browser is sent; empty when it stays."""
        return self.headers.get("location", "")


class Asked(OAuth2Request):
    """One request; parameters that it does not have are missing in ``values``.

    :param authorization: the header of that name; empty without.
    :param issuer: what the program knows the hub as.
    """

    def __init__(
        self, method: str, values: Mapping[str, str], authorization: str = "", issuer: str = ""
    ) -> None:
        headers = {"Authorization": authorization} if authorization else {}
        # Whether the way is encrypted is the door's business; Authlib wants to see https here.
        super().__init__(method, "https://hub/", headers=headers)
        self.payload = BasicOAuth2Payload(dict(values))
        self.issuer = issuer

    @property
    def args(self) -> dict[str, str]:
        """The parameters."""
        return dict(self.payload.data)

    @property
    def form(self) -> dict[str, str]:
        """The parameters."""
        return dict(self.payload.data)


class Server(AuthorizationServer):
    """Authlib's server, asking this hub."""

    def __init__(self, hub: Hub) -> None:
        super().__init__()
        self.hub = hub
        self.register_grant(_Grant, [_Challenge(required=True), _IdToken(require_nonce=False)])

    def consent(self, asked: Asked) -> tuple[Client, str] | Reply:
        """Check what the browser was sent with: which program asks, and where it wants people
        back; or the answer that sends them back with an error.

        :raises OAuth2Error: when nobody is to be sent anywhere.
        """
        try:
            grant = self.get_consent_grant(asked, end_user=None)
        except OAuth2Error as error:
            if not error.redirect_uri:
                raise
            return self._refused(asked, error)
        client: Client = asked.client.client
        refusal = _unknown_way(asked.payload.data, grant.redirect_uri)
        return self._refused(asked, refusal) if refusal else (client, grant.redirect_uri)

    def granted(self, asked: Asked, user: Account) -> Reply:
        """Send a person who proved who they are back, with a code."""
        grant = self.get_authorization_grant(asked)
        reply: Reply = self.create_authorization_response(asked, grant_user=user, grant=grant)
        return reply

    def exchanged(self, asked: Asked) -> Reply:
        """Answer a program that presents a code."""
        reply: Reply = self.create_token_response(asked)
        return reply

    def _refused(self, asked: Asked, error: OAuth2Error) -> Reply:
        error.state = asked.payload.state
        reply: Reply = self.handle_error_response(asked, error)
        return reply

    def query_client(self, client_id: str) -> "_Registered | None":
        """See Authlib."""
        found = self.hub.client(client_id)
        return _Registered(found) if found else None

    def save_token(self, token: dict[str, Any], request: OAuth2Request) -> None:
        """Tokens are signed, not kept."""

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Nobody listens."""

    def create_oauth2_request(self, request: Asked) -> Asked:
        """It is one already."""
        return request

    def handle_response(self, status: int, body: Any, headers: list[tuple[str, str]]) -> Reply:
        """See Authlib."""
        return Reply(status, body, {name.lower(): value for name, value in headers})


def _unknown_way(asked: Mapping[str, str], redirect_uri: str) -> OAuth2Error | None:
    """The error for parameters that would ask for another way than the one known here."""
    for name in ("request", "request_uri"):
        if name in asked:
            return OAuth2Error(error=f"{name}_not_supported", redirect_uri=redirect_uri)
    if asked.get("response_mode", "query") != "query":
        return InvalidRequestError("Only response_mode=query is known.", redirect_uri=redirect_uri)
    return None


class _Registered(ClientMixin):
    """A client as Authlib asks it."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def get_client_id(self) -> str:
        return self.client.id

    def get_default_redirect_uri(self) -> None:
        """None: a request always says it (OpenID Connect Core, section 3.1.2.1)."""

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """What is known of what was asked for; None without ``openid``, which it is all about."""
        wanted = (scope or "").split()
        return " ".join(one for one in SCOPES if one in wanted) if "openid" in wanted else None

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri in self.client.redirect_uris

    def check_client_secret(self, client_secret: str) -> bool:
        return secret_matches(self.client, client_secret)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return endpoint == "token" and (method == "none") == (self.client.secret_hash is None)

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == GRANT


class _Presented(AuthorizationCodeMixin):
    """A code as Authlib asks it."""

    code_challenge_method = "S256"

    def __init__(self, code: Code) -> None:
        self.code = code
        self.code_challenge = code.challenge

    def get_redirect_uri(self) -> str:
        return self.code.redirect_uri

    def get_scope(self) -> str:
        return self.code.scope


class _Challenge(CodeChallenge):
    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)

    def validate_code_challenge(self, grant: AuthorizationCodeGrant, redirect_uri: str) -> None:
        """Authlib lets programs with a secret do without; here all of them prove it."""
        asked = grant.request.payload.data
        if not asked.get("code_challenge") or not asked.get("code_challenge_method"):
            raise InvalidRequestError("PKCE with code_challenge_method=S256 is required.")
        super().validate_code_challenge(grant, redirect_uri)


class _Grant(AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS

    def save_authorization_code(self, code: str, request: Asked) -> None:
        client, asked = request.client.client, request.payload.data
        kept = Code(
            client=client.id,
            org=client.org,
            redirect_uri=asked["redirect_uri"],
            scope=request.scope,
            nonce=asked.get("nonce", ""),
            challenge=asked["code_challenge"],
            user=request.user.id,
            password=request.user.verifier,
            auth_time=self.server.hub.now(),
            issuer=request.issuer,
            algorithm=client.algorithm,
        )
        self.server.hub.keep(code, kept)

    def query_authorization_code(self, code: str, client: _Registered) -> _Presented | None:
        found = self.server.hub.take(code, client.client.id)
        return _Presented(found) if found else None

    def delete_authorization_code(self, authorization_code: _Presented) -> None:
        """It was used up when it was looked for."""

    def authenticate_user(self, authorization_code: _Presented) -> Account | None:
        user: Account | None = self.server.hub.begin(authorization_code.code)
        return user

    def generate_token(self, **_asked: object) -> dict[str, Any]:
        code = self.request.authorization_code.code
        token: dict[str, Any] = self.server.hub.access_token(code)
        return token


class _IdToken(OpenIDCode):
    def exists_nonce(self, *_nonce: object) -> bool:
        """A nonce is for the program to check; a code is good for once anyway."""
        return False

    def process_token(self, grant: AuthorizationCodeGrant, response: Any) -> dict[str, Any]:
        """Signed with the hub's keys and library, as all its tokens are."""
        token: dict[str, Any] = response[1]
        code = grant.request.authorization_code.code
        token["id_token"] = grant.server.hub.id_token(
            grant.request.user, code, token["access_token"]
        )
        return token
