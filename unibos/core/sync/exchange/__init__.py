"""The exchange of records between two replicas: the side that asks, and the one that answers."""
