"""Leases for workers on other machines, or in other processes: what is said, and the answers."""
