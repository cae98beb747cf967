"""Blobs between two replicas: bytes travel apart from the records that name them."""
