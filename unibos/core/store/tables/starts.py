"""What came to tell restored replicas: the starts of a replica."""

STATEMENTS = """
CREATE TABLE starts (
    first_seq INTEGER PRIMARY KEY,
    name TEXT NOT NULL
);

ALTER TABLE checkpoints ADD COLUMN pulled_start TEXT NOT NULL DEFAULT ''
"""
