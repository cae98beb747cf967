"""E-mail addresses: what is accepted, and what two spellings are the same."""

import re
import unicodedata

from unibos.base.errors import Invalid

MAX_LENGTH = 254
"""RFC 5321, section 4.5.3.1.3, without the angle brackets."""

_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_ADDRESS = re.compile(rf"[^\s@\"(),:;<>\[\]\\]{{1,64}}@{_LABEL}(?:\.{_LABEL})*")


def key(text: str) -> str:
    """What look-ups compare: without the difference of case and of Unicode's spellings.

    Never fails, whatever somebody types into a login form.
    """
    plain = text.encode("utf-8", "replace").decode().strip()
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", plain).casefold())
    return folded[: MAX_LENGTH + 1]


def check(text: str) -> str:
    """The address as it is kept and shown. Names without a dot are fine: this is for a LAN too.

    :raises Invalid: ``email_invalid``.
    """
    address = unicodedata.normalize("NFC", text.strip())
    if (
        len(address) > MAX_LENGTH
        or not address.isprintable()
        or _ADDRESS.fullmatch(address) is None
    ):
        raise Invalid(
            "email_invalid",
            "This is not an e-mail address.",
            hint="Write it as owner@example.org.",
            field="email",
        )
    return address
