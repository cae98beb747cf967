"""Turkish of joining a hub, and of living without it."""

from collections.abc import Mapping

TURKISH: Mapping[str, str] = {}
