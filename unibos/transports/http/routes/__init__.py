"""The endpoints of the core, one file per noun."""
