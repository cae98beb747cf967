"""Chores of a role that runs no jobs: on a thread, first a while after the start, then each hour.

A node's run as periodic tasks beside its jobs; a hub alone never loads what runs jobs.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress

log = logging.getLogger(__name__)

FIRST_SECONDS = 300.0
EVERY_SECONDS = 3600.0

Chores = Mapping[str, Callable[[], object]]


@asynccontextmanager
async def chores(
    wanted: Chores, *, first: float = FIRST_SECONDS, every: float = EVERY_SECONDS
) -> AsyncIterator[None]:
    """Do what is wanted again and again for as long as the context lasts.

    :param wanted: by name; each looks first, and writes only when there is something to do.
    :param first: seconds until the first time.
    :param every: seconds between two times.
    """
    task = asyncio.create_task(_forever(wanted, first, every))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _forever(wanted: Chores, first: float, every: float) -> None:
    pause = first
    while True:
        await asyncio.sleep(pause)
        pause = every
        for name, chore in wanted.items():
            try:
                await asyncio.to_thread(chore)
            except Exception:
                log.exception("a chore failed", extra={"chore": name})
