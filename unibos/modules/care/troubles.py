"""Troubles become notifications, once: a job that failed for good, a check that fails."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from unibos.base.errors import Error
from unibos.core.jobs.kind import JobKind
from unibos.core.store.jobs import Job, JobError
from unibos.core.store.store import OrgStore
from unibos.core.store.transaction import Transaction
from unibos.modules.care.health import Looks, told
from unibos.modules.care.notifications.sending import Notifier
from unibos.modules.care.notifications.targets.target import Level

log = logging.getLogger(__name__)

_LEVELS: dict[str, Level] = {"warn": "warning", "fail": "error"}


def telling(kind: JobKind, notifier: Notifier) -> JobKind:
    """The kind, which notifies in the same transaction in which a job of it fails for good.

    While a notification about the kind stands unread no other is made: of a thousand scans that
    fail together people are told once.
    """
    tell: Callable[[Transaction, Job, JobError], None] = kind.failed

    def failed(tx: Transaction, job: Job, error: JobError) -> None:
        tell(tx, job, error)
        if error.code == "job_cancelled" or kind.name == notifier.kind.name:
            return
        body = "\n".join(filter(None, (error.detail, error.hint, f"unibos job show {job.id}")))
        title = f"A job failed: {kind.name} ({error.code})"
        notifier.notify(tx, "warning", title, body, source="jobs", about=f"job:{kind.name}")

    return replace(kind, failed=failed)


@dataclass(slots=True)
class Troubles:
    """Makes the checks again and again; writes only when one of them has turned bad.

    :param store: of the org that is told.
    """

    store: OrgStore
    notifier: Notifier
    looks: Looks
    _known: dict[str, str] = field(default_factory=dict)

    def look(self) -> int:
        """Make all checks; the value is how many notifications that gave."""
        return sum(self._look(name) for name in self.looks)

    def _look(self, name: str) -> bool:
        check = self.looks[name]()
        before = self._known.get(name)
        self._known[name] = check.state
        if check.state in ("ok", before):
            return False
        words = told(check)

        def tell(tx: Transaction) -> bool:
            level, about = _LEVELS[check.state], f"health:{name}:{check.state}"
            body = words["todo"]
            made = self.notifier.notify(
                tx, level, words["said"], body, source="health", about=about
            )
            return made is not None

        try:
            return self.store.write(tell)
        except Error as error:
            # A full disk is what most likely is to be told; the journal has it at least.
            self._known.pop(name)
            log.warning("%s", words["said"], extra={"check": name, "code": error.code})
            return False
