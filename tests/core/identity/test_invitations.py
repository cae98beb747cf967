"""Invitations: one link, for one person, for seven days."""

import hashlib

import pytest

from tests.core.identity.conftest import ADDRESS, PASSWORD
from tests.core.identity.hub_orgs import URL
from unibos.base.errors import (
    Conflict,
    Error,
    Forbidden,
    Invalid,
    NotFound,
    TooMany,
    Unauthenticated,
)
from unibos.core.identity.login import Login
from unibos.core.identity.org_shapes import OrgChange
from unibos.core.identity.scope import Role
from unibos.core.identity.users import UserChange
from unibos.core.store import accounts

NEW = "new@example.org"


@pytest.fixture
def smith(people):
    return people.org("Smith")


@pytest.fixture
def owner(smith):
    return smith[1]


def refused(code, kind, ask):
    with pytest.raises(kind) as caught:
        ask()
    assert caught.value.code == code
    return caught.value


def test_accepting_makes_a_member_and_logs_in(people, smith, owner):
    org, _ = smith
    made = people.invite(owner, NEW, Role.ADMIN)
    assert made.link == f"{URL}/invitation/{made.secret}"
    login = people.accept(made, name="New")
    assert (login.user.email, login.user.name) == (NEW, "New")
    assert (login.user.org, login.user.role) == (org.id, Role.ADMIN)
    assert people.scope(login).role is Role.ADMIN
    assert people.box.login(NEW).user == login.user
    assert people.run(people.identity.invitations.page(owner)).items == []
    refused("invitation_not_found", NotFound, lambda: people.accept(made))


def test_the_database_does_not_hold_the_secret(people, owner):
    made = people.invite(owner, NEW)
    secret = made.secret.partition(".")[2]
    rows = people.box.store.read(
        lambda view: view.connection.execute("SELECT * FROM invitations").fetchall()
    )
    assert secret not in str(rows)
    assert hashlib.sha256(secret.encode()).hexdigest() in str(rows)
    assert secret not in str(people.run(people.identity.invitations.page(owner)))


def test_who_has_an_account_proves_the_password(people, owner):
    other, boss = people.org("Other")
    known = people.member(boss, NEW)
    made = people.invite(owner, NEW)
    refused("login_failed", Unauthenticated, lambda: people.accept(made, "a wrong password"))
    login = people.accept(made, name="Another name")
    assert (login.user.id, login.user.name) == (known.principal.id, "new")
    assert {one.id for one in people.run(people.identity.orgs.mine(known)).items} == {
        other.id,
        owner.org,
    }


def test_a_wrong_password_is_slowed_like_a_login(people, owner):
    _, boss = people.org("Other")
    people.member(boss, NEW)
    made = people.invite(owner, NEW)
    for _ in range(5):
        refused("login_failed", Unauthenticated, lambda: people.accept(made, "a wrong password"))
    told = refused("too_many_attempts", TooMany, lambda: people.accept(made))
    people.box.clock.advance(seconds=told.facts["retry_after"])
    people.accept(made)


def test_the_rules_for_passwords_tell_nothing_about_the_address(people, owner):
    _, boss = people.org("Other")
    people.member(boss, NEW)
    for email in (NEW, "unknown@example.org"):
        made = people.invite(owner, email)
        refused("password_too_short", Invalid, lambda made=made: people.accept(made, "short"))
        refused("name_invalid", Invalid, lambda made=made: people.accept(made, name="\n"))


def test_inviting_tells_nothing_about_the_address(people, owner):
    _, boss = people.org("Other")
    people.member(boss, NEW)
    known = people.invite(owner, NEW).invitation
    unknown = people.invite(owner, "unknown@example.org").invitation
    for field in ("role", "invited_by", "created_at", "expires_at"):
        assert getattr(known, field) == getattr(unknown, field)
    assert people.run(people.identity.invitations.page(owner)).items == [known, unknown]


@pytest.mark.parametrize("mangled", ["", "x", ".", "{id}", "{id}.", "{id}.x", "{id}.{secret}x"])
def test_a_guess_is_refused_and_counted(people, owner, mangled):
    id_, _, secret = people.invite(owner, NEW).secret.partition(".")
    guess = mangled.format(id=id_, secret=secret)
    accept = people.identity.invitations.accept
    codes = set()
    for _ in range(21):
        with pytest.raises(Error) as caught:
            people.run(accept(guess, "", PASSWORD, ADDRESS))
        codes.add(caught.value.code)
    assert codes == {"invitation_not_found", "too_many_attempts"}


def test_it_ends_after_seven_days(people, owner):
    made = people.invite(owner, NEW)
    local = people.identity.local_scope(0, "smith")
    people.box.clock.advance(days=7, seconds=-1)
    assert len(people.run(people.identity.invitations.page(local)).items) == 1
    people.box.clock.advance(seconds=1)
    refused("invitation_not_found", NotFound, lambda: people.accept(made))
    assert people.run(people.identity.invitations.page(local)).items == []


def test_an_invitation_is_taken_back(people, owner):
    made = people.invite(owner, NEW)
    people.run(people.identity.invitations.revoke(owner, made.invitation.id))
    refused("invitation_not_found", NotFound, lambda: people.accept(made))
    again = people.identity.invitations.revoke(owner, made.invitation.id)
    refused("invitation_not_found", NotFound, lambda: people.run(again))


def test_nobody_invites_or_revokes_above_their_role(people, owner):
    by_role = {role: people.member(owner, f"{role}@example.org", role) for role in Role}
    for asker, scope in by_role.items():
        for role in Role:
            if asker >= max(role, Role.ADMIN):
                made = people.invite(scope, f"{asker}-{role}@example.org", role)
                assert made.invitation.role is role
            else:
                invite = people.identity.invitations.create(scope, NEW, role)
                refused("role_required", Forbidden, lambda invite=invite: people.run(invite))
    above = people.invite(owner, NEW, Role.OWNER).invitation
    revoke = people.identity.invitations.revoke
    for role in (Role.ADMIN, Role.MEMBER):
        asked = revoke(by_role[role], above.id)
        refused("role_required", Forbidden, lambda asked=asked: people.run(asked))
    listing = people.identity.invitations.page(by_role[Role.MEMBER])
    refused("role_required", Forbidden, lambda: people.run(listing))


def test_invitations_of_another_org_do_not_exist(people, owner):
    _, stranger = people.org("Other")
    made = people.invite(owner, NEW)
    assert people.run(people.identity.invitations.page(stranger)).items == []
    asked = people.identity.invitations.revoke(stranger, made.invitation.id)
    refused("invitation_not_found", NotFound, lambda: people.run(asked))
    people.accept(made)


@pytest.mark.parametrize("end", ["removed", "disabled", "demoted"])
def test_invitations_end_with_the_right_to_invite(people, owner, end):
    admin = people.member(owner, "admin@example.org", Role.ADMIN)
    made = people.invite(admin, NEW, Role.ADMIN)
    kept = people.invite(owner, "kept@example.org")
    users, id_ = people.identity.users, admin.principal.id
    if end == "removed":
        people.run(users.remove(owner, id_))
    else:
        change = UserChange(disabled=True) if end == "disabled" else UserChange(role=Role.MEMBER)
        people.run(users.change(owner, id_, change))
    refused("invitation_not_found", NotFound, lambda: people.accept(made))
    people.accept(kept)


def test_the_limit_of_users_binds_when_one_comes_in(people, smith, owner):
    org, _ = smith
    made = people.invite(owner, NEW)
    limit = OrgChange(max_users=1)
    people.run(people.identity.orgs.change(people.operator, org.id, limit))
    told = refused("limit_reached", Forbidden, lambda: people.accept(made))
    assert told.facts == {"limit": "max_users", "present": 1, "allowed": 1}
    assert "sudo unibos hub orgs set smith --max-users N" in told.hint
    find = accounts.by_email
    assert people.box.store.read(lambda view: find(view, NEW)) is None
    local = people.identity.local_scope(0, "smith")
    create = people.identity.users.create(local, NEW, "New", PASSWORD)
    refused("limit_reached", Forbidden, lambda: people.run(create))
    people.run(people.identity.orgs.change(people.operator, org.id, OrgChange(max_users=2)))
    people.accept(made)


def test_two_at_once_do_not_pass_the_limit(people, smith, owner):
    org, _ = smith
    made = [people.invite(owner, f"{number}@example.org") for number in range(4)]
    people.run(people.identity.orgs.change(people.operator, org.id, OrgChange(max_users=3)))
    accept = people.identity.invitations.accept
    ended = people.box.all(*(accept(one.secret, "", PASSWORD, ADDRESS) for one in made))
    assert sorted(type(one).__name__ for one in ended) == ["Forbidden"] * 2 + ["Login"] * 2


def test_one_link_makes_one_member(people, owner):
    made = people.invite(owner, NEW)
    accept = people.identity.invitations.accept
    ended = people.box.all(*(accept(made.secret, "", PASSWORD, ADDRESS) for _ in range(4)))
    assert sum(isinstance(one, Login) for one in ended) == 1
    assert sum(isinstance(one, Error) for one in ended) == 3


def test_a_member_is_not_invited_again(people, owner):
    people.member(owner, NEW)
    invite = people.identity.invitations.create(owner, NEW.upper())
    refused("member_already", Conflict, lambda: people.run(invite))


def test_on_a_hub_admins_do_not_touch_accounts(people, owner):
    member = people.member(owner, NEW)
    admin = people.member(owner, "admin@example.org", Role.ADMIN)
    users, id_ = people.identity.users, member.principal.id
    for scope in (owner, admin):
        create = users.create(scope, "x@example.org", "X", PASSWORD)
        told = refused("invite_instead", Forbidden, lambda create=create: people.run(create))
        assert "unibos hub invitations add" in told.hint
        for change in (UserChange(email="x@example.org"), UserChange(name="X")):
            asked = users.change(scope, id_, change)
            refused("account_shared", Forbidden, lambda asked=asked: people.run(asked))
        asked = users.set_password(scope, id_, "four unrelated letters")
        refused("account_shared", Forbidden, lambda asked=asked: people.run(asked))
    people.run(users.change(admin, id_, UserChange(role=Role.VIEWER)))
    people.run(users.change(member, id_, UserChange(name="My own name")))
    own = users.change(owner, owner.principal.id, UserChange(email="x@example.org"))
    refused("account_shared", Forbidden, lambda: people.run(own))


def test_the_operator_may(people, owner):
    member = people.member(owner, NEW)
    local = people.identity.local_scope(0, "smith")
    users, id_ = people.identity.users, member.principal.id
    people.run(users.change(local, id_, UserChange(email="changed@example.org")))
    people.run(users.set_password(local, id_, "four unrelated letters"))
    people.box.login("changed@example.org", "four unrelated letters")
    made = people.run(users.create(local, "x@example.org", "X", PASSWORD))
    assert made.org == owner.org


def test_on_a_node_admins_go_on_making_accounts(owned):
    boss = owned.member(Role.ADMIN)
    users = owned.identity.users
    made = owned.run(users.create(boss, NEW, "New", PASSWORD))
    owned.run(users.change(boss, made.id, UserChange(email="changed@example.org")))
    owned.run(users.set_password(boss, made.id, "four unrelated letters"))
