"""Run the configured roles in one process until a signal ends them."""

import asyncio
import faulthandler
import logging
import os
import signal
import sys
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from msgspec.structs import replace

from unibos import __version__
from unibos.base import log as logs
from unibos.base import ready
from unibos.base.config import Config
from unibos.base.errors import Misconfigured
from unibos.base.memory import give_back_large_blocks
from unibos.roles.watchdog import Watchdog, watched

if TYPE_CHECKING:
    from unibos.roles.hub import Hub

log = logging.getLogger(__name__)

_HERE = ("hub", "node")


def serve(config: Config) -> None:
    """Serve until SIGTERM or SIGINT; what is in flight then gets its time.

    :raises Misconfigured: ``role_unavailable`` and whatever the roles refuse to start with.
    """
    absent = [role for role in config.role if role not in _HERE]
    if absent:
        raise Misconfigured(
            "role_unavailable",
            f"This version cannot be a {absent[0]} yet.",
            hint="Start it with --role node, --role hub, or both.",
        )
    # The data folder may have been made by somebody else, open to others: what is in it is not.
    os.umask(0o077)
    give_back_large_blocks()
    # A watchdog ends a process that hangs with SIGABRT: the log then says where it hung.
    faulthandler.enable()
    logs.start(config.log.level, config.log.format, sys.stderr)
    if config.machine.profile.uvloop:
        import uvloop

        uvloop.run(_run(config))
    else:
        asyncio.run(_run(config))


async def _run(config: Config) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    async with AsyncExitStack() as stack:
        watchdog = await stack.enter_async_context(watched(ready.watchdog_seconds()))
        here: Hub | None = None
        if "hub" in config.role:
            from unibos.roles.hub import hub

            here = await stack.enter_async_context(hub(config))
            stack.enter_context(watchdog.over(here.parts.store))
            _tell(config, "hub", here.address, here.setup_code)
        if "node" in config.role:
            await _keep_node(config, here, stopped, watchdog)
        else:
            _is_ready(config)
            await stopped.wait()
            _is_stopping()


async def _keep_node(
    config: Config, here: "Hub | None", stopped: asyncio.Event, watchdog: Watchdog
) -> None:
    """Run the node until the stop, and start it anew whenever it asks for that."""
    from unibos.roles.node import node

    while not stopped.is_set():
        again = asyncio.Event()
        async with node(config, hub=here, restart=again.set) as own:
            _tell(config, "node", own.address, own.setup_code)
            _is_ready(config)
            with watchdog.over(own.store):
                await _first_of(stopped, again)
            if stopped.is_set():
                _is_stopping()
            else:
                log.info("the node starts anew")
                ready.reloading("the node starts anew")
        # A free port that was taken once is where the node is known.
        config = replace(config, node=replace(config.node, port=own.port))


async def _first_of(*events: asyncio.Event) -> None:
    waiting = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()


def _is_ready(config: Config) -> None:
    ready.ready(f"UNIBOS {__version__}: {' and '.join(config.role)}")


def _is_stopping() -> None:
    log.info("stopping")
    ready.stopping("stopping")


def _tell(config: Config, role: str, address: str, setup_code: str | None) -> None:
    log.info(
        "%s is ready",
        role,
        extra={
            "address": address,
            "version": __version__,
            "board": config.machine.name,
            "profile": config.machine.profile.name,
        },
    )
    if setup_code is not None:
        _show_code(setup_code)


def _show_code(code: str) -> None:
    """The one secret that people are meant to read from the journal, once."""
    print(f"Setup code: {code}   (unibos setup, or POST /api/v1/setup)", file=sys.stderr)  # noqa: T201
