"""Headers that answers have in common, and those of requests that answers depend on."""

from starlette.types import Scope as Asgi
from starlette.types import Send

Headers = list[tuple[bytes, bytes]]

MEMBERSHIP_HEADER = "unibos-membership"
"""What a node shows to another node beside its machine token."""

WORKER_HEADER = "unibos-worker"
"""What a worker of the local socket calls itself, so that several can ask."""

# Nothing that the API serves is a page, but for those in browser/, which bring a policy of their
# own: a browser may neither guess a type nor run anything.
SECURITY: Headers = [
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
]


def header(asgi: Asgi, wanted: bytes) -> str:
    """A header of a request; empty when it is not there."""
    for name, value in asgi["headers"]:
        if name == wanted:
            text: str = value.decode("latin-1")
            return text
    return ""


def secured(headers: Headers) -> Headers:
    """Headers with those of :data:`SECURITY` that they do not set themselves."""
    named = {name for name, _ in headers}
    return [*headers, *(header for header in SECURITY if header[0] not in named)]


def is_known(asgi: Asgi, etag: str) -> bool:
    """Whether the client has this version already (``If-None-Match``, RFC 9110, 13.1.2)."""
    told = header(asgi, b"if-none-match")
    if not told:
        return False
    named = {part.strip().removeprefix("W/") for part in told.split(",")}
    return "*" in named or etag in named


async def send_empty(status: int, headers: Headers, send: Send) -> None:
    """Send an answer that has no body."""
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
