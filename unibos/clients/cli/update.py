"""`unibos update`: newer releases, tried before they are trusted, and the way back.

It runs on the box and as root, since a service may not write its own program.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from unibos.clients.cli import show
from unibos.clients.cli.asked import Asked
from unibos.clients.cli.bar import Bar, bar
from unibos.clients.cli.command import command, group
from unibos.clients.cli.update_told import (
    tell_check,
    tell_done,
    tell_end,
    tell_status,
    tell_step,
)
from unibos.clients.cli.words import say

if TYPE_CHECKING:
    from unibos.base.config import Config
    from unibos.ops.update.databases import Databases
    from unibos.ops.update.index import Here, Index, Offer
    from unibos.ops.update.place import Releases
    from unibos.ops.update.source import Progress, Source
    from unibos.ops.update.state import StateFiles
    from unibos.ops.update.steps import Tools


@command("check", "unibos update check", "unibos update check --json")
@click.pass_obj
def check(asked: Asked) -> None:
    """Look whether there is a newer release; nothing is changed."""
    from unibos.ops.update import place
    from unibos.ops.update.index import newest, refusals

    config = asked.settings()
    releases = place.here()
    _, index, here = _looked(config, releases)
    tell_check(asked, index, here, newest(index, here), refusals(index, here))


@command(
    "apply",
    "sudo unibos update apply",
    "sudo unibos update apply --version 1.4.0 --json",
)
@click.option("--version", metavar="VERSION", help="This one, in place of the newest.")
@click.option("--scheduled", is_flag=True, help="Only if update.auto says so, within its hours.")
@click.pass_obj
def apply(asked: Asked, version: str | None, scheduled: bool) -> None:
    """Take a newer release, try it, and go back by itself when it does not pass."""
    from unibos.ops.update import place
    from unibos.ops.update.index import named, newest

    config = asked.settings()
    if scheduled and not config.update.auto:
        return
    releases = place.here()
    with releases.changing():
        files, databases = _kept_of(config, releases)
        if scheduled and not _is_time(config, files, databases):
            return
        _make_sure_it_can_begin(files, databases)
        source, index, here = _looked(config, releases)
        offer = named(index, here, version) if version else newest(index, here)
        _remember(files, index)
        if offer is None:
            tell_end(asked, None, say("{present} is the newest that fits.", present=here.version))
            return
        _make_ready(source, offer, releases, databases)
        _begin(asked, config, releases, kind="update", new=offer.release.version)


@command("rollback", "sudo unibos update rollback", "sudo unibos update rollback --force")
@click.option("--force", is_flag=True, help="Also if what was stored since is lost by it.")
@click.pass_obj
def rollback(asked: Asked, force: bool) -> None:
    """Go back to the program before the last update."""
    from unibos.ops.update import place
    from unibos.ops.update.prepare import way_back

    config = asked.settings()
    releases = place.here()
    with releases.changing():
        files, databases = _kept_of(config, releases)
        _make_sure_it_can_begin(files, databases)
        new, restore = way_back(releases, files.history(), databases, force=force)
        _begin(asked, config, releases, kind="rollback", new=new, restore=restore)


@command("resume", "sudo unibos update resume")
@click.option("--boot", is_flag=True, help="Tell systemd when the services may start.")
@click.pass_obj
def resume(asked: Asked, boot: bool) -> None:
    """Go on with an update that was cut; the machine does so at boot."""
    from unibos.base.ready import ready
    from unibos.ops.update import place, steps
    from unibos.ops.update.state import StateFiles

    releases = place.here()
    with releases.changing():
        good = releases.good
        if place.running() != good and releases.program(good).exists():
            # What did not pass yet is not asked whether it has passed.
            _become(releases.program(good))
        change = StateFiles(releases.root, releases.system).change()
        if change is None:
            ready("nothing to do")
            tell_end(asked, None, say("No update is under way."))
            return
        tools = _tools(asked, asked.settings(data=change.data), releases, change.units)
        counted = (lambda: ready("trying")) if boot else (lambda: None)
        steps.resume(tools, counted)
        tell_done(asked, tools.files)


@command("status", "unibos update status", "unibos update status --json")
@click.pass_obj
def status(asked: Asked) -> None:
    """Tell which releases are there, and how the last update went."""
    from unibos import __version__
    from unibos.ops.update import place
    from unibos.ops.update.state import StateFiles

    releases, settings = place.found(), asked.settings().update
    facts: dict[str, Any] = {
        "installed": "releases" if releases else "package" if place.by_package() else "other",
        "present": releases.current if releases else __version__,
        "auto": settings.auto,
        "window": settings.window,
        "channel": settings.channel,
    }
    if releases:
        files = StateFiles(releases.root, releases.system)
        facts |= {"folder": str(releases.root), "good": releases.good}
        facts |= {"change": msgspec.to_builtins(files.change())}
        facts |= msgspec.to_builtins(files.history())
    if asked.json:
        show.document(facts)
        return
    tell_status(facts)


def _looked(config: "Config", releases: "Releases") -> "tuple[Source, Index, Here]":
    """The list of releases, and what an offer has to fit."""
    from unibos.ops.update.prepare import look, present
    from unibos.ops.update.signature import public_key
    from unibos.ops.update.source import Source
    from unibos.ops.update.state import StateFiles

    settings = config.update
    history = StateFiles(releases.root, releases.system).history()
    source = Source(settings.source, settings.channel)
    index = look(source, public_key(settings.key), settings.channel, history)
    return source, index, present(releases, history, settings.hold)


def _kept_of(config: "Config", releases: "Releases") -> "tuple[StateFiles, Databases]":
    from unibos.ops.update.databases import Databases
    from unibos.ops.update.state import StateFiles

    files = StateFiles(releases.root, releases.system)
    return files, Databases(config.data, releases.system)


def _is_time(config: "Config", files: "StateFiles", databases: "Databases") -> bool:
    from datetime import UTC, datetime

    from unibos.ops.update.schedule import forget_old_copies, within

    now = datetime.now(UTC)
    forget_old_copies(files, databases, config.update.keep_days, now)
    return within(config.update.window, now.astimezone().hour)


def _make_sure_it_can_begin(files: "StateFiles", databases: "Databases") -> None:
    """Before anything is loaded: no other change is under way, and nobody is in the way."""
    from unibos.ops.update.prepare import refuse_while_unfinished
    from unibos.ops.update.systemd import active

    refuse_while_unfinished(files.change())
    if not active():
        databases.make_sure_nobody_runs()


def _remember(files: "StateFiles", index: "Index") -> None:
    from unibos.ops.update.prepare import remember

    remember(files, index)


def _make_ready(
    source: "Source", offer: "Offer", releases: "Releases", databases: "Databases"
) -> None:
    from unibos.ops.update.prepare import make_ready

    with _shown() as progress:
        make_ready(source, offer, releases, databases, progress)


def _begin(
    asked: Asked, config: "Config", releases: "Releases", *, kind: Any, new: str, restore: str = ""
) -> None:
    from unibos.base.clock import iso, wall_ms
    from unibos.ops.update import steps
    from unibos.ops.update.databases import Databases
    from unibos.ops.update.state import Change
    from unibos.ops.update.systemd import active

    units = active()
    roles = _roles(config, units, Databases(config.data, releases.system).names)
    change = Change(
        kind=kind,
        old=releases.current,
        new=new,
        begun_at=iso(wall_ms()),
        data=str(config.data.absolute()),
        units=units,
        sockets=tuple(_SOCKETS[role] for role in roles),
        restore=restore,
    )
    tools = _tools(asked, config, releases, units)
    steps.begin(tools, change)
    tell_done(asked, tools.files)


_SOCKETS = {"node": "unibos.sock", "hub": "hub.sock"}


def _roles(config: "Config", units: tuple[str, ...], databases: list[str]) -> list[str]:
    """What the new program has to serve: as the running service, or what there is data of."""
    if "unibos-hub.service" in units:
        return ["hub"]
    if units == ("unibos-worker.service",):
        # It has no web server; that it does not end again and again is all that is seen of it.
        return []
    served: list[str] = [role for role in config.role if role in _SOCKETS]
    return served if units or not databases else databases


def _tools(asked: Asked, config: "Config", releases: "Releases", units: tuple[str, ...]) -> "Tools":
    from unibos.ops.update.databases import Databases
    from unibos.ops.update.gate import Patience
    from unibos.ops.update.services import ByHand
    from unibos.ops.update.steps import Tools
    from unibos.ops.update.systemd import Systemd

    patience = Patience(config.update.patience_seconds, config.update.settle_seconds)
    if units:
        return Tools(releases, Systemd(units), patience, tell_step(asked))
    roles = _roles(config, (), Databases(config.data, releases.system).names)
    arguments = ["serve", "--data", str(config.data.absolute())]
    arguments += [word for role in roles for word in ("--role", role)]
    arguments += ["--config", str(Path(asked.config).absolute())] if asked.config else []
    by_hand = ByHand(releases, config.data, tuple(arguments))
    return Tools(releases, by_hand, patience, tell_step(asked))


def _become(program: Path) -> None:
    import sys

    os.execv(program, [str(program), *sys.argv[1:]])  # noqa: S606 -- no shell; it takes the lock anew


@contextmanager
def _shown() -> Iterator["Progress"]:
    """A bar that appears when it is known how long it must be."""
    from unibos.ops.update.source import Progress

    with ExitStack() as stack:
        shown: list[Bar] = []

        def begin(total: int) -> None:
            shown.append(stack.enter_context(bar(total)))

        def passed(count: int) -> None:
            shown[0].advance(count)

        yield Progress(begin, passed)


update = group(
    "update",
    check,
    apply,
    rollback,
    resume,
    status,
    text="Take newer releases, and go back to the one before.",
)
