"""Requests that no well-behaved client sends, byte by byte."""

import json
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

PATIENCE = 30


@dataclass
class Raw:
    """An answer as it came."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self):
        return json.loads(self.body)


class Wire:
    """A TCP connection to a server."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.socket = socket.create_connection((parts.hostname, parts.port), timeout=PATIENCE)
        self._kept = b""

    def __enter__(self):
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, *lines: str | bytes) -> None:
        """Send lines of a head."""
        ended = [(line.encode() if isinstance(line, str) else line) + b"\r\n" for line in lines]
        self.write(b"".join(ended))

    def write(self, data: bytes) -> None:
        self.socket.sendall(data)

    def head(self, method: str, path: str, token: str = "", **headers: object) -> None:
        """Send a whole head; underscores in the names of headers become hyphens."""
        lines = [f"{method} {path} HTTP/1.1", "host: box"]
        if token:
            lines.append(f"authorization: Bearer {token}")
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.send(*lines, "")

    def line(self) -> bytes:
        """The next line without its end; nothing at the end of the stream."""
        while b"\n" not in self._kept:
            more = self.socket.recv(65536)
            if not more:
                line, self._kept = self._kept, b""
                return line
            self._kept += more
        line, _, self._kept = self._kept.partition(b"\n")
        return line.rstrip(b"\r")

    def take(self, size: int) -> bytes:
        """So many bytes, or fewer at the end of the stream."""
        while len(self._kept) < size:
            more = self.socket.recv(65536)
            if not more:
                break
            self._kept += more
        taken, self._kept = self._kept[:size], self._kept[size:]
        return taken

    def answer_head(self) -> Raw:
        """Status and headers of the next answer."""
        status = int(self.line().split()[1])
        headers = {}
        while line := self.line():
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        return Raw(status, headers, b"")

    def answer(self, *, body: bool = True) -> Raw:
        """The next answer that has a length."""
        raw = self.answer_head()
        if body:
            raw.body = self.take(int(raw.headers.get("content-length", "0")))
        return raw

    def ended(self) -> bool:
        """Wait until the server has closed; true when it said nothing more."""
        try:
            return not self._kept and not self.socket.recv(1)
        except ConnectionResetError:
            return True
