"""Real servers on the loopback address that take what notifications are sent to."""

import socket
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from aiosmtpd.controller import Controller


@dataclass
class Taken:
    """What came, and how to answer."""

    url: str = ""
    status: int = 200
    items: list = field(default_factory=list)
    came: threading.Condition = field(default_factory=threading.Condition)

    def add(self, item) -> None:
        with self.came:
            self.items.append(item)
            self.came.notify_all()

    def wait(self, count: int) -> list:
        with self.came:
            assert self.came.wait_for(lambda: len(self.items) >= count, 60)
            return list(self.items)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextmanager
def web_server():
    """Takes POST requests: (path, headers, body)."""
    taken = Taken()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            status = taken.status
            taken.add((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("location", taken.url + "/elsewhere")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    taken.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield taken
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def mail_server(refusal: str = ""):
    """Takes mails: their envelopes.

    :param refusal: what it answers to a mail instead.
    """
    taken = Taken()

    class Handler:
        async def handle_DATA(self, _server, _session, envelope):  # noqa: N802 - its name in SMTP
            if refusal:
                return refusal
            taken.add(envelope)
            return "250 OK"

    port = free_port()
    controller = Controller(Handler(), hostname="127.0.0.1", port=port)
    controller.start()
    taken.url = f"smtp://127.0.0.1:{port}"
    try:
        yield taken
    finally:
        controller.stop()
