"""Settings: flags > environment > file > default, each value with its origin."""

from unibos.base.config.load import DEFAULT_FILE, Explained, explain, file_in_use, load
from unibos.base.config.settings import Config, Setting, settings

__all__ = [
    "DEFAULT_FILE",
    "Config",
    "Explained",
    "Setting",
    "explain",
    "file_in_use",
    "load",
    "settings",
]
