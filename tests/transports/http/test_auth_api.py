"""Sessions over the wire: login, refresh, logout, password."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.box import PASSWORD
from unibos.base.ids import new_id

ME = "/api/v1/me"
LOGIN = "/api/v1/auth/login"
REFRESH = "/api/v1/auth/refresh"
LOGOUT = "/api/v1/auth/logout"
CHANGE = "/api/v1/auth/password"


def refused(answer, status, code):
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    if status == 401:
        assert answer.headers["www-authenticate"].startswith("Bearer")
    return answer.json()


@pytest.fixture(scope="module")
def anybody(box):
    return box.client()


@pytest.fixture
def somebody(box):
    """The address of a user who was made for this test."""
    email = f"{new_id()}@example.org"
    asked = {"email": email, "name": "Somebody", "password": PASSWORD, "role": "member"}
    made = box.owner.post("/api/v1/users", json=asked)
    assert made.status_code == 201, made.text
    return email


def works(box, login):
    return box.client(login["access_token"]).get(ME).status_code == 200


def refresh(anybody, token):
    return anybody.post(REFRESH, json={"refresh_token": token})


def test_unknown_mistyped_and_disabled_get_the_same_answer(box, anybody, somebody):
    wrong = anybody.post(LOGIN, json={"email": somebody, "password": "not it at all"})
    unknown = anybody.post(LOGIN, json={"email": "no@example.org", "password": PASSWORD})
    id_ = box.log_in(somebody)["user"]["id"]
    box.owner.patch(f"/api/v1/users/{id_}", json={"disabled": True}).raise_for_status()
    disabled = anybody.post(LOGIN, json={"email": somebody, "password": PASSWORD})
    refused(wrong, 401, "login_failed")
    assert wrong.content == unknown.content == disabled.content
    names = [sorted(set(answer.headers) - {"date"}) for answer in (wrong, unknown, disabled)]
    assert names[0] == names[1] == names[2]


@pytest.mark.parametrize("known", [True, False])
def test_failures_slow_an_account_known_or_not(anybody, somebody, known):
    email = somebody if known else f"un{somebody}"
    wrong = {"email": email, "password": "wrong one"}
    tries = [anybody.post(LOGIN, json=wrong) for _ in range(6)]
    assert [answer.status_code for answer in tries[:5]] == [401] * 5
    answer = anybody.post(LOGIN, json={"email": email.upper(), "password": PASSWORD})
    told = refused(answer, 429, "too_many_attempts")
    assert int(answer.headers["retry-after"]) == told["retry_after"] > 0


def test_an_address_is_compared_as_people_mean_it(box, somebody):
    assert box.log_in(f"  {somebody.upper()} ")["user"]["email"] == somebody


def test_refresh_gives_a_new_pair_and_the_old_access_token_lives_on(box, anybody, somebody):
    first = box.log_in(somebody)
    second = refresh(anybody, first["refresh_token"])
    assert second.status_code == 200
    assert second.json()["refresh_token"] != first["refresh_token"]
    assert second.json()["user"] == first["user"]
    assert works(box, second.json())
    assert works(box, first)


def test_a_refresh_token_used_twice_ends_the_whole_family_at_once(box, anybody, somebody):
    first, other = box.log_in(somebody), box.log_in(somebody)
    second = refresh(anybody, first["refresh_token"]).json()
    assert works(box, second)
    refused(refresh(anybody, first["refresh_token"]), 401, "refresh_reused")
    for login in (first, second):
        refused(box.client(login["access_token"]).get(ME), 401, "session_ended")
        refused(refresh(anybody, login["refresh_token"]), 401, "session_ended")
    assert works(box, other)


def test_of_many_who_refresh_at_the_same_time_one_wins_and_all_are_out(box, anybody, somebody):
    first = box.log_in(somebody)
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: refresh(anybody, first["refresh_token"]), range(6)))
    assert sorted(answer.status_code for answer in answers) == [200, *[401] * 5]
    [won] = [answer.json() for answer in answers if answer.status_code == 200]
    assert not works(box, won)


@pytest.mark.parametrize("token", ["", "x", "a.1.b", "é", "0" * 1024])
def test_what_is_no_refresh_token(anybody, token):
    refused(refresh(anybody, token), 401, "refresh_invalid")


def test_an_access_token_is_no_refresh_token_and_the_other_way_round(box, anybody, somebody):
    login = box.log_in(somebody)
    refused(refresh(anybody, login["access_token"]), 401, "refresh_invalid")
    refused(box.client(login["refresh_token"]).get(ME), 401, "token_invalid")


def test_logout_ends_this_session_only(box, anybody, somebody):
    this, other = box.log_in(somebody), box.log_in(somebody)
    asker = box.client(this["access_token"])
    assert asker.post(LOGOUT).status_code == 204
    refused(asker.get(ME), 401, "session_ended")
    refused(asker.post(LOGOUT), 401, "session_ended")
    refused(refresh(anybody, this["refresh_token"]), 401, "session_ended")
    assert works(box, other)


def test_logout_everywhere_ends_them_all(box, anybody, somebody):
    logins = [box.log_in(somebody) for _ in range(3)]
    asker = box.client(logins[0]["access_token"])
    assert asker.post(LOGOUT, params={"everywhere": "true"}).status_code == 204
    assert not any(works(box, login) for login in logins)
    assert works(box, box.login)


def test_a_password_change_ends_every_session_and_begins_one(box, anybody, somebody):
    logins = [box.log_in(somebody) for _ in range(2)]
    asker = box.client(logins[0]["access_token"])
    words = {"current_password": PASSWORD, "new_password": "another battery staple"}
    wrong = words | {"current_password": "nope nope nope"}
    refused(asker.post(CHANGE, json=wrong), 403, "password_wrong")
    refused(asker.post(CHANGE, json=words | {"new_password": "x"}), 422, "password_too_short")
    assert works(box, logins[1])
    changed = asker.post(CHANGE, json=words)
    assert changed.status_code == 200
    assert works(box, changed.json())
    for login in logins:
        refused(box.client(login["access_token"]).get(ME), 401, "session_ended")
        refused(refresh(anybody, login["refresh_token"]), 401, "session_ended")
    old = anybody.post(LOGIN, json={"email": somebody, "password": PASSWORD})
    refused(old, 401, "login_failed")
    assert works(box, box.log_in(somebody, "another battery staple"))


def test_the_local_socket_has_no_password_of_its_own(box):
    words = {"current_password": PASSWORD, "new_password": "another battery staple"}
    refused(box.local().post(CHANGE, json=words), 403, "user_required")
    assert box.local().post(LOGOUT).status_code == 204
