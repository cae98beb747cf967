"""Errors as answers: problem documents (RFC 9457) with a stable ``code``.

Only this file knows which HTTP status a kind of error has. No stack trace leaves the box.
"""

from typing import Any

import msgspec

from unibos.base import errors

PROBLEM = "application/problem+json"

STATUS: dict[type[errors.Error], int] = {
    errors.Malformed: 400,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.PreconditionFailed: 412,
    errors.TooLarge: 413,
    errors.Unsupported: 415,
    errors.Invalid: 422,
    errors.TooMany: 429,
    errors.Damaged: 500,
    errors.Unavailable: 503,
    errors.StorageFull: 507,
}

_STATUS_OF_CODE = {"method_not_allowed": 405, "range_unsatisfiable": 416, "head_too_large": 431}
"""Where HTTP has a status for just this."""

TITLES = {
    400: "Not understood",
    401: "Who are you?",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "Not in this state",
    412: "Changed meanwhile",
    413: "Too large",
    415: "Media type not taken",
    416: "Range not satisfiable",
    422: "Invalid",
    429: "Too many attempts",
    431: "Too large",
    500: "Internal error",
    503: "Not now",
    507: "Storage full",
}


class Problem(msgspec.Struct, omit_defaults=True):
    """What every error answers; some add members of their own, such as ``errors`` or ``limit``."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    hint: str = ""


def status_of(error: errors.Error) -> int:
    """The status of an error: its code's own, or that of its nearest kind."""
    if error.code in _STATUS_OF_CODE:
        return _STATUS_OF_CODE[error.code]
    for kind in type(error).__mro__:
        if kind in STATUS:
            return STATUS[kind]
    return 500


def problem(error: errors.Error) -> tuple[int, bytes, list[tuple[bytes, bytes]]]:
    """An error as status, body and headers."""
    status = status_of(error)
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": TITLES[status],
        "status": status,
        "detail": error.detail,
        "code": error.code,
    }
    if error.hint:
        body["hint"] = error.hint
    headers = [(b"content-type", PROBLEM.encode())]
    for name, value in error.facts.items():
        body.setdefault(name, value)
    if status == 401:
        headers.append((b"www-authenticate", b'Bearer realm="unibos"'))
    if status == 416 and isinstance(error.facts.get("size"), int):
        headers.append((b"content-range", f"bytes */{error.facts['size']}".encode()))
    wait = error.facts.get("retry_after")
    # An error may be another instance's, passed on: a text of its could end the header.
    if isinstance(wait, int):
        headers.append((b"retry-after", str(wait).encode()))
    return status, msgspec.json.encode(body, enc_hook=str), headers
