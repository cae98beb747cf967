"""The server: uvicorn on the network's socket and on the local one, stopped gracefully."""

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from unibos.base.errors import Misconfigured
from unibos.transports.http.connection import Connection
from unibos.transports.http.door import State
from unibos.transports.http.peer import LocalApp, PeerConnection, open_socket
from unibos.transports.http.proxies import ProxiedApp, Proxies, is_loopback

# Its starting and stopping are told by the roles.
logging.getLogger("uvicorn").setLevel(logging.WARNING)

_BACKLOG = 512
_KEEP_ALIVE_SECONDS = 65


@dataclass(frozen=True, slots=True)
class Listening:
    """Where to listen.

    :param local: the local socket's path; None for none.
    :param certificate: PEM files (chain, key) for HTTPS; None for HTTP.
    :param stop_seconds: what requests in flight get at a stop.
    :param proxies: addresses and networks whose ``X-Forwarded-For`` is believed.
    :param private: plain HTTP is for this machine and those proxies only.
    """

    host: str
    port: int
    local: Path | None = None
    certificate: tuple[Path, Path] | None = None
    stop_seconds: int = 10
    proxies: tuple[str, ...] = ()
    private: bool = False


class _Uvicorn(uvicorn.Server):
    """Leaves signals to whoever runs the roles."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.told_to_stop = asyncio.Event()

    async def main_loop(self) -> None:
        """Tick once a second, for the Date header, not ten times; end at once when told."""
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.told_to_stop.wait(), 1)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class HttpServer:
    """Serves one app on its sockets between :meth:`start` and :meth:`stop`."""

    def __init__(self, state: State, where: Listening) -> None:
        self._state = state
        self._where = where
        self._servers: list[tuple[_Uvicorn, asyncio.Task[None]]] = []
        self.port = where.port

    async def start(self, app: ASGIApp) -> None:
        """Listen; returns when connections are accepted.

        :raises Misconfigured: ``address_unusable``, ``certificate_unusable``,
            ``plain_http_refused``.
        """
        open_to_all = _behind(app, self._where)
        if self._where.certificate is not None:
            _check(*self._where.certificate)
        listener = _bind(self._where.host, self._where.port)
        self.port = listener.getsockname()[1]
        await self._serve(open_to_all, listener, Connection, self._where.certificate)
        if self._where.local is not None:
            peers = open_socket(self._where.local)
            await self._serve(LocalApp(app), peers, PeerConnection, None)

    async def _serve(
        self,
        app: ASGIApp,
        listener: socket.socket,
        protocol: type[Connection],
        certificate: tuple[Path, Path] | None,
    ) -> None:
        config = uvicorn.Config(
            app,
            http=protocol,
            ws="none",
            lifespan="off",
            loop="none",
            interface="asgi3",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            backlog=_BACKLOG,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=self._where.stop_seconds,
            ssl_certfile=certificate[0] if certificate else None,
            ssl_keyfile=certificate[1] if certificate else None,
        )
        server = _Uvicorn(config)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        self._servers.append((server, task))
        while not server.started:
            if task.done():
                task.result()
            await asyncio.sleep(0.005)

    async def stop(self) -> None:
        """Take no new requests, let those in flight finish, close."""
        self._state.stopping = True
        for server, _ in self._servers:
            server.should_exit = True
            server.told_to_stop.set()
        await asyncio.gather(*(task for _, task in self._servers))
        if self._where.local is not None:
            self._where.local.unlink(missing_ok=True)


def _behind(app: ASGIApp, where: Listening) -> ASGIApp:
    """The app behind its proxies.

    :raises Misconfigured: ``plain_http_refused``.
    """
    needed = where.private and where.certificate is None and not is_loopback(where.host)
    proxies = Proxies(where.proxies)
    if needed and not proxies:
        raise Misconfigured(
            "plain_http_refused",
            f"Passwords would go over the network unencrypted on {where.host} port {where.port}.",
            hint="Serve HTTPS (--tls), listen on 127.0.0.1, or name the proxy in front of it"
            " in hub.proxies.",
        )
    return ProxiedApp(app, proxies, needed=needed) if proxies else app


def _check(chain: Path, key: Path) -> None:
    """See whether a certificate can be used, without anybody being asked for a password."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(chain, key, password=str)
    except (OSError, ValueError) as error:
        raise Misconfigured(
            "certificate_unusable",
            f"The certificate {chain} with the key {key} cannot be used: {error}.",
            hint="Both are PEM files, and the key has no password.",
        ) from None


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named, or else asyncio does not switch Nagle's algorithm off, and the second
    # piece of every answer waits for the client's delayed acknowledgement: 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise Misconfigured(
            "address_unusable",
            f"Cannot listen on {host} port {port}: {error.strerror}.",
            hint="Another program may use the port; choose one with --port.",
        ) from None
    return listener
