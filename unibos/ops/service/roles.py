"""Which roles this machine's service has, and how that changes.

Node and hub share one key and one data folder, so both at once are one process: the node's unit,
with a drop-in that names the two roles. A hub alone has a unit of its own.
"""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from unibos.base.errors import Conflict, NotFound, Unavailable
from unibos.ops.service.limits import FILE as LIMITS
from unibos.ops.service.units import HUB, NODE, Systemctl, must

ROLES = "50-roles.conf"
_UNITS = Path("etc/systemd/system")
_BOTH = """\
# Written by `unibos enable`; `unibos disable hub` removes it.
[Service]
ExecStart=
ExecStart=/usr/bin/unibos serve --role hub --role node
"""

Roles = frozenset[str]


@dataclass(frozen=True, slots=True)
class Settings:
    """What the file of settings says of roles.

    :param named: whether it names them at all.
    """

    roles: Roles
    named: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """Which roles the service has now, and whether that is news."""

    roles: Roles
    changed: bool

    @property
    def unit(self) -> str:
        """The unit that runs them; empty: none."""
        return unit_of(self.roles)


def unit_of(roles: Roles) -> str:
    """The one unit for these roles; empty for none."""
    if not roles:
        return ""
    return HUB if roles == {"hub"} else NODE


class Service:
    """The service below ``root``.

    :param limits: the text of the drop-in that bounds it on this machine.
    """

    def __init__(self, root: Path, systemctl: Systemctl, settings: Settings, limits: str) -> None:
        self._units = root / _UNITS
        self._systemctl = systemctl
        self._settings = settings
        self._limits = limits

    def roles(self) -> Roles:
        """Those that are started with the machine.

        :raises NotFound: ``no_service``.
        """
        for unit in (NODE, HUB):
            if self._says("show", unit, "--property=LoadState", "--value") != "loaded":
                raise NotFound(
                    "no_service",
                    f"The service {unit} is not installed here.",
                    hint="Install the Debian package, or start it by hand: unibos serve",
                    unit=unit,
                )
        if self._says("is-enabled", HUB) == "enabled":
            return frozenset({"hub"})
        if self._says("is-enabled", NODE) != "enabled":
            return frozenset()
        if (self._folder(NODE) / ROLES).exists():
            return frozenset({"hub", "node"})
        return self._settings.roles

    def enable(self, wanted: Collection[str]) -> Outcome:
        """Add roles, now and at each start; when it does not start, all is as before.

        :raises NotFound: ``no_service``.
        :raises Conflict: ``roles_in_settings``.
        :raises Unavailable: ``service_failed``.
        """
        before = self.roles()
        return self._change(before, before | frozenset(wanted))

    def disable(self, unwanted: Collection[str]) -> Outcome:
        """Take roles away, now and for each start; data stay. Raises what :meth:`enable` does."""
        before = self.roles()
        return self._change(before, before - frozenset(unwanted))

    def _change(self, before: Roles, after: Roles) -> Outcome:
        if after and self._settings.named and after != self._settings.roles:
            said = ", ".join(sorted(self._settings.roles))
            raise Conflict(
                "roles_in_settings",
                f"The file of settings names the roles itself: {said}.",
                hint="Remove `role` (or `deployment_type`) from it, then call this again.",
                roles=said,
            )
        wrote = self._write(after)
        if before == after and not wrote and self._runs(after):
            return Outcome(after, changed=False)
        try:
            self._switch(after)
        except Unavailable:
            if before != after:
                self._write(before)
                self._switch(before)
            raise
        return Outcome(after, changed=True)

    def _runs(self, roles: Roles) -> bool:
        return not roles or self._says("is-active", unit_of(roles)) == "active"

    def _switch(self, roles: Roles) -> None:
        """Have systemd follow what was written."""
        unit = unit_of(roles)
        must(self._systemctl, "daemon-reload")
        others = [one for one in (NODE, HUB) if one != unit]
        must(self._systemctl, "disable", "--quiet", "--now", *others)
        if unit:
            must(self._systemctl, "enable", "--quiet", unit)
            must(self._systemctl, "restart", unit)

    def _write(self, roles: Roles) -> bool:
        """Write the drop-ins for these roles; whether one changed."""
        both = roles == {"hub", "node"} and not self._settings.named
        changed = _keep(self._folder(NODE) / ROLES, _BOTH if both else "")
        for unit in (NODE, HUB):
            limits = self._limits if unit == unit_of(roles) else ""
            changed |= _keep(self._folder(unit) / LIMITS, limits)
        return changed

    def _folder(self, unit: str) -> Path:
        return self._units / f"{unit}.d"

    def _says(self, *words: str) -> str:
        return self._systemctl(words)[1]


def _keep(file: Path, text: str) -> bool:
    """Give a file this text, or remove it where there is none; whether that changed anything."""
    if not text:
        there = file.exists()
        file.unlink(missing_ok=True)
        return there
    if file.exists() and file.read_text() == text:
        return False
    file.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    partial = file.with_name(f".{file.name}.partial")
    partial.write_text(text)
    partial.chmod(0o644)
    partial.replace(file)
    return True
