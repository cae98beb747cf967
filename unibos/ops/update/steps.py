"""The steps of a change of the program: each is noted before it begins and can be done again.

:func:`begin` to :func:`finish` are one straight way; :func:`resume` goes on with it after a cut,
always run by the release that passed last.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from unibos.base.clock import iso, wall_ms
from unibos.base.errors import Error, Unavailable
from unibos.core.store.system import reach
from unibos.ops.update.databases import Databases
from unibos.ops.update.gate import Patience, examine
from unibos.ops.update.place import Releases, discard
from unibos.ops.update.services import Services
from unibos.ops.update.state import Change, StateFiles, moved, remembered, resumed


@dataclass(frozen=True, slots=True)
class Tools:
    """What the steps are done with.

    :param told: hears the name of each step, for whoever watches.
    """

    releases: Releases
    services: Services
    patience: Patience
    told: Callable[[str], None] = field(default=lambda _step: None)

    @property
    def files(self) -> StateFiles:
        """Where the state is kept."""
        return StateFiles(self.releases.root, self.releases.system)

    def databases(self, change: Change) -> Databases:
        """Those that the change is about."""
        return Databases(Path(change.data), self.releases.system)


def begin(tools: Tools, change: Change) -> None:
    """Change the program as noted; it has passed on return.

    :raises Error: ``update_returned``: it did not pass, all is as before. Other errors come from
        copying; then nothing was changed.
    """
    change = tools.files.begin(change)
    try:
        tools.told("stop")
        tools.services.stop()
        reach("update.stopped")
        tools.told("copy")
        copied = tools.databases(change).copy(change.old)
    except (Error, OSError):
        _give_up(tools, change)
        raise
    _try(tools, tools.files.note(moved(change, "trying", copied=copied, trials=1)))


def resume(tools: Tools, counted: Callable[[], None] = lambda: None) -> Change | None:
    """Go on with a change that was cut; the change, or ``None`` when there was none.

    :param counted: called as soon as the services may start.
    :raises Error: as :func:`begin`; ``update_abandoned`` when nothing had been changed yet.
    """
    found = tools.files.change()
    if found is None:
        counted()
        return None
    change = resumed(found)
    if change is None:
        _give_up(tools, found)
        counted()
        raise Error(
            "update_abandoned",
            f"The change to {found.new} was cut before anything was changed.",
            hint="Begin it again: sudo unibos update apply",
            new=found.new,
        )
    # Before a trial is counted: a server that was started by hand would be in its way.
    tools.services.stop()
    tools.databases(change).make_sure_nobody_runs()
    if change != found:
        change = tools.files.note(change)
    if change.phase == "trying":
        _try(tools, change, counted)
    elif change.phase == "returning":
        _return(tools, change, counted)
    else:
        counted()
        _finish(tools, change)
    return change


def _try(tools: Tools, change: Change, counted: Callable[[], None] = lambda: None) -> None:
    """Let the new program show that it works."""
    databases = tools.databases(change)
    try:
        if change.restore:
            databases.put_back(change.restore, renewed=True)
        tools.releases.switch(change.new)
        counted()
        tools.told("try")
        tools.services.start()
        reach("update.started")
        sockets = [Path(change.data) / name for name in change.sockets]
        why = examine(sockets, change.new, tools.patience, tools.services.trouble)
        reach("update.examined")
        if not why:
            tools.told("check")
            tools.services.stop()
            after = databases.check()
    except (Error, OSError) as error:
        why = str(error) or type(error).__name__
    if why:
        _return(tools, tools.files.note(moved(change, "returning", reason=why)), counted)
    _finish(tools, tools.files.note(moved(change, "finishing", after=after)))


def _return(tools: Tools, change: Change, counted: Callable[[], None]) -> NoReturn:
    """Put everything back as it was, and say why."""
    tools.told("return")
    tools.services.stop()
    tools.databases(change).put_back(change.old)
    tools.releases.switch(change.old)
    if change.kind == "update" and tools.releases.folder(change.new).exists():
        discard(tools.releases.folder(change.new))
    tools.files.end(remembered(tools.files.history(), change, iso(wall_ms())))
    counted()
    _start(tools, change)
    raise Error(
        "update_returned",
        f"{change.new} did not pass: {change.reason}. {change.old} runs again, on its data.",
        hint="It is not tried again by itself; tell who made the release.",
        new=change.new,
        old=change.old,
        reason=change.reason,
    )


def _finish(tools: Tools, change: Change) -> None:
    """Trust the new program: from here on nothing goes back by itself."""
    tools.releases.trust(change.new)
    tools.releases.forget({change.old, change.new})
    tools.databases(change).forget(keep=change.old)
    tools.files.end(remembered(tools.files.history(), change, iso(wall_ms())))
    tools.told("start")
    _start(tools, change)


def _give_up(tools: Tools, change: Change) -> None:
    """Nothing was changed yet: go on as before, even if nothing can be noted on a full disk."""
    try:
        tools.databases(change).forget(keep=_kept(tools))
        tools.files.end(remembered(tools.files.history(), change, iso(wall_ms())))
    finally:
        _start(tools, change)


def _kept(tools: Tools) -> str:
    kept = tools.files.history().kept
    return kept.version if kept else ""


def _start(tools: Tools, change: Change) -> None:
    if not change.units:
        return
    tools.services.start()
    sockets = [Path(change.data) / name for name in change.sockets]
    version = tools.releases.current
    calm = Patience(tools.patience.ready, 0)
    if why := examine(sockets, version, calm, tools.services.trouble):
        raise Unavailable(
            "update_not_serving",
            f"{version} is in place, but does not serve: {why}.",
            hint="See `unibos logs`; `sudo unibos update rollback` takes an update back.",
            version=version,
            why=why,
        )
