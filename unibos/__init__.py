"""UNIBOS: a private, offline-first data server in one executable."""

__version__ = "0.1.0"
