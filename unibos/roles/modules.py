"""The modules that this program has, with their settings."""

from unibos.base.config import Documents
from unibos.core.module.endpoint import MIB
from unibos.core.module.manifest import Module
from unibos.modules.documents import manifest as documents
from unibos.modules.documents.reading import Options
from unibos.modules.notes import manifest as notes


def modules(reading: Documents) -> tuple[Module, ...]:
    """Every module.

    :param reading: what the configuration says about documents.
    """
    return (
        notes.MODULE,
        documents.module(Options(languages=reading.languages), reading.max_mb * MIB),
    )
