"""What a verb of the store gets: a view to read from, or a transaction to write in.

Both belong to one org, and no verb takes an org from anywhere else. Views of the instance itself
(org ``""``) are for identity and jobs, whose own verbs say where they look across orgs.
"""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field

from unibos.base.clock import COUNTER_BITS, hlc_ms
from unibos.core.store.clocks import Clock, origin_of
from unibos.core.store.counters import Counters
from unibos.core.store.definitions import Collection
from unibos.core.store.job import JobSpec
from unibos.core.store.replica import Replica


@dataclass(frozen=True, slots=True)
class Changed:
    """A committed change, as told to listeners: no data, so nothing leaks into logs.

    :param queued: for a job: that it came into the queue, so whoever runs jobs has to look.
    """

    org: str
    topic: str  # "record", "job", "identity", "policy" or "export"
    id: str
    queued: bool = False


@dataclass(slots=True)
class View:
    """A consistent read of one org's data.

    :param definitions: remembers collections by org and name.
    """

    connection: sqlite3.Connection
    org: str
    definitions: dict[tuple[str, str], Collection]


@dataclass(slots=True)
class Transaction(View):
    """One piece of a group commit: it is kept whole, or nothing of it.

    :param instance: the id of the instance that writes.
    :param ruled: what the instance's rules make of a kind of job.
    """

    instance: str
    replica: Replica
    counters: Counters
    ruled: Callable[[JobSpec], JobSpec]
    changes: list[Changed] = field(default_factory=list)
    after_commit: list[Callable[[], object]] = field(default_factory=list)
    _now: int = 0

    def stamp(self) -> Clock:
        """A new clock for a record that changes."""
        hlc = self.replica.tick()
        self.counters.hlc = hlc
        return hlc, origin_of(self.instance, self.replica.life)

    def see(self, hlc: int) -> None:
        """Take note of another replica's reading: what is stamped from here on, and after a
        restart, is above it."""
        self.replica.see(hlc)
        self.counters.hlc = max(self.counters.hlc, hlc)

    def next_seq(self) -> int:
        """The next value of the replica's counter."""
        self.counters.seq += 1
        return self.counters.seq

    def now(self) -> int:
        """The transaction's time in milliseconds since 1970; it never goes back."""
        if not self._now:
            self._now = hlc_ms(self.stamp()[0])
        return self._now

    def next_moment(self) -> int:
        """End the present millisecond: the one that begins, for the rest of this transaction and
        all that come after it. Whatever came before has an earlier :meth:`now`."""
        beginning = hlc_ms(self.stamp()[0]) + 1
        self.replica.see(beginning << COUNTER_BITS)
        # Stamped, so that the next start does not fall behind it either.
        self._now = hlc_ms(self.stamp()[0])
        return beginning

    def changed(self, topic: str, id_: str) -> None:
        """Have listeners told once this is committed."""
        self.changes.append(Changed(self.org, topic, id_))
