"""What came with media: records in the order of a time that they tell."""

STATEMENTS = """
ALTER TABLE collections ADD COLUMN moment TEXT;

ALTER TABLE records ADD COLUMN moment TEXT;

CREATE INDEX records_by_moment ON records (org, collection, moment, id) WHERE moment IS NOT NULL
"""
