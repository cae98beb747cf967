"""The hub at the other end of a line: known by its id, it signs which certificate it shows."""

from typing import TypeVar

import msgspec

from unibos.base.errors import Unavailable
from unibos.core.identity.federation.contact import Contact
from unibos.core.identity.registry.hub_statement import verify_statement

T = TypeVar("T")


class HubEnd:
    """A node's hub, as :class:`unibos.transports.http.line.OtherEnd`.

    :param contact: learns where the hub answers, and a certificate that it newly vouches for.
    """

    def __init__(self, hub: str, contact: Contact) -> None:
        self._hub = hub
        self._contact = contact

    def proved(self, said: bytes) -> str | None:
        """The hub's own word on its certificate."""
        told = decoded(said, Said)
        found = verify_statement(told.statement, self._hub)
        self._contact.hub_name = told.name[:200]
        return found.tls

    def found(self, url: str) -> None:
        """It answered here."""
        self._contact.url = url

    def vouched(self, certificate: str) -> None:
        """It has another certificate."""
        self._contact.certificate = certificate

    def lost(self, reason: str) -> Unavailable:
        """``hub_unreachable``."""
        return lost(reason)

    def impostor(self, reasons: str) -> Unavailable:
        """``hub_not_genuine``."""
        return Unavailable(
            "hub_not_genuine",
            f"What answers is not the hub that this node knows ({reasons}).",
            hint="Somebody may be between this node and its hub; nothing was sent to them.",
        )


class Said(msgspec.Struct, frozen=True):
    """What a hub answers when asked who it is; only the statement is signed."""

    statement: str
    name: str = ""


def decoded(data: bytes, type_: type[T]) -> T:
    """The answer as what it should be.

    :raises Unavailable: ``hub_unreachable``: no hub of this kind answers so.
    """
    try:
        return msgspec.json.decode(data, type=type_)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise lost("what came is no answer of a hub") from None


def lost(reason: str) -> Unavailable:
    """The answer where no hub answers."""
    return Unavailable(
        "hub_unreachable",
        f"The hub does not answer: {reason.rstrip('.')}.",
        hint="This node goes on by itself; unibos status tells when it heard of the hub last.",
        reason=reason,
    )
