"""UNIBOS as a service of this machine: which roles it has, and what it may take."""
