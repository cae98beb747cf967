"""Who asks: keys, users, sessions, scopes."""
