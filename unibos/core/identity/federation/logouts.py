"""Sessions of the hub's that ended on this node: dead here at once, told to the hub when it can be.

They lie in memory. A restart forgets those that the hub was not told of: their access tokens live
15 minutes at most, and whoever logged out has thrown the refresh token away.
"""

import asyncio
from contextlib import suppress

from unibos.base.clock import Wall
from unibos.base.errors import Error
from unibos.core.identity.federation.hub_calls import HubCalls

LIMIT = 1024
PAUSE_S = 60.0


class Logouts:
    """The ended sessions of one node's hub.

    :param now: milliseconds since 1970.
    """

    def __init__(self, hub_calls: HubCalls, now: Wall, pause_s: float = PAUSE_S) -> None:
        self._hub_calls = hub_calls
        self._now = now
        self._pause_s = pause_s
        self._ended: dict[str, int] = {}
        self._untold: dict[str, bool] = {}
        self._task: asyncio.Task[None] | None = None

    def __contains__(self, session: str) -> bool:
        return session in self._ended

    async def end(self, session: str, until: int, *, everywhere: bool = False) -> None:
        """End a session here and at the hub; later, where the hub is out of reach.

        :param until: when the last of its access tokens expires.
        :param everywhere: all sessions of its user.
        """
        self._forget_expired()
        self._ended[session] = until
        self._untold[session] = everywhere
        for kept in (self._ended, self._untold):
            while len(kept) > LIMIT:
                kept.pop(next(iter(kept)))
        if not await self._tell() and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._tell_later(), name="logouts")

    async def close(self) -> None:
        """Stop trying."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _tell(self) -> bool:
        for session, everywhere in tuple(self._untold.items()):
            try:
                await self._hub_calls.logout(session, everywhere=everywhere)
            except Error:
                return False
            self._untold.pop(session, None)
        return True

    async def _tell_later(self) -> None:
        while self._untold:
            await asyncio.sleep(self._pause_s)
            await self._tell()

    def _forget_expired(self) -> None:
        now = self._now()
        for session in [id_ for id_, until in self._ended.items() if until <= now]:
            if session not in self._untold:
                del self._ended[session]
