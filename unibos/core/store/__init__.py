"""The database and the blobs: everything that must survive a power cut."""
