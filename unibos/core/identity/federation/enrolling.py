"""Being taken in by a hub: to look where a join token leads, to ask, and to check the answer."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from unibos.base.errors import Error
from unibos.core.identity.federation.contact import Contact
from unibos.core.identity.federation.heartbeat import REVOKED, answer_wrong, urls_of
from unibos.core.identity.federation.state import Joined
from unibos.core.identity.keys import InstanceKey
from unibos.core.identity.link import Enrolled, Enrollment, Link, Report
from unibos.core.identity.registry.join_proof import prove, public_text
from unibos.core.identity.registry.join_string import JoinToken
from unibos.core.identity.registry.membership import verify_membership
from unibos.core.identity.signing.keys import KnownKeys
from unibos.core.identity.signing.revocations import read_revocations

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class HubAddress:
    """Which hub, and where.

    :param hub: its instance id.
    :param urls: where it is reached, best first.
    :param certificate: PEM of the only one that it may show; empty: a public one; None: not known
        yet, so the hub must vouch for the one that it shows.
    """

    hub: str
    urls: tuple[str, ...]
    certificate: str | None = None


class Links(Protocol):
    """Makes the way to a hub."""

    def __call__(self, address: HubAddress, contact: Contact) -> Link:
        """A link that tells ``contact`` what it sees."""
        ...


@dataclass(frozen=True, slots=True)
class Preview:
    """Where a join token leads; the hub proved to be the one that it names.

    :param hub: its instance id.
    :param url: where it answered.
    :param expires_at: by the hub's clock, in milliseconds since 1970.
    """

    hub: str
    hub_name: str
    url: str
    expires_at: int


@dataclass(frozen=True, slots=True)
class Enrolling:
    """A node that asks hubs to take it in.

    :param contact: makes what a line to a hub tells.
    :param report: how the node is, now.
    """

    key: InstanceKey
    links: Links
    contact: Callable[[], Contact]
    report: Callable[[], Report]

    async def preview(self, token: JoinToken) -> Preview:
        """Look where a join token leads; no secret is sent.

        :raises Unavailable: ``hub_unreachable``, ``hub_not_genuine``.
        """
        contact, link = self._reach(token)
        try:
            await link.keys()
        finally:
            await link.close()
        return Preview(token.hub, contact.hub_name, contact.url, token.exp * 1000)

    async def enroll(self, token: JoinToken, name: str) -> Joined:
        """Be taken in; what is to be kept then, as ``pending``.

        :param name: what the hub is to call this node.
        :raises Unavailable: ``hub_unreachable``, ``hub_not_genuine``.
        :raises Forbidden: ``hub_answer_wrong``, and what the hub refuses with.
        """
        contact, link = self._reach(token)
        asked = Enrollment(
            secret=token.secret,
            public_key=public_text(self.key),
            proof=prove(self.key, token.hub, token.secret),
            name=name,
            report=self.report(),
        )
        try:
            enrolled = await link.enroll(asked)
        finally:
            await link.close()
        contact.heard(enrolled.pulse.time)
        self._check(token, enrolled)
        return _joined(enrolled, contact)

    def _reach(self, token: JoinToken) -> tuple[Contact, Link]:
        contact = self.contact()
        return contact, self.links(HubAddress(token.hub, tuple(token.urls)), contact)

    def _check(self, token: JoinToken, enrolled: Enrolled) -> None:
        """Whether all that the hub gave is its own, and for this node."""
        pulse = enrolled.pulse
        try:
            member = verify_membership(enrolled.membership, token.hub, pulse.time)
            read_revocations(enrolled.revocations, token.hub, pulse.org.id)
            KnownKeys.from_jwks(enrolled.keys)
        except Error as error:
            raise answer_wrong(error.detail) from error
        if (enrolled.hub, member.node, member.org) != (token.hub, self.key.id, pulse.org.id):
            raise answer_wrong("The membership is not this node's.")


async def say_farewell(link: Link, *, force: bool) -> None:
    """Tell a hub that this node is a member no longer.

    :param force: a hub that cannot be told is no reason to stay.
    """
    try:
        await link.leave()
    except Error as error:
        # Who is no member any more has nothing to say.
        if error.code == REVOKED:
            return
        if not force:
            raise
        log.warning("left without telling the hub", extra={"code": error.code})


def _joined(enrolled: Enrolled, contact: Contact) -> Joined:
    pulse = enrolled.pulse
    return Joined(
        stage="pending",
        hub=enrolled.hub,
        hub_name=enrolled.hub_name,
        node_name=pulse.name,
        urls=urls_of(pulse, contact.url),
        certificate=contact.certificate or "",
        membership=enrolled.membership,
        org=pulse.org,
        keys=enrolled.keys,
        keys_version=pulse.keys_version,
        revocations=enrolled.revocations,
        revocations_version=pulse.revocations_version,
    )
