"""OpenID Connect: other programs let people log in with their account of this hub."""
