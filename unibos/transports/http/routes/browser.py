"""What people open in a browser on a hub: its front page, and the link of an invitation.

The link's secret is in its path. Behind ``#`` it would stay in the browser, where only a script
could use it, and there is none; in a query it would be in the same places as in a path, and apps
that pass links on add to queries and drop them. So it is kept from where a path ends up: no
referrer is sent, nothing is stored, the door masks it in logs, and it is void once it was used.

Whoever sends the form has the secret, and nothing else speaks for them: no cookie, no session, none
begins here. So a form from elsewhere gains nothing, and needs no mark against it. Showing the page
changes nothing either: apps look at links to show what is behind them.
"""

import logging
from collections.abc import Callable
from typing import Annotated, Any

from msgspec import Meta, Struct

from unibos.base.errors import (
    Error,
    Forbidden,
    Invalid,
    NotFound,
    StorageFull,
    TooMany,
    Unauthenticated,
    Unavailable,
)
from unibos.core.identity.invitations import Invitations, Invited
from unibos.core.module.endpoint import Answer, Call, Endpoint, Form, Media
from unibos.transports.http.browser import frame
from unibos.transports.http.browser.front import front_page
from unibos.transports.http.browser.invitation import (
    InvitationPage,
    invitation_page,
    joined_page,
    refusal_page,
)
from unibos.transports.http.errors import status_of
from unibos.transports.http.routes.auth import Name, Password

log = logging.getLogger(__name__)

_BODY_LIMIT = 16 * 1024
_REFUSALS = (Forbidden, Invalid, NotFound, StorageFull, TooMany, Unauthenticated, Unavailable)
_IN_FORM = (Invalid, StorageFull, TooMany, Unauthenticated, Unavailable)


class Anything(Struct, frozen=True):
    """Apps that pass links on add to their queries; nothing of it matters."""


class Acceptance(Struct, frozen=True):
    """What the form brings."""

    name: Name = ""
    password: Password = ""
    again: Annotated[str, Meta(max_length=1024)] = ""


def endpoints(invitations: Invitations, name: str, url: Callable[[], str]) -> tuple[Endpoint, ...]:
    """The pages of one hub.

    :param name: what the hub is called.
    :param url: gives the address under which people reach it.
    """

    async def front(call: Call) -> Answer:
        return Answer(front_page(name, _language(call)), headers=frame.headers())

    async def show(call: Call) -> Answer:
        try:
            invited = invitations.look(call.path["secret"], call.address)
        except _REFUSALS as error:
            return _refused(error, call)
        return _form(invited, call)

    async def accept(call: Call) -> Answer:
        form: Acceptance = call.body
        try:
            invited = invitations.look(call.path["secret"], call.address)
        except _REFUSALS as error:
            return _refused(error, call)
        try:
            if form.password != form.again:
                raise Invalid("passwords_differ", "The two passwords are not the same.")
            person = await invitations.join(
                call.path["secret"], form.name, form.password, call.address
            )
        except _IN_FORM as error:
            return _form(invited, call, error)
        except _REFUSALS as error:
            return _refused(error, call)
        log.info("invitation accepted", extra={"user": person.id, "org": person.org})
        body = joined_page(invited.org_name, person.name, person.email, url(), _language(call))
        return Answer(body, headers=frame.headers())

    page = Media("text/html")
    about: dict[str, Any] = {"role": None, "root": True, "query": Anything}
    refusals = {403: page, 404: page, 429: page}
    return (
        Endpoint("GET", "/", front, "Say what this is, to a browser", {200: page}, **about),
        Endpoint(
            "GET",
            "/invitation/{secret}",
            show,
            "Show the form behind an invitation's link",
            {200: page, **refusals},
            **about,
        ),
        Endpoint(
            "POST",
            "/invitation/{secret}",
            accept,
            "Accept an invitation in a browser",
            {200: page, 401: page, 422: page, 503: page, 507: page, **refusals},
            body=Form(Acceptance),
            body_limit=_BODY_LIMIT,
            **about,
        ),
    )


def _form(invited: Invited, call: Call, error: Error | None = None) -> Answer:
    shown = InvitationPage(
        org=invited.org_name,
        email=invited.email,
        name=call.body.name if call.body else "",
        problem=error.code if error else "",
        seconds=_seconds(error),
    )
    body = invitation_page(shown, _language(call))
    return Answer(body, status_of(error) if error else 200, _headers(error))


def _refused(error: Error, call: Call) -> Answer:
    body = refusal_page(error.code, _seconds(error), _language(call))
    return Answer(body, status_of(error), _headers(error))


def _headers(error: Error | None) -> dict[str, str]:
    wait = _seconds(error)
    return frame.headers() | ({"retry-after": str(wait)} if wait else {})


def _seconds(error: Error | None) -> int:
    return int(str(error.facts.get("retry_after", 0))) if error else 0


def _language(call: Call) -> str:
    return frame.language(call.headers.get("accept-language", ""))
