"""What a node alone has: orgs, accounts, records, blobs, jobs."""

STATEMENTS = """
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
