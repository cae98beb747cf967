"""Turkish of the hub's commands."""

from collections.abc import Mapping

TURKISH: Mapping[str, str] = {}
