"""Errors of the API, from RFC 9457 problem documents back to the one error tree."""

from collections.abc import Mapping
from typing import Any

from unibos.base import errors

_KINDS: Mapping[int, type[errors.Error]] = {
    400: errors.Malformed,
    401: errors.Unauthenticated,
    403: errors.Forbidden,
    404: errors.NotFound,
    405: errors.Unsupported,
    409: errors.Conflict,
    410: errors.NotFound,
    412: errors.PreconditionFailed,
    413: errors.TooLarge,
    415: errors.Unsupported,
    416: errors.Invalid,
    422: errors.Invalid,
    428: errors.PreconditionFailed,
    429: errors.TooMany,
    502: errors.Unavailable,
    503: errors.Unavailable,
    504: errors.Unavailable,
    507: errors.StorageFull,
}
_MEMBERS = frozenset({"type", "title", "status", "detail", "code", "hint", "instance"})
_NO_FACTS = _MEMBERS | {"self"}
"""What cannot be a fact of an error, whatever somebody answers."""


def error_of(status: int, body: object) -> errors.Error:
    """The error that an answer stands for.

    :param status: the HTTP status, 400 or more.
    :param body: the decoded problem document; anything else means that no UNIBOS answered.
    """
    problem: Mapping[str, Any] = body if isinstance(body, dict) else {}
    kind = _KINDS.get(status, errors.Invalid if status < 500 else errors.Error)
    code = str(problem.get("code") or f"http_{status}")
    detail = str(problem.get("detail") or problem.get("title") or f"The answer was {status}.")
    facts = {
        str(key): value
        for key, value in problem.items()
        if key not in _NO_FACTS and str(key).isidentifier()
    }
    return kind(code, detail, hint=str(problem.get("hint") or ""), **facts)
