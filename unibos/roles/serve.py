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
from unibos.base.memory import give_back_large_blocks
from unibos.roles.stop import Stop
from unibos.roles.watchdog import Watchdog, watched

if TYPE_CHECKING:
    from collections.abc import Callable

    from unibos.roles.hub import Hub

log = logging.getLogger(__name__)


def serve(config: Config) -> None:
    """Serve until SIGTERM or SIGINT; what is in flight then gets its time.

    :raises Misconfigured: whatever the roles refuse to start with.
    :raises Forbidden: a worker's source does not let it work any more.
    """
    # The data folder may have been made by somebody else, open to others: what is in it is not.
    os.umask(0o077)
    give_back_large_blocks()
    # A watchdog ends a process that hangs with SIGABRT: the log then says where it hung.
    faulthandler.enable()
    logs.start(config.log.level, config.log.format, sys.stderr)
    with asyncio.Runner(loop_factory=_loops(config)) as runner:
        runner.run(_run(config))


def _loops(config: Config) -> "Callable[[], asyncio.AbstractEventLoop] | None":
    """What makes the event loop: uvloop where the board's memory and processor allow it."""
    if not config.machine.profile.uvloop:
        return None
    try:
        import uvloop
    except ImportError:
        # The programs for 32-bit processors do without: nobody publishes it for them.
        return None
    loops: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return loops


async def _run(config: Config) -> None:
    stop = Stop(config.worker.drain_seconds)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.ask)
    stopped = stop.asked
    async with AsyncExitStack() as stack:
        watchdog = await stack.enter_async_context(watched(ready.watchdog_seconds()))
        here: Hub | None = None
        if "hub" in config.role:
            from unibos.roles.hub import hub

            here = await stack.enter_async_context(hub(config))
            stack.enter_context(watchdog.over(here.parts.store))
            _tell(config, "hub", here.address, here.setup_code)
        work = await _begin_worker(config, stop, stack)
        if "node" in config.role:
            await _keep_node(config, here, stopped, watchdog)
        elif here is not None or work is None:
            _is_ready(config)
            await stopped.wait()
            _is_stopping(config)
        else:
            await _keep_worker(config, stopped, work)


async def _begin_worker(
    config: Config, stop: Stop, stack: AsyncExitStack
) -> "asyncio.Task[None] | None":
    """Start the worker, where this process is one; it ends with its task."""
    if "worker" not in config.role:
        return None
    from unibos.roles.worker import worker

    alone = config.role == ("worker",)
    role, work = await stack.enter_async_context(worker(config, alone=alone))
    stop.drains(role)
    return work


async def _keep_worker(config: Config, stopped: asyncio.Event, work: "asyncio.Task[None]") -> None:
    """Let the worker work until it has stopped, which may take as long as a drain does."""
    log.info("worker is ready", extra=_about(config))
    _is_ready(config)
    waiting = asyncio.ensure_future(stopped.wait())
    await asyncio.wait((waiting, work), return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    _is_stopping(config)
    await work


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
                _is_stopping(config)
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


def _is_stopping(config: Config) -> None:
    log.info("stopping")
    drain_seconds = config.worker.drain_seconds if "worker" in config.role else 0
    ready.stopping("stopping", drain_seconds)


def _tell(config: Config, role: str, address: str, setup_code: str | None) -> None:
    log.info("%s is ready", role, extra={"address": address, **_about(config)})
    if setup_code is not None:
        _show_code(setup_code)


def _about(config: Config) -> dict[str, str]:
    return {
        "version": __version__,
        "board": config.machine.name,
        "profile": config.machine.profile.name,
    }


def _show_code(code: str) -> None:
    """The one secret that people are meant to read from the journal, once."""
    print(f"Setup code: {code}   (unibos setup, or POST /api/v1/setup)", file=sys.stderr)  # noqa: T201
