"""Notes: title, body, tags; the one-page example of a module."""
