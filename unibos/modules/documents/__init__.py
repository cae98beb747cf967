"""Documents: take in, read, find again."""
