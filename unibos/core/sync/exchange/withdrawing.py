"""Withdrawing: what an instance no longer lets be here goes, which is no deletion.

A policy that was narrowed is learned first and marked as not settled, in one transaction; from
then on nothing that it forbids is taken or given. Then what it forbids is removed, a bounded page
at a time, without a trace for peers; the last page's transaction settles the policy. Whoever is
stopped in between begins again at the first page and finds less. What this instance wrote something
in stays: that is its own as well.
"""

import logging

import msgspec

from unibos.core.store import collections, policies, quarantine, replication, withdrawals
from unibos.core.store.clocks import authors_of
from unibos.core.store.policies import Policy
from unibos.core.store.store import OrgStore
from unibos.core.store.system import reach
from unibos.core.store.transaction import Transaction, View
from unibos.core.sync.exchange.messages import Change

log = logging.getLogger(__name__)

PAGE = 500


async def withdraw(store: OrgStore, instance: str) -> int:
    """Remove what narrowed policies forbid to be here; how many records went.

    Does nothing, and writes nothing, when all policies are settled. Safe to be run at any time and
    by several at once.

    :param instance: the id of this instance, whose own writes stay.
    """
    narrowed: dict[str, set[Policy]] = {}
    for policy in store.read(policies.unsettled):
        narrowed.setdefault(policy.collection, set()).add(policy)
    removed = 0
    for name, all_ in narrowed.items():
        removed += await _Withdrawal(name, frozenset(all_), instance).run(store)
    return removed


class _Withdrawal:
    """From one collection, for the policies that were not settled when it began."""

    def __init__(self, name: str, narrowed: frozenset[Policy], instance: str) -> None:
        self._name = name
        self._narrowed = narrowed
        self._instance = instance
        self._last = ""
        self._held = 0
        self._removed = 0

    async def run(self, store: OrgStore) -> int:
        for page in (self._records, self._quarantined):
            while await store.awrite(page):
                reach("withdrawing.page")
        log.info("%s: %d records were withdrawn", self._name, self._removed)
        return self._removed

    def _records(self, tx: Transaction) -> bool:
        """Go through a page of records; whether there may be another."""
        forbidden = self._forbidden(tx)
        page = list(replication.by_id(tx, self._name, self._last, PAGE)) if forbidden else []
        authors = {one.id: one.authors() for one in page}
        touched = [id_ for id_, all_ in authors.items() if not forbidden.isdisjoint(all_)]
        if touched:
            withdrawals.forget_losers(tx, self._name, touched, self._instance)
        for id_ in touched:
            if self._instance not in authors[id_]:
                self._remove(tx, id_)
        self._last = page[-1].id if page else ""
        return len(page) == PAGE

    def _remove(self, tx: Transaction, id_: str) -> None:
        present = replication.find(tx, self._name, id_)
        if present is not None:
            replication.remove(tx, collections.get(tx, self._name), id_, present)
            self._removed += 1

    def _quarantined(self, tx: Transaction) -> bool:
        """Go through a page of the quarantine; whether there may be another. The last one settles
        the policies."""
        forbidden = self._forbidden(tx)
        page = quarantine.some(tx, self._held, PAGE, collection=self._name)
        for held in page:
            if not forbidden.isdisjoint(_authors(quarantine.change(tx, held.num))):
                quarantine.remove(tx, held.num)
        if len(page) == PAGE:
            self._held = page[-1].num
            return True
        withdrawals.forget_losers_of(tx, self._name, forbidden)
        for policy in self._narrowed:
            policies.settle(tx, policy)
        return False

    def _forbidden(self, view: View) -> set[str]:
        """The instances whose policies still are as they were; one may have been widened again."""
        still = self._narrowed.intersection(policies.unsettled(view))
        return {policy.origin for policy in still}


def _authors(text: bytes | None) -> set[str]:
    if text is None:
        return set()
    change = msgspec.json.decode(text, type=Change)
    return authors_of(((change.hlc, change.origin), *(change.clocks or {}).values()))
