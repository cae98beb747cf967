"""`unibos worker`, also called as `unibos-worker`: the worker of this machine."""

from collections.abc import Mapping

import click

from unibos.clients.cli.command import Loader, SpokenGroup


def _start() -> click.Command:
    from unibos.clients.cli.worker.start import start

    return start


def _join() -> click.Command:
    from unibos.clients.cli.worker.join import join

    return join


def _leave() -> click.Command:
    from unibos.clients.cli.worker.join import leave

    return leave


def _status() -> click.Command:
    from unibos.clients.cli.worker.status import status

    return status


def _tasks() -> click.Command:
    from unibos.clients.cli.worker.status import tasks

    return tasks


def _queues() -> click.Command:
    from unibos.clients.cli.worker.status import queues

    return queues


def _stop() -> click.Command:
    from unibos.clients.cli.worker.stop import stop

    return stop


def _explain() -> click.Command:
    from unibos.clients.cli.worker.explain import explain

    return explain


COMMANDS: Mapping[str, Loader] = {
    "start": _start,
    "join": _join,
    "leave": _leave,
    "status": _status,
    "tasks": _tasks,
    "queues": _queues,
    "stop": _stop,
    "explain": _explain,
}

worker = SpokenGroup(
    "worker",
    help="Run a worker: it does the jobs of a node or a hub.",
    loaders=COMMANDS,
    examples=(
        "sudo unibos-worker join unibos-join-eyJ2IjoxLCJ1cmxz…",
        "unibos-worker start --queues ocr,media",
        "sudo unibos-worker status --json",
    ),
)
