"""Programs that an org's people may log in to through the hub; for admins."""

from typing import Annotated

from msgspec import Meta, Struct

from unibos.base.errors import Conflict, Forbidden, Invalid, NotFound
from unibos.core.identity.oidc.clients import ClientList, ClientMade, Clients
from unibos.core.identity.scope import Role, Scope
from unibos.core.module.endpoint import Answer, Call, Endpoint
from unibos.core.store.signing_keys import Algorithm
from unibos.transports.http.routes.auth import Name

Uri = Annotated[str, Meta(max_length=500)]


class ClientIn(Struct, frozen=True, forbid_unknown_fields=True):
    """A new program. A `public` one cannot keep a secret, such as an app on a phone;
    `id_token_alg` is how its ID tokens are signed."""

    name: Name
    redirect_uris: Annotated[list[Uri], Meta(min_length=1, max_length=10)]
    public: bool = False
    id_token_alg: Algorithm = "RS256"  # noqa: S105 - an algorithm, not a secret


def endpoints(clients: Clients) -> tuple[Endpoint, ...]:
    """The endpoints over the clients of one hub's orgs."""

    async def list_clients(scope: Scope, call: Call) -> Answer:
        return Answer(clients.listing(scope))

    async def add_client(scope: Scope, call: Call) -> Answer:
        body: ClientIn = call.body
        made = await clients.add(
            scope,
            body.name,
            body.redirect_uris,
            public=body.public,
            algorithm=body.id_token_alg,
        )
        return Answer(made, 201)

    async def remove_client(scope: Scope, call: Call) -> Answer:
        await clients.remove(scope, call.path["id"])
        return Answer(status=204)

    return (
        Endpoint(
            "GET",
            "/clients",
            list_clients,
            "List the programs that people can log in to",
            {200: ClientList},
            Role.ADMIN,
            errors=(Forbidden,),
        ),
        Endpoint(
            "POST",
            "/clients",
            add_client,
            "Register a program; its secret is shown once",
            {201: ClientMade},
            Role.ADMIN,
            body=ClientIn,
            errors=(Conflict, Forbidden, Invalid),
        ),
        Endpoint(
            "DELETE",
            "/clients/{id}",
            remove_client,
            "Forget a program; nobody can log in to it any more",
            {204: None},
            Role.ADMIN,
            errors=(Forbidden, NotFound),
        ),
    )
