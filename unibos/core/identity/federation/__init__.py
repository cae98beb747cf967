"""One account on every node of an org: what a node and its hub tell each other."""
