"""Turkish."""

from collections.abc import Mapping

from unibos.clients.cli.words.tr import (
    backup,
    care,
    conflicts,
    export,
    first_boot,
    hub,
    joining,
    machine,
    media,
    node,
    orgs,
    programs,
    sync,
    update,
    worker,
    workers,
)
from unibos.clients.cli.words.tr.codes import TURKISH_CODES as CODES

TURKISH: Mapping[str, str] = {
    **node.TURKISH,
    **hub.TURKISH,
    **orgs.TURKISH,
    **programs.TURKISH,
    **joining.TURKISH,
    **backup.TURKISH,
    **care.TURKISH,
    **update.TURKISH,
    **first_boot.TURKISH,
    **machine.TURKISH,
    **media.TURKISH,
    **export.TURKISH,
    **conflicts.TURKISH,
    **sync.TURKISH,
    **workers.TURKISH,
    **worker.TURKISH,
}

TURKISH_CODES: Mapping[str, str] = {
    **CODES,
    **backup.CODES,
    **care.CODES,
    **update.CODES,
    **machine.CODES,
    **media.CODES,
    **export.CODES,
    **conflicts.CODES,
    **sync.CODES,
    **worker.CODES,
}

__all__ = ["TURKISH", "TURKISH_CODES"]
