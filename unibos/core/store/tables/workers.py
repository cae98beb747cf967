"""What came with workers: routing of jobs, jobs that need others, handovers."""

STATEMENTS = """
ALTER TABLE jobs ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE jobs ADD COLUMN memory_mb INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN size INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN collection TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN prefer TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN prefer_until INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN here_until INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN batch TEXT;
ALTER TABLE jobs ADD COLUMN open_needs INTEGER NOT NULL DEFAULT 0;

CREATE INDEX jobs_by_batch ON jobs (org, batch, state) WHERE batch IS NOT NULL;

CREATE TABLE job_needs (
    org TEXT NOT NULL,
    job TEXT NOT NULL,
    needs TEXT NOT NULL,
    PRIMARY KEY (org, job, needs)
) WITHOUT ROWID;

CREATE INDEX job_needs_by_needed ON job_needs (org, needs);

ALTER TABLE join_tokens ADD COLUMN role TEXT NOT NULL DEFAULT 'node';
ALTER TABLE join_tokens ADD COLUMN all_orgs INTEGER NOT NULL DEFAULT 0;

CREATE TABLE workers (
    org TEXT NOT NULL REFERENCES orgs(id),
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    all_orgs INTEGER NOT NULL DEFAULT 0,
    public_key TEXT NOT NULL,
    join_token TEXT NOT NULL,
    facts TEXT NOT NULL,
    joined_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    revoked_at INTEGER,
    PRIMARY KEY (org, id)
) WITHOUT ROWID;

CREATE UNIQUE INDEX workers_by_id ON workers (id);

CREATE TABLE handovers (
    org TEXT NOT NULL,
    job TEXT NOT NULL,
    node TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    asked TEXT NOT NULL,
    arrived INTEGER NOT NULL DEFAULT 0,
    at INTEGER NOT NULL,
    PRIMARY KEY (org, job)
) WITHOUT ROWID
"""
