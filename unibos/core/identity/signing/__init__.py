"""What a hub signs: its rotating keys, its statements, and its lists of revocations."""
