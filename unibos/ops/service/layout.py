"""Which units run which roles.

Node and hub share one key and one data folder, so both at once are one process: the node's unit. A
hub alone has a unit of its own. A worker is part of that process on a small board, and wherever
node and hub are both there, for it does the jobs of one of them only; else it has a unit, and with
that limits, of its own.
"""

import re
from dataclasses import dataclass

from unibos.ops.service.units import HUB, NODE, WORKER

Roles = frozenset[str]

_HEAD = "# Written by `unibos enable` and `unibos disable`.\n[Service]\n"
_ROLE = re.compile(r"--role (\w+)")
_SOCKETS = {NODE: "unibos.sock", HUB: "hub.sock"}


@dataclass(frozen=True, slots=True)
class Layout:
    """Roles, by what runs them.

    :param main: of the process that is a node, a hub or both.
    :param own: whether a worker has a unit of its own.
    """

    main: Roles = frozenset()
    own: bool = False

    @property
    def roles(self) -> Roles:
        """All of them."""
        return self.main | ({"worker"} if self.own else frozenset())

    @property
    def main_unit(self) -> str:
        """Of node and hub; empty: there is none."""
        if not self.main:
            return ""
        return HUB if self.main - {"worker"} == {"hub"} else NODE

    @property
    def units(self) -> tuple[str, ...]:
        """All of them, in the order of starting."""
        return tuple(unit for unit in (self.main_unit, WORKER if self.own else "") if unit)

    def roles_text(self, unit: str) -> str:
        """The drop-in that names the roles of a unit; empty where the unit says them itself."""
        said = {"hub"} if unit == HUB else {"node"}
        if unit != self.main_unit or self.main == said:
            return ""
        named = " ".join(f"--role {role}" for role in sorted(self.main))
        return f"{_HEAD}ExecStart=\nExecStart=/usr/bin/unibos serve {named}\n"

    def worker_text(self, unit: str) -> str:
        """The drop-in by which a worker does the heavy jobs of the node or hub beside it."""
        if not (self.own and self.main):
            return ""
        if unit == WORKER:
            socket = f"/var/lib/unibos/{_SOCKETS[self.main_unit]}"
            return f"{_HEAD}Environment=UNIBOS_WORKER_SOURCE={socket}\n"
        return f"{_HEAD}Environment=UNIBOS_JOBS_HEAVY=0\n" if unit == self.main_unit else ""


def laid_out(roles: Roles, *, colocated: bool) -> Layout:
    """Which units run these roles.

    :param colocated: whether a worker is to be part of the process of a node or a hub.
    """
    main = roles - {"worker"}
    if "worker" not in roles:
        return Layout(main)
    if main and (colocated or len(main) > 1):
        return Layout(roles)
    return Layout(main, own=True)


def roles_in(text: str) -> Roles:
    """The roles that a drop-in names."""
    return frozenset(_ROLE.findall(text))
