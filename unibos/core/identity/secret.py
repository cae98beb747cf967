"""Secrets in links and tokens: made here, shown once, and known by their hash ever after.

A secret is 256 random bits, so nobody guesses it, and a slow hash would protect it no better.
"""

import hashlib
import hmac
import re
import secrets

_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")


def make() -> str:
    """A new secret, of 43 characters."""
    return secrets.token_urlsafe(32)


def is_secret(text: str) -> bool:
    """Whether it may be one."""
    return _SECRET.fullmatch(text) is not None


def digest(secret: str) -> str:
    """What is kept of a secret: its SHA-256 in hexadecimal digits."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def matches(secret: str, kept: str) -> bool:
    """Whether this is the secret whose :func:`digest` was kept; takes the same time for any."""
    return hmac.compare_digest(digest(secret).encode(), kept.encode("utf-8", "replace"))
