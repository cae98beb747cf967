"""Names of the standards that the hub knows; what is not here it does not do."""

SCOPES = ("openid", "email", "profile")
AUTH_METHODS = ("client_secret_basic", "client_secret_post", "none")
GRANT = "authorization_code"
