"""The tables, and how a database gets from one version of them to the next.

Each migration runs in its own transaction together with the new version number
(``PRAGMA user_version``), after a backup copy was made; a newer database is refused.
Add a migration at the end; never change one that was released.
"""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from unibos.base.errors import Conflict, StorageFull
from unibos.core.store.system import System, reach
from unibos.core.store.tables import hub, media, node, starts, sync, workers

if TYPE_CHECKING:
    from sqlite_utils import Database

Migration = Callable[["Database"], None]


def migrate(
    connection: sqlite3.Connection,
    path: Path,
    system: System,
    migrations: tuple[Migration, ...] | None = None,
) -> None:
    """Bring the database to the newest version; nothing is written when it is there already.

    :raises Conflict: ``schema_newer`` when a newer UNIBOS wrote this database.
    """
    steps = MIGRATIONS if migrations is None else migrations
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(steps):
        raise Conflict(
            "schema_newer",
            f"{path} has schema {version}; this program knows {len(steps)}.",
            hint="Install the version of UNIBOS that last ran here, or a newer one.",
        )
    if version == len(steps):
        return
    if version:
        _back_up(connection, path, version, system)
    from sqlite_utils import Database

    database = Database(connection, execute_plugins=False)
    for number, step in enumerate(steps[version:], start=version + 1):
        with database.atomic():
            step(database)
            reach("migration.before_version")
            connection.execute(f"PRAGMA user_version={number}")
        reach("migration.after_step")


def _back_up(connection: sqlite3.Connection, path: Path, version: int, system: System) -> None:
    target = path.with_name(f"{path.stem}-schema{version}.backup")
    fresh = target.with_suffix(".new")
    system.remove(fresh)
    try:
        copy = sqlite3.connect(fresh)
        try:
            connection.backup(copy)
        finally:
            copy.close()
        with fresh.open("rb+") as file:
            system.sync(file)
        system.rename(fresh, target)
    except (sqlite3.Error, OSError) as error:
        system.remove(fresh)
        raise StorageFull(
            "backup_failed",
            f"No backup could be made before the migration: {error}. Nothing was changed.",
            hint=f"Free as much space as {path} takes, then start again.",
        ) from error


def _statements(text: str) -> Migration:
    def run(database: "Database") -> None:
        for statement in text.split(";\n"):
            if statement.strip():
                database.execute(statement)

    return run


MIGRATIONS: tuple[Migration, ...] = (
    _statements(node.STATEMENTS),
    _statements(hub.STATEMENTS),
    _statements(sync.STATEMENTS),
    _statements(starts.STATEMENTS),
    _statements(workers.STATEMENTS),
    _statements(media.STATEMENTS),
)
