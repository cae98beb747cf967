"""Invitations at the store."""

import pytest

from unibos.base.errors import Conflict, NotFound
from unibos.base.ids import new_id
from unibos.core.store import accounts, invitations, orgs


@pytest.fixture
def two(store):
    """The doors of two orgs."""
    made = []
    for name in ("One", "Two"):
        id_ = new_id()
        store.write(lambda tx, id_=id_, name=name: orgs.create(tx, id_, name, "team"), id_)
        made.append(store.org(id_))
    return made


def invite(door, email="a@example.org", by="u", now=1, until=100):
    return door.write(
        lambda tx: invitations.create(tx, email, email, "member", "hash", by, now, until)
    )


def test_an_invitation_is_its_orgs(store, two):
    one, other = two
    made = invite(one)
    assert store.read(lambda view: invitations.org_of(view, made.id)) == one.org
    assert one.read(lambda view: invitations.get(view, made.id, 1)) == made
    assert one.read(lambda view: invitations.page(view, "", 9, 1)) == [made]
    assert other.read(lambda view: invitations.page(view, "", 9, 1)) == []
    with pytest.raises(NotFound):
        other.read(lambda view: invitations.get(view, made.id, 1))
    other.write(lambda tx: invitations.remove(tx, made.id))
    other.write(lambda tx: invitations.withdraw(tx, "u"))
    assert one.read(lambda view: invitations.find(view, made.id, 1)) == made
    one.write(lambda tx: invitations.remove(tx, made.id))
    assert one.read(lambda view: invitations.find(view, made.id, 1)) is None


def test_it_ends_with_its_time_and_goes_with_the_next(two):
    door = two[0]
    old = invite(door, until=10)
    assert door.read(lambda view: invitations.find(view, old.id, 10)) is None
    assert door.read(lambda view: invitations.page(view, "", 9, 10)) == []
    invite(door, "b@example.org", now=10)
    assert door.read(lambda view: invitations.find(view, old.id, 1)) is None


def test_an_address_is_invited_once(two):
    door, other = two
    kept = invite(other)
    first, second = invite(door), invite(door)
    assert door.read(lambda view: invitations.page(view, "", 9, 1)) == [second]
    assert first.id != second.id
    assert other.read(lambda view: invitations.page(view, "", 9, 1)) == [kept]


def test_who_may_no_longer_invite_has_invited_nobody(two):
    door = two[0]
    kept = invite(door, "b@example.org", by="other")
    invite(door)
    door.write(lambda tx: invitations.withdraw(tx, "u"))
    assert door.read(lambda view: invitations.page(view, "", 9, 1)) == [kept]


def test_members_are_not_invited(two):
    door, other = two
    member = door.write(
        lambda tx: accounts.create(tx, "a@example.org", "a@example.org", "A", "v", "member")
    )
    with pytest.raises(Conflict, match="member"):
        invite(door)
    invite(other)
    other.write(lambda tx: accounts.join(tx, member, "viewer"))
    with pytest.raises(Conflict, match="member"):
        other.write(lambda tx: accounts.join(tx, member, "owner"))
    assert other.read(lambda view: accounts.get(view, member.id)).role == "viewer"
    assert door.read(lambda view: accounts.get(view, member.id)).role == "member"


def test_there_is_a_most(two, monkeypatch):
    monkeypatch.setattr(invitations, "MAX_PENDING", 2)
    door, other = two
    invite(door, "b@example.org")
    invite(door, "c@example.org")
    with pytest.raises(Conflict) as caught:
        invite(door)
    assert caught.value.code == "too_many_invitations"
    invite(door, "c@example.org")
    invite(other)
