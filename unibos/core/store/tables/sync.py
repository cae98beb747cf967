"""What came with sync: peers, checkpoints, policies, conflicts, quarantine."""

STATEMENTS = """
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
