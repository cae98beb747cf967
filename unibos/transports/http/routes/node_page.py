"""What people open in a browser on a node: its state, and once the form that sets it up.

Whoever sends the form has the setup code, and nothing else speaks for them: no cookie, no session.
So a form from elsewhere gains nothing, and needs no mark against it. No session begins here either:
the one that setting up opens is ended at once.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated

from msgspec import Meta, Struct

from unibos.base.errors import (
    Conflict,
    Error,
    Invalid,
    StorageFull,
    TooMany,
    Unauthenticated,
    Unavailable,
)
from unibos.core.identity.identity import Identity
from unibos.core.module.endpoint import Answer, Call, Endpoint, Form, Media
from unibos.transports.http.browser import frame
from unibos.transports.http.browser.node import NodePage, State, node_page
from unibos.transports.http.errors import status_of
from unibos.transports.http.routes.auth import Email, Name, Password

_BODY_LIMIT = 16 * 1024
_HOST = re.compile(r"([A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?")
_REFUSALS = (Conflict, Invalid, StorageFull, TooMany, Unauthenticated, Unavailable)


class Wish(Struct, frozen=True):
    """The language that was picked; one that there is not is none. Apps add to links: no matter."""

    lang: Annotated[str, Meta(max_length=64)] = ""


class FirstOwner(Struct, frozen=True):
    """What the form brings."""

    code: Annotated[str, Meta(max_length=64)] = ""
    email: Email = ""
    name: Name = ""
    password: Password = ""
    again: Annotated[str, Meta(max_length=1024)] = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the page tells.

    :param name: what the machine is called.
    :param scheme: ``http`` or ``https``.
    :param ready: whether the node takes questions.
    :param setup_done: whether there is an owner, here or at the hub.
    :param hub: whether the node's hub is within reach; None: it belongs to none.
    """

    name: str
    scheme: str
    ready: Callable[[], bool]
    setup_done: Callable[[], bool]
    hub: Callable[[], bool | None]


def endpoints(identity: Identity, facts: Facts) -> tuple[Endpoint, ...]:
    """The page of one node."""

    async def show(call: Call) -> Answer:
        shown = _page(identity, facts, call)
        status = 503 if shown.state == "trouble" else 200
        return Answer(node_page(shown, _language(call)), status, frame.headers())

    async def set_up(call: Call) -> Answer:
        form: FirstOwner = call.body
        try:
            if form.password != form.again:
                raise Invalid("passwords_differ", "The two passwords are not the same.")
            login = await identity.setup(
                form.code, form.email, form.name, form.password, call.address
            )
        except _REFUSALS as error:
            return _refused(_page(identity, facts, call), error, call)
        await identity.logout(identity.authenticate(login.access_token))
        # To a page that can be loaded again without sending the form again.
        where = {"location": f"/?lang={_language(call)}"}
        return Answer(b"", 303, frame.headers() | where)

    page = Media("text/html")
    refused = dict.fromkeys((401, 409, 422, 429, 503, 507), page)
    return (
        Endpoint(
            "GET",
            "/",
            show,
            "Say what and how this node is, to a browser",
            {200: page, 503: page},
            role=None,
            root=True,
            query=Wish,
        ),
        Endpoint(
            "POST",
            "/",
            set_up,
            "Make the first owner in a browser",
            {303: page, **refused},
            role=None,
            root=True,
            query=Wish,
            body=Form(FirstOwner),
            body_limit=_BODY_LIMIT,
        ),
    )


def _page(identity: Identity, facts: Facts, call: Call) -> NodePage:
    host = call.headers.get("host", "")
    url = f"{facts.scheme}://{host}" if _HOST.fullmatch(host) else ""
    return NodePage(facts.name, url, _state(identity, facts), facts.hub())


def _state(identity: Identity, facts: Facts) -> State:
    if not facts.ready():
        return "trouble"
    if identity.setup_code is not None:
        return "setup"
    return "ready" if facts.setup_done() else "setup_at_hub"


def _refused(shown: NodePage, error: Error, call: Call) -> Answer:
    seconds = int(str(error.facts.get("retry_after", 0)))
    form: FirstOwner = call.body
    typed = replace(shown, email=form.email, person=form.name, problem=error.code, seconds=seconds)
    wait = {"retry-after": str(seconds)} if seconds else {}
    body = node_page(typed, _language(call))
    return Answer(body, status_of(error), frame.headers() | wait)


def _language(call: Call) -> str:
    return frame.language(call.headers.get("accept-language", ""), call.query.lang)
