"""Features; none knows another."""
