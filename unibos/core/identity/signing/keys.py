"""The keys of a hub's access tokens: one signs, one is ready, some have had their day.

A rotation retires the current key, has the next one sign, and makes a new next one, in one
transaction. Whoever knows the set of keys as it was before (RFC 7517) knows the key that signs
after it, so a node that is cut off misses nothing until the rotation after next.
"""

import hashlib
import json
import secrets
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from unibos.base.clock import Wall, wall_ms
from unibos.base.errors import Conflict, Damaged, Invalid
from unibos.core.identity.keys import InstanceKey
from unibos.core.identity.signing.jwk import (
    base64url,
    from_base64url,
    from_jwk,
    public_jwk,
    thumbprint,
)
from unibos.core.store import signing_keys
from unibos.core.store.signing_keys import SigningKey
from unibos.core.store.store import Store
from unibos.core.store.transaction import Transaction

_HOUR_MS = 3_600_000
_DAY_MS = 24 * _HOUR_MS
CURRENT_MS = 90 * _DAY_MS
"""How long a key signs before the daily look replaces it."""
PUBLISHED_MS = _DAY_MS
"""How long a key has been told to everybody before it may sign by itself."""
RETIRED_MS = 30 * _DAY_MS
MAX_RETIRED = 10
MAX_JWKS = 64 * 1024
_NONCE = 12


@dataclass(frozen=True, slots=True)
class _Set:
    """The keys as they are between two rotations."""

    kid: str
    private: Ed25519PrivateKey
    public: dict[str, Ed25519PublicKey]
    jwks: str
    version: str


class SigningKeys:
    """A hub's signing keys; an :class:`unibos.core.identity.tokens.Issuer`.

    Made at the first start. Private halves are kept sealed (AES-GCM) under a key that comes from
    the instance's, so the database alone signs nothing.

    :raises Damaged: ``signing_keys_sealed`` when another instance's key sealed them.
    """

    def __init__(self, store: Store, key: InstanceKey, *, wall: Wall = wall_ms) -> None:
        self._store = store
        self._instance = key.id
        self._seal = AESGCM(key.secret("signing keys"))
        self._wall = wall
        present = store.read(signing_keys.listing)
        self._set = self._read(present or store.write(self._make_first))

    @property
    def id(self) -> str:
        """The hub's instance id."""
        return self._instance

    @property
    def version(self) -> str:
        """Changes when :meth:`jwks` does."""
        return self._set.version

    def signer(self) -> tuple[str, Ed25519PrivateKey]:
        """The current key."""
        return self._set.kid, self._set.private

    def public(self, kid: str) -> Ed25519PublicKey | None:
        """A current, next or retired key."""
        return self._set.public.get(kid)

    def jwks(self) -> str:
        """All public keys as a JWK Set (RFC 7517), in JSON; ``state`` is a member of ours."""
        return self._set.jwks

    def listing(self) -> list[SigningKey]:
        """The keys: the current, the next, then the retired, the last of them first."""
        return self._store.read(signing_keys.listing)

    async def rotate(self, *, compromised: bool = False) -> list[SigningKey]:
        """Have the next key sign from now on; the keys as they are then.

        :param compromised: others may know the current key: forget it and the next one, which
            was kept beside it, at once. All access tokens that are about have to be refreshed.
        :raises Conflict: ``keys_rotated_too_often`` after 10 rotations within an hour.
        """
        return await self._store.awrite(self._start_over if compromised else self._rotate)

    def rotate_by_age(self) -> bool:
        """Rotate when the current key is 90 days old, and forget keys that retired 30 days ago.

        Tells whether anything was done; otherwise nothing was written. For threads.
        """
        keys = self.listing()
        if self._due(keys):
            self._store.write(self._rotate)
            return True
        if _outlived(keys, self._wall()):
            self._store.write(self._forget_outlived)
            return True
        return False

    def _due(self, keys: list[SigningKey]) -> bool:
        now = self._wall()
        return all(
            _past(key.current_at or 0, CURRENT_MS, now)
            if key.state == "current"
            else _past(key.created_at, PUBLISHED_MS, now)
            for key in keys
            if key.state != "retired"
        )

    def _make_first(self, tx: Transaction) -> list[SigningKey]:
        now = self._wall()
        signing_keys.add(tx, self._fresh(now))
        signing_keys.advance(tx, now)
        signing_keys.add(tx, self._fresh(now))
        return signing_keys.listing(tx)

    def _rotate(self, tx: Transaction) -> list[SigningKey]:
        now = self._wall()
        recent = [key for key in signing_keys.listing(tx) if _is_recent(key, now)]
        if len(recent) >= MAX_RETIRED:
            raise Conflict(
                "keys_rotated_too_often",
                f"The signing keys were rotated {len(recent)} times within the last hour.",
                hint="Each rotation leaves a key behind that nodes have to keep. Wait a while.",
            )
        signing_keys.advance(tx, now)
        signing_keys.add(tx, self._fresh(now))
        return self._forget_outlived(tx)

    def _start_over(self, tx: Transaction) -> list[SigningKey]:
        for key in signing_keys.listing(tx):
            signing_keys.forget(tx, key.kid)
        made = self._make_first(tx)
        self._use_after(tx, made)
        return made

    def _forget_outlived(self, tx: Transaction) -> list[SigningKey]:
        for key in _outlived(signing_keys.listing(tx), self._wall()):
            signing_keys.forget(tx, key.kid)
        left = signing_keys.listing(tx)
        self._use_after(tx, left)
        return left

    def _use_after(self, tx: Transaction, keys: list[SigningKey]) -> None:
        made = self._read(keys)

        def use() -> None:
            self._set = made

        tx.after_commit.append(use)

    def _fresh(self, now: int) -> SigningKey:
        private = Ed25519PrivateKey.generate()
        public = private.public_key()
        kid = thumbprint(public)
        nonce = secrets.token_bytes(_NONCE)
        sealed = self._seal.encrypt(nonce, private.private_bytes_raw(), kid.encode())
        return SigningKey(
            kid, "next", base64url(public.public_bytes_raw()), base64url(nonce + sealed), now
        )

    def _open(self, key: SigningKey) -> Ed25519PrivateKey:
        try:
            whole = from_base64url(key.sealed)
            raw = self._seal.decrypt(whole[:_NONCE], whole[_NONCE:], key.kid.encode())
        except (InvalidTag, ValueError):
            raise Damaged(
                "signing_keys_sealed",
                "The signing keys in the database were sealed by another instance key.",
                hint="Restore instance.key and the database from the same backup.",
            ) from None
        return Ed25519PrivateKey.from_private_bytes(raw)

    def _read(self, keys: list[SigningKey]) -> _Set:
        current = next(key for key in keys if key.state == "current")
        public = {
            key.kid: Ed25519PublicKey.from_public_bytes(from_base64url(key.public)) for key in keys
        }
        members = [
            {
                **public_jwk(public[key.kid]),
                "kid": key.kid,
                "use": "sig",
                "alg": "EdDSA",
                "state": key.state,
            }
            for key in keys
        ]
        text = json.dumps({"keys": members}, separators=(",", ":"))
        version = hashlib.sha256(text.encode()).hexdigest()[:16]
        return _Set(current.kid, self._open(current), public, text, version)


@dataclass(frozen=True, slots=True)
class KnownKeys:
    """Another instance's public keys, as a node keeps them.

    :param id: the instance that they are from.
    """

    id: str
    keys: dict[str, Ed25519PublicKey]

    @classmethod
    def from_jwks(cls, text: str, id_: str = "") -> "KnownKeys":
        """Read a JWK Set; keys of other kinds than Ed25519 are left out.

        :param id_: the id of the instance that it was got from.
        :raises Invalid: ``jwks_invalid``.
        """
        try:
            keys = json.loads(text)["keys"] if len(text) <= MAX_JWKS else None
        except (ValueError, TypeError, KeyError, RecursionError):
            keys = None
        if not isinstance(keys, list):
            raise Invalid("jwks_invalid", "This is not a set of JSON Web Keys.")
        return cls(id_, dict(_named(keys)))

    def public(self, kid: str) -> Ed25519PublicKey | None:
        """The key of this name, or None."""
        return self.keys.get(kid)


def _named(keys: list[Any]) -> list[tuple[str, Ed25519PublicKey]]:
    read = [(jwk.get("kid"), from_jwk(jwk)) for jwk in keys if isinstance(jwk, dict)]
    return [(kid, key) for kid, key in read if isinstance(kid, str) and key is not None]


def _past(since: int, length: int, now: int) -> bool:
    """Whether a time is over. One that begins tomorrow or later was told by a wrong clock."""
    return not -_DAY_MS < now - since < length


def _is_recent(key: SigningKey, now: int) -> bool:
    """Whether tokens that the key signed may still be about, with room for skewed clocks."""
    return key.retired_at is not None and abs(now - key.retired_at) < _HOUR_MS


def _outlived(keys: list[SigningKey], now: int) -> list[SigningKey]:
    """The retired keys that nobody needs: too old, or beyond the newest ten."""
    retired = [key for key in keys if key.retired_at is not None]
    return [
        key
        for place, key in enumerate(retired)
        if now - (key.retired_at or 0) >= RETIRED_MS
        or (place >= MAX_RETIRED and not _is_recent(key, now))
    ]
