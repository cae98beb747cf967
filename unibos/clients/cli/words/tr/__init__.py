"""Turkish."""

from collections.abc import Mapping

from unibos.clients.cli.words.tr import hub, joining, node, orgs
from unibos.clients.cli.words.tr.codes import TURKISH_CODES

TURKISH: Mapping[str, str] = {**node.TURKISH, **hub.TURKISH, **orgs.TURKISH, **joining.TURKISH}

__all__ = ["TURKISH", "TURKISH_CODES"]
