"""Which jobs may go to a hub: those whose collection, and the authors of whose records, let it."""

from collections.abc import Iterator
from typing import Any

from unibos.core.store import blobs, chains, policies, replication
from unibos.core.store.job import Job
from unibos.core.store.transaction import View
from unibos.core.sync import export
from unibos.core.sync.local import Local


class JobGate:
    """The :class:`unibos.core.jobs.handing.gate.Gate` of a node."""

    def __init__(self, local: Local) -> None:
        self._local = local

    def at(self, view: View) -> "MayGo":
        """See :class:`Gate`."""
        return MayGo(view, self._local)


class MayGo:
    """The policies of one moment."""

    def __init__(self, view: View, local: Local) -> None:
        self._view = view
        self._open = not export.stopped(view)
        self._terms = export.terms(view, local.kind, local.instance, "hub", ())

    def __call__(self, job: Job) -> bool:
        """Whether the job may go to the hub, with the results that it needs."""
        if not self._open:
            return False
        return all(self._allows(each) for each in (job, *chains.needed(self._view, job)))

    def _allows(self, job: Job) -> bool:
        if not job.collection:
            return True
        return self._terms.allows(job.collection, self._authors(job)) and all(
            self._file_may_go(text) for text in _texts(job.args) if blobs.is_name(text)
        )

    def _file_may_go(self, sha256: str) -> bool:
        """Whether everybody lets go of a file whose record has it; that a person put it there
        besides says nothing."""
        for used_by in blobs.uses(self._view, sha256):
            collection, _, rest = used_by.partition("/")
            present = replication.find(self._view, collection, rest.partition("/")[0])
            if present is not None and not self._terms.allows(
                collection, present.version.authors()
            ):
                return False
        return True

    def _authors(self, job: Job) -> set[str]:
        """Who wrote the records that the job's arguments name; where they name none, everybody of
        whom a policy for the collection is known."""
        found = [
            present.version
            for text in _texts(job.args)
            if (present := replication.find(self._view, job.collection, text)) is not None
        ]
        if found:
            return set().union(*(version.authors() for version in found))
        return set(policies.of_collection(self._view, job.collection))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
