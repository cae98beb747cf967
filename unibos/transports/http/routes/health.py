"""Health, for people and for machines that watch; open to everybody, so it says little."""

from collections.abc import Callable
from dataclasses import dataclass

from msgspec import Struct

from unibos.base.clock import iso
from unibos.base.errors import Unavailable
from unibos.core.module.endpoint import Answer, Call, Endpoint


class Health(Struct, frozen=True):
    """The instance in one line.

    ``online`` tells whether a hub is within reach, ``offline_until`` how long the users of a hub
    can log in without it; null where the instance belongs to none.
    """

    status: str
    roles: list[str]
    version: str
    instance: str
    org: str
    online: bool
    offline_until: str | None


class Alive(Struct, frozen=True):
    """The process answers."""

    status: str


def _never() -> None:
    """What belongs to no hub has nothing of it that could expire."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What health tells.

    :param ready: whether the store takes questions.
    :param until: when the instance's membership at its hub expires, in milliseconds since 1970.
    """

    roles: tuple[str, ...]
    version: str
    instance: str
    org: str
    online: Callable[[], bool]
    ready: Callable[[], bool]
    until: Callable[[], int | None] = _never


def endpoints(facts: Facts) -> tuple[Endpoint, ...]:
    """The endpoints of one instance."""

    async def health(call: Call) -> Answer:
        until = facts.until()
        return Answer(
            Health(
                "ok",
                list(facts.roles),
                facts.version,
                facts.instance,
                facts.org,
                facts.online(),
                iso(until) if until is not None else None,
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
