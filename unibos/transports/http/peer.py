"""The local socket: a Unix socket whose other end is known by its peer credentials (unix(7))."""

import socket
import struct
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as Asgi

from unibos.base.local_socket import address_of
from unibos.transports.http.connection import Connection
from unibos.transports.http.door import LOCAL_UID

_CREDENTIALS = struct.Struct("3i")


def open_socket(path: Path) -> socket.socket:
    """Bind the socket; a stale one of an earlier life is replaced.

    Anybody on the machine may connect; who they are decides what they get.
    """
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with address_of(path) as address:
        listener.bind(address)
    path.chmod(0o666)
    return listener


class PeerConnection(Connection):
    """HTTP over the local socket; the client's address is its user id."""

    def connection_made(self, transport: Any) -> None:
        """Ask the kernel who connected, before a byte is read."""
        super().connection_made(transport)
        raw = transport.get_extra_info("socket").getsockopt(
            socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size
        )
        _pid, uid, _gid = _CREDENTIALS.unpack(raw)
        self.client = ("local", uid)


class LocalApp:
    """Passes the peer's user id on under a key that no request can set."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, asgi: Asgi, receive: Receive, send: Send) -> None:
        """Serve one request of the local socket."""
        client = asgi.get("client")
        if client is not None:
            asgi[LOCAL_UID] = client[1]
            asgi["client"] = ("local", 0)
        await self._app(asgi, receive, send)
