"""Policies: how far each instance lets travel what it writes, as far as it is known here.

A relay keeps to the policy of whoever wrote something, so policies travel with the records: each
has the clock of its last change, and the newest one counts. ``settled`` says that nothing is here
any more that a narrowed policy does not allow to be here.
"""

from dataclasses import dataclass

from unibos.core.store import collections, meta
from unibos.core.store.definitions import Export
from unibos.core.store.transaction import Transaction, View

TOPIC = "policy"
_REVISION = "policies_revision"
_EXPORTS = {str(each): each for each in Export}
ALWAYS = 1
"""The clock of a policy that nobody ever changed."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How far one instance, the ``origin``, lets one collection of its own travel, in whichever of
    its lives it wrote; ``hlc`` is its last change."""

    collection: str
    origin: str
    export: Export
    hlc: int


def known(view: View) -> list[Policy]:
    """The policies that other instances told, and what this one ever set; see :func:`own`."""
    rows = view.connection.execute(
        "SELECT collection, origin, export, hlc FROM policies WHERE org = ?", (view.org,)
    )
    return [Policy(name, origin, Export(export), hlc) for name, origin, export, hlc in rows]


def of_collection(view: View, collection: str) -> dict[str, Export]:
    """Those of one collection, by origin."""
    rows = view.connection.execute(
        "SELECT origin, export FROM policies WHERE org = ? AND collection = ?",
        (view.org, collection),
    )
    return {origin: _EXPORTS[export] for origin, export in rows}


def revision(view: View) -> str:
    """Another text whenever a policy has changed."""
    return meta.get(view, _REVISION) or ""


def own(view: View, origin: str) -> list[Policy]:
    """This instance's own: the ``export`` of its collections."""
    rows = view.connection.execute(
        "SELECT c.name, c.export, coalesce(p.hlc, ?) FROM collections c LEFT JOIN policies p"
        " ON p.org = c.org AND p.collection = c.name AND p.origin = ? WHERE c.org = ?",
        (ALWAYS, origin, view.org),
    )
    return [Policy(name, origin, Export(export), hlc) for name, export, hlc in rows]


def set_own(tx: Transaction, collection: str, export: Export) -> bool:
    """Say how far this instance lets a collection travel; False when it is so already.

    :raises NotFound: ``collection_not_found``.
    :raises Forbidden: ``export_over_ceiling``.
    """
    if not collections.set_export(tx, collection, export):
        return False
    hlc, _ = tx.stamp()
    _put(tx, Policy(collection, tx.instance, export, hlc), settled=True)
    tx.changed(TOPIC, collection)
    return True


def learn(tx: Transaction, policy: Policy, needed: Export) -> bool:
    """Take another instance's policy where it is newer than what is known; False where it is not.

    :param needed: what a policy must at least be for its records to be here.
    """
    row = tx.connection.execute(
        "SELECT export, hlc FROM policies WHERE org = ? AND collection = ? AND origin = ?",
        (tx.org, policy.collection, policy.origin),
    ).fetchone()
    if row is not None and row[1] >= policy.hlc:
        return False
    narrowed = policy.export.reach < needed.reach
    _put(tx, policy, settled=row is None or not narrowed)
    if row is not None and 0 < Export(row[0]).reach < policy.export.reach:
        # What was held back from some peers may go to them now.
        collections.renew_version(tx, policy.collection)
    tx.changed(TOPIC, policy.collection)
    return True


def forgotten(view: View, policy: Policy) -> bool:
    """Whether this instance once let travel less than it does now, as peers say: it was restored,
    or it is a clone. What peers say never widens anything."""
    if policy.hlc <= ALWAYS:
        return False
    here = {each.collection: each for each in own(view, policy.origin)}.get(policy.collection)
    if here is None:
        return False
    return here.hlc < policy.hlc and policy.export.reach < here.export.reach


def recall(tx: Transaction, policy: Policy) -> bool:
    """Narrow an own policy as it was before a restore; False where nothing is forgotten."""
    if not forgotten(tx, policy):
        return False
    collections.set_export(tx, policy.collection, policy.export)
    _put(tx, policy, settled=True)
    tx.changed(TOPIC, policy.collection)
    return True


def unsettled(view: View) -> list[Policy]:
    """Policies that were narrowed, while what they forbid to be here may still be here."""
    rows = view.connection.execute(
        "SELECT collection, origin, export, hlc FROM policies WHERE org = ? AND settled = 0",
        (view.org,),
    )
    return [Policy(name, origin, Export(export), hlc) for name, origin, export, hlc in rows]


def settle(tx: Transaction, policy: Policy) -> None:
    """Nothing is here any more that this policy forbids."""
    tx.connection.execute(
        "UPDATE policies SET settled = 1"
        " WHERE org = ? AND collection = ? AND origin = ? AND hlc = ?",
        (tx.org, policy.collection, policy.origin, policy.hlc),
    )


def _put(tx: Transaction, policy: Policy, *, settled: bool) -> None:
    tx.connection.execute(
        "INSERT INTO policies (org, collection, origin, export, hlc, settled)"
        " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (org, collection, origin) DO UPDATE SET"
        " export = excluded.export, hlc = excluded.hlc, settled = excluded.settled",
        (tx.org, policy.collection, policy.origin, policy.export, policy.hlc, settled),
    )
    # A reading of the clock is never given twice, not even if this is taken back.
    meta.put(tx, _REVISION, str(tx.stamp()[0]))
