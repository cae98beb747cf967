"""How far a change of the program has got: a pure state machine, and the files that keep it.

    copying    the service stops, databases are copied; the old program is still the current one
    trying     the new program is the current one, reachable from this machine only
    returning  it did not pass: old databases and the old program are put back
    finishing  it passed (the commit point): from here on nothing goes back by itself

``change.json`` is there only while a change is under way, so a machine that boots sees at once
whether there is something to go on with. ``history.json`` keeps what came of it.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from unibos.base.errors import Damaged
from unibos.core.store.system import System, reach

TRIALS = 3
"""So many starts a new program gets; a machine that went down in each of them goes back."""

Phase = Literal["copying", "trying", "returning", "finishing"]
_NEXT: Mapping[Phase, tuple[Phase, ...]] = {
    "copying": ("trying",),
    "trying": ("trying", "returning", "finishing"),
    "returning": (),
    "finishing": (),
}


class Copied(Struct, frozen=True):
    """A database before the change: its schema and how many records it holds."""

    name: str
    schema: int
    records: int


class Change(Struct, frozen=True):
    """A change of the program, under way.

    :ivar data: the data folder.
    :ivar units: the services that ran, and run again afterwards.
    :ivar sockets: the local sockets that have to answer.
    :ivar restore: the version whose databases are put in place before the trial, or empty.
    :ivar trials: how often the new program was started.
    :ivar after: the schemas when it passed, by the names of the databases.
    """

    kind: Literal["update", "rollback"]
    old: str
    new: str
    begun_at: str
    data: str
    units: tuple[str, ...] = ()
    sockets: tuple[str, ...] = ()
    restore: str = ""
    phase: Phase = "copying"
    trials: int = 0
    reason: str = ""
    copied: tuple[Copied, ...] = ()
    after: Mapping[str, int] = {}
    format: int = 1


class Kept(Struct, frozen=True):
    """Copies of the databases as they were when ``version`` ran last, until ``made_at``."""

    version: str
    made_at: str
    databases: tuple[Copied, ...]
    after: Mapping[str, int]

    @property
    def schema_changed(self) -> bool:
        """Whether the program that made the copies cannot read the databases any more."""
        return any(self.after.get(one.name, one.schema) > one.schema for one in self.databases)


class Outcome(Struct, frozen=True):
    """What came of a change."""

    kind: Literal["update", "rollback"]
    old: str
    new: str
    result: Literal["passed", "returned", "abandoned"]
    reason: str
    at: str


class History(Struct, frozen=True):
    """What is known of earlier changes.

    :ivar previous: the version that the present one replaced, or empty.
    :ivar failed: versions that did not pass here, or were taken back.
    :ivar serials: the newest list of releases that was seen, by channel.
    """

    last: Outcome | None = None
    previous: str = ""
    kept: Kept | None = None
    failed: tuple[str, ...] = ()
    serials: Mapping[str, int] = {}
    format: int = 1


def moved(change: Change, phase: Phase, **facts: object) -> Change:
    """The change in its next phase.

    :raises ValueError: no way leads there; a defect.
    """
    if phase not in _NEXT[change.phase]:
        raise ValueError(f"{change.phase} is not followed by {phase}")
    return replace(change, phase=phase, **facts)


def resumed(change: Change) -> Change | None:
    """What a change goes on with after a cut; ``None``: nothing was changed, it is given up."""
    if change.phase == "copying":
        return None
    if change.phase != "trying":
        return change
    if change.trials >= TRIALS:
        reason = f"the machine or the update ended {change.trials} times before it had passed"
        return moved(change, "returning", reason=reason)
    return moved(change, "trying", trials=change.trials + 1)


def remembered(history: History, change: Change, at: str) -> History:
    """The history with the outcome of a change that ends."""
    passed, returned = change.phase == "finishing", change.phase == "returning"
    result: Literal["passed", "returned", "abandoned"] = (
        "passed" if passed else "returned" if returned else "abandoned"
    )
    outcome = Outcome(change.kind, change.old, change.new, result, change.reason, at)
    history = replace(history, last=outcome)
    if returned:
        return replace(history, failed=_with(history.failed, change.new))
    if not passed:
        return history
    kept = Kept(change.old, change.begun_at, change.copied, change.after)
    failed = tuple(one for one in history.failed if one != change.new)
    if change.kind == "rollback":
        failed = _with(failed, change.old)
    return replace(history, previous=change.old, kept=kept, failed=failed)


def _with(versions: tuple[str, ...], version: str) -> tuple[str, ...]:
    return (*(one for one in versions if one != version), version)


T = TypeVar("T", Change, History)


class StateFiles:
    """The two files; every change of them is durable when the call returns."""

    def __init__(self, root: Path, system: System) -> None:
        self._change, self._history = root / "change.json", root / "history.json"
        self._spare = root / "spare"
        self._system = system

    def change(self) -> Change | None:
        """The change under way.

        :raises Damaged: ``update_state_damaged``.
        """
        return self._read(self._change, Change)

    def history(self) -> History:
        """What came of earlier ones.

        :raises Damaged: ``update_state_damaged``.
        """
        return self._read(self._history, History) or History()

    def begin(self, change: Change) -> Change:
        """Take note of a new change."""
        # What is noted later, perhaps on a disk that is full by then, has its room already.
        self._spare.write_bytes(bytes(64 * 1024))
        return self.note(change)

    def note(self, change: Change) -> Change:
        """Take note of how far a change has got; that change."""
        self._write(self._change, change)
        reach(f"update.noted.{change.phase}")
        return change

    def end(self, history: History) -> None:
        """Take note of what came of the change, which is not under way any more."""
        self.remember(history)
        reach("update.remembered")
        self._system.remove(self._change)
        self._system.remove(self._spare)
        self._system.sync_directory(self._change.parent)

    def remember(self, history: History) -> None:
        """Keep the history."""
        self._write(self._history, history)

    def _write(self, path: Path, content: Change | History) -> None:
        text = msgspec.json.format(msgspec.json.encode(content), indent=2).decode() + "\n"
        try:
            self._system.replace_text(path, text, 0o644)
        except OSError:
            if not self._spare.exists():
                raise
            self._spare.unlink()
            self._system.replace_text(path, text, 0o644)

    def _read(self, path: Path, kind: type[T]) -> T | None:
        try:
            return msgspec.json.decode(path.read_bytes(), type=kind)
        except FileNotFoundError:
            return None
        except msgspec.MsgspecError as error:
            raise Damaged(
                "update_state_damaged",
                f"{path} cannot be read: {error}.",
                hint="Look at `current` beside it: what it names runs. Then remove the file.",
                path=path,
            ) from error
