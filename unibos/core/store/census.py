"""How much there is: counts for status and metrics, which read indexes but no data."""

from dataclasses import dataclass

from unibos.core.store.transaction import View


@dataclass(frozen=True, slots=True)
class Census:
    """Counts of one org; ``records`` by collection, ``jobs`` by state, ``blob_bytes`` in bytes."""

    users: int
    records: dict[str, int]
    jobs: dict[str, int]
    blob_bytes: int


def take(view: View) -> Census:
    """Count what the org has."""
    count = view.connection.execute
    (users,) = count("SELECT count(*) FROM members WHERE org = ?", (view.org,)).fetchone()
    records = count(
        "SELECT collection, count(*) FROM records WHERE org = ? AND deleted = 0"
        " GROUP BY collection",
        (view.org,),
    ).fetchall()
    jobs = count("SELECT state, count(*) FROM jobs WHERE org = ? GROUP BY state", (view.org,))
    (blob_bytes,) = count(
        "SELECT coalesce(sum(size), 0) FROM blobs WHERE org = ?", (view.org,)
    ).fetchone()
    return Census(users, dict(records), dict(jobs.fetchall()), blob_bytes)


@dataclass(frozen=True, slots=True)
class Totals:
    """Counts of all orgs together; ``blob_bytes`` counts what several orgs have for each."""

    orgs: int
    users: int
    blob_bytes: int


def across(view: View) -> Totals:
    """Count what all orgs have together; looks across orgs."""
    count = view.connection.execute
    (orgs,) = count("SELECT count(*) FROM orgs").fetchone()
    (users,) = count("SELECT count(*) FROM users").fetchone()
    (blob_bytes,) = count("SELECT coalesce(sum(size), 0) FROM blobs").fetchone()
    return Totals(orgs, users, blob_bytes)
