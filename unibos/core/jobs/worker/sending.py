"""A job's bytes: its input from the source, and what the work made back to it. A line that breaks
is waited for."""

from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path

from unibos.base.errors import Damaged, Error, TooMany, Unavailable
from unibos.core.jobs.leasing.link import LeaseLink
from unibos.core.jobs.worker.contact import Contact
from unibos.core.jobs.worker.desk import Desk

_CHUNK = 256 * 1024


async def fetched(link: LeaseLink, contact: Contact, desk: Desk) -> None:
    """Have the input on the desk, whole and checked.

    :raises Conflict: ``job_lost``.
    :raises Damaged: ``blob_damaged``: what came twice is something else.
    """
    lease = desk.lease
    if lease.input is None:
        return
    desk.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    fetch = partial(link.fetch, lease, lease.input, desk.input)
    try:
        await _in_the_end(contact, lease.job, fetch)
    except Damaged:
        await _in_the_end(contact, lease.job, fetch)


async def sent(link: LeaseLink, contact: Contact, desk: Desk) -> None:
    """Have all that the work made at the source.

    :raises Conflict: ``job_lost``.
    :raises TooLarge: ``job_output_too_large``.
    """
    for file in desk.files():
        await _in_the_end(contact, desk.lease.job, partial(_send, link, desk, file))


async def _send(link: LeaseLink, desk: Desk, file: Path) -> None:
    await link.send(desk.lease, file.name, _chunks(file), file.stat().st_size)


async def _chunks(file: Path) -> AsyncIterator[bytes]:
    with file.open("rb") as opened:
        while chunk := opened.read(_CHUNK):
            yield chunk


async def _in_the_end(contact: Contact, who: str, do: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await do()
        except (Unavailable, TooMany) as error:
            await contact.pause(who, error)
        except Error as error:
            if type(error) is not Error:
                raise
            # Something went wrong over there, which passes.
            await contact.pause(who, error)
        else:
            contact.reached(who)
            return
