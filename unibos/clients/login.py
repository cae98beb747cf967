"""Logins that the command line keeps: ``~/.config/unibos/logins.json``, readable by its user only.

A refresh token is good for once, and its second use ends the session, so whoever refreshes holds a
lock, and looks first whether another process has already done so.
"""

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec
from msgspec import Struct

from unibos.base.errors import Misconfigured


class Login(Struct, frozen=True, kw_only=True):
    """One account on one instance."""

    url: str
    email: str
    access_token: str
    refresh_token: str
    expires_ms: int
    """When the access token ends, in milliseconds since 1970 by this machine's clock."""
    certificate: str = ""
    """The instance's own certificate (PEM) that was confirmed at login; empty: a public one."""


class _Kept(Struct, kw_only=True):
    default: str = ""
    logins: dict[str, Login] = {}


class Logins:
    """The file of logins.

    :param folder: where it lies; made with mode 0700 when something is kept.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "logins.json"

    @classmethod
    def of_user(cls, environ: Mapping[str, str]) -> "Logins":
        """The file of the user who runs this (XDG Base Directory Specification)."""
        base = environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
        return cls(Path(base) / "unibos")

    def find(self, url: str | None = None) -> Login | None:
        """The login at ``url``, or the newest one.

        :raises Misconfigured: ``logins_damaged``.
        """
        kept = self._read()
        return kept.logins.get(_plain(url) if url else kept.default)

    def keep(self, login: Login) -> None:
        """Store a login in place of an earlier one at the same address and make it the default."""
        kept = self._read()
        kept.logins[_plain(login.url)] = login
        kept.default = _plain(login.url)
        self._write(kept)

    def forget(self, url: str) -> None:
        """Remove the login at ``url``, if there is one."""
        kept = self._read()
        if kept.logins.pop(_plain(url), None) is None:
            return
        if kept.default == _plain(url):
            kept.default = next(iter(kept.logins), "")
        self._write(kept)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the file against other processes."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self.path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _read(self) -> _Kept:
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=_Kept)
        except FileNotFoundError:
            return _Kept()
        except msgspec.MsgspecError:
            raise Misconfigured(
                "logins_damaged",
                f"{self.path} is damaged.",
                hint="Remove it and log in again: unibos login",
            ) from None

    def _write(self, kept: _Kept) -> None:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = self.path.with_suffix(f".{os.getpid()}")
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(kept))
            file.flush()
            os.fsync(descriptor)
        new.replace(self.path)


def _plain(url: str) -> str:
    return url.rstrip("/")
