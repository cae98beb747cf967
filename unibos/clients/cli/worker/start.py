"""`unibos-worker start`: be a worker until stopped."""

from typing import Any

import click

from unibos.base.config import settings
from unibos.clients.cli.asked import Asked
from unibos.clients.cli.command import command
from unibos.clients.cli.serve import option

_KEYS = {
    "worker.queues": "",
    "worker.type": "",
    "worker.source": "--source",
    "worker.name": "--name",
    "worker.gpu": "--gpu",
    "worker.drain_seconds": "--drain",
    "jobs.heavy": "--heavy",
    "log.level": "",
    "log.format": "",
}
"""The settings that can be set here, with the flag where it is not the setting's own."""


@command(
    "start",
    "unibos-worker start --queues ocr,media",
    "unibos-worker start --type ocr --data ./worker",
    "unibos-worker start --source /var/lib/unibos/unibos.sock",
)
@click.pass_obj
def start(asked: Asked, /, **options: Any) -> None:
    """Do the jobs of the instance that was joined, or of the one on this machine, until stopped."""
    flags = {key: options[key.replace(".", "__")] for key in _KEYS}
    config = asked.settings(role="worker", **flags)
    from unibos.roles.serve import serve

    serve(config)


start.params += [option(one, _KEYS[one.key]) for one in settings() if one.key in _KEYS]
