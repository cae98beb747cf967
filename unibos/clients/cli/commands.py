"""All commands, each imported when it is called: `unibos status` never loads what `serve` needs.

Plain functions with plain imports, so that a frozen program knows what to pack.
"""

from collections.abc import Mapping

import click

from unibos.clients.cli.command import Loader


def _serve() -> click.Command:
    from unibos.clients.cli.serve import serve

    return serve


def _setup() -> click.Command:
    from unibos.clients.cli.setup import setup

    return setup


def _status() -> click.Command:
    from unibos.clients.cli.status import status

    return status


def _doctor() -> click.Command:
    from unibos.clients.cli.doctor import doctor

    return doctor


def _add() -> click.Command:
    from unibos.clients.cli.add import add

    return add


def _search() -> click.Command:
    from unibos.clients.cli.search import search

    return search


def _document() -> click.Command:
    from unibos.clients.cli.document import document

    return document


def _media() -> click.Command:
    from unibos.clients.cli.media import media

    return media


def _record() -> click.Command:
    from unibos.clients.cli.record import record

    return record


def _collection() -> click.Command:
    from unibos.clients.cli.collection import collection

    return collection


def _conflicts() -> click.Command:
    from unibos.clients.cli.conflicts import conflicts

    return conflicts


def _export() -> click.Command:
    from unibos.clients.cli.export import export

    return export


def _job() -> click.Command:
    from unibos.clients.cli.job import job

    return job


def _notification() -> click.Command:
    from unibos.clients.cli.notification import notification

    return notification


def _user() -> click.Command:
    from unibos.clients.cli.user import user

    return user


def _hub() -> click.Command:
    from unibos.clients.cli.hub import hub

    return hub


def _worker() -> click.Command:
    from unibos.clients.cli.worker import worker

    return worker


def _workers() -> click.Command:
    from unibos.clients.cli.hub.workers import workers

    return workers


def _tokens() -> click.Command:
    from unibos.clients.cli.hub.tokens import node_tokens

    return node_tokens


def _sync() -> click.Command:
    from unibos.clients.cli.sync import sync

    return sync


def _login() -> click.Command:
    from unibos.clients.cli.login import login

    return login


def _logout() -> click.Command:
    from unibos.clients.cli.login import logout

    return logout


def _join() -> click.Command:
    from unibos.clients.cli.join import join

    return join


def _leave() -> click.Command:
    from unibos.clients.cli.leave import leave

    return leave


def _backup() -> click.Command:
    from unibos.clients.cli.backup import backup

    return backup


def _update() -> click.Command:
    from unibos.clients.cli.update import update

    return update


def _config() -> click.Command:
    from unibos.clients.cli.config import config

    return config


def _logs() -> click.Command:
    from unibos.clients.cli.logs import logs

    return logs


def _completion() -> click.Command:
    from unibos.clients.cli.completion import completion

    return completion


def _first_boot() -> click.Command:
    from unibos.clients.cli.first_boot import first_boot

    return first_boot


def _enable() -> click.Command:
    from unibos.clients.cli.enable import enable

    return enable


def _disable() -> click.Command:
    from unibos.clients.cli.enable import disable

    return disable


def _dev() -> click.Command:
    from unibos.clients.cli.dev import dev

    return dev


COMMANDS: Mapping[str, Loader] = {
    "serve": _serve,
    "setup": _setup,
    "status": _status,
    "doctor": _doctor,
    "add": _add,
    "search": _search,
    "document": _document,
    "media": _media,
    "record": _record,
    "collection": _collection,
    "conflicts": _conflicts,
    "export": _export,
    "job": _job,
    "notification": _notification,
    "user": _user,
    "hub": _hub,
    "worker": _worker,
    "workers": _workers,
    "tokens": _tokens,
    "login": _login,
    "logout": _logout,
    "join": _join,
    "leave": _leave,
    "sync": _sync,
    "backup": _backup,
    "update": _update,
    "enable": _enable,
    "disable": _disable,
    "config": _config,
    "logs": _logs,
    "completion": _completion,
    "first-boot": _first_boot,
    "dev": _dev,
}
