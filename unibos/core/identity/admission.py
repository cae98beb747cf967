"""Which org lets an account in, and whether it does just now."""

from unibos.base.errors import Forbidden
from unibos.core.identity.scope import Role
from unibos.core.store import accounts, orgs
from unibos.core.store.accounts import Account
from unibos.core.store.orgs import Org
from unibos.core.store.transaction import View


def admits(view: View, account: Account, now: int) -> bool:
    """Tell whether an account of the view's org may work there.

    :param now: in milliseconds since 1970.
    :raises Forbidden: ``org_closing`` to all but owners while the org waits for its deletion.
    """
    return _admits(orgs.find(view), account, now)


def choose(view: View, user: str, name: str, now: int) -> Account | None:
    """The account with which a user logs in: in the org of this id or slug, or in the oldest org
    that admits them; None when there is none. Looks across orgs.

    :param name: empty: any org.
    :raises Forbidden: ``org_closing`` when nothing else stands in the way.
    """
    known = {org.id: org for org in orgs.of_user(view, user)}
    refusal: Forbidden | None = None
    for account in accounts.memberships(view, user):
        org = known[account.org]
        if name and name not in (org.id, org.slug):
            continue
        try:
            if _admits(org, account, now):
                return account
        except Forbidden as error:
            refusal = refusal or error
    if refusal is not None:
        raise refusal
    return None


def _admits(org: Org | None, account: Account, now: int) -> bool:
    if org is None or account.disabled:
        return False
    if org.delete_after is None:
        return True
    if account.role != Role.OWNER.value:
        raise orgs.closing(org)
    return org.delete_after > now
