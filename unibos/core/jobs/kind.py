"""What a module declares of its jobs: a name, limits, and the functions that do the work.

A *light* kind runs on a thread of the server, a *portable* one on a thread of any worker. A *heavy*
kind runs in a child process of its own, which can be killed, gives its memory back, and harms
nobody when it crashes; it is split in four: ``prepare`` in the server, ``work`` in the child,
``collect`` and ``complete`` in the server again.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import msgspec

from unibos.core.store.jobs import Job, JobError, JobSpec
from unibos.core.store.store import OrgStore
from unibos.core.store.transaction import Transaction


class Report(Protocol):
    """Tells how far the work has got; cheap, so call it as often as you like.

    It does not return when the work is to end: then it raises what must not be caught.
    """

    def __call__(self, value: float | None, phase: str = "") -> None:
        """Tell a value between 0 and 1 (None when unknown) and what is being done."""


class Task(msgspec.Struct, frozen=True):
    """What a child gets to work on.

    :param args: JSON values.
    :param input: a file that the child reads and never changes.
    """

    args: dict[str, Any]
    input: Path | None = None


def _keep(_tx: Transaction, _job: Job, result: Any) -> Any:
    return result


def _leave(_store: OrgStore, result: Any, _folder: Path) -> Any:
    return result


def _ignore(_tx: Transaction, _job: Job, _error: JobError) -> None:
    pass


@dataclass(frozen=True, kw_only=True)
class _Common(JobSpec):
    """What light and heavy kinds have in common.

    :param complete: runs in the transaction that ends the job as done, so that its changes land
        exactly once; gets what the work returned, and what it returns is kept as the job's
        result. An error that it raises fails the attempt.
    :param failed: runs in the transaction that ends the job for good as failed or cancelled.
    :param accept: checks and completes the arguments of a job that a user asks for through the
        API, raising ``Invalid``; None when only modules may ask.
    """

    complete: Callable[[Transaction, Job, Any], Any] = _keep
    failed: Callable[[Transaction, Job, JobError], None] = _ignore
    accept: Callable[[Mapping[str, Any]], dict[str, Any]] | None = None


@dataclass(frozen=True, kw_only=True)
class LightKind(_Common):
    """Work of a second or two that waits more than it computes.

    :param run: does the work on a thread of the server and returns a JSON value. The thread
        cannot be killed: the work ends early only where it calls ``report``.
    """

    run: Callable[[OrgStore, Job, Report], Any]


@dataclass(frozen=True, kw_only=True)
class HeavyKind(_Common):
    """Work that computes, or that reads what strangers made.

    :param prepare: runs in the server and says what the child gets.
    :param work: runs in the child, which has no database, with an empty folder of its own as
        its present and temporary folder; returns a JSON value. An ``Error`` of the kinds
        ``Invalid``, ``Unsupported``, ``TooLarge`` and ``Damaged`` fails the job for good; any
        other is tried again later.
    :param collect: runs in the server while the child's folder is still there, gets what the work
        returned, and takes files out of the folder, into blobs; what it returns goes to
        ``complete``. It may run again after a crash, so it must do no harm twice.
    :param timeout_seconds: after which the child is killed.
    :param warm_up: for work that is short and often: loads the libraries that it needs, once for
        many children, and starts no thread. Without it, each child begins from nothing.
    The inherited ``memory_mb`` is the address space of the child and of each program that it
    starts; None for what the configuration allows, which is also the most.
    """

    prepare: Callable[[OrgStore, Job], Task]
    work: Callable[[Task, Path, Report], Any]
    collect: Callable[[OrgStore, Any, Path], Any] = _leave
    timeout_seconds: float = 600
    warm_up: Callable[[], None] | None = None


@dataclass(frozen=True, kw_only=True)
class PortableKind(_Common):
    """Light work on JSON values alone, which any worker may do, here or on another machine.

    :param work: does the work on a thread of whoever runs it; gets the job's arguments and
        returns a JSON value. The thread cannot be killed: the work ends early only where it calls
        ``report``.
    """

    work: Callable[[dict[str, Any], Report], Any]


JobKind = LightKind | HeavyKind | PortableKind
Kinds = Mapping[str, JobKind]


def by_name(kinds: Iterable[JobKind]) -> Kinds:
    """The kinds by their names."""
    named: dict[str, JobKind] = {}
    for kind in kinds:
        if named.setdefault(kind.name, kind) is not kind:
            raise ValueError(f"Two kinds of job have the name {kind.name}.")
    return named
