"""What a card from an image does when it starts: its own name, and the settings laid beside it."""
