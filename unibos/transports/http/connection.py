"""A connection: HTTP/1.1 as uvicorn speaks it, with limits on what comes before any app sees it.

uvicorn bounds neither heads nor pipelined requests, and waits forever for the rest of a request.
"""

import asyncio
from typing import Any

from starlette.types import Receive, Send
from starlette.types import Scope as Asgi
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from unibos.base.errors import Error, Malformed, TooLarge, Unavailable
from unibos.transports.http.answering import send_bytes
from unibos.transports.http.errors import problem
from unibos.transports.http.headers import SECURITY

MAX_HEAD = 64 * 1024
"""Bytes of a request's line and headers together."""
MAX_PIPELINED = 32
"""Requests that wait for the answer to the one before."""
HEAD_SECONDS = 30.0
"""How long the head of a request may take to arrive."""
SILENT_SECONDS = 60.0
"""How long nothing of a body may arrive: whoever fell silent has lost the network, and what has
come of an upload can be continued only once this connection is given up."""
FAREWELL_SECONDS = 0.2
"""How long a client has to answer that an idle encrypted connection is closed."""
MAX_CONNECTIONS = 500
"""Below the usual limit of 1024 open files, of which the store and its blobs need some too."""


class _Refused(Exception):
    """Raised inside the parser, which then ends."""


class Connection(HttpToolsProtocol):
    """One client's connection."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._served = self.app
        self._in_head, self._in_body = True, False
        self._head_size = 0
        self._unframed = 0
        self._encrypted = False
        self._why: Error | None = None
        self._patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Wait for the first head."""
        super().connection_made(transport)
        self._encrypted = transport.get_extra_info("ssl_object") is not None
        self._wait(HEAD_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._wait(None)
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """The server stops: close, once what is under way is answered."""
        if not self.transport.is_closing():
            # An encrypted one that is closed twice is not there any more for anything else.
            super().shutdown()
        if not self._encrypted or not self.transport.is_closing():
            return
        if not self.transport.get_write_buffer_size():
            # Nobody reads an idle connection, so nobody would answer TLS's farewell.
            self.loop.call_later(FAREWELL_SECONDS, self.transport.abort)

    def data_received(self, data: bytes) -> None:
        """Parse what arrived, unless it is no request and will not become one."""
        # What neither ends a head nor belongs to a body: half a head, trailers, chunk extensions.
        self._unframed += len(data)
        super().data_received(data)
        if self._unframed > MAX_HEAD:
            self._refuse(_head_too_large())
        elif self._in_body:
            self._wait(SILENT_SECONDS)
        elif self._in_head and self._patience is None:
            self._wait(HEAD_SECONDS)

    def on_message_begin(self) -> None:
        """A request begins."""
        if len(self.pipeline) >= MAX_PIPELINED:
            self._why = Malformed("pipeline_too_long", "Wait for answers before you ask for more.")
            raise _Refused
        super().on_message_begin()
        self._in_head, self._head_size = True, 0

    def on_url(self, url: bytes) -> None:
        """A part of the request's target."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or a trailer behind a chunked body, which nobody needs."""
        # With the ": " and the end of the line, or thousands of empty ones would be no size.
        self._count(len(name) + len(value) + 4)
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is whole: the app gets its request."""
        self._in_head, self._in_body, self._unframed = False, True, 0
        self._wait(None)
        self.app = _crowded if len(self.connections) > MAX_CONNECTIONS else self._served
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        self._unframed = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._in_body, self._unframed = False, 0
        self._wait(None)
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's words
        """What uvicorn calls where the parser gives up."""
        self._refuse(self._why or Malformed("request_malformed", "This is not HTTP/1.1."))

    def _count(self, size: int) -> None:
        self._head_size += size
        if self._head_size > MAX_HEAD:
            self._why = _head_too_large()
            raise _Refused

    def _refuse(self, error: Error) -> None:
        """Answer without an app, and close."""
        if self.transport.is_closing():
            return
        status, body, headers = problem(error)
        length = (b"content-length", b"%d" % len(body))
        lines = [
            b"%s: %s\r\n" % header
            for header in [*headers, length, (b"connection", b"close"), *SECURITY]
        ]
        self.transport.write(b"".join([STATUS_LINE[status], *lines, b"\r\n", body]))
        self.transport.close()

    def _wait(self, seconds: float | None) -> None:
        """Give the client some time from now on; None: nothing is expected of it."""
        if self._patience is not None:
            self._patience.cancel()
        self._patience = None if seconds is None else self.loop.call_later(seconds, self._give_up)

    def _give_up(self) -> None:
        answering = self._in_head and self.cycle is not None and not self.cycle.response_complete
        if answering or self.flow.read_paused:
            # It is not the client who is slow.
            self._wait(SILENT_SECONDS)
        elif self.transport.is_closing():
            self.transport.abort()
        else:
            self.transport.close()


async def _crowded(asgi: Asgi, receive: Receive, send: Send) -> None:
    error = Unavailable("too_many_connections", "Too many connections.", retry_after=5)
    status, body, headers = problem(error)
    await send_bytes(status, body, [*headers, (b"connection", b"close")], asgi, send)


def _head_too_large() -> TooLarge:
    return TooLarge(
        "head_too_large",
        f"The request's line and headers have more than {MAX_HEAD} bytes.",
        limit=MAX_HEAD,
    )
