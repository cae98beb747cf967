"""How an attempt ends in the table: each outcome is one transaction, fenced by the attempt."""

import logging
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from unibos.base import errors
from unibos.base.errors import Damaged, Error, Invalid, TooLarge, Unavailable, Unsupported
from unibos.core.jobs.child import unexpected
from unibos.core.jobs.clock import SteadyClock
from unibos.core.jobs.kind import HeavyKind, JobKind, Kinds
from unibos.core.store import chains, jobs, leases
from unibos.core.store.job import Job, JobError, JobState
from unibos.core.store.store import Store
from unibos.core.store.transaction import Transaction

log = logging.getLogger(__name__)

PERMANENT = (Invalid, Unsupported, TooLarge, Damaged)
"""Errors that a second attempt would meet again."""

LONGEST_PAUSE = 3600.0
_CODE = re.compile(r"[a-z][a-z0-9_]{0,99}\Z")
_MOST_TEXT = 1000
_FULL_DISK = 6
"""A full disk counts for the pause like so many failures: five minutes."""


def pause_seconds(failures: int, first: float, chance: float) -> float:
    """How long to wait before the next attempt: twice as long each time, an hour at most.

    :param chance: between 0 and 1; varies the pause by a quarter, so that what failed together is
        not tried again together.
    """
    longest = min(first * 2.0 ** min(max(failures, 1) - 1, 20), LONGEST_PAUSE)
    return longest * (0.75 + chance / 2)


def error_of(kind: str, told: JobError | None) -> Error:
    """What somebody else says went wrong, as far as it can be believed to be an error of ours.

    :param kind: the name of one in ``base.errors``.
    """
    named = getattr(errors, kind, None)
    if not (isinstance(named, type) and issubclass(named, Error)):
        named = Unavailable
    if told is None or _CODE.match(told.code) is None:
        return Unavailable("job_error", "Who did the work told of no error that is known here.")
    return named(told.code, told.detail[:_MOST_TEXT], hint=told.hint[:_MOST_TEXT])


def tell(tx: Transaction, kinds: Kinds, ended: Job, error: JobError) -> None:
    """Have the kind of a job take note that it failed or was cancelled for good."""
    if ended.kind in kinds:
        kinds[ended.kind].failed(tx, ended, error)


class _KindBroken(Exception):
    """A kind's ``failed`` raised; the transaction must not be kept."""


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Writes outcomes; all raise ``job_lost`` when the attempt does not have the job any more."""

    store: Store
    kinds: Kinds
    clock: SteadyClock
    retry_seconds: float

    def done(self, job: Job, result: Any) -> None:
        """The work returned; what the kind makes of it lands with the end of the job, or fails.

        :raises Error: what the kind's ``complete`` raised; then nothing was changed.
        """
        try:
            self.store.write(self._landing(job, result), job.org)
        except Exception as error:
            raise _told(job, error) from error
        _log_done(self.kinds[job.kind], job)

    def done_soon(self, job: Job, result: Any, then: Callable[[Error | None], None]) -> None:
        """:meth:`done` for who does not wait for it.

        :param then: called with the error, or None, once it is known; on the writer thread.
        :raises Unavailable: ``store_closed``, ``store_overloaded``.
        """

        def known(_: None, error: BaseException | None) -> None:
            if error is None:
                _log_done(self.kinds[job.kind], job)
            then(None if error is None else _told(job, error))

        self.store.send(self._landing(job, result), job.org, known)

    def failed(self, job: Job, error: Error) -> None:
        """The work raised: tried again later, or failed for good."""
        told = JobError(error.code, error.detail, error.hint)
        failures = job.attempt - (job.max_attempts - self.kinds[job.kind].max_attempts)
        retry_at = None if isinstance(error, PERMANENT) else self._later(failures)
        self._fail(job, told, lambda tx: leases.fail(tx, job, told, retry_at))

    def interrupted(self, job: Job) -> None:
        """Whoever ran the job is gone; the first time it is queued again at once."""
        told = JobError(
            "job_interrupted",
            "The server ended while the job ran.",
            hint="After a power cut this is harmless; a job that always ends so is too much for"
            " the machine.",
        )
        at = self._later(job.interruptions) if job.interruptions else self.clock.now()
        self._fail(job, told, lambda tx: leases.interrupt(tx, job, told, at))

    def handed_back(self, job: Job, *, here_until: int = 0) -> None:
        """Queued again as if it had not been tried: the server or the worker stops, or the hub's
        workers do not take it.

        :param here_until: until then the hub's workers may not have it again.
        """
        self.store.write(lambda tx: leases.hand_back(tx, job, here_until=here_until), job.org)

    def postponed(self, job: Job) -> None:
        """The disk was full, which is not the job's fault: queued again for later."""
        at = self._later(_FULL_DISK)
        self.store.write(lambda tx: leases.hand_back(tx, job, at), job.org)

    def _landing(self, job: Job, result: Any) -> Callable[[Transaction], None]:
        kind = self.kinds[job.kind]

        def land(tx: Transaction) -> None:
            leases.hold(tx, job)
            leases.finish(tx, job, kind.complete(tx, job, result))

        return land

    def _fail(self, job: Job, error: JobError, change: Callable[[Transaction], Job]) -> None:
        def with_its_kind(tx: Transaction) -> Job:
            following = chains.following(tx, job.id)
            ended = change(tx)
            if ended.state is JobState.FAILED:
                try:
                    tell(tx, self.kinds, ended, error)
                    for id_ in following:
                        cut = jobs.get(tx, id_)
                        tell(tx, self.kinds, cut, cut.error or error)
                except Exception as failure:
                    raise _KindBroken from failure
            return ended

        facts = {"kind": job.kind, "job": job.id, "code": error.code}
        try:
            ended = self.store.write(with_its_kind, job.org)
            if ended.state is JobState.FAILED:
                log.warning("job failed", extra=facts)
            else:
                log.info("job is tried again later", extra=facts)
        except _KindBroken:
            # Were the job left as it is, it would be run and fail again without an end.
            log.exception("the kind %s could not take note of a failure", job.kind)
            self.store.write(change, job.org)

    def _later(self, failures: int) -> int:
        chance = random.SystemRandom().random()
        return self.clock.now() + int(pause_seconds(failures, self.retry_seconds, chance) * 1000)


def _log_done(kind: JobKind, job: Job) -> None:
    """Small jobs come by the thousand, and a journal lies on an SD card too."""
    level = logging.INFO if isinstance(kind, HeavyKind) else logging.DEBUG
    log.log(level, "job done", extra={"kind": job.kind, "job": job.id})


def _told(job: Job, error: BaseException) -> Error:
    """What the end of a job met, as an error of ours."""
    if isinstance(error, Error):
        return error
    log.error("the end of %s failed unexpectedly", job.kind, exc_info=error)
    return unexpected(error)
