"""The keys of a hub's tokens: one signs, one is ready, some have had their day.

A rotation retires the current key, has the next one sign, and makes a new next one, in one
transaction. Whoever knows the set of keys as it was before (RFC 7517) knows the key that signs
after it, so a node that is cut off misses nothing until the rotation after next.
"""

import asyncio
import hashlib
import json
import threading
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, cast

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from unibos.base.clock import Wall, wall_ms
from unibos.base.errors import Conflict, Invalid
from unibos.core.identity.keys import InstanceKey
from unibos.core.identity.signing.jwk import from_jwk
from unibos.core.identity.signing.safe import Safe
from unibos.core.store import signing_keys
from unibos.core.store.signing_keys import Algorithm, SigningKey
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


@dataclass(frozen=True, slots=True)
class _Set:
    """The keys as they are between two rotations.

    :param public: those for tokens of the hub's own, so only Ed25519.
    """

    ed25519: tuple[str, Ed25519PrivateKey]
    rsa: tuple[str, RSAPrivateKey] | None
    public: dict[str, Ed25519PublicKey]
    jwks: str
    version: str


class SigningKeys:
    """A hub's signing keys; an :class:`unibos.core.identity.tokens.Issuer`.

    Made at the first start, but for RSA keys, which only ID tokens of older programs need: they
    are made for the first of those, and change with the others. Private halves are kept sealed
    (AES-GCM) under a key that comes from the instance's, so the database alone signs nothing.

    :raises Damaged: ``signing_keys_sealed`` when another instance's key sealed them.
    """

    def __init__(self, store: Store, key: InstanceKey, *, wall: Wall = wall_ms) -> None:
        self._store = store
        self._instance = key.id
        self._safe = Safe(key.secret("signing keys"))
        self._wall = wall
        # What changes the set of keys does it alone, for RSA keys take long to make.
        self._changing = threading.Lock()
        present = store.read(signing_keys.listing)
        if not present:
            present = store.write(partial(self._make_first, *self._pair("EdDSA")))
        self._set = self._read(present)

    @property
    def id(self) -> str:
        """The hub's instance id."""
        return self._instance

    @property
    def version(self) -> str:
        """Changes when :meth:`jwks` does."""
        return self._set.version

    def signer(self) -> tuple[str, Ed25519PrivateKey]:
        """The current key for the hub's own tokens."""
        return self._set.ed25519

    def signer_for(self, algorithm: Algorithm) -> tuple[str, Ed25519PrivateKey | RSAPrivateKey]:
        """The current key of an algorithm; see :meth:`make_rsa`."""
        if algorithm == "EdDSA":
            return self._set.ed25519
        return self._set.rsa or self.make_rsa()

    def public(self, kid: str) -> Ed25519PublicKey | None:
        """A current, next or retired key for the hub's own tokens."""
        return self._set.public.get(kid)

    def jwks(self) -> str:
        """All public keys as a JWK Set (RFC 7517), in JSON; ``state`` is a member of ours."""
        return self._set.jwks

    def listing(self) -> list[SigningKey]:
        """The keys: the current, the next, then the retired; of each algorithm the last first."""
        return self._store.read(signing_keys.listing)

    def make_rsa(self) -> tuple[str, RSAPrivateKey]:
        """Make RSA keys unless there are some; the current one. For threads: it takes a while."""
        with self._changing:
            if self._set.rsa is None:
                self._store.write(partial(self._make_first, *self._pair("RS256")))
            return cast("tuple[str, RSAPrivateKey]", self._set.rsa)

    async def rotate(self, *, compromised: bool = False) -> list[SigningKey]:
        """Have the next keys sign from now on; the keys as they are then.

        :param compromised: others may know the current keys: forget them and the next ones, which
            were kept beside them, at once. All access tokens that are about have to be refreshed.
        :raises Conflict: ``keys_rotated_too_often`` after 10 rotations within an hour.
        """
        change = self._start_over if compromised else self._advance
        return await asyncio.to_thread(change)

    def rotate_by_age(self) -> bool:
        """Rotate when the current key is 90 days old, and forget keys that retired 30 days ago.

        Tells whether anything was done; otherwise nothing was written. For threads.
        """
        keys = self.listing()
        if self._due(keys):
            self._advance()
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
            # RSA keys follow, whenever they were made.
            if key.state != "retired" and key.algorithm == "EdDSA"
        )

    def _advance(self) -> list[SigningKey]:
        with self._changing:
            now = self._wall()
            fresh = [self._safe.make(name, now) for name in _algorithms(self.listing())]
            return self._store.write(partial(self._rotate, fresh))

    def _start_over(self) -> list[SigningKey]:
        with self._changing:
            pairs = [self._pair(algorithm) for algorithm in _algorithms(self.listing())]

            def replace_all(tx: Transaction) -> list[SigningKey]:
                for key in signing_keys.listing(tx):
                    signing_keys.forget(tx, key.kid)
                for pair in pairs:
                    self._make_first(*pair, tx)
                return self._use_after(tx)

            return self._store.write(replace_all)

    def _make_first(
        self, current: SigningKey, following: SigningKey, tx: Transaction
    ) -> list[SigningKey]:
        signing_keys.add(tx, replace(current, state="current", current_at=current.created_at))
        signing_keys.add(tx, following)
        return self._use_after(tx)

    def _rotate(self, fresh: list[SigningKey], tx: Transaction) -> list[SigningKey]:
        now = self._wall()
        recent = sum(
            key.algorithm == "EdDSA" and _is_recent(key, now) for key in signing_keys.listing(tx)
        )
        if recent >= MAX_RETIRED:
            raise Conflict(
                "keys_rotated_too_often",
                f"The signing keys were rotated {recent} times within the last hour.",
                hint="Each rotation leaves a key behind that nodes have to keep. Wait a while.",
            )
        signing_keys.advance(tx, now)
        for key in fresh:
            signing_keys.add(tx, key)
        return self._forget_outlived(tx)

    def _forget_outlived(self, tx: Transaction) -> list[SigningKey]:
        for key in _outlived(signing_keys.listing(tx), self._wall()):
            signing_keys.forget(tx, key.kid)
        return self._use_after(tx)

    def _use_after(self, tx: Transaction) -> list[SigningKey]:
        """Use the keys as the transaction leaves them, once it is committed."""
        keys = signing_keys.listing(tx)

        def use() -> None:
            self._set = self._read(keys)

        tx.after_commit.append(use)
        return keys

    def _pair(self, algorithm: Algorithm) -> tuple[SigningKey, SigningKey]:
        now = self._wall()
        return self._safe.make(algorithm, now), self._safe.make(algorithm, now)

    def _read(self, keys: list[SigningKey]) -> _Set:
        current = {key.algorithm: key for key in keys if key.state == "current"}
        signers = {name: (key.kid, self._safe.open(key)) for name, key in current.items()}
        members = [
            {
                **json.loads(key.public),
                "kid": key.kid,
                "use": "sig",
                "alg": key.algorithm,
                "state": key.state,
            }
            for key in keys
        ]
        text = json.dumps({"keys": members}, separators=(",", ":"))
        version = hashlib.sha256(text.encode()).hexdigest()[:16]
        public = dict(_named(members))
        return _Set(signers["EdDSA"], signers.get("RS256"), public, text, version)


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


def _algorithms(keys: list[SigningKey]) -> list[Algorithm]:
    return [key.algorithm for key in keys if key.state == "current"]


def _outlived(keys: list[SigningKey], now: int) -> list[SigningKey]:
    """The retired keys that nobody needs: too old, or beyond the newest ten of their kind."""
    return [
        key
        for algorithm in _algorithms(keys)
        for place, key in enumerate(
            key for key in keys if key.algorithm == algorithm and key.retired_at is not None
        )
        if now - (key.retired_at or 0) >= RETIRED_MS
        or (place >= MAX_RETIRED and not _is_recent(key, now))
    ]
