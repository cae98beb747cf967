"""What a node says of itself to other nodes of its org, and to its workers, which know nothing but
its address."""

from collections.abc import Callable

from unibos.base.clock import wall_ms
from unibos.core.identity.federation.node import Federation
from unibos.core.identity.identity import Identity
from unibos.core.identity.keys import InstanceKey
from unibos.core.identity.registry.hub_statement import NODE_KIND, issue_statement
from unibos.core.module.endpoint import Answer, Call, Endpoint
from unibos.transports.http.line import WELL_KNOWN
from unibos.transports.http.peer_ends import NodeSaid


def endpoints(
    accounts: Identity | Federation, key: InstanceKey, tls: Callable[[], str | None]
) -> tuple[Endpoint, ...]:
    """The endpoint of one node.

    :param tls: gives the SHA-256 of the certificate that the node vouches for.
    """

    async def well_known(call: Call) -> Answer:
        if isinstance(accounts, Identity):
            # Who joined no hub has no membership, but workers of its own all the same.
            said = NodeSaid(issue_statement(key, tls(), (), wall_ms(), NODE_KIND), "")
        else:
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
            root=True,
        ),
    )
