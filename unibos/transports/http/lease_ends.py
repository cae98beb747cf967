"""The source of a worker's jobs at the other end of a line: an instance known by its id, or the one
on this machine that has the socket."""

from collections.abc import Callable

import msgspec

from unibos.base.errors import Unauthenticated, Unavailable
from unibos.core.identity.registry.hub_statement import KIND, NODE_KIND, verify_statement


class SourceEnd:
    """A hub or a node, as :class:`unibos.transports.http.line.OtherEnd`.

    :param id_: its instance id; empty for the one behind a socket of this machine.
    :param newly_vouched: gets the PEM of a certificate that it newly vouches for.
    """

    def __init__(self, id_: str, newly_vouched: Callable[[str], object] = lambda _: None) -> None:
        self._id = id_
        self._newly_vouched = newly_vouched

    def proved(self, said: bytes) -> str | None:
        """The source's own word on its certificate."""
        try:
            told = msgspec.json.decode(said, type=_Said)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raise self.lost("what came is no answer of a UNIBOS") from None
        try:
            return verify_statement(told.statement, self._id, KIND).tls
        except Unauthenticated:
            return verify_statement(told.statement, self._id, NODE_KIND).tls

    def found(self, url: str) -> None:
        """It answered."""

    def vouched(self, certificate: str) -> None:
        """It has another certificate."""
        self._newly_vouched(certificate)

    def lost(self, reason: str) -> Unavailable:
        """``source_unreachable``."""
        return Unavailable(
            "source_unreachable",
            f"Where the jobs come from does not answer: {reason.rstrip('.')}.",
            hint="It is tried again by itself; what is finished is kept until then.",
            reason=reason,
        )

    def impostor(self, reasons: str) -> Unavailable:
        """``source_not_genuine``."""
        return Unavailable(
            "source_not_genuine",
            f"What answers is not the instance that this worker joined ({reasons}).",
            hint="Somebody may be in between, or it was set up anew: then join it again.",
        )


class _Said(msgspec.Struct, frozen=True):
    """What hub and node answer when asked who they are, as far as it matters here."""

    statement: str
