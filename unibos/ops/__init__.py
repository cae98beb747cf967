"""The box caring for itself."""
