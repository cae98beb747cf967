"""The one string that a node joins with: where the hub is, who it is, and the secret.

``unibos-join-`` and the base64url of a small JSON object, so that it survives copying, chat
windows and QR codes.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from unibos.base.base64url import base64url, from_base64url
from unibos.base.errors import Invalid

PREFIX = "unibos-join-"
MAX_LENGTH = 4096
MAX_URLS = 8

Url = Annotated[str, Meta(max_length=200, pattern=r"^https?://[^/?#\s@]+/?\Z")]


class JoinToken(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a join token says.

    :param urls: where the hub is reached, best first.
    :param hub: its instance id, the fingerprint by which a node knows it.
    :param secret: ``<token id>.<secret>``; shown to nobody but that hub.
    :param exp: when it expires, in seconds since 1970 by the hub's clock.
    """

    v: Literal[1] = 1
    urls: Annotated[list[Url], Meta(min_length=1, max_length=MAX_URLS)]
    hub: Annotated[str, Meta(pattern=r"^[a-z2-7]{52}\Z")]
    secret: Annotated[str, Meta(pattern=r"^[0-9a-f-]{36}\.[A-Za-z0-9_-]{43}\Z")]
    exp: Annotated[int, Meta(ge=0, lt=2**40)]

    def __repr__(self) -> str:
        """Without the secret, which must not come into a log."""
        return f"JoinToken(hub={self.hub!r}, urls={self.urls!r})"

    def format(self) -> str:
        """The string."""
        raw = msgspec.json.encode(self)
        return PREFIX + base64url(raw)

    @classmethod
    def parse(cls, text: str) -> "JoinToken":
        """Read the string; white space, which copying brings in, does not count.

        :raises Invalid: ``join_string_invalid``.
        """
        plain = "".join(text.split())
        body = plain.removeprefix(PREFIX)
        if len(plain) > MAX_LENGTH or body == plain:
            raise _invalid()
        try:
            return msgspec.json.decode(from_base64url(body), type=cls)
        except (ValueError, RecursionError):
            # msgspec's errors are ValueErrors too; what they quote may be a part of the secret.
            raise _invalid() from None


def _invalid() -> Invalid:
    return Invalid(
        "join_string_invalid",
        "This is not a whole join token.",
        hint=f"It begins with {PREFIX} and is made on the hub: unibos hub tokens create",
    )
