"""The modules that this program has, with their settings."""

from unibos.base.config import Config
from unibos.core.module.endpoint import MIB
from unibos.core.module.manifest import Module
from unibos.modules.documents import manifest as documents
from unibos.modules.documents.reading import Options
from unibos.modules.notes import manifest as notes


def modules(config: Config) -> tuple[Module, ...]:
    """Every module, with what the configuration says about it."""
    return (
        notes.MODULE,
        documents.module(
            Options(languages=config.documents.languages), config.documents.max_mb * MIB
        ),
    )
