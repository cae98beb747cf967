"""The only place where things are wired."""
