"""Adoption: all that the instance's own org has becomes the org's that the instance joined.

The org's id stands in every row, so each table that has an ``org`` is rewritten, in one
transaction: a power cut leaves the old org or the new one, never a part of each. Records keep
their ``seq`` and their clocks, so nothing of it looks like a change.
"""

from unibos.core.store import accounts
from unibos.core.store.purging import tables
from unibos.core.store.system import reach
from unibos.core.store.transaction import Transaction

# With OR ROLLBACK, a statement keeps no copy of the pages that it changes in memory: nobody needs
# a part of this transaction back.
_UPDATE = "UPDATE OR ROLLBACK"


def adopt(tx: Transaction, org: str) -> bool:
    """Give the local org another id; False, and nothing is written, when it has that one or there
    is none yet.

    For :class:`Store`'s ``first``: what is remembered of the old org would be wrong afterwards,
    and in a savepoint this would take as much memory as the database is large.
    """
    old = accounts.local_org(tx)
    if old is None or old == org:
        return False
    # Members refer to the org, whose id changes after theirs.
    tx.connection.execute("PRAGMA defer_foreign_keys=ON")
    for table in tables(tx):
        tx.connection.execute(f"{_UPDATE} {table} SET org = ? WHERE org = ?", (org, old))
        reach("adoption.table")
    # Where FTS5 keeps the column "org", the third of "search" (sqlite.org/fts5.html, "The
    # %_content table"). It is not indexed, so the index stays as it is; an UPDATE of "search" would
    # take all words out of it and in again.
    tx.connection.execute(f"{_UPDATE} search_content SET c2 = ? WHERE c2 = ?", (org, old))
    tx.connection.execute(f"{_UPDATE} orgs SET id = ? WHERE id = ?", (org, old))
    # "0" comes right behind "/": all facts of the old org, and of no other.
    tx.connection.execute(
        f"{_UPDATE} meta SET key = ? || substr(key, ?) WHERE key >= ? AND key < ?",
        (org, len(old) + 1, f"{old}/", f"{old}0"),
    )
    accounts.set_local_org(tx, org)
    reach("adoption.done")
    return True
