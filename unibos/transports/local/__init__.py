"""The door for commands on the same machine, where a role has no web server."""
