"""Durable units of work: told in the store, run here."""
