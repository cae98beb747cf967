"""Backups: encrypted, incremental snapshots in a folder, and the way back from them."""
