"""Migrations that are killed; run as a program: migrations.py FOLDER POINT.

For each of three steps, a child is killed at the point; then the database must be at a version
whose tables are exactly those of its steps, and a later start must bring it to the end.
"""

import json
import os
import signal
import sqlite3
import sys
from pathlib import Path

from unibos.core.store import system
from unibos.core.store.schema import migrate


def step(number: int):
    def run(database) -> None:
        database.execute(f"CREATE TABLE step{number} (x)")
        database.execute(f"INSERT INTO step{number} VALUES ({number})")

    return run


STEPS = tuple(step(number) for number in range(1, 5))


def upgrade(path: Path, count: int) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    migrate(connection, path, system.System(), STEPS[:count])
    connection.close()


def killed(path: Path, point: str, at: int) -> bool:
    pid = os.fork()
    if pid == 0:
        seen = 0

        def die_here(name: str) -> None:
            nonlocal seen
            if name == point:
                seen += 1
                if seen == at:
                    os.kill(os.getpid(), signal.SIGKILL)

        system.listen(die_here)
        upgrade(path, 4)
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    return os.WIFSIGNALED(status)


def state(path: Path) -> tuple[int, list[str]]:
    connection = sqlite3.connect(path)
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    rows = connection.execute("SELECT name FROM sqlite_master WHERE name LIKE 'step%' ORDER BY 1")
    tables = [name for (name,) in rows]
    connection.close()
    return version, tables


def main() -> None:
    folder, point = Path(sys.argv[1]), sys.argv[2]
    wrong, deaths, version = [], 0, 0
    for at in (1, 2, 3):
        path = folder / f"{at}.db"
        upgrade(path, 1)
        deaths += killed(path, point, at)
        version, tables = state(path)
        if tables != [f"step{number}" for number in range(1, version + 1)]:
            wrong.append(f"version {version} has {tables}")
        expected = at if point == "migration.before_version" else at + 1
        if version != expected:
            wrong.append(f"killed at {at}: version {version}, not {expected}")
        if not (folder / f"{at}-schema1.backup").exists():
            wrong.append("no backup was made")
        elif state(folder / f"{at}-schema1.backup") != (1, ["step1"]):
            wrong.append("the backup is not the old database")
        upgrade(path, 4)
        version, tables = state(path)
    print(json.dumps({"wrong": wrong, "killed": deaths, "version": version}))


if __name__ == "__main__":
    main()
