"""Passwords: which are accepted, and what is kept instead of them (argon2id, RFC 9106).

One hash takes as much memory as all else that an idle node needs, so no more than a fixed number
is made at the same time, on threads of their own.
"""

import asyncio
import base64
import functools
import secrets
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from unibos.base.errors import Invalid, Unavailable

if TYPE_CHECKING:
    from argon2 import PasswordHasher

T = TypeVar("T")

MIN_CHARACTERS = 10
MAX_BYTES = 256
WAITING = 100


@dataclass(frozen=True, slots=True)
class Effort:
    """What one hash costs: memory in KiB, passes over it, lanes."""

    memory_kib: int
    passes: int
    lanes: int = 1

    @property
    def work(self) -> int:
        """KiB written in all; what a guess costs an attacker grows with it."""
        return self.memory_kib * self.passes


EFFORTS = {
    "edge": Effort(19 * 1024, 2),
    "standard": Effort(19 * 1024, 2),
    "desktop": Effort(19 * 1024, 3),
}
"""By profile; none is below what OWASP's password storage cheat sheet asks for."""

_RUNS = ("abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiopasdfghjklzxcvbnm", "qwertzuiop")
_COMMON = frozenset(
    """
    password12 password123 password1234 password12345 passw0rd123 p@ssw0rd123 passwordpassword
    letmein123 welcome123 welcome1234 administrator admin12345 admin123456 adminadmin
    raspberrypi raspberry1 raspberry123 changeme123 iloveyou123 iloveyou12 football123
    baseball123 princess123 superman123 starwars123 trustno1trustno1 qwerty12345 qwerty123456
    1q2w3e4r5t 1q2w3e4r5t6y 1qaz2wsx3edc q1w2e3r4t5 zaq12wsxcde3 1234554321 1122334455
    123456789a a123456789 123456789q abc1234567 abcd123456 abcdef123456 secret1234
    passwort123 passwort1234 hallo12345 schatz12345 galatasaray galatasaray1905
    fenerbahce fenerbahce1907 besiktas1903 trabzonspor istanbul34 istanbul1453 sifre12345
    unibosunibos unibos1234 unibos12345
    """.split()
)


def check(password: str, email: str) -> None:
    """Refuse what is guessed first (NIST SP 800-63B, section 5.1.1.2); all else is allowed.

    :raises Invalid: ``password_too_short``, ``password_too_long``, ``password_too_common``.
    """
    if len(unicodedata.normalize("NFC", password)) < MIN_CHARACTERS:
        raise Invalid(
            "password_too_short",
            f"A password has at least {MIN_CHARACTERS} characters.",
            hint="Four unrelated words are easy to remember and hard to guess.",
            field="password",
        )
    if len(_bytes(password)) > MAX_BYTES:
        raise Invalid(
            "password_too_long", f"A password has at most {MAX_BYTES} bytes.", field="password"
        )
    if _is_guessed_first(password.casefold(), email.casefold()):
        raise Invalid(
            "password_too_common",
            "This password is among the first that anybody would try.",
            hint="Four unrelated words are easy to remember and hard to guess.",
            field="password",
        )


def _is_guessed_first(password: str, email: str) -> bool:
    forwards, backwards = password, password[::-1]
    in_a_run = any(forwards in run * 2 or backwards in run * 2 for run in _RUNS)
    from_email = password in (email, email.partition("@")[0] * 2, email.partition("@")[0])
    return in_a_run or from_email or password in _COMMON or len(set(password)) < 4


def _bytes(password: str) -> bytes:
    """The same bytes however a keyboard composes its letters (RFC 8265, section 4.2)."""
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")


class Passwords:
    """Makes and checks verifiers.

    :param at_once: hashes at the same time, each on its own thread.
    """

    def __init__(self, effort: Effort, at_once: int) -> None:
        self._effort = effort
        self._pool = ThreadPoolExecutor(at_once, "password")
        self._waiting = 0

    def close(self) -> None:
        """Let the running hashes end, and drop those that wait."""
        self._pool.shutdown(cancel_futures=True)

    async def run(self, work: Callable[[], T]) -> T:
        """Do ``work``, which hashes, on a thread, when its turn comes.

        :raises Unavailable: ``login_overloaded`` when 100 wait already.
        """
        if self._waiting >= WAITING:
            raise Unavailable(
                "login_overloaded",
                "Too many passwords are waiting to be checked.",
                hint="Try again in a few seconds.",
                retry_after=5,
            )
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._waiting -= 1

    async def hash(self, password: str) -> str:
        """The verifier of a password, in PHC string format.

        :raises Unavailable: ``login_overloaded``.
        """
        return await self.run(lambda: self._hasher.hash(_bytes(password)))

    def matches(self, verifier: str | None, password: str) -> bool:
        """Tell whether ``verifier`` was made from this password; for use within :meth:`run`.

        Without a verifier, as for an unknown account, it takes as long and says no.
        """
        # The name that Debian 13's version has, too.
        from argon2.exceptions import InvalidHash, VerificationError

        typed = _bytes(password)
        if len(typed) > MAX_BYTES:
            verifier, typed = None, b""
        try:
            return self._hasher.verify(verifier or self._nobodys, typed)
        except (VerificationError, InvalidHash):
            return False

    def outgrown(self, verifier: str) -> bool:
        """Tell whether new verifiers cost an attacker more than this one."""
        from argon2 import extract_parameters

        made_with = extract_parameters(verifier)
        return made_with.memory_cost * made_with.time_cost < self._effort.work

    @functools.cached_property
    def _hasher(self) -> "PasswordHasher":
        from argon2 import PasswordHasher

        return PasswordHasher(
            self._effort.passes, self._effort.memory_kib, self._effort.lanes, hash_len=32
        )

    @functools.cached_property
    def _nobodys(self) -> str:
        """A verifier that no password fits, made without spending a hash on it."""
        salt, digest = (
            base64.b64encode(secrets.token_bytes(size)).decode().rstrip("=") for size in (16, 32)
        )
        effort = self._effort
        return (
            f"$argon2id$v=19$m={effort.memory_kib},t={effort.passes},p={effort.lanes}"
            f"${salt}${digest}"
        )
