"""What a node says of itself to other nodes of its org, which know nothing but its address."""

from collections.abc import Callable

from unibos.base.errors import Conflict
from unibos.core.identity.federation.joining import not_joined
from unibos.core.identity.federation.node import Federation
from unibos.core.identity.identity import Identity
from unibos.core.module.endpoint import Answer, Call, Endpoint
from unibos.transports.http.line import WELL_KNOWN
from unibos.transports.http.peer_ends import NodeSaid


def endpoints(
    accounts: Identity | Federation, tls: Callable[[], str | None]
) -> tuple[Endpoint, ...]:
    """The endpoint of one node.

    :param tls: gives the SHA-256 of the certificate that the node vouches for.
    """

    async def well_known(call: Call) -> Answer:
        if isinstance(accounts, Identity):
            raise not_joined()
        said = NodeSaid(accounts.peers.statement(tls()), accounts.peers.credential)
        return Answer(said, headers={"cache-control": "no-store"})

    return (
        Endpoint(
            "GET",
            WELL_KNOWN,
            well_known,
            "What the node says of itself, signed",
            {200: NodeSaid},
            None,
            errors=(Conflict,),
            root=True,
        ),
    )
