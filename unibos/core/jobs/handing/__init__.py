"""Jobs of a node that its hub's workers do: given to the hub, watched, and taken back."""
