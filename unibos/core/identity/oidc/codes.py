"""Authorization codes: what a program gets from the browser, and exchanges for tokens once.

They live in memory for a minute; a hub that restarts in between has the person log in again. A
used code is remembered for as long as the tokens that came of it live, so that a second use tells
that somebody has copied it (RFC 6749, section 4.1.2).
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from unibos.core.identity.tokens import ACCESS_SECONDS
from unibos.core.store.signing_keys import Algorithm

LIFE_SECONDS = 60.0
LIMIT = 4096


@dataclass(slots=True)
class Code:
    """What a person agreed to by logging in.

    :param redirect_uri: where the code was sent.
    :param challenge: the SHA-256 of the verifier that its user has to know (RFC 7636).
    :param password: the verifier that the person's password was checked against; another one by
        the time of the exchange means that the password was changed.
    :param auth_time: of the login, in seconds since 1970.
    :param algorithm: how the program's ID tokens are signed.
    :param session: which began with the exchange; empty before.
    :param uses: how often it was presented.
    """

    client: str
    org: str
    redirect_uri: str
    scope: str
    nonce: str
    challenge: str
    user: str
    password: str = field(repr=False)
    auth_time: int
    issuer: str
    algorithm: Algorithm
    session: str = ""
    uses: int = 0


class Codes:
    """The codes that are about; for one thread.

    :param monotonic: a clock in seconds that never goes back.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._known: OrderedDict[str, tuple[Code, float]] = OrderedDict()

    def keep(self, text: str, code: Code) -> None:
        """Remember a code by its text, which nobody can guess."""
        now = self._monotonic()
        oldest = now - LIFE_SECONDS - ACCESS_SECONDS
        while self._known and (
            len(self._known) >= LIMIT or next(iter(self._known.values()))[1] < oldest
        ):
            self._known.popitem(last=False)
        self._known[text] = code, now

    def take(self, text: str, client: str) -> Code | None:
        """The client's code by its text, or None when there is none that is still good.

        It is used up by that, whatever becomes of the exchange: ``uses`` tells a second try.
        """
        known = self._known.get(text)
        if known is None or known[0].client != client:
            return None
        code, made = known
        if not code.uses and self._monotonic() - made > LIFE_SECONDS:
            return None
        code.uses += 1
        return code
