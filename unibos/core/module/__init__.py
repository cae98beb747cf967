"""The contract by which a feature plugs in."""
