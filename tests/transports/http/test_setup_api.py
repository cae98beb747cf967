"""Setup over the wire: once, by whoever can read the code."""

from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

from tests.box import PASSWORD, Running

ME = "/api/v1/me"
LOGIN = "/api/v1/auth/login"


def refused(answer, status, code):
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    if status == 401:
        assert answer.headers["www-authenticate"].startswith("Bearer")
    return answer.json()


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    with Running(tmp_path_factory.mktemp("fresh")) as running:
        yield running


def words(code, **changed):
    return {
        "setup_code": code,
        "email": "owner@example.org",
        "name": "Owner",
        "password": PASSWORD,
    } | changed


def test_before_it_nobody_can_log_in_and_the_code_lies_in_its_file(fresh):
    said = {"email": "owner@example.org", "password": PASSWORD}
    refused(fresh.client().post(LOGIN, json=said), 401, "login_failed")
    file = fresh.folder / "setup-code"
    assert file.read_text().strip() == fresh.setup_code
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"email": "owner"}, "email_invalid"),
        ({"name": " "}, "name_invalid"),
        ({"password": "short"}, "password_too_short"),
        ({"password": "owner@example.org"}, "password_too_common"),
    ],
)
def test_a_right_code_with_wrong_words_keeps_the_code_alive(fresh, changed, code):
    answer = fresh.client().post("/api/v1/setup", json=words(fresh.setup_code, **changed))
    refused(answer, 422, code)
    assert (fresh.folder / "setup-code").exists()


def test_it_is_done_once_however_many_try_at_the_same_time(fresh):
    typed = fresh.setup_code.replace("-", " ")

    def set_up(number):
        asked = words(typed, email=f"owner{number}@example.org")
        return httpx2.post(fresh.url + "/api/v1/setup", json=asked, timeout=60)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(set_up, range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    [login] = [answer.json() for answer in answers if answer.status_code == 201]
    owner = fresh.client(login["access_token"])
    assert owner.get(ME).json().items() >= login["user"].items()
    assert login["user"]["role"] == "owner"
    assert (login["token_type"], login["expires_in"], login["offline"]) == ("Bearer", 900, False)
    assert len(owner.get("/api/v1/users").json()["items"]) == 1
    assert not (fresh.folder / "setup-code").exists()
    # Afterwards even the right code is dead.
    answer = fresh.client().post("/api/v1/setup", json=words(fresh.setup_code))
    refused(answer, 409, "setup_done")


def test_wrong_codes_are_slowed_and_the_right_one_has_to_wait_as_well(tmp_path):
    with Running(tmp_path) as running:
        anybody = running.client()
        wrong = [anybody.post("/api/v1/setup", json=words("000000-000000")) for _ in range(7)]
        assert [answer.status_code for answer in wrong[:5]] == [401] * 5
        refused(wrong[0], 401, "setup_code_wrong")
        answer = anybody.post("/api/v1/setup", json=words(running.setup_code))
        told = refused(answer, 429, "too_many_attempts")
        assert int(answer.headers["retry-after"]) == told["retry_after"] > 0
