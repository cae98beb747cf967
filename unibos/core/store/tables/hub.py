"""What came with the hub: joining, keys, invitations."""

STATEMENTS = """
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
