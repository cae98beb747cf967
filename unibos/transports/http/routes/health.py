"""Health, for people and for machines that watch; open to everybody, so it says little."""

from collections.abc import Callable
from dataclasses import dataclass

from msgspec import Struct

from unibos.base.errors import Unavailable
from unibos.core.module.endpoint import Answer, Call, Endpoint


class Health(Struct, frozen=True):
    """The instance in one line; ``online`` tells whether a hub is within reach."""

    status: str
    roles: list[str]
    version: str
    instance: str
    org: str
    online: bool


class Alive(Struct, frozen=True):
    """The process answers."""

    status: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What health tells; ``ready`` says whether the store takes questions."""

    roles: tuple[str, ...]
    version: str
    instance: str
    org: str
    online: Callable[[], bool]
    ready: Callable[[], bool]


def endpoints(facts: Facts) -> tuple[Endpoint, ...]:
    """The endpoints of one instance."""

    async def health(call: Call) -> Answer:
        return Answer(
            Health(
                "ok",
                list(facts.roles),
                facts.version,
                facts.instance,
                facts.org,
                facts.online(),
            )
        )

    async def live(call: Call) -> Answer:
        return Answer(Alive("ok"))

    async def ready(call: Call) -> Answer:
        if not facts.ready():
            raise Unavailable("not_ready", "The store does not answer.", retry_after=5)
        return Answer(Alive("ok"))

    return (
        Endpoint(
            "GET", "/health", health, "The instance in one line", {200: Health}, None, root=True
        ),
        Endpoint("GET", "/health/live", live, "The process answers", {200: Alive}, None, root=True),
        Endpoint(
            "GET",
            "/health/ready",
            ready,
            "The store answers",
            {200: Alive},
            None,
            errors=(Unavailable,),
            root=True,
        ),
    )
