"""`unibos serve`: run the instance. Its options come from the table of settings."""

from typing import Any

import click

from unibos.base.config import Setting, choices, settings
from unibos.clients.cli.asked import Asked
from unibos.clients.cli.command import command

_GLOBAL = ("data",)


def _option(setting: Setting) -> click.Option:
    truth = isinstance(setting.default, bool)
    flag = setting.about.flag
    words = choices(setting)
    return click.Option(
        (f"{flag}/--no-{flag[2:]}" if truth else flag, _name(setting.key)),
        help=setting.about.help,
        default=None,
        type=click.Choice(words) if words else None,
        metavar=None if truth or words else flag[2:].upper(),
    )


def _name(key: str) -> str:
    return key.replace(".", "__")


@command("serve", "unibos serve --data ./data --port 8001", "unibos serve --profile edge --tls")
@click.pass_obj
def serve(asked: Asked, /, **options: Any) -> None:
    """Run this instance until it is stopped."""
    flags = {key: options[_name(key)] for key in _KEYS}
    config = asked.settings(**flags)
    from unibos.roles.serve import serve as run

    run(config)


_FLAGGED = [one for one in settings() if one.about.flag and one.key not in _GLOBAL]
_KEYS = [one.key for one in _FLAGGED]
serve.params += [_option(one) for one in _FLAGGED]
