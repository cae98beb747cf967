"""The ASGI app: a router from paths to doors, and an answer for paths that do not exist."""

from collections import defaultdict
from collections.abc import Iterable

from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as Asgi

from unibos.base.errors import NotFound
from unibos.core.module.endpoint import Endpoint
from unibos.transports.http.answering import send_bytes
from unibos.transports.http.door import Door, Gate, State
from unibos.transports.http.errors import problem


def build_app(endpoints: Iterable[Endpoint], gate: Gate, state: State) -> ASGIApp:
    """One app for all endpoints; the first declared path that fits a request takes it."""
    by_path: dict[str, list[Endpoint]] = defaultdict(list)
    for endpoint in endpoints:
        by_path[endpoint.full_path].append(endpoint)
    routes = [Route(path, Door(items, gate, state)) for path, items in by_path.items()]
    return Router(routes, redirect_slashes=False, default=_nowhere)


async def _nowhere(asgi: Asgi, receive: Receive, send: Send) -> None:
    if asgi["type"] != "http":
        return
    error = NotFound(
        "path_not_found",
        "There is nothing at this path.",
        hint="/openapi.json lists every path.",
    )
    await send_bytes(*problem(error), asgi, send)
