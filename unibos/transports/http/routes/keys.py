"""A hub's signing keys: the public ones for everybody, their life for its operators."""

import logging

from msgspec import Struct

from unibos.base.clock import iso
from unibos.base.errors import Conflict, Forbidden
from unibos.core.identity.scope import Role, Scope
from unibos.core.identity.signing.keys import SigningKeys
from unibos.core.module.endpoint import Answer, Call, Endpoint, Media
from unibos.core.store.signing_keys import Algorithm, SigningKey, State

log = logging.getLogger(__name__)

JWKS_PATH = "/.well-known/jwks.json"
_JWKS_TYPE = "application/jwk-set+json"


class Key(Struct, frozen=True, kw_only=True):
    """A signing key: `next` will sign, `current` does, `retired` did; times are in UTC."""

    kid: str
    alg: Algorithm
    state: State
    created_at: str
    current_at: str | None
    retired_at: str | None


class KeyList(Struct, frozen=True, kw_only=True):
    """All signing keys: the current, the next, then the retired; of each `alg` the last first."""

    items: list[Key]
    next: None = None


class Rotation(Struct, frozen=True, forbid_unknown_fields=True):
    """How to rotate.

    `compromised`: others may know the keys, so they are forgotten at once, and every access token
    that is about has to be refreshed.
    """

    compromised: bool = False


def endpoints(keys: SigningKeys) -> tuple[Endpoint, ...]:
    """The endpoints over one hub's keys."""

    async def jwks(call: Call) -> Answer:
        headers = {
            "content-type": _JWKS_TYPE,
            "cache-control": "public, max-age=300",
            "etag": f'"{keys.version}"',
            # Programs that run in a browser may check tokens, too: the keys are public.
            "access-control-allow-origin": "*",
        }
        return Answer(keys.jwks().encode(), headers=headers)

    async def list_keys(scope: Scope, call: Call) -> Answer:
        scope.require_operator()
        return Answer(_shown(keys.listing()))

    async def rotate(scope: Scope, call: Call) -> Answer:
        scope.require_operator()
        left = await keys.rotate(compromised=call.body.compromised)
        log.warning("signing keys rotated", extra={"by": scope.principal.id, "kid": left[0].kid})
        return Answer(_shown(left))

    return (
        Endpoint(
            "GET",
            JWKS_PATH,
            jwks,
            "The keys that check access tokens",
            {200: Media(_JWKS_TYPE), 304: None},
            None,
            root=True,
        ),
        Endpoint(
            "GET",
            "/keys",
            list_keys,
            "List the signing keys; for operators",
            {200: KeyList},
            Role.OWNER,
            errors=(Forbidden,),
        ),
        Endpoint(
            "POST",
            "/keys",
            rotate,
            "Have the next signing key sign; for operators",
            {200: KeyList},
            Role.OWNER,
            body=Rotation,
            errors=(Conflict, Forbidden),
        ),
    )


def _shown(keys: list[SigningKey]) -> KeyList:
    return KeyList(
        items=[
            Key(
                kid=key.kid,
                alg=key.algorithm,
                state=key.state,
                created_at=iso(key.created_at),
                current_at=_iso(key.current_at),
                retired_at=_iso(key.retired_at),
            )
            for key in keys
        ]
    )


def _iso(ms: int | None) -> str | None:
    return None if ms is None else iso(ms)
