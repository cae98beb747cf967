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


_FIRST = """
CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE orgs (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    type TEXT NOT NULL,
    created_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE users (
    id TEXT PRIMARY KEY,
    email TEXT NOT NULL,
    email_key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    verifier TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE members (
    org TEXT NOT NULL REFERENCES orgs(id),
    user TEXT NOT NULL REFERENCES users(id),
    role TEXT NOT NULL,
    disabled INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (org, user)
) WITHOUT ROWID;

CREATE INDEX members_by_user ON members (user);

CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    org TEXT NOT NULL,
    user TEXT NOT NULL,
    generation INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ended_at INTEGER,
    ended_because TEXT
) WITHOUT ROWID;

CREATE INDEX sessions_by_user ON sessions (org, user);

CREATE TABLE collections (
    org TEXT NOT NULL,
    name TEXT NOT NULL,
    module TEXT,
    schema TEXT NOT NULL,
    strategy TEXT NOT NULL,
    export TEXT NOT NULL,
    ceiling TEXT NOT NULL,
    search TEXT NOT NULL,
    key TEXT,
    managed INTEGER NOT NULL,
    PRIMARY KEY (org, name)
) WITHOUT ROWID;

CREATE TABLE records (
    num INTEGER PRIMARY KEY,
    org TEXT NOT NULL,
    collection TEXT NOT NULL,
    id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    hlc INTEGER NOT NULL,
    origin TEXT NOT NULL,
    data TEXT NOT NULL,
    field_clocks TEXT,
    deleted INTEGER NOT NULL DEFAULT 0,
    key TEXT,
    UNIQUE (org, collection, id)
);

CREATE UNIQUE INDEX records_by_seq ON records (org, collection, seq);

CREATE INDEX records_by_key ON records (org, collection, key) WHERE key IS NOT NULL;

CREATE VIRTUAL TABLE search USING fts5 (
    title, body, org UNINDEXED, collection UNINDEXED,
    tokenize = "unicode61 remove_diacritics 2"
);

CREATE TABLE blobs (
    org TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    size INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (org, sha256)
) WITHOUT ROWID;

CREATE INDEX blobs_by_hash ON blobs (sha256);

CREATE TABLE blob_uses (
    org TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    used_by TEXT NOT NULL,
    PRIMARY KEY (org, sha256, used_by)
) WITHOUT ROWID;

CREATE TABLE jobs (
    org TEXT NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    queue TEXT NOT NULL,
    priority INTEGER NOT NULL,
    state TEXT NOT NULL,
    args TEXT NOT NULL,
    requires TEXT NOT NULL,
    locality TEXT NOT NULL,
    attempt INTEGER NOT NULL DEFAULT 0,
    max_attempts INTEGER NOT NULL,
    interruptions INTEGER NOT NULL DEFAULT 0,
    run_at INTEGER NOT NULL,
    lease_until INTEGER,
    owner TEXT,
    progress TEXT,
    result TEXT,
    error TEXT,
    created_at INTEGER NOT NULL,
    finished_at INTEGER,
    PRIMARY KEY (org, id)
) WITHOUT ROWID;

CREATE INDEX jobs_waiting ON jobs (kind, org, priority DESC, run_at, id, state)
    WHERE state = 'queued';

CREATE INDEX jobs_running ON jobs (org, id, state)
    WHERE state = 'running';

CREATE TABLE job_events (
    num INTEGER PRIMARY KEY AUTOINCREMENT,
    org TEXT NOT NULL,
    job TEXT NOT NULL,
    at INTEGER NOT NULL,
    type TEXT NOT NULL,
    data TEXT NOT NULL
);

CREATE INDEX job_events_by_job ON job_events (job, num)
"""

_HUB = """
ALTER TABLE orgs ADD COLUMN slug TEXT;
ALTER TABLE orgs ADD COLUMN plan TEXT NOT NULL DEFAULT 'self_hosted';
ALTER TABLE orgs ADD COLUMN max_users INTEGER;
ALTER TABLE orgs ADD COLUMN max_nodes INTEGER;
ALTER TABLE orgs ADD COLUMN max_storage_gb INTEGER;
ALTER TABLE orgs ADD COLUMN enabled_modules TEXT;
ALTER TABLE orgs ADD COLUMN custom_domain TEXT;
ALTER TABLE orgs ADD COLUMN delete_after INTEGER;
ALTER TABLE orgs ADD COLUMN stored_bytes INTEGER NOT NULL DEFAULT 0;

UPDATE orgs SET stored_bytes = (SELECT coalesce(sum(size), 0) FROM blobs WHERE org = orgs.id);

ALTER TABLE sessions ADD COLUMN node TEXT;

CREATE INDEX sessions_by_node ON sessions (org, node) WHERE node IS NOT NULL;

CREATE UNIQUE INDEX orgs_by_slug ON orgs (slug) WHERE slug IS NOT NULL;

CREATE UNIQUE INDEX orgs_by_domain ON orgs (custom_domain) WHERE custom_domain IS NOT NULL;

CREATE TABLE invitations (
    org TEXT NOT NULL REFERENCES orgs(id),
    id TEXT NOT NULL,
    email TEXT NOT NULL,
    email_key TEXT NOT NULL,
    role TEXT NOT NULL,
    secret_hash TEXT NOT NULL,
    invited_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (org, id)
) WITHOUT ROWID;

CREATE INDEX invitations_by_id ON invitations (id);

CREATE TABLE signing_keys (
    kid TEXT PRIMARY KEY,
    algorithm TEXT NOT NULL,
    state TEXT NOT NULL,
    public TEXT NOT NULL,
    sealed TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    current_at INTEGER,
    retired_at INTEGER
) WITHOUT ROWID;

CREATE TABLE revocations (
    org TEXT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    before INTEGER NOT NULL,
    keep_until INTEGER NOT NULL,
    PRIMARY KEY (org, kind, id)
) WITHOUT ROWID;

CREATE TABLE clients (
    org TEXT NOT NULL REFERENCES orgs(id),
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    secret_hash TEXT,
    redirect_uris TEXT NOT NULL,
    algorithm TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (org, id)
) WITHOUT ROWID;

CREATE INDEX clients_by_id ON clients (id);

CREATE TABLE join_tokens (
    org TEXT NOT NULL REFERENCES orgs(id),
    id TEXT NOT NULL,
    label TEXT NOT NULL,
    secret_hash TEXT NOT NULL,
    uses INTEGER NOT NULL,
    uses_left INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (org, id)
) WITHOUT ROWID;

CREATE UNIQUE INDEX join_tokens_by_id ON join_tokens (id);

CREATE TABLE nodes (
    org TEXT NOT NULL REFERENCES orgs(id),
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    public_key TEXT NOT NULL,
    join_token TEXT NOT NULL,
    report TEXT NOT NULL,
    joined_at INTEGER NOT NULL,
    member_until INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    revoked_at INTEGER,
    PRIMARY KEY (org, id)
) WITHOUT ROWID;

CREATE INDEX nodes_by_id ON nodes (id);

CREATE TABLE hub_users (
    org TEXT NOT NULL,
    id TEXT NOT NULL,
    email TEXT NOT NULL,
    email_key TEXT NOT NULL,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    verifier TEXT,
    checked_at INTEGER NOT NULL,
    valid_until INTEGER NOT NULL,
    local_user TEXT,
    PRIMARY KEY (org, id)
) WITHOUT ROWID;

CREATE UNIQUE INDEX hub_users_by_email ON hub_users (org, email_key)
"""

_SYNC = """
ALTER TABLE records ADD COLUMN first_seq INTEGER NOT NULL DEFAULT 0;
ALTER TABLE records ADD COLUMN first_via INTEGER;
ALTER TABLE records ADD COLUMN via INTEGER;
ALTER TABLE records ADD COLUMN seen TEXT;

CREATE INDEX records_deleted ON records (org, collection, seq) WHERE deleted = 1;

ALTER TABLE collections ADD COLUMN blobs TEXT NOT NULL DEFAULT '[]';
ALTER TABLE collections ADD COLUMN hlc INTEGER NOT NULL DEFAULT 0;
ALTER TABLE collections ADD COLUMN origin TEXT NOT NULL DEFAULT '';
ALTER TABLE collections ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE collections ADD COLUMN horizon INTEGER NOT NULL DEFAULT 0;

CREATE TABLE peers (
    num INTEGER PRIMARY KEY,
    org TEXT NOT NULL,
    id TEXT NOT NULL,
    epoch TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    seen_at INTEGER NOT NULL,
    retired INTEGER NOT NULL DEFAULT 0,
    UNIQUE (org, id, epoch)
);

CREATE TABLE checkpoints (
    org TEXT NOT NULL,
    peer INTEGER NOT NULL,
    collection TEXT NOT NULL,
    pulled INTEGER NOT NULL,
    peer_version INTEGER NOT NULL,
    pushed INTEGER NOT NULL,
    own_epoch TEXT NOT NULL,
    own_version INTEGER NOT NULL,
    told INTEGER NOT NULL,
    sent INTEGER NOT NULL,
    PRIMARY KEY (org, peer, collection)
) WITHOUT ROWID;

CREATE TABLE policies (
    org TEXT NOT NULL,
    collection TEXT NOT NULL,
    origin TEXT NOT NULL,
    export TEXT NOT NULL,
    hlc INTEGER NOT NULL,
    settled INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (org, collection, origin)
) WITHOUT ROWID;

CREATE TABLE export_log (
    num INTEGER PRIMARY KEY AUTOINCREMENT,
    org TEXT NOT NULL,
    at INTEGER NOT NULL,
    peer TEXT NOT NULL,
    collection TEXT NOT NULL,
    way TEXT NOT NULL,
    records INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    first_seq INTEGER NOT NULL,
    last_seq INTEGER NOT NULL,
    blocked TEXT
);

CREATE INDEX export_log_by_org ON export_log (org, num);

CREATE TABLE conflicts (
    num INTEGER PRIMARY KEY AUTOINCREMENT,
    org TEXT NOT NULL,
    collection TEXT NOT NULL,
    record TEXT NOT NULL,
    at INTEGER NOT NULL,
    strategy TEXT NOT NULL,
    fields TEXT NOT NULL,
    hlc INTEGER NOT NULL,
    origin TEXT NOT NULL,
    mine INTEGER NOT NULL,
    peer TEXT NOT NULL,
    copy TEXT,
    open INTEGER NOT NULL
);

CREATE INDEX conflicts_by_org ON conflicts (org, num);

CREATE TABLE quarantine (
    num INTEGER PRIMARY KEY AUTOINCREMENT,
    org TEXT NOT NULL,
    peer TEXT NOT NULL,
    collection TEXT NOT NULL,
    record TEXT NOT NULL,
    at INTEGER NOT NULL,
    code TEXT NOT NULL,
    detail TEXT NOT NULL,
    due INTEGER,
    defined INTEGER NOT NULL,
    size INTEGER NOT NULL,
    change TEXT NOT NULL,
    UNIQUE (org, peer, collection, record)
);

CREATE INDEX quarantine_by_due ON quarantine (org, due, size);

CREATE TABLE pending_blobs (
    num INTEGER PRIMARY KEY AUTOINCREMENT,
    org TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    used_by TEXT NOT NULL,
    at INTEGER NOT NULL,
    size INTEGER,
    UNIQUE (org, sha256, used_by)
);

CREATE INDEX pending_blobs_by_org ON pending_blobs (org, num);

CREATE TABLE blob_troubles (
    org TEXT NOT NULL,
    way TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    peer INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    due INTEGER NOT NULL,
    why TEXT NOT NULL,
    PRIMARY KEY (org, way, sha256, peer)
) WITHOUT ROWID
"""

_STARTS = """
CREATE TABLE starts (
    first_seq INTEGER PRIMARY KEY,
    name TEXT NOT NULL
);

ALTER TABLE checkpoints ADD COLUMN pulled_start TEXT NOT NULL DEFAULT ''
"""

MIGRATIONS: tuple[Migration, ...] = (
    _statements(_FIRST),
    _statements(_HUB),
    _statements(_SYNC),
    _statements(_STARTS),
)
