"""`unibos hub`, also called as `unibos-hub`: the hub of this machine, or the one of --url."""

from collections.abc import Mapping
from typing import Any

import click

from unibos.clients.cli.asked import Asked
from unibos.clients.cli.command import Loader, SpokenGroup


class HubGroup(SpokenGroup):
    """A group whose commands ask the hub, where a node runs beside it."""

    def invoke(self, ctx: click.Context) -> Any:
        """Carry out a command."""
        ctx.find_root().ensure_object(Asked).hub = True
        return super().invoke(ctx)


def _status() -> click.Command:
    from unibos.clients.cli.hub.status import status

    return status


def _orgs() -> click.Command:
    from unibos.clients.cli.hub.orgs import orgs

    return orgs


def _users() -> click.Command:
    from unibos.clients.cli.hub.users import users

    return users


def _invitations() -> click.Command:
    from unibos.clients.cli.hub.invitations import invitations

    return invitations


def _nodes() -> click.Command:
    from unibos.clients.cli.hub.nodes import nodes

    return nodes


def _workers() -> click.Command:
    from unibos.clients.cli.hub.workers import workers

    return workers


def _tokens() -> click.Command:
    from unibos.clients.cli.hub.tokens import tokens

    return tokens


def _keys() -> click.Command:
    from unibos.clients.cli.hub.keys import keys

    return keys


def _clients() -> click.Command:
    from unibos.clients.cli.hub.clients import clients

    return clients


COMMANDS: Mapping[str, Loader] = {
    "status": _status,
    "nodes": _nodes,
    "workers": _workers,
    "tokens": _tokens,
    "orgs": _orgs,
    "users": _users,
    "invitations": _invitations,
    "keys": _keys,
    "clients": _clients,
}

hub = HubGroup(
    "hub",
    help="Manage a hub: its orgs, users and nodes.",
    loaders=COMMANDS,
    examples=("sudo unibos hub status", "sudo unibos hub status --org smith"),
)
for _option in hub.params:
    # Understood by every command; here it is told, because most of these are about one org.
    if isinstance(_option, click.Option) and "--org" in _option.opts:
        _option.hidden = False
