"""The HTTP door: server, scopes, endpoints, errors, OpenAPI."""
