"""The policies that a peer tells: which of them are taken.

Nothing proves whose word a policy is, so what is taken is bounded: in number, because all of them
are told in one message, and in time, because the newest counts, and nobody could change again what
is of the far future.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from unibos.base.clock import hlc_ms
from unibos.core.store import policies
from unibos.core.store.definitions import Export
from unibos.core.store.policies import Policy
from unibos.core.store.transaction import Transaction, View
from unibos.core.sync import export
from unibos.core.sync.exchange.messages import PolicyTold
from unibos.core.sync.local import FUTURE_MS, Local

log = logging.getLogger(__name__)

MOST_POLICIES: Final = 20_000
"""Of an org, as relays tell them: 2 MiB on the way. What an instance says of itself goes on top."""
MOST_OF_ONE: Final = 1_000


@dataclass(frozen=True, slots=True)
class Told:
    """What a peer told.

    :param by: the peer's instance id.
    """

    by: str
    policies: Sequence[PolicyTold]


def learn(tx: Transaction, local: Local, told: Told) -> None:
    """Take the policies that are news; of this replica's own, what a restore took from it."""
    needed = export.needed(local.kind)
    for policy in list(_news(tx, local, told)):
        if policy.origin != local.instance:
            policies.learn(tx, policy, needed)
        elif policies.recall(tx, policy):
            log.warning(
                "as peers tell it, a collection was not to travel so far, before a restore here",
                extra={"collection": policy.collection, "export": policy.export, "peer": told.by},
            )


def is_news(view: View, local: Local, told: Told) -> bool:
    """Whether a peer told a policy that is newer than what is known here."""
    return any(_news(view, local, told))


def puts_off(local: Local, told: Told) -> bool:
    """Whether something is to be told again, when its time has come."""
    return any(_is_to_come(local, each) for each in told.policies)


def _news(view: View, local: Local, told: Told) -> Iterator[Policy]:
    if not told.policies:
        return
    known = {(each.collection, each.origin): each.hlc for each in policies.known(view)}
    room = _Room(told.by, known)
    for each in told.policies:
        policy = Policy(each.collection, each.origin, Export(each.export), each.hlc)
        if _is_to_come(local, each):
            continue
        if policy.origin == local.instance:
            if local.kind == "node" and policies.forgotten(view, policy):
                yield policy
            continue
        before = known.get((policy.collection, policy.origin))
        if (before is None and room.take(policy)) or (before is not None and before < policy.hlc):
            yield policy


class _Room:
    """How many more policies may become known, of the peer itself and of others."""

    def __init__(self, by: str, known: dict[tuple[str, str], int]) -> None:
        own = sum(origin == by for _, origin in known)
        self._by = by
        self._own = MOST_OF_ONE - own
        self._others = MOST_POLICIES - len(known) + own

    def take(self, policy: Policy) -> bool:
        if policy.origin == self._by:
            self._own -= 1
            return self._own >= 0
        self._others -= 1
        return self._others >= 0


def _is_to_come(local: Local, told: PolicyTold) -> bool:
    return hlc_ms(told.hlc) > local.now() + FUTURE_MS
