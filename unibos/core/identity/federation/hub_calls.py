"""What a node asks its hub for a user, and what each refusal means here."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from unibos.base.errors import (
    Error,
    Forbidden,
    Invalid,
    TooMany,
    Unauthenticated,
    Unavailable,
)
from unibos.core.identity.link import (
    FederatedLogin,
    FederatedLogout,
    FederatedPassword,
    FederatedRefresh,
    Link,
)
from unibos.core.identity.login import Login

T = TypeVar("T")

PATIENCE_S = 5.0
"""Who logs in waits no longer for a hub that does not answer."""

REFRESH_PATIENCE_S = 20.0
"""Longer: an answer that comes too late has used the refresh token up."""

UNREACHABLE = "hub_unreachable"

_NODES_OWN = ("machine_token_", "node_", "token_")
"""How codes begin with which a hub refuses the node, not the user."""


class HubCalls:
    """A link whose every failure is one of these: what the hub refuses the user, with its code;
    ``Unavailable hub_refuses_node``; ``Unavailable hub_unreachable`` for all else."""

    def __init__(self, link: Link) -> None:
        self._link = link

    async def login(self, email: str, password: str, address: str) -> Login:
        """Log a user in.

        :raises Unauthenticated: ``login_failed``.
        """
        asked = FederatedLogin(email=email, password=password, address=address)
        return await _within(PATIENCE_S, self._link.login(asked))

    async def refresh(self, refresh_token: str) -> Login:
        """Exchange a refresh token."""
        asked = FederatedRefresh(refresh_token=refresh_token)
        return await _within(REFRESH_PATIENCE_S, self._link.refresh(asked))

    async def logout(self, session: str, *, everywhere: bool) -> None:
        """End a session, or all of its user's."""
        asked = FederatedLogout(session=session, everywhere=everywhere)
        await _within(PATIENCE_S, self._link.logout(asked))

    async def password(self, email: str, current: str, new: str, address: str) -> Login:
        """Change a user's password.

        :raises Forbidden: ``password_wrong``.
        :raises Invalid: ``password_…``.
        """
        asked = FederatedPassword(
            email=email, current_password=current, new_password=new, address=address
        )
        return await _within(REFRESH_PATIENCE_S, self._link.password(asked))


async def _within(seconds: float, asked: Awaitable[T]) -> T:
    try:
        async with asyncio.timeout(seconds):
            return await asked
    except TimeoutError:
        raise hub_unreachable() from None
    except (Unauthenticated, Forbidden) as refusal:
        if refusal.code.startswith(_NODES_OWN):
            raise _hub_refuses_node() from refusal
        raise
    except (TooMany, Invalid):
        raise
    except Error as error:
        raise hub_unreachable() from error


def hub_unreachable() -> Unavailable:
    """The answer where only the hub could give one."""
    return Unavailable(
        UNREACHABLE,
        "The hub is out of reach.",
        hint="Log in with your password again: who has logged in here before can do so without"
        " the hub.",
        retry_after=30,
    )


def _hub_refuses_node() -> Unavailable:
    return Unavailable(
        "hub_refuses_node",
        "The hub does not take this node for one of its own.",
        hint="unibos status tells more; an admin of the org sees its nodes: unibos hub nodes list",
        retry_after=60,
    )
