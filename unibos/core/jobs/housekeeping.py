"""Chores of an instance: each looks first, and writes only when there is something to do.

They are called every hour. Those that read much do it at the first call and then once a day: a
fixed hour of the day would never come for a machine that is off at night.
"""

import logging
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from unibos.core.jobs.clock import SteadyClock
from unibos.core.jobs.options import Options
from unibos.core.store import blobs, leases
from unibos.core.store.store import Store

log = logging.getLogger(__name__)

_DAY_MS = 24 * 3600 * 1000
_DAY_SECONDS = 24 * 3600
_AT_ONCE = 50


@dataclass(slots=True)
class Housekeeping:
    """Removes what nobody needs any more.

    :param in_use: gives the names of the folders that attempts are using.
    """

    store: Store
    options: Options
    clock: SteadyClock
    in_use: Callable[[], set[str]]
    monotonic: Callable[[], float] = time.monotonic
    _done_at: dict[str, float] = field(default_factory=dict)

    def old_jobs(self, *, at_once: bool = False) -> int:
        """Remove jobs that ended longer ago than they are kept; the count of them."""
        if not at_once and not self._daily("old jobs"):
            return 0
        before = self.clock.now() - int(self.options.keep_days * _DAY_MS)
        removed = 0
        while self.store.read(lambda view: leases.finished_before(view, before)):
            removed += self.store.write(lambda tx: leases.prune(tx, before))
        if removed:
            log.info("removed %d old jobs", removed)
        return removed

    def folders(self) -> int:
        """Remove the folders of children that are gone; the count of them."""
        if not self.options.folder.exists():
            return 0
        present = list(self.options.folder.iterdir())
        # In this order: a folder that is made after the look is not in the list.
        used = self.in_use()
        left = [folder for folder in present if folder.name not in used]
        for folder in left:
            shutil.rmtree(folder, ignore_errors=True)
        return len(left)

    def orphaned_blobs(self, *, at_once: bool = False) -> int:
        """Remove bytes that no row names; the count of them."""
        if not at_once and not self._daily("orphaned blobs"):
            return 0
        grace = self.options.grace_hours * 3600
        files = self.store.blobs
        orphans = [
            path
            for path in files.stale(grace)
            if not self.store.read(partial(blobs.named, name=path.name))
        ]
        removed = 0
        for first in range(0, len(orphans), _AT_ONCE):
            some = orphans[first : first + _AT_ONCE]
            removed += self.store.write(partial(files.collect, paths=some, grace_seconds=grace))
        if removed:
            log.info("removed %d files that no record names", removed)
        return removed

    def _daily(self, chore: str) -> bool:
        now = self.monotonic()
        if chore in self._done_at and now - self._done_at[chore] < _DAY_SECONDS:
            return False
        self._done_at[chore] = now
        return True
