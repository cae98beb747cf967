"""What the owner of a card may ask of the machine, and how it is read.

One vocabulary for two files on the boot partition: ``rpi-preseed.toml``, which Raspberry Pi Imager
writes (its ``init_format`` "rpi-preseed"), and the tables ``[machine.…]`` of ``unibos.toml``.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from unibos.base.errors import Misconfigured

HostName = Annotated[str, Meta(pattern="^([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)?$")]
_TABLE = re.compile(r"\s*\[\[?\s*[\"']?([\w-]+)")


class System(Struct, frozen=True):
    """``[system]``"""

    hostname: HostName = ""


class Wlan(Struct, frozen=True):
    """``[wlan]``: one network; without a password an open one."""

    ssid: Annotated[str, Meta(max_length=32)] = ""
    ssid_hex: Annotated[str, Meta(pattern="^([0-9A-Fa-f]{2}){0,32}$")] = ""
    password: Annotated[str, Meta(pattern="^([ -~]{8,63}|[0-9A-Fa-f]{64})?$")] = ""
    """The passphrase, or the key made of it (64 hexadecimal digits)."""
    password_encrypted: bool = False
    hidden: bool = False
    country: Annotated[str, Meta(pattern="^([A-Z]{2})?$")] = ""


class Ssh(Struct, frozen=True):
    """``[ssh]``"""

    enabled: bool = True
    password_authentication: bool = False
    authorized_keys: tuple[Annotated[str, Meta(pattern="^[a-z][^\\n]{20,16000}$")], ...] = ()


class User(Struct, frozen=True):
    """``[user]``: who logs in over SSH and at the console."""

    name: Annotated[str, Meta(pattern="^[a-z_][a-z0-9_-]{0,31}$")] = "admin"
    password: Annotated[str, Meta(max_length=500, pattern="^[^\\n]*$")] = ""
    password_encrypted: bool = False
    """The password is a hash as crypt(5) has it."""
    groups: tuple[str, ...] = ()
    passwordless_sudo: bool = False


class Locale(Struct, frozen=True):
    """``[locale]``"""

    timezone: Annotated[str, Meta(pattern="^([A-Za-z]+(/[A-Za-z0-9_+-]+){0,2})?$")] = ""


class Machine(Struct, frozen=True):
    """All that may be asked; what is absent stays as the image has it."""

    system: System = System()
    wlan: Wlan | None = None
    ssh: Ssh | None = None
    user: User | None = None
    locale: Locale = Locale()


class Wanted(Struct, frozen=True):
    """What one file asks."""

    machine: Machine
    service: str
    """The rest of the file: the settings of UNIBOS; empty when there are none."""
    unused: tuple[str, ...]
    """Keys that this version does not know."""


def from_imager(text: str) -> Wanted:
    """Read ``rpi-preseed.toml``.

    :raises Misconfigured: ``config_syntax``, ``bad_setting``.
    """
    return _wanted(_parsed(text), "")


def from_unibos(text: str) -> Wanted:
    """Read ``unibos.toml``: its ``[machine.…]`` tables, and apart from them the rest.

    :raises Misconfigured: ``config_syntax``, ``bad_setting``.
    """
    tree = _parsed(text)
    asked = tree.pop("machine", {})
    kept, mine = [], False
    for line in text.splitlines(keepends=True):
        table = _TABLE.match(line)
        if table:
            mine = table[1] == "machine"
        if not mine:
            kept.append(line)
    rest = "".join(kept)
    # Lines are cut, not TOML: what is left must mean what it meant.
    if not isinstance(asked, dict) or _parsed(rest) != tree:
        raise Misconfigured(
            "config_syntax",
            "[machine] is not written as tables of its own.",
            hint="Write [machine.wlan] and below it one setting a line.",
        )
    return _wanted(asked, rest if tree else "")


def _parsed(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        # The parser's words name line and column, never a value.
        raise Misconfigured(
            "config_syntax", f"This is no TOML: {error}.", hint="See https://toml.io."
        ) from None


def _wanted(asked: Mapping[str, object], service: str) -> Wanted:
    try:
        machine = msgspec.convert(asked, Machine)
    except msgspec.ValidationError as error:
        # What it says names the rule and the place (`$.wlan.password`), never the value.
        raise Misconfigured(
            "bad_setting", f"{error}.", hint="docs/firmware.md lists what may be set."
        ) from None
    return Wanted(machine, service, tuple(_unknown(asked, msgspec.to_builtins(FULL), "")))


def _unknown(asked: Mapping[str, Any], known: Mapping[str, Any], prefix: str) -> Iterator[str]:
    for name, value in asked.items():
        if name not in known:
            yield prefix + name
        elif isinstance(value, dict):
            yield from _unknown(value, known[name], f"{prefix}{name}.")


FULL = Machine(wlan=Wlan(), ssh=Ssh(), user=User())
"""Every table there is."""
