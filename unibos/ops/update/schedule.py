"""When a machine updates by itself, and when the copies of before an update have had their time."""

from datetime import datetime, timedelta

from msgspec.structs import replace

from unibos.ops.update.databases import Databases
from unibos.ops.update.state import StateFiles


def within(window: str, hour: int) -> bool:
    """Whether an hour lies in a window such as ``22-04``, whose end is outside; ``03-03`` is all.

    :param hour: of the local time.
    """
    begin, end = map(int, window.split("-"))
    if begin < end:
        return begin <= hour < end
    return hour >= begin or hour < end


def forget_old_copies(files: StateFiles, databases: Databases, days: int, now: datetime) -> None:
    """Remove the copies of before the last update once they are so many days old."""
    history = files.history()
    if history.kept is None:
        return
    if now - datetime.fromisoformat(history.kept.made_at) >= timedelta(days=days):
        databases.forget()
        files.remember(replace(history, kept=None))
