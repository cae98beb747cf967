"""What people see of a node in a browser: its state, and once the form that sets it up."""

import re

import pytest

from tests.box import PASSWORD, Running
from unibos import __version__


@pytest.fixture
def fresh(tmp_path):
    with Running(tmp_path) as running:
        yield running


def send(box, **changed):
    form = {
        "code": box.setup_code,
        "email": "owner@example.org",
        "name": "Owner",
        "password": PASSWORD,
        "again": PASSWORD,
    }
    return box.client().post("/", data=form | changed)


def test_the_form_makes_the_owner_once_and_the_page_then_shows_the_state(fresh):
    anybody = fresh.client()
    shown = anybody.get("/")
    assert shown.status_code == 200
    assert fresh.url in shown.text
    assert "<form" in shown.text
    assert fresh.setup_code not in shown.text
    done = send(fresh)
    assert (done.status_code, done.headers["location"]) == (303, "/?lang=en")
    assert "set-cookie" not in done.headers
    after = anybody.get(done.headers["location"])
    assert "It is set up, and it works." in after.text
    assert "<form" not in after.text
    for secret in ("owner@example.org", "Owner", __version__, fresh.setup_code):
        assert secret not in after.text
    fresh.log_in("owner@example.org")
    again = send(fresh)
    assert again.status_code == 409
    assert "already" in again.text


@pytest.mark.parametrize(
    ("changed", "status", "words"),
    [
        ({"code": "000000-000000"}, 401, "not the setup code"),
        ({"again": "another"}, 422, "not the same"),
        ({"email": "owner"}, 422, "no e-mail address"),
        ({"password": "short", "again": "short"}, 422, "too short"),
    ],
)
def test_what_is_wrong_is_told_and_what_was_typed_stays(fresh, changed, status, words):
    answer = send(fresh, **changed)
    assert answer.status_code == status
    assert words in answer.text
    assert 'value="Owner"' in answer.text
    assert PASSWORD not in answer.text
    assert (fresh.folder / "setup-code").exists()


def test_guesses_of_the_code_are_slowed(fresh):
    wrong = [send(fresh, code="000000-000000").status_code for _ in range(7)]
    assert wrong[:5] == [401] * 5
    answer = send(fresh)
    assert (answer.status_code, "Please wait" in answer.text) == (429, True)
    assert int(answer.headers["retry-after"]) > 0


@pytest.mark.parametrize(
    ("query", "accepted", "tongue"),
    [
        ("", "tr,en;q=0.5", "tr"),
        ("", "de", "en"),
        ("?lang=en", "tr", "en"),
        ("?lang=tr", "en", "tr"),
    ],
)
def test_the_language_is_the_browsers_or_the_one_picked(fresh, query, accepted, tongue):
    answer = fresh.client().get(f"/{query}", headers={"accept-language": accepted})
    assert f'<html lang="{tongue}">' in answer.text


def test_nothing_strange_in_a_request_is_an_error(fresh):
    for path in ("/?lang=xx", "/?fbclid=x"):
        assert fresh.client().get(path).status_code == 200
    assert fresh.client().head("/").status_code == 200
    strange = fresh.client().get("/", headers={"host": 'a"><script>'})
    assert "<script" not in strange.text


def test_a_browser_may_do_nothing_else_with_it(fresh):
    headers = fresh.client().get("/").headers
    policy = headers["content-security-policy"]
    assert re.match(r"default-src 'none'; style-src 'sha256-[^']+'; form-action 'self'; ", policy)
    assert "frame-ancestors 'none'" in policy
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
