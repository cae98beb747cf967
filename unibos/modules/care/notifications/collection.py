"""What is kept of a notification."""

from typing import Any

from unibos.core.store.definitions import Collection, Export, Search
from unibos.core.store.drafts import Schema

_TEXT = {"type": "string"}
_PROPERTIES: dict[str, Any] = {
    "level": {"enum": ["info", "warning", "error"]},
    "title": {"type": "string", "minLength": 1, "maxLength": 200},
    "body": {"type": "string", "maxLength": 4000},
    "source": {"type": "string", "maxLength": 100},
    # What it is about, so that the same trouble is told once: "health:disk", "job:ID".
    "about": {"type": "string", "maxLength": 200},
    "read_at": _TEXT,
    # Target -> when it took the notification.
    "sent": {"type": "object", "additionalProperties": _TEXT},
}

NOTIFICATIONS = Collection(
    name="notifications",
    schema=Schema(
        {"type": "object", "required": ["level", "title", "source"], "properties": _PROPERTIES}
    ),
    export=Export.LOCAL,
    search=Search("title", ("body",)),
    module="care",
    managed=True,
    key="about",
)
NAME = NOTIFICATIONS.name
KEPT = 1000
"""So many are kept; older ones make room."""
