"""Photos and videos that are kept, by their ids."""

from unibos.base.errors import NotFound
from unibos.core.store import records
from unibos.core.store.records import Record
from unibos.core.store.transaction import View
from unibos.modules.media.collection import NAME


def look(view: View, id_: str) -> Record | None:
    """One photo or video outside the bin, if there is one."""
    try:
        record = records.get(view, NAME, id_)
    except NotFound:
        return None
    return None if "binned_at" in record.data else record


def find(view: View, id_: str) -> Record:
    """One photo or video.

    :raises NotFound: ``media_not_found``.
    """
    try:
        return records.get(view, NAME, id_)
    except NotFound:
        raise NotFound("media_not_found", f"There is no photo or video {id_[:64]!r}.") from None
