"""Paths of the API."""

from urllib.parse import quote

ALBUMS = "/api/v1/albums"
BACKUP_COPY = "/api/v1/backup/copy"
CLIENTS = "/api/v1/clients"
COLLECTIONS = "/api/v1/collections"
CONFLICTS = "/api/v1/sync/conflicts"
DOCUMENTS = "/api/v1/documents"
EXPORT = "/api/v1/export"
EXPORT_LOG = "/api/v1/export/log"
HUB = "/api/v1/hub"
HUB_CHECK = "/api/v1/hub/check"
HUB_JOIN = "/api/v1/hub/join"
HUB_LEAVE = "/api/v1/hub/leave"
HUB_LOGINS = "/api/v1/hub/logins"
HUB_PREVIEW = "/api/v1/hub/preview"
INVITATIONS = "/api/v1/invitations"
JOBS = "/api/v1/jobs"
KEYS = "/api/v1/keys"
LOGIN = "/api/v1/auth/login"
LOGOUT = "/api/v1/auth/logout"
MEDIA = "/api/v1/media"
MEDIA_DUPLICATES = "/api/v1/media/duplicates"
MEDIA_TIMELINE = "/api/v1/media/timeline"
MY_LINK = "/api/v1/me/link"
MY_ORGS = "/api/v1/me/orgs"
NOTIFICATIONS = "/api/v1/notifications"
ORGS = "/api/v1/orgs"
NODES = "/api/v1/nodes"
PASSWORD = "/api/v1/auth/password"  # noqa: S105 -- a path
QUARANTINE = "/api/v1/sync/quarantine"
REFRESH = "/api/v1/auth/refresh"
SEARCH = "/api/v1/search"
SETUP = "/api/v1/setup"
SHELVES = "/api/v1/shelves"
STATUS = "/api/v1/status"
SYNC = "/api/v1/sync"
SYNC_EVENTS = "/api/v1/events?topic=sync"
SYNC_NOW = "/api/v1/sync/now"
SYNC_PAUSE = "/api/v1/sync/pause"
SYNC_PEERS = "/api/v1/sync/peers"
SYNC_RESUME = "/api/v1/sync/resume"
TOKENS = "/api/v1/tokens"
USERS = "/api/v1/users"
WORKERS = "/api/v1/workers"


def below(base: str, *names: str) -> str:
    """The path of something below ``base``; whatever a name holds, it stays one step."""
    return "/".join((base, *(quote(name, safe="") for name in names)))


def records(collection: str) -> str:
    """The path of a collection's records."""
    return below(COLLECTIONS, collection, "records")
