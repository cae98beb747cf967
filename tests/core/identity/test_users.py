import pytest

from unibos.base.errors import Conflict, Error, Forbidden, Invalid, NotFound, Unauthenticated
from unibos.base.ids import is_id, new_id
from unibos.core.identity.scope import Role
from unibos.core.identity.users import UserChange

PASSWORD = "four unrelated words"
OTHER = "another four words"


@pytest.fixture
def users(owned):
    return owned.identity.users


@pytest.fixture
def boss(owned):
    return owned.scope(owned.first)


def code_of(box, coroutine, kind=Error):
    with pytest.raises(kind) as refused:
        box.run(coroutine)
    return refused.value.code


def test_made_user_can_log_in(owned, users, boss):
    made = owned.run(users.create(boss, "New@example.org", " New ", PASSWORD, Role.VIEWER))
    assert is_id(made.id)
    assert (made.email, made.name, made.role) == ("New@example.org", "New", Role.VIEWER)
    assert made.created_at == "2026-01-01T00:00:00.000Z"
    assert not made.disabled
    assert owned.login("new@example.org").user.role is Role.VIEWER
    assert owned.run(users.get(boss, made.id)) == made


def test_address_belongs_to_one_user(owned, users, boss):
    again = users.create(boss, "OWNER@example.org", "Other", PASSWORD)
    assert code_of(owned, again, Conflict) == "email_taken"
    member = owned.member()
    change = UserChange(email="Owner@Example.org")
    assert code_of(owned, users.change(boss, member.principal.id, change)) == "email_taken"


@pytest.mark.parametrize(
    ("email", "name", "password", "code"),
    [
        ("nobody", "Name", PASSWORD, "email_invalid"),
        ("new@example.org", "", PASSWORD, "name_invalid"),
        ("new@example.org", "Name", "short", "password_too_short"),
        ("new.person@example.org", "Name", "new.person", "password_too_common"),
    ],
)
def test_wrong_fields_are_refused(owned, users, boss, email, name, password, code):
    assert code_of(owned, users.create(boss, email, name, password), Invalid) == code


def test_pages_hold_everybody_once_in_order(owned, users, boss):
    for number in range(6):
        owned.run(users.create(boss, f"{number}@example.org", f"N{number}", PASSWORD))
    seen, cursor = [], None
    while True:
        page = owned.run(users.page(boss, 3, cursor))
        assert len(page.items) <= 3
        seen += [user.name for user in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert seen == ["Owner", "N0", "N1", "N2", "N3", "N4", "N5"]
    assert code_of(owned, users.page(boss, 3, "x' OR 1=1"), Invalid) == "cursor_invalid"


def test_changes_hold_at_once(owned, users, boss):
    member = owned.member()
    login = owned.login("member@example.org")
    assert owned.scope(login).role is Role.MEMBER
    change = UserChange(role=Role.ADMIN, name="Neu", email="neu@example.org")
    changed = owned.run(users.change(boss, member.principal.id, change))

    assert (changed.role, changed.name, changed.email) == (Role.ADMIN, "Neu", "neu@example.org")
    scope = owned.scope(login)
    assert (scope.role, scope.principal.name) == (Role.ADMIN, "Neu")
    assert owned.login("neu@example.org")
    assert owned.run(users.change(boss, changed.id, UserChange())) == changed


def test_disabled_user_is_out_at_once_and_can_come_back(owned, users, boss):
    member = owned.member()
    login = owned.login("member@example.org")
    owned.scope(login)
    owned.run(users.change(boss, member.principal.id, UserChange(disabled=True)))
    with pytest.raises(Unauthenticated):
        owned.scope(login)
    assert code_of(owned, owned.identity.refresh(login.refresh_token)) == "session_ended"
    back = owned.run(users.change(boss, member.principal.id, UserChange(disabled=False)))
    assert not back.disabled
    with pytest.raises(Unauthenticated):
        owned.scope(login)
    assert owned.login("member@example.org")


def test_new_password_from_an_admin_ends_all_sessions(owned, users, boss):
    member = owned.member()
    login = owned.login("member@example.org")
    owned.run(users.set_password(boss, member.principal.id, OTHER))
    with pytest.raises(Unauthenticated):
        owned.scope(login)
    assert owned.login("member@example.org", OTHER)
    short = users.set_password(boss, member.principal.id, "short")
    assert code_of(owned, short, Invalid) == "password_too_short"


def test_own_password_needs_the_current_one(owned, users, boss):
    own = users.set_password(boss, boss.principal.id, OTHER)
    assert code_of(owned, own, Forbidden) == "current_password_required"
    owned.run(users.set_password(owned.identity.local_scope(0), boss.principal.id, OTHER))
    assert owned.login(password=OTHER)


def test_revoked_user_is_out_at_once(owned, users, boss):
    member = owned.member()
    login = owned.login("member@example.org")
    owned.run(users.end_sessions(boss, member.principal.id))
    with pytest.raises(Unauthenticated):
        owned.scope(login)
    assert code_of(owned, owned.identity.refresh(login.refresh_token)) == "session_ended"
    assert owned.login("member@example.org")


def test_removed_user_is_gone_and_the_address_is_free(owned, users, boss):
    member = owned.member()
    login = owned.login("member@example.org")
    owned.scope(login)
    owned.run(users.remove(boss, member.principal.id))
    with pytest.raises(Unauthenticated):
        owned.scope(login)
    assert code_of(owned, owned.identity.refresh(login.refresh_token)) == "session_ended"
    assert code_of(owned, users.get(boss, member.principal.id), NotFound) == "user_not_found"
    assert owned.member().principal.id != member.principal.id


def test_last_owner_stays(owned, users, boss):
    me = boss.principal.id
    losing = [
        lambda: users.change(boss, me, UserChange(role=Role.ADMIN)),
        lambda: users.change(boss, me, UserChange(disabled=True)),
        lambda: users.remove(boss, me),
    ]
    for lose in losing:
        assert code_of(owned, lose(), Conflict) == "last_owner"
    second = owned.member(Role.OWNER)
    owned.run(users.change(boss, second.principal.id, UserChange(disabled=True)))
    for lose in losing:
        assert code_of(owned, lose(), Conflict) == "last_owner"
    owned.run(users.change(boss, second.principal.id, UserChange(disabled=False)))
    assert owned.run(losing[0]()).role is Role.ADMIN


def test_two_owners_who_leave_at_once_do_not_both_leave(owned, users, boss):
    second = owned.member(Role.OWNER)
    outcomes = owned.all(
        users.remove(boss, boss.principal.id), users.remove(second, second.principal.id)
    )
    assert [getattr(outcome, "code", "") for outcome in outcomes] == ["", "last_owner"]


@pytest.mark.parametrize("role", [Role.VIEWER, Role.MEMBER])
def test_low_roles_manage_nobody(owned, users, boss, role):
    low = owned.member(role)
    me, them = low.principal.id, boss.principal.id
    refused = [
        users.page(low),
        users.get(low, them),
        users.create(low, "new@example.org", "New", PASSWORD, Role.VIEWER),
        users.change(low, them, UserChange(name="New")),
        users.change(low, me, UserChange(role=Role.ADMIN)),
        users.change(low, me, UserChange(disabled=False)),
        users.change(low, me, UserChange(email="new@example.org")),
        users.set_password(low, them, OTHER),
        users.end_sessions(low, them),
        users.remove(low, them),
        users.remove(low, me),
    ]
    for coroutine in refused:
        assert code_of(owned, coroutine, Forbidden) == "role_required"
    assert owned.run(users.get(low, me)).role is role
    assert owned.run(users.change(low, me, UserChange(name="New name"))).name == "New name"


def test_admins_manage_up_to_their_own_role(owned, users, boss):
    admin = owned.member(Role.ADMIN)
    them = boss.principal.id
    made = owned.run(users.create(admin, "new@example.org", "New", PASSWORD, Role.ADMIN))
    assert owned.run(users.change(admin, made.id, UserChange(role=Role.VIEWER)))
    refused = [
        users.create(admin, "other@example.org", "Other", PASSWORD, Role.OWNER),
        users.change(admin, made.id, UserChange(role=Role.OWNER)),
        users.change(admin, admin.principal.id, UserChange(role=Role.OWNER)),
        users.change(admin, them, UserChange(role=Role.ADMIN)),
        users.change(admin, them, UserChange(name="New")),
        users.set_password(admin, them, OTHER),
        users.end_sessions(admin, them),
        users.remove(admin, them),
    ]
    for coroutine in refused:
        assert code_of(owned, coroutine, Forbidden) == "role_required"
    assert owned.run(users.get(admin, them)).role is Role.OWNER
    owned.run(users.remove(admin, made.id))


def test_unknown_users_are_not_found(owned, users, boss):
    for id_ in (new_id(), "", "x" * 10_000, "' OR 1=1"):
        for coroutine in (
            users.get(boss, id_),
            users.change(boss, id_, UserChange(name="New")),
            users.set_password(boss, id_, OTHER),
            users.end_sessions(boss, id_),
            users.remove(boss, id_),
        ):
            assert code_of(owned, coroutine, NotFound) == "user_not_found"
