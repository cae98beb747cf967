"""`unibos serve`: run the instance. Its options come from the table of settings."""

from typing import Any

import click

from unibos.base.config import Setting, choices, settings
from unibos.clients.cli.asked import Asked
from unibos.clients.cli.command import command

_GLOBAL = ("data",)


_OF_THE_ONLY_ROLE = ("host", "port", "tls")
"""What ``--host``, ``--port`` and ``--tls`` set: the node's, or the hub's where no node is."""


def option(setting: Setting, flag: str = "") -> click.Option:
    """The option that sets a setting.

    :param flag: instead of the setting's own.
    """
    truth = isinstance(setting.default, bool)
    flag = flag or setting.about.flag
    words = choices(setting)
    return click.Option(
        (f"{flag}/--no-{flag[2:]}" if truth else flag, _name(setting.key)),
        help=setting.about.help,
        default=None,
        multiple=setting.key == "role",
        type=click.Choice(words) if words else None,
        metavar=None if truth or words else flag[2:].upper(),
    )


def _name(key: str) -> str:
    return key.replace(".", "__")


@command(
    "serve",
    "unibos serve --data ./data --port 8001",
    "unibos serve --profile edge --tls",
    "unibos serve --role hub --role node",
    "unibos serve --role worker --queues ocr,media",
)
@click.pass_obj
def serve(asked: Asked, /, **options: Any) -> None:
    """Run this instance until it is stopped."""
    from unibos.ops.update.trial import settings_now

    flags = {key: options[_name(key)] for key in _KEYS}
    # Each --role may name several, as the environment does.
    flags["role"] = ",".join(flags["role"]) or None
    flags |= settings_now()
    config = asked.settings(**flags)
    if "hub" in config.role and "node" not in config.role:
        config = asked.settings(**_hubs(flags))
    from unibos.roles.serve import serve as run

    run(config)


def _hubs(flags: dict[str, Any]) -> dict[str, Any]:
    """The flags of a process that is a hub and no node."""
    moved = dict(flags)
    for name in _OF_THE_ONLY_ROLE:
        given = moved.pop(f"node.{name}")
        if moved[f"hub.{name}"] is None:
            moved[f"hub.{name}"] = given
    return moved


_FLAGGED = [one for one in settings() if one.about.flag and one.key not in _GLOBAL]
_KEYS = [one.key for one in _FLAGGED]
serve.params += [option(one) for one in _FLAGGED]
