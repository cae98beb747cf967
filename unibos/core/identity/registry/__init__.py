"""The hub's nodes: how they join, prove who they are, and tell how they do."""
