"""The load generator: a closed loop of raw HTTP/1.1 requests over keep-alive connections.

It shares two cores with the server that it measures, so it does as little as it can: request
bytes are made beforehand, one thread serves all sockets through epoll, and of an answer it reads
the status and finds the end. Any status but the expected one ends the run with an error, and
every ``CHECK_EVERY``-th body is decoded and checked.

HTTP framing is that of RFC 9112: ``Content-Length`` or chunked, nothing else.
"""

import gc
import itertools
import select
import socket
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

Address = tuple[str, int]

CHECK_EVERY = 97
"""A prime, so that the checks do not always meet the same request of a cycle."""

HEAD_END = b"\r\n\r\n"
SILENCE_SECONDS = 30.0
RECEIVE_BYTES = 262_144
BODILESS = frozenset({204, 304})


class LoadError(Exception):
    """A server answered wrongly, closed a connection, or fell silent."""


@dataclass(frozen=True)
class Case:
    """One kind of request: what is sent, in turn, and what must come back.

    :param requests: complete requests in bytes, sent in a cycle over all connections.
    :param status: the only status that counts as success.
    :param check: tells whether a decoded body is right.
    :param follow: makes a connection's next request from the decoded answer before; then
        ``requests`` has the first one of each connection.
    """

    name: str
    requests: Sequence[bytes]
    status: int
    check: Callable[[bytes], bool]
    follow: Callable[[bytes], bytes] | None = None


@dataclass
class Round:
    """What one run of a case measured. Times are in seconds."""

    seconds: float = 0.0
    client_cpu: float = 0.0
    latencies: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        """Answers per second, from the first request to the last answer."""
        return len(self.latencies) / self.seconds


def percentile(values: Iterable[float], percent: float) -> float:
    """The nearest-rank percentile: the smallest value with ``percent`` % at or below it.

    :raises ValueError: when there are no values.
    """
    ordered = sorted(values)
    if not ordered:
        raise ValueError("no values")
    rank = -(-len(ordered) * percent // 100)
    return ordered[max(int(rank), 1) - 1]


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> dict[str, float]:
    """Compare rounds that ran in alternation, each with its neighbour.

    A slow moment of the machine hits both of a pair, so the median of the pairs' ratios is
    steadier than the ratio of the medians.

    :returns: ``median``, ``low`` and ``high`` of ours / theirs.
    """
    pairs = [mine / other for mine, other in zip(ours, theirs, strict=True)]
    return {"median": statistics.median(pairs), "low": min(pairs), "high": max(pairs)}


def request(method: str, path: str, token: str = "", body: bytes = b"") -> bytes:
    """One complete HTTP/1.1 request with a JSON body, if any."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost"]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join(lines).encode() + HEAD_END + body


def status_of(answer: bytes) -> int:
    """The status code of an answer whose status line is there."""
    return int(answer[9:12])


def answer_end(data: bytes) -> int:
    """Where the first answer in ``data`` ends, or 0 when it is not complete.

    :raises LoadError: when the answer names no length.
    """
    head = data.find(HEAD_END)
    if head < 0:
        return 0
    names = data[: head + 2].lower()
    start = head + len(HEAD_END)
    at = names.find(b"\r\ncontent-length:")
    if at >= 0:
        end = start + int(names[at + 17 : names.find(b"\r\n", at + 17)])
        return end if len(data) >= end else 0
    if b"\r\ntransfer-encoding: chunked" in names:
        return _chunks(data, start)[1]
    if status_of(data) in BODILESS:
        return start
    raise LoadError(f"an answer without a length: {data[:200]!r}")


def body_of(answer: bytes) -> bytes:
    """The decoded body of a complete answer."""
    start = answer.find(HEAD_END) + len(HEAD_END)
    if b"\r\ntransfer-encoding: chunked" in answer[:start].lower():
        return b"".join(_chunks(answer, start)[0])
    return answer[start:]


def _chunks(data: bytes, at: int) -> tuple[list[bytes], int]:
    """The chunks from ``at`` on and where the message ends, 0 when it is not complete."""
    parts: list[bytes] = []
    while True:
        line = data.find(b"\r\n", at)
        if line < 0:
            return parts, 0
        size = int(data[at:line].split(b";")[0], 16)
        at = line + 2 + size + 2
        if len(data) < at:
            return parts, 0
        if size == 0:
            return parts, at
        parts.append(data[line + 2 : at - 2])


class _Connection:
    """A keep-alive connection with at most one request under way."""

    __slots__ = ("buffer", "sent_at", "socket")

    def __init__(self, address: Address) -> None:
        self.socket = socket.create_connection(address)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        self.sent_at = 0.0

    def send(self, data: bytes) -> None:
        self.buffer = b""
        self.sent_at = time.perf_counter()
        self.socket.sendall(data)

    def receive(self) -> bytes:
        """What has come of the present answer; to be called when the socket is readable."""
        data = self.socket.recv(RECEIVE_BYTES)
        if not data:
            raise LoadError(f"the server closed a connection after {self.buffer[:200]!r}")
        self.buffer = self.buffer + data if self.buffer else data
        return self.buffer


def run(
    address: Address,
    case: Case,
    connections: int,
    *,
    seconds: float = float("inf"),
    limit: int | None = None,
) -> Round:
    """Send a case's requests as fast as they are answered, ``connections`` at a time.

    No request starts after ``seconds`` or ``limit`` requests; those under way are finished and
    counted, so short rounds of slow requests are not cut.

    :raises LoadError: on the first wrong status, body, close, or 30 s of silence.
    """
    sources = itertools.islice(itertools.cycle(case.requests), limit)
    lines = [_Connection(address) for _ in range(connections)]
    gc_was_on = gc.isenabled()
    gc.disable()
    try:
        return _loop(case, lines, sources, seconds)
    finally:
        if gc_was_on:
            gc.enable()
        for line in lines:
            line.socket.close()


def _loop(case: Case, lines: list[_Connection], sources: Iterator[bytes], seconds: float) -> Round:
    result = Round()
    poll = select.epoll()
    by_number = {line.socket.fileno(): line for line in lines}
    clock = time.perf_counter
    cpu, begin = time.process_time(), clock()
    busy = 0
    for number, line in by_number.items():
        data = next(sources, None)
        if data is not None:
            poll.register(number, select.EPOLLIN)
            line.send(data)
            busy += 1
    now = begin
    while busy:
        ready = poll.poll(SILENCE_SECONDS)
        if not ready:
            raise LoadError(f"{case.name}: no answer for {SILENCE_SECONDS:.0f} s")
        for number, _ in ready:
            line = by_number[number]
            answer = line.receive()
            if not answer_end(answer):
                continue
            now = clock()
            _verify(case, answer, len(result.latencies))
            result.latencies.append(now - line.sent_at)
            data = _next(case, answer, sources) if now - begin < seconds else None
            if data is None:
                busy -= 1
            else:
                line.send(data)
    poll.close()
    result.seconds = now - begin
    result.client_cpu = time.process_time() - cpu
    return result


def _next(case: Case, answer: bytes, sources: Iterator[bytes]) -> bytes | None:
    return next(sources, None) if case.follow is None else case.follow(body_of(answer))


def _verify(case: Case, answer: bytes, number: int) -> None:
    if status_of(answer) != case.status:
        raise LoadError(f"{case.name}: expected {case.status}, got {answer[:500]!r}")
    if number % CHECK_EVERY == 0 and not case.check(body_of(answer)):
        raise LoadError(f"{case.name}: a wrong body: {body_of(answer)[:500]!r}")
