import pytest

from unibos.transports.http.browser.login import LoginPage, login_page, refusal_page

PAGE = LoginPage("Program", "Org", "/oidc/authorize?a=1&b=2", "mark")


@pytest.mark.parametrize("tongue", ["en", "tr"])
def test_nothing_that_others_say_becomes_markup(tongue):
    evil = "<b>\"'&{x}</b>"
    page = LoginPage(evil, evil, f"/oidc/authorize?{evil}", evil, evil, "too_many_attempts", 7)
    for text in (login_page(page, tongue), refusal_page("oidc_request_invalid", evil, tongue)):
        assert b"<b>" not in text
        assert b"&lt;b&gt;" in text
        assert b"{seconds}" not in text


@pytest.mark.parametrize("tongue", ["en", "tr"])
@pytest.mark.parametrize(
    "problem", ["login_failed", "login_form_stale", "too_many_attempts", "login_overloaded"]
)
def test_every_problem_has_words_of_its_own(tongue, problem):
    def told(code):
        page = LoginPage("Program", "Org", "/", "mark", problem=code, seconds=3)
        return login_page(page, tongue)

    assert told(problem) != login_page(PAGE, tongue)
    others = {"login_failed", "login_form_stale", "too_many_attempts"} - {problem}
    assert all(told(problem) != told(other) for other in others)


def test_a_phone_can_fill_it_in():
    text = login_page(PAGE, "en").decode()
    assert 'name="viewport"' in text
    assert 'autocomplete="username"' in text
    assert 'autocomplete="current-password"' in text
    assert "<script" not in text
    assert "src=" not in text
