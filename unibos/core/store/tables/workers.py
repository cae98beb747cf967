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
ALTER TABLE jobs ADD COLUMN needs TEXT NOT NULL DEFAULT '[]';
ALTER TABLE jobs ADD COLUMN open_needs INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN line INTEGER NOT NULL DEFAULT 0;

CREATE TABLE job_lines (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    queue TEXT NOT NULL,
    priority INTEGER NOT NULL,
    version INTEGER NOT NULL,
    locality TEXT NOT NULL,
    requires TEXT NOT NULL,
    prefer TEXT NOT NULL,
    memory_mb INTEGER NOT NULL,
    size_from INTEGER NOT NULL,
    UNIQUE (kind, queue, priority, version, locality, requires, prefer, memory_mb, size_from)
);

INSERT INTO job_lines (kind, queue, priority, version, locality, requires, prefer, memory_mb,
    size_from)
SELECT DISTINCT kind, queue, priority, 1, locality, requires, '', 0, 0 FROM jobs;

UPDATE jobs SET line = (
    SELECT id FROM job_lines AS line
    WHERE line.kind = jobs.kind AND line.queue = jobs.queue AND line.priority = jobs.priority
        AND line.locality = jobs.locality AND line.requires = jobs.requires
);

DROP INDEX jobs_waiting;

CREATE INDEX jobs_waiting
    ON jobs (line, org, run_at, id, size, here_until, prefer_until, state)
    WHERE state = 'queued';

CREATE TABLE job_turns (
    org TEXT PRIMARY KEY,
    served INTEGER NOT NULL
) WITHOUT ROWID;

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
    relay TEXT NOT NULL,
    asked TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (org, job)
) WITHOUT ROWID;

CREATE UNIQUE INDEX handovers_by_relay ON handovers (org, relay)
"""
