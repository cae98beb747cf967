"""The plan of a round: pure functions of what both sides said and of the checkpoints."""

from collections.abc import Mapping
from dataclasses import dataclass

from unibos.core.store.checkpoints import Checkpoint
from unibos.core.store.starts import Starts
from unibos.core.sync.exchange.messages import Head, Hello

Checkpoints = Mapping[str, Checkpoint]


@dataclass(frozen=True, slots=True)
class PullStep:
    """One collection to take changes of.

    :param after: the peer's ``seq`` up to which all is here; ``head`` is its newest.
    :param everything: also what this replica delivered once: it may not have it any more.
    :param census: compare the ids first, for deletions that the peer has forgotten already;
        ``horizon`` is the newest of them.
    :param suspicious: one of the two was restored or cloned; see :func:`merge`.
    :param settles: once all is pulled, what the peer says that it holds of ours is believed:
        ``told``.
    """

    collection: str
    version: int
    after: int
    head: int
    everything: bool
    census: bool
    suspicious: bool
    settles: bool
    told: int
    horizon: int = 0


@dataclass(frozen=True, slots=True)
class PushStep:
    """One collection to give changes of, from ``after`` up to ``head``.

    :param define: with its definition.
    :param told: they say that they have all up to this, or have not been told of the rest up to
        ``after``, because it does not concern them.
    :param held: they say that they have all up to this, in whichever version: they took it.
    """

    collection: str
    version: int
    after: int
    head: int
    define: bool
    told: int = 0
    held: int = 0


def holds_too_much(mine: Hello, theirs: Hello, starts: Starts) -> bool:
    """Whether they hold more of my epoch than it ever gave, or of a later version of what may be
    sent, or what another start gave: I was restored, or cloned.

    :param starts: those of this replica.
    """
    if theirs.holds != mine.epoch:
        return False
    versions = {head.name: head.version for head in mine.collections}
    return any(
        head.held > mine.counter
        or head.held_version > versions.get(head.name, head.held_version)
        or _of_another_start(head, starts)
        for head in theirs.collections
    )


def _of_another_start(head: Head, starts: Starts) -> bool:
    """Whether the ``seq`` that they hold was given twice."""
    return head.held_start != "" and starts.of(head.held) not in ("", head.held_start)


def pulls(
    mine: Hello, theirs: Hello, checkpoints: Checkpoints, *, another_life: bool = False
) -> list[PullStep]:
    """What to take.

    :param checkpoints: with this life of the peer, by collection.
    :param another_life: one of the two had an earlier life, or has a clone.
    """
    own = {head.name: head.version for head in mine.collections}
    steps = []
    for head in theirs.collections:
        checkpoint = checkpoints.get(head.name, Checkpoint())
        version = own.get(head.name, 0)
        told = _told(mine, theirs, head, version)
        step = _pull(head, checkpoint, mine.epoch, version, told, another_life=another_life)
        if step is not None:
            steps.append(step)
    return steps


def pushes(
    mine: Hello, theirs: Hello, checkpoints: Checkpoints, wants: frozenset[str] = frozenset()
) -> list[PushStep]:
    """What to give.

    :param mine: what this replica said, whose collections are those that may be named there.
    :param wants: collections whose definitions the peer asked for.
    """
    heads = {head.name: head for head in theirs.collections}
    steps = []
    for head in mine.collections:
        checkpoint = checkpoints.get(head.name, Checkpoint())
        told = _told(mine, theirs, heads.get(head.name), head.version)
        after = checkpoint.pushed_for(mine.epoch, head.version)
        if told < checkpoint.told_for(mine.epoch, head.version):
            # They have less than they had.
            after = min(after, told)
        if head.seq > after:
            # What they never named they may not know: its first record here may be younger than
            # the hello.
            define = head.name in wants or head.name not in heads
            known = theirs.holds == mine.epoch and head.name in heads
            held = heads[head.name].held if known else 0
            steps.append(
                PushStep(head.name, head.version, after, head.seq, define, min(told, after), held)
            )
    return steps


def _pull(
    head: Head, checkpoint: Checkpoint, epoch: str, version: int, told: int, *, another_life: bool
) -> PullStep | None:
    after = checkpoint.pulled_for(head.version)
    # They hold what this replica does not know to have given: an answer was lost, or it is not
    # the one any more that gave it.
    # Where it has nothing, or lets nothing go, there is nothing to ask for.
    everything = head.seq > 0 and told > checkpoint.told_for(epoch, version)
    first = checkpoint.own_epoch != epoch
    census = 0 < checkpoint.pulled < head.horizon
    if head.seq <= after and not everything and not census:
        return None
    return PullStep(
        head.name,
        head.version,
        after,
        head.seq,
        everything,
        census,
        suspicious=everything or (first and (another_life or checkpoint.own_epoch != "")),
        settles=everything or first,
        told=told,
        horizon=head.horizon,
    )


def _told(mine: Hello, theirs: Hello, head: Head | None, version: int) -> int:
    """What they say that they hold of ours, in this epoch and version of the collection."""
    if head is None or theirs.holds != mine.epoch or head.held_version != version:
        return 0
    return head.held
