"""A tap on a line: a TCP proxy that keeps every byte, and reads it as HTTP/1.1, unpacked.

Between a node and a hub that serves plain HTTP on loopback, nothing is hidden from it.
"""

import gzip
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass, field

PUSH = b"POST /api/v1/sync/push "


@dataclass
class Line:
    """One connection's bytes, by direction."""

    up: bytearray = field(default_factory=bytearray)
    down: bytearray = field(default_factory=bytearray)


class Tap:
    """Listens on a port of its own and passes on to ``target`` once it is set.

    What is asked goes up, what is answered goes down. :meth:`hold` makes it keep a push back that
    has arrived whole or in part, until :meth:`release`.
    """

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.target = ("127.0.0.1", 0)
        self.lines: list[Line] = []
        self._lock = threading.Condition()
        self._may_pass: int | None = None
        self._pushes = 0
        self._held = 0
        self._sockets: list[socket.socket] = [self._server]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> "Tap":
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
        with self._lock:
            for each in self._sockets:
                _end(each)

    def hold(self, after: int) -> None:
        """Let so many more pushes pass, and keep the next one back."""
        with self._lock:
            self._may_pass = after

    def held(self, patience: float) -> None:
        """Wait until a push is kept back."""
        with self._lock:
            assert self._lock.wait_for(lambda: self._held, patience), "no push came"

    def release(self) -> None:
        """Pass on what was kept back, and all that follows."""
        with self._lock:
            self._may_pass = None
            self._lock.notify_all()

    @property
    def pushes(self) -> int:
        """How many pushes have begun."""
        with self._lock:
            return self._pushes

    def raw(self) -> bytes:
        """Every byte, as it was on the line."""
        with self._lock:
            return b"\n".join(bytes(part) for line in self.lines for part in (line.up, line.down))

    def told(self) -> bytes:
        """Every message, without the framing of HTTP and unpacked; what goes up and down."""
        with self._lock:
            parts = [bytes(part) for line in self.lines for part in (line.up, line.down)]
        return b"\n".join(body for part in parts for body in messages(part))

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                asker, _ = self._server.accept()
                self._begin(asker)

    def _begin(self, asker: socket.socket) -> None:
        try:
            answerer = socket.create_connection(self.target, 5)
        except OSError:
            _end(asker)
            return
        answerer.settimeout(None)
        line = Line()
        with self._lock:
            self.lines.append(line)
            self._sockets += [asker, answerer]
        for source, sink, kept in ((asker, answerer, line.up), (answerer, asker, line.down)):
            threading.Thread(target=self._pass_on, args=(source, sink, kept), daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket, kept: bytearray) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                with self._lock:
                    seen = len(kept)
                    kept += data
                    self._count(kept.count(PUSH, max(0, seen - len(PUSH) + 1)))
                sink.sendall(data)
        _end(source)
        _end(sink)

    def _count(self, pushes: int) -> None:
        """Take note of pushes that have begun; stay here while they are to be kept back."""
        if not pushes:
            return
        self._pushes += pushes
        if self._may_pass is None:
            return
        self._may_pass -= pushes
        if self._may_pass < 0:
            self._held += 1
            self._lock.notify_all()
            self._lock.wait_for(lambda: self._may_pass is None)
            self._held -= 1


def messages(stream: bytes) -> list[bytes]:
    """The heads and the bodies of one direction of a connection, bodies unpacked.

    What was cut at the end of the connection is there as it is.
    """
    found = []
    while stream:
        head, end, rest = stream.partition(b"\r\n\r\n")
        fields = dict(
            line.lower().split(b":", 1) for line in head.split(b"\r\n")[1:] if b":" in line
        )
        body, stream = _body(fields, rest) if end else (b"", b"")
        found.append(head)
        if fields.get(b"content-encoding", b"").strip() == b"gzip" and body:
            with suppress(EOFError, gzip.BadGzipFile):
                body = gzip.decompress(body)
        found.append(body)
    return found


def _body(fields: dict[bytes, bytes], rest: bytes) -> tuple[bytes, bytes]:
    if fields.get(b"transfer-encoding", b"").strip() == b"chunked":
        return _chunks(rest)
    length = int(fields.get(b"content-length", b"0"))
    return rest[:length], rest[length:]


def _chunks(rest: bytes) -> tuple[bytes, bytes]:
    body = b""
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        length = int(size.split(b";")[0] or b"0", 16)
        body += rest[:length]
        rest = rest[length + 2 :]
        if not length:
            break
    return body, rest


def _end(each: socket.socket) -> None:
    with suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)
    with suppress(OSError):
        each.close()
