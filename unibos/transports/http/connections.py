"""Connections to one other instance: made when they are needed, let go when they are not."""

import asyncio
import logging
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from unibos.base.trust import only

if TYPE_CHECKING:
    import httpx2

# They would tell of every request, and of every step of it.
for _chatty in ("httpx2", "httpcore2"):
    logging.getLogger(_chatty).setLevel(logging.WARNING)

CONNECT_S = 3.0
SILENT_S = 10.0
"""So long nothing may come, or nothing be taken, unless a question has a time of its own."""
IDLE_S = 1.0
LOST_S = 30
"""Who waits for news sends nothing, so nothing tells it that the line was cut without a word (a
router that forgot it, a Wi-Fi left behind): the kernel asks every few seconds, and gives the
connection up after this long without an answer. A slow board, whose kernel answers, is not lost."""


class Connections:
    """The connections, kept only while they are used: who is asked twice a minute needs none
    between.

    :param socket: the address of a Unix socket of this machine that they all go to; empty: they go
        over the network.
    """

    def __init__(self, socket: str = "") -> None:
        self._socket = socket
        self._context: tuple[str, ssl.SSLContext] | None = None
        self._client: httpx2.AsyncClient | None = None
        self._outdated: list[httpx2.AsyncClient] = []
        self._busy = 0
        self._rest: asyncio.TimerHandle | None = None
        self._closing: set[asyncio.Task[None]] = set()

    def opened(self, certificate: str) -> "httpx2.AsyncClient":
        """What asks over them.

        :param certificate: PEM of the only one that may be shown; empty: a public one. It counts
            until :meth:`set_aside`.
        """
        if self._client is None:
            self._client = client_of(self._trusting(certificate), self._socket)
        return self._client

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Keep them meanwhile, and a moment longer."""
        self._busy += 1
        if self._rest is not None:
            self._rest.cancel()
        try:
            yield
        finally:
            self._busy -= 1
            if not self._busy:
                self._rest = asyncio.get_running_loop().call_later(IDLE_S, self._let_go)

    def set_aside(self) -> None:
        """Ask over new ones; others may be waiting for answers over the present ones."""
        if self._client is not None:
            self._outdated.append(self._client)
            self._client = None

    async def close(self) -> None:
        """Close them all."""
        if self._rest is not None:
            self._rest.cancel()
        for client in self._taken():
            await client.aclose()
        if self._closing:
            await asyncio.gather(*self._closing)

    def _trusting(self, certificate: str) -> ssl.SSLContext:
        """Kept while it is the same: all public authorities take a while to read."""
        if self._context is None or self._context[0] != certificate:
            if self._socket:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            else:
                context = only(certificate) if certificate else ssl.create_default_context()
            self._context = certificate, context
        return self._context[1]

    def _let_go(self) -> None:
        for client in self._taken():
            task = asyncio.create_task(client.aclose())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    def _taken(self) -> "list[httpx2.AsyncClient]":
        self.set_aside()
        taken, self._outdated = self._outdated, []
        return taken


def client_of(context: ssl.SSLContext, socket: str = "") -> "httpx2.AsyncClient":
    """A client that goes nowhere but where it is told to.

    :param socket: see :class:`Connections`.
    """
    import httpx2

    return httpx2.AsyncClient(
        transport=httpx2.AsyncHTTPTransport(
            verify=context,
            uds=socket or None,
            trust_env=False,
            limits=httpx2.Limits(max_connections=8, max_keepalive_connections=2),
            socket_options=None if socket else _watched(),
        ),
        trust_env=False,
        follow_redirects=False,
        timeout=httpx2.Timeout(SILENT_S, connect=CONNECT_S),
    )


def _watched() -> list[tuple[int, int, int]]:
    """Options of a socket (tcp(7)) by which a line that was cut is noticed, as far as this system
    has them."""
    wanted = {
        "TCP_KEEPIDLE": 10,
        "TCP_KEEPINTVL": 5,
        "TCP_KEEPCNT": 4,
        "TCP_USER_TIMEOUT": LOST_S * 1000,
    }
    found = [
        (socket.IPPROTO_TCP, getattr(socket, name), value)
        for name, value in wanted.items()
        if hasattr(socket, name)
    ]
    return [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1), *found]


def certificate_of(response: "httpx2.Response") -> bytes | None:
    """The certificate (DER) of the connection that an answer came over."""
    stream = response.extensions.get("network_stream")
    secured = stream.get_extra_info("ssl_object") if stream is not None else None
    return secured.getpeercert(binary_form=True) if secured is not None else None


def is_about_certificates(error: BaseException | None) -> bool:
    """Whether what went wrong is that a certificate was not the one to be shown."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False
