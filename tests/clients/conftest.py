"""A made-up instance behind a real local socket, and the command line as its users call it."""

import json
import shutil
import socketserver
import tempfile
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from unibos.clients.cli import app, words


@dataclass
class Asked:
    """A request as the instance got it."""

    method: str
    path: str
    query: dict
    headers: dict
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


@dataclass
class Answer:
    body: object = None
    status: int = 200
    headers: dict = field(default_factory=dict)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle_any(self):
        split = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        body = self.chunks() if self.headers.get("Transfer-Encoding") else self.rfile.read(length)
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(self.command, split.path, parse_qs(split.query), headers, body)
        self.server.asked.append(asked)
        self.send(self.server.answer(asked))

    def chunks(self):
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def send(self, answer):
        raw = answer.body if isinstance(answer.body, bytes) else b""
        headers = {"Content-Type": "application/json"}
        if not isinstance(answer.body, bytes) and answer.body is not None:
            raw = json.dumps(answer.body).encode()
        self.send_response(answer.status)
        headers = headers | {"Content-Length": str(len(raw))} | answer.headers
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *args):
        pass


for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
    setattr(Handler, f"do_{method}", Handler.handle_any)


class Routes:
    """What the instance answers: by method and path, one answer or one after the other."""

    Answer = Answer

    @staticmethod
    def page(*items, next=None):
        return {"items": list(items), "next": next}

    @staticmethod
    def problem(status, code, detail="It went wrong.", **more):
        return Answer({"status": status, "code": code, "detail": detail, **more}, status)

    def __init__(self):
        self.asked = []
        self.routes = {}

    def handle_error(self, request, address):
        """A client that has gone is no error of the server."""

    def on(self, method, path, *answers):
        self.routes[method, path] = list(answers)

    def answer(self, asked):
        answers = self.routes.get((asked.method, asked.path))
        if not answers:
            return self.problem(404, "not_found", f"No {asked.method} {asked.path}.")
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if callable(answer):
            answer = answer(asked)
        return answer if isinstance(answer, Answer) else Answer(answer)

    def of(self, method, path):
        return [one for one in self.asked if (one.method, one.path) == (method, path)]


class LocalServer(Routes, socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    # Waiting for threads at close would wait for idle keep-alive connections.
    block_on_close = False

    def __init__(self, path):
        Routes.__init__(self)
        socketserver.UnixStreamServer.__init__(self, str(path), Handler)


class NetworkServer(Routes, socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self):
        Routes.__init__(self)
        socketserver.TCPServer.__init__(self, ("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


def serving(server):
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def data():
    # A socket's path holds no more than 107 bytes, and pytest's folders are long.
    folder = Path(tempfile.mkdtemp(prefix="unibos-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def node(data):
    """An instance on its local socket."""
    yield from serving(LocalServer(data / "unibos.sock"))


@pytest.fixture
def remote():
    """An instance on the network."""
    yield from serving(NetworkServer())


@dataclass
class Ended:
    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def lines(self):
        return [json.loads(line) for line in self.out.splitlines()]


@pytest.fixture
def unibos(data, tmp_path, monkeypatch, capfd):
    """Call the command line; settings, home and language are those of nobody."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG", "UNIBOS_URL", "UNIBOS_TOKEN", "UNIBOS_LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    (tmp_path / "unibos.toml").write_text("")
    monkeypatch.setenv("UNIBOS_CONFIG", str(tmp_path / "unibos.toml"))
    monkeypatch.setenv("UNIBOS_DATA", str(data))
    monkeypatch.setenv("TZ", "UTC")

    def run(*arguments, stdin=b""):
        (tmp_path / "stdin").write_bytes(stdin)
        with (tmp_path / "stdin").open(encoding="utf-8") as opened:
            monkeypatch.setattr("sys.stdin", opened)
            code = app.run([str(argument) for argument in arguments])
        told = capfd.readouterr()
        return Ended(code, told.out, told.err)

    yield run
    words.use("en")
