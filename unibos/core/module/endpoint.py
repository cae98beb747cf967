"""Endpoints: what a door can be asked, declared without any web library.

An endpoint says its method, path, least role, the shapes of query and body, its answers and the
errors it may raise. A transport turns the declaration into a route and its documentation; the
handler only sees a :class:`Call` and gives an :class:`Answer`.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from unibos.base.errors import Error
from unibos.core.identity.scope import Role, Scope

MIB = 1024 * 1024

Limit = Annotated[int, Meta(ge=1, le=200, description="The most items in one answer.")]
Cursor = Annotated[str, Meta(max_length=2048, description="`next` of the page before.")]


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A query without parameters."""


class Listing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The paging parameters that every list takes."""

    limit: Limit = 50
    cursor: Cursor | None = None


class Upload:
    """A file on its way in, from a multipart field or a raw body; :meth:`chunks` reads it once."""

    def __init__(
        self, chunks: AsyncIterator[bytes], media_type: str, filename: str | None = None
    ) -> None:
        self._chunks = chunks
        self.media_type = media_type
        self.filename = filename

    def chunks(self) -> AsyncIterator[bytes]:
        """The bytes, in the order of their arrival."""
        return self._chunks


@dataclass(frozen=True, slots=True)
class File:
    """The body of an endpoint that takes a file.

    :param limit: the most bytes.
    :param multipart: the form field's name, where a form is taken too.
    """

    limit: int
    multipart: str | None = None


@dataclass(frozen=True, slots=True)
class Form:
    """The body of an endpoint that takes a form (``application/x-www-form-urlencoded``).

    :param shape: a struct of texts; fields that it does not have are left out, for standards
        want them to be (RFC 6749, section 3.2).
    """

    shape: type[msgspec.Struct]


@dataclass(frozen=True, slots=True)
class Media:
    """An answer that is not JSON: its media type, for the documentation."""

    type: str = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Call:
    """One question to an endpoint, checked against its declaration."""

    path: Mapping[str, str]
    query: Any
    body: Any
    headers: Mapping[str, str]
    address: str


@dataclass(frozen=True, slots=True)
class Answer:
    """``body`` is a struct, a mapping or a list to be encoded, or JSON already as bytes.

    Headers go before those that all answers have in common, such as ``cache-control``; with a
    ``content-type`` of its own the body is bytes of that.
    """

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FileAnswer:
    """Bytes from a file, with ranges (RFC 9110, section 14).

    :param etag: names the bytes, quoted.
    :param filename: what a browser should call the download; always an attachment.
    :param inline: show it in the page instead, for media types that cannot carry scripts.
    """

    path: Path
    media_type: str
    etag: str
    filename: str | None = None
    inline: bool = False


@dataclass(frozen=True, slots=True)
class StreamAnswer:
    """Bytes that are made while they are sent, as ``application/octet-stream``.

    :param size: how many there will be.
    :param headers: as those of :class:`Answer`.
    """

    chunks: AsyncIterator[bytes]
    size: int
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Event:
    """A server-sent event; ``id`` is what a client gives back to go on after it."""

    type: str
    id: str
    data: Any


@dataclass(frozen=True, slots=True)
class EventAnswer:
    """A stream of events that ends when the iterator does."""

    events: AsyncIterator[Event]


AnyAnswer = Answer | FileAnswer | StreamAnswer | EventAnswer
Handler = Callable[[Scope, Call], Awaitable[AnyAnswer]]
OpenHandler = Callable[[Call], Awaitable[AnyAnswer]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One method on one path.

    :param path: below ``/api/v1`` unless ``root``; parameters in braces: ``/documents/{id}``.
    :param role: the least role; None opens it to everybody, and the handler gets no scope.
    :param body: a struct type for JSON, a :class:`Form`, a :class:`File`, or None.
    :param answers: status → the answer's type (None: empty; :class:`Media`: not JSON).
    :param errors: kinds that the handler raises beyond those of its declaration.
    :param machine: asked by a node of the org with its machine token, and by nobody else.
    :param worker: asked by a worker with its machine token, or by a process of this machine over
        the local socket, and by nobody else.
    :param patient: the handler may wait long; it is cancelled when nobody waits for its answer.
    :param packed: a JSON body may come in gzip, and the answer goes out in it to who takes it.
    """

    method: str
    path: str
    handler: Handler | OpenHandler
    summary: str
    answers: Mapping[int, Any]
    role: Role | None = Role.MEMBER
    query: type[msgspec.Struct] = Nothing
    body: Any = None
    body_limit: int = 2 * MIB
    errors: tuple[type[Error], ...] = ()
    root: bool = False
    machine: bool = False
    worker: bool = False
    patient: bool = False
    packed: bool = False

    @property
    def asked_by(self) -> str:
        """The least role, ``node`` for a node of the org, ``worker`` for a worker, or ``open`` for
        everybody."""
        if self.role is None:
            return "open"
        if self.worker:
            return "worker"
        return "node" if self.machine else str(self.role)

    @property
    def full_path(self) -> str:
        """The path with its prefix."""
        return self.path if self.root else f"/api/v1{self.path}"
