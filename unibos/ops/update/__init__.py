"""Updates: signed releases side by side, tried before they are trusted, with a way back."""
