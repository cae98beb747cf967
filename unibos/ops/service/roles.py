"""Which roles this machine's service has, and how that changes; see :mod:`.layout`."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from unibos.base.errors import Conflict, NotFound, Unavailable
from unibos.ops.service.layout import Layout, Roles, laid_out, roles_in
from unibos.ops.service.limits import FILE as LIMITS
from unibos.ops.service.units import HUB, NODE, WORKER, Systemctl, must

ROLES = "50-roles.conf"
BESIDE = "55-worker.conf"
_UNITS = Path("etc/systemd/system")
_ALL = (NODE, HUB, WORKER)


@dataclass(frozen=True, slots=True)
class Settings:
    """What the file of settings and the machine say of roles.

    :param named: whether the file names roles at all.
    :param colocated: whether a worker is to be part of the process of a node or a hub.
    :param joined: whether this machine's worker has joined another instance.
    """

    roles: Roles
    named: bool
    colocated: bool = False
    joined: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """Which roles the service has now, and whether that is news.

    :param units: those that run them; none: nothing does.
    """

    roles: Roles
    units: tuple[str, ...]
    changed: bool


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
        return self._present().roles

    def enable(self, wanted: Collection[str]) -> Outcome:
        """Add roles, now and at each start; when it does not start, all is as before.

        :raises NotFound: ``no_service``.
        :raises Conflict: ``roles_in_settings``.
        :raises Unavailable: ``service_failed``.
        """
        before = self._present()
        return self._change(before, self._laid_out(before.roles | frozenset(wanted)))

    def disable(self, unwanted: Collection[str]) -> Outcome:
        """Take roles away, now and for each start; data stay. Raises what :meth:`enable` does."""
        before = self._present()
        return self._change(before, self._laid_out(before.roles - frozenset(unwanted)))

    def _present(self) -> Layout:
        for unit in _ALL:
            if self._says("show", unit, "--property=LoadState", "--value") != "loaded":
                raise NotFound(
                    "no_service",
                    f"The service {unit} is not installed here.",
                    hint="Install the Debian package, or start it by hand: unibos serve",
                    unit=unit,
                )
        own = self._enabled(WORKER)
        if self._enabled(HUB):
            return Layout(self._named(HUB) or frozenset({"hub"}), own)
        if not self._enabled(NODE):
            return Layout(own=own)
        return Layout(self._named(NODE) or self._settings.roles, own)

    def _laid_out(self, roles: Roles) -> Layout:
        settings = self._settings
        in_file = settings.named and "worker" in settings.roles
        return laid_out(roles, colocated=settings.colocated or in_file)

    def _change(self, before: Layout, after: Layout) -> Outcome:
        named = self._settings.roles if self._settings.named else after.main
        if after.main and after.main != named:
            said = ", ".join(sorted(named))
            raise Conflict(
                "roles_in_settings",
                f"The file of settings names the roles itself: {said}.",
                hint="Remove `role` (or `deployment_type`) from it, then call this again.",
                roles=said,
            )
        wrote = self._write(after)
        if before == after and not wrote and self._runs(after):
            return Outcome(after.roles, after.units, changed=False)
        try:
            self._switch(after)
        except Unavailable:
            if before != after:
                self._write(before)
                self._switch(before)
            raise
        return Outcome(after.roles, after.units, changed=True)

    def _runs(self, layout: Layout) -> bool:
        return all(self._says("is-active", unit) == "active" for unit in layout.units)

    def _switch(self, layout: Layout) -> None:
        """Have systemd follow what was written."""
        must(self._systemctl, "daemon-reload")
        others = [one for one in _ALL if one not in layout.units]
        if others:
            must(self._systemctl, "disable", "--quiet", "--now", *others)
        for unit in layout.units:
            must(self._systemctl, "enable", "--quiet", unit)
            must(self._systemctl, "restart", unit)

    def _write(self, layout: Layout) -> bool:
        """Write the drop-ins for these roles; whether one changed."""
        changed = False
        for unit in _ALL:
            folder = self._units / f"{unit}.d"
            limits = self._limits if unit in layout.units else ""
            roles = "" if self._settings.named else layout.roles_text(unit)
            beside = "" if self._settings.joined else layout.worker_text(unit)
            for name, text in ((LIMITS, limits), (ROLES, roles), (BESIDE, beside)):
                changed |= _keep(folder / name, text)
        return changed

    def _named(self, unit: str) -> Roles:
        """The roles that the drop-in of a unit names; none where there is none."""
        file = self._units / f"{unit}.d" / ROLES
        return roles_in(file.read_text()) if file.exists() else frozenset()

    def _enabled(self, unit: str) -> bool:
        return self._says("is-enabled", unit) == "enabled"

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
