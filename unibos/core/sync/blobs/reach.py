"""Which blobs a peer may have: those that a record names which may go to it, and no others."""

from collections.abc import Iterable
from dataclasses import dataclass

from unibos.base.errors import Error, NotFound
from unibos.core.store import blobs, collections, pending_blobs, replication
from unibos.core.store.peers import PeerKind
from unibos.core.store.transaction import View
from unibos.core.sync import export
from unibos.core.sync.local import Local


@dataclass(frozen=True, slots=True, order=True)
class Named:
    """A blob with the record that lets it go.

    :param seq: of the record.
    :param size: in bytes.
    """

    collection: str
    seq: int
    sha256: str
    size: int


class Reach:
    """What may go to a peer of one kind, by the policies of one moment."""

    def __init__(self, view: View, local: Local, kind: PeerKind) -> None:
        self._view = view
        self._terms = export.terms(view, local.kind, local.instance, kind, ())

    def find(self, sha256: str) -> Named | None:
        """A blob that is here and may go there; None for all others."""
        try:
            blob = blobs.get(self._view, sha256)
        except Error:
            return None
        for used_by in blobs.uses(self._view, sha256):
            found = self._named(sha256, blob.size, used_by)
            if found is not None:
                return found
        return None

    def waiting(self, needs: Iterable[pending_blobs.Pending]) -> list[str]:
        """Those of the blobs that are waited for which may be named there."""
        found = (self._named(need.sha256, 0, need.used_by) for need in needs)
        return list(dict.fromkeys(named.sha256 for named in found if named is not None))

    def _named(self, sha256: str, size: int, used_by: str) -> Named | None:
        name, _, rest = used_by.partition("/")
        id_ = rest.partition("/")[0]
        if not id_:
            return None
        try:
            collection = collections.get(self._view, name)
        except NotFound:
            return None
        present = replication.find(self._view, name, id_)
        if present is None or present.version.fields is None:
            return None
        if collection.blob_uses(id_, present.version.fields).get(used_by) != sha256:
            return None
        if not self._terms.allows(name, present.version.authors()):
            return None
        return Named(name, present.seq, sha256, size)
