"""Settings: flags > environment > file > default, each value with its origin."""

from unibos.base.config.load import DEFAULT_FILE, Explained, explain, file_in_use, load
from unibos.base.config.settings import Config, Documents, Hub, Media, Node, Setting, settings
from unibos.base.config.values import choices

__all__ = [
    "DEFAULT_FILE",
    "Config",
    "Documents",
    "Explained",
    "Hub",
    "Media",
    "Node",
    "Setting",
    "choices",
    "explain",
    "file_in_use",
    "load",
    "settings",
]
