"""What UNIBOS knows, without any door."""
