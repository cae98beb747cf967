"""What the options before and behind every command ask for: which instance, which form."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from unibos.base.config import Config, load
from unibos.base.errors import Forbidden, Invalid
from unibos.clients.cli.words import language, say
from unibos.clients.login import Logins
from unibos.clients.problems import unreachable

if TYPE_CHECKING:
    from unibos.clients.api import Api

_NODE_SOCKET = "unibos.sock"
_HUB_SOCKET = "hub.sock"


@dataclass
class Asked:
    """The global options of one call.

    :param org: id or slug of the org to act in, on a hub's local socket.
    :param hub: the command is for a hub.
    """

    json: bool = False
    data: str | None = None
    config: str | None = None
    url: str | None = None
    lang: str | None = None
    org: str | None = None
    hub: bool = False

    def settings(self, **flags: object) -> Config:
        """The settings as this call sees them; ``flags`` by key."""
        file = Path(self.config) if self.config else None
        return load({"data": self.data, **flags}, os.environ, file)

    def logins(self) -> Logins:
        """The logins that this user keeps."""
        return Logins.of_user(os.environ)

    def remote(self) -> str | None:
        """The address that was asked for with ``--url`` or ``UNIBOS_URL``.

        :raises Invalid: ``bad_url``.
        """
        url = self.url or os.environ.get("UNIBOS_URL")
        if url and not url.startswith(("http://", "https://")):
            raise Invalid(
                "bad_url", say("{url} is no address such as http://unibos.local:8001.", url=url)
            )
        return url

    def api(self, certificate: str = "") -> "Api":
        """The API of the asked instance: ``--url``, else the local socket, else the last login.

        :param certificate: PEM of the only one to trust at ``--url``, before there is a login.
        :raises Unavailable: ``unreachable``.
        :raises Forbidden: ``socket_forbidden``.
        """
        api = self._api(certificate)
        click.get_current_context().call_on_close(api.close)
        return api

    def _api(self, certificate: str) -> "Api":
        # Importing HTTP takes longer than many a command that needs none.
        from unibos.clients.api import Api

        logins = self.logins()
        token = os.environ.get("UNIBOS_TOKEN", "")
        url = self.remote()
        if url:
            self._refuse_org()
            login = None if token else logins.find(url)
            return Api(
                url,
                login=login,
                logins=logins,
                token=token,
                language=language(),
                certificate=certificate,
            )
        socket = self._socket()
        owner = _owner(socket)
        if owner is not None and os.geteuid() in (0, owner):
            return Api(socket, language=language(), org=self.org or "")
        newest = logins.find()
        if newest:
            self._refuse_org()
            return Api(newest.url, login=newest, logins=logins, language=language())
        if owner is None:
            raise unreachable(str(socket), say("there is no such socket"))
        raise Forbidden(
            "socket_forbidden",
            say("{socket} is for the service and for root only.", socket=socket),
            hint=say("Use sudo, or log in over the network: unibos login --url http://…:8001"),
        )

    def _socket(self) -> Path:
        """The local socket to ask: the node's, or the hub's where that is meant or alone."""
        data = self.settings().data
        node, hub = data / _NODE_SOCKET, data / _HUB_SOCKET
        if self.hub or (_owner(node) is None and _owner(hub) is not None):
            return hub
        return node

    def hub_here(self) -> bool:
        """Whether a hub runs on this machine, to which setting up is up."""
        return self.remote() is None and _owner(self.settings().data / _HUB_SOCKET) is not None

    def _refuse_org(self) -> None:
        if self.org:
            raise Invalid(
                "org_of_login",
                say("Over the network, the login says the org."),
                hint=say("Log in to that org: unibos login --org ORG"),
            )


def _owner(socket: Path) -> int | None:
    """The user id of a socket; -1 if this user may not even look; ``None``: it is not there."""
    try:
        return socket.stat().st_uid
    except FileNotFoundError:
        return None
    except OSError:
        return -1
