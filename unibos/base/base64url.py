"""Base64url without padding (RFC 7515, section 2): bytes in tokens, cursors and links."""

import base64


def base64url(raw: bytes) -> str:
    """The text that stands for these bytes."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def from_base64url(text: str) -> bytes:
    """The bytes behind :func:`base64url`.

    :raises ValueError: for what is not base64url.
    """
    if "+" in text or "/" in text:
        raise ValueError("these letters are of base64, not of base64url")
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
