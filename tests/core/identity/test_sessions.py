import threading

import argon2
import pytest

from unibos.base.errors import Error, Forbidden, Invalid, NotFound, TooMany, Unauthenticated
from unibos.core.identity import passwords
from unibos.core.identity.passwords import Effort
from unibos.core.identity.scope import Role
from unibos.core.identity.sessions import KEPT_MS, REFRESH_MS
from unibos.core.identity.users import UserChange
from unibos.core.store import accounts

EMAIL = "owner@example.org"
PASSWORD = "four unrelated words"
OTHER = "another four words"


def code_of(call, kind=Unauthenticated):
    with pytest.raises(kind) as refused:
        call()
    return refused.value.code


def test_login_answers_what_the_api_promises(owned):
    import msgspec

    answer = msgspec.to_builtins(owned.login())
    assert set(answer) == {
        "access_token",
        "refresh_token",
        "token_type",
        "expires_in",
        "user",
        "offline",
    }
    assert answer["token_type"] == "Bearer"
    assert answer["expires_in"] == 900
    assert answer["offline"] is False
    assert set(answer["user"]) == {"id", "email", "name", "role", "org"}
    assert answer["user"]["role"] == "owner"


def test_token_leads_to_a_scope_of_its_owner_and_org(owned):
    login = owned.login()
    scope = owned.scope(login)
    assert scope.principal.kind == "user"
    assert (scope.principal.id, scope.principal.email) == (login.user.id, EMAIL)
    assert scope.role is Role.OWNER
    assert scope.store.org == scope.org == owned.identity.org
    me = owned.identity.me(scope)
    for name in ("id", "email", "name", "role", "org"):
        assert getattr(me, name) == getattr(login.user, name)
    assert (me.origin, me.linked, me.online, me.offline) == ("local", False, False, False)
    assert me.offline_until is None


def test_seen_token_is_neither_verified_nor_looked_up_again(owned, monkeypatch):
    login = owned.login()
    scope = owned.scope(login)
    monkeypatch.setattr(owned.store, "read", None)
    assert owned.scope(login) is scope


def test_login_finds_the_account_by_any_spelling(owned):
    assert owned.login("  OWNER@Example.Org ").user.email == EMAIL


def test_unknown_disabled_and_mistyped_get_the_same_answer(owned, monkeypatch):
    member = owned.member()
    boss = owned.scope(owned.first)
    owned.run(owned.identity.users.change(boss, member.principal.id, UserChange(disabled=True)))
    spent = []
    verify = argon2.PasswordHasher.verify

    def spy(self, verifier, password):
        spent.append((argon2.extract_parameters(verifier), threading.current_thread().name))
        return verify(self, verifier, password)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", spy)
    answers = []
    for email, password in [
        (EMAIL, OTHER),
        ("nobody@example.org", PASSWORD),
        ("not an address \ud800", PASSWORD),
        ("member@example.org", PASSWORD),
        (EMAIL, "x" * 100_000),
        (EMAIL, ""),
    ]:
        with pytest.raises(Unauthenticated) as refused:
            owned.login(email, password)
        answers.append((refused.value.code, refused.value.detail, refused.value.hint))
    assert len(set(answers)) == 1
    assert answers[0][0] == "login_failed"
    assert len(spent) == len(answers)
    assert all(parameters == spent[0][0] for parameters, _ in spent)
    assert all(thread.startswith("password") for _, thread in spent)


@pytest.mark.parametrize("email", [EMAIL, "nobody@example.org"])
def test_guesses_are_slowed_for_known_and_unknown_alike(owned, email):
    waits = []
    for _ in range(8):
        with pytest.raises((TooMany, Unauthenticated)) as refused:
            owned.login(email, OTHER)
        if refused.value.code == "too_many_attempts":
            waits.append(refused.value.facts["retry_after"])
            owned.clock.advance(seconds=waits[-1])
    assert waits == [1, 2]


def test_slowed_account_is_not_hashed_and_the_owner_gets_in_after_the_wait(owned, monkeypatch):
    for _ in range(5):
        code_of(lambda: owned.login(password=OTHER))
    with monkeypatch.context() as patched:
        patched.setattr(argon2.PasswordHasher, "verify", None)
        assert code_of(owned.login, TooMany) == "too_many_attempts"
    owned.clock.advance(seconds=1)
    assert owned.login()
    code_of(lambda: owned.login(password=OTHER))
    assert owned.login()


def test_guesses_at_many_accounts_slow_the_address(owned):
    for number in range(20):
        code_of(lambda n=number: owned.login(f"{n}@example.org"))
    assert code_of(owned.login, TooMany) == "too_many_attempts"
    assert owned.login(address="198.51.100.9")


def test_guesses_at_once_are_slowed_as_well(owned, monkeypatch):
    spent = []
    verify = argon2.PasswordHasher.verify
    monkeypatch.setattr(
        argon2.PasswordHasher, "verify", lambda *args: spent.append(1) or verify(*args)
    )
    outcomes = owned.all(*(owned.identity.login(EMAIL, OTHER, "192.0.2.1") for _ in range(30)))
    assert {outcome.code for outcome in outcomes} == {"login_failed", "too_many_attempts"}
    assert len(spent) == 5


def test_stronger_hashes_replace_weaker_ones_at_login(owned, monkeypatch):
    def verifier():
        return owned.store.read(lambda view: accounts.by_email(view, EMAIL)).verifier

    before = verifier()
    owned.login()
    assert verifier() == before
    monkeypatch.setitem(passwords.EFFORTS, "edge", Effort(128, 1))
    owned.restart()
    refreshable = owned.first.refresh_token
    owned.login()
    assert argon2.extract_parameters(verifier()).memory_cost == 128
    assert owned.login()
    assert owned.refresh(refreshable)


@pytest.mark.parametrize(
    "meanwhile",
    [
        lambda tx, account: accounts.set_verifier(tx, account.id, "other"),
        lambda tx, account: accounts.remove(tx, account.id),
    ],
)
def test_account_that_changes_while_its_password_is_checked_does_not_get_in(
    owned, monkeypatch, meanwhile
):
    account = owned.store.read(lambda view: accounts.by_email(view, EMAIL))
    verify = argon2.PasswordHasher.verify

    def spy(self, verifier, password):
        owned.store.write(lambda tx: meanwhile(tx, account), account.org)
        return verify(self, verifier, password)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", spy)
    assert code_of(owned.login) == "login_failed"


def test_access_token_expires(owned):
    login = owned.login()
    owned.scope(login)
    owned.clock.advance(seconds=900)
    assert code_of(lambda: owned.scope(login)) == "token_expired"
    owned.restart()
    assert code_of(lambda: owned.scope(login)) == "token_expired"


def test_token_of_another_instance_is_refused(owned, open_box):
    stranger = open_box("stranger").set_up()
    assert code_of(lambda: owned.scope(stranger)) == "token_invalid"
    assert code_of(lambda: owned.refresh(stranger.refresh_token)) == "refresh_invalid"


def test_refresh_moves_on_and_says_what_holds_now(owned):
    member = owned.member()
    login = owned.login("member@example.org")
    owned.run(
        owned.identity.users.change(
            owned.scope(owned.first), member.principal.id, UserChange(role=Role.ADMIN)
        )
    )
    again = owned.refresh(login.refresh_token)
    assert again.user.role is Role.ADMIN
    assert again.refresh_token != login.refresh_token
    assert owned.scope(again).session == owned.scope(login).session


def test_refresh_token_lives_for_thirty_days_after_the_last_use(owned):
    token = owned.login().refresh_token
    for _ in range(3):
        owned.clock.advance(days=29)
        token = owned.refresh(token).refresh_token
    owned.clock.advance(days=30)
    assert code_of(lambda: owned.refresh(token)) == "refresh_expired"


def test_reuse_ends_the_session_and_no_other(owned):
    login, bystander = owned.login(), owned.login()
    latest = owned.refresh(login.refresh_token)
    owned.scope(latest)
    assert code_of(lambda: owned.refresh(login.refresh_token)) == "refresh_reused"
    for dead in (login, latest):
        assert code_of(lambda d=dead: owned.scope(d)) == "session_ended"
        assert code_of(lambda d=dead: owned.refresh(d.refresh_token)) == "session_ended"
    owned.scope(bystander)
    owned.refresh(bystander.refresh_token)


def test_of_two_refreshes_at_once_one_is_reuse(owned):
    token = owned.login().refresh_token
    outcomes = owned.all(owned.identity.refresh(token), owned.identity.refresh(token))
    assert [getattr(outcome, "code", "") for outcome in outcomes] == ["", "refresh_reused"]
    assert code_of(lambda: owned.scope(outcomes[0])) == "session_ended"


def test_restored_database_accepts_the_newer_token(owned):
    login = owned.login()
    scope = owned.scope(login)
    session = scope.store.read(lambda view: accounts.session(view, scope.session))
    token = owned.refresh(owned.refresh(login.refresh_token).refresh_token).refresh_token
    expires = owned.clock.ms + REFRESH_MS
    owned.store.write(lambda tx: accounts.move_session(tx, session, 1, expires), owned.identity.org)
    newest = owned.refresh(token)
    assert code_of(lambda: owned.refresh(token)) == "refresh_reused"
    assert code_of(lambda: owned.refresh(newest.refresh_token)) == "session_ended"


def test_logout_ends_one_session_at_once(owned):
    one, other = owned.login(), owned.login()
    owned.run(owned.identity.logout(owned.scope(one)))
    assert code_of(lambda: owned.scope(one)) == "session_ended"
    assert code_of(lambda: owned.refresh(one.refresh_token)) == "session_ended"
    owned.scope(other)


def test_logout_everywhere_ends_them_all(owned):
    logins = [owned.login() for _ in range(3)]
    member = owned.member()
    owned.run(owned.identity.logout(owned.scope(logins[0]), everywhere=True))
    for login in logins:
        assert code_of(lambda gone=login: owned.scope(gone)) == "session_ended"
    assert owned.login("member@example.org").user.id == member.principal.id


def test_logout_of_the_local_socket_is_nothing(owned):
    owned.run(owned.identity.logout(owned.identity.local_scope(0), everywhere=True))
    owned.scope(owned.first)


def test_ended_session_stays_ended_after_a_restart(owned):
    owned.run(owned.identity.logout(owned.scope(owned.first)))
    owned.restart()
    assert code_of(lambda: owned.scope(owned.first)) == "session_ended"


def test_password_change_ends_all_sessions_and_begins_a_new_one(owned):
    others = [owned.first, owned.login()]
    scope = owned.scope(others[1])
    fresh = owned.run(owned.identity.change_password(scope, PASSWORD, OTHER, ""))

    for login in others:
        assert code_of(lambda gone=login: owned.scope(gone)) == "session_ended"
    owned.scope(fresh)
    owned.refresh(fresh.refresh_token)
    assert code_of(owned.login) == "login_failed"
    assert owned.login(password=OTHER)


def test_password_change_needs_the_current_one(owned):
    scope = owned.scope(owned.first)

    def change(current, new=OTHER):
        return owned.run(owned.identity.change_password(scope, current, new, "192.0.2.7"))

    assert code_of(lambda: change(OTHER), Forbidden) == "password_wrong"
    assert code_of(lambda: change(PASSWORD, "short"), Invalid) == "password_too_short"
    for _ in range(4):
        code_of(lambda: change(OTHER), Forbidden)
    assert code_of(lambda: change(PASSWORD), TooMany) == "too_many_attempts"
    owned.scope(owned.first)


def test_of_two_password_changes_at_once_one_wins(owned):
    scope = owned.scope(owned.first)
    outcomes = owned.all(
        owned.identity.change_password(scope, PASSWORD, OTHER, ""),
        owned.identity.change_password(scope, PASSWORD, "yet another four words", ""),
    )
    lost = [outcome for outcome in outcomes if isinstance(outcome, Error)]
    assert len(lost) == 1
    won = next(outcome for outcome in outcomes if not isinstance(outcome, Error))
    owned.scope(won)


def test_local_socket_has_no_password_of_its_own(owned):
    local = owned.identity.local_scope(0)
    change = owned.identity.change_password(local, PASSWORD, OTHER, "")
    assert code_of(lambda: owned.run(change), Forbidden) == "user_required"


def test_password_change_of_a_removed_account(owned):
    scope = owned.member()
    owned.run(owned.identity.users.remove(owned.scope(owned.first), scope.principal.id))
    change = owned.identity.change_password(scope, PASSWORD, OTHER, "")
    assert code_of(lambda: owned.run(change), NotFound) == "user_not_found"


def test_token_whose_session_is_somebody_elses_is_refused(owned):
    member = owned.member()
    forged = owned.identity.tools.access.issue(
        owned.first.user.id, owned.identity.org, member.session, "owner", owned.clock.ms
    )
    assert code_of(lambda: owned.identity.authenticate(forged)) == "session_ended"


def test_clean_up_forgets_old_sessions_and_writes_nothing_when_there_are_none(owned):
    def size():
        return (owned.folder / "node.db-wal").stat().st_size

    ended = owned.login()
    owned.run(owned.identity.logout(owned.scope(ended)))
    before = size()
    assert owned.identity.clean_up() == 0
    assert size() == before

    owned.clock.ms += KEPT_MS + 1
    alive = owned.login()
    assert owned.identity.clean_up() == 1
    assert code_of(lambda: owned.refresh(ended.refresh_token)) == "session_ended"
    assert code_of(lambda: owned.refresh(owned.first.refresh_token)) == "refresh_expired"
    owned.clock.ms += 1000
    owned.refresh(alive.refresh_token)


def test_no_secret_shows_in_what_may_be_logged(owned):
    account = owned.store.read(lambda view: accounts.by_email(view, EMAIL))
    assert account.verifier not in repr(account)
    assert PASSWORD not in repr(owned.scope(owned.first))
