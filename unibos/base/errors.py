"""The one error tree.

A kind (the class) says what went wrong in general; a ``code`` says it exactly and never changes;
``detail`` is for the person who asked, ``hint`` tells an operator what to do next. Only
``transports/http`` turns kinds into statuses, only the CLI turns them into exit codes.
"""


class Error(Exception):
    """Base of everything that UNIBOS raises on purpose.

    :param code: stable, ``snake_case``, the name by which clients know this error.
    :param detail: one sentence about this occurrence; never holds a secret.
    :param hint: what to do next, for an operator; may be empty.
    :param facts: extra members for machines, such as ``limit=10``.
    """

    def __init__(self, code: str, detail: str, *, hint: str = "", **facts: object) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.hint = hint
        self.facts = facts


class Invalid(Error):
    """The input breaks a rule that its sender could have known."""


class Malformed(Error):
    """The message itself cannot be understood."""


class Unauthenticated(Error):
    """Nobody, or nobody that we know, asks."""


class Forbidden(Error):
    """Known, but not allowed to do this."""


class NotFound(Error):
    """No such thing in the asker's org."""


class Conflict(Error):
    """The thing's present state does not allow this."""


class PreconditionFailed(Error):
    """The version that the caller named is not the present one."""


class TooLarge(Error):
    """Over a size limit."""


class Unsupported(Error):
    """A media type or format that this place does not take."""


class TooMany(Error):
    """Asked too often; ``facts["retry_after"]`` is in seconds."""


class Unavailable(Error):
    """Not now: starting, stopping, overloaded or a needed program is missing."""


class StorageFull(Error):
    """The disk has no room: writes are refused, reads go on."""


class Damaged(Error):
    """Stored data is not what was written: to be reported, never to be deleted."""


class Misconfigured(Error):
    """A setting is wrong; the process does not start."""
