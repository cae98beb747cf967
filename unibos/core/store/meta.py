"""Small facts that an org keeps beside its records, by name."""

from unibos.core.store.transaction import Transaction, View


def get(view: View, key: str) -> str | None:
    """The fact, or None."""
    row = view.connection.execute(
        "SELECT value FROM meta WHERE key = ?", (f"{view.org}/{key}",)
    ).fetchone()
    return row[0] if row else None


def put(tx: Transaction, key: str, value: str) -> None:
    """Keep the fact, over an earlier one."""
    tx.connection.execute(
        "INSERT INTO meta (key, value) VALUES (?, ?)"
        " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (f"{tx.org}/{key}", value),
    )


def drop(tx: Transaction, key: str) -> None:
    """Forget the fact."""
    tx.connection.execute("DELETE FROM meta WHERE key = ?", (f"{tx.org}/{key}",))
