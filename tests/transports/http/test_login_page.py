import pytest

from unibos.transports.http.login_page import LoginPage, language, login_page, refusal_page

PAGE = LoginPage("Program", "Org", "/oidc/authorize?a=1&b=2", "mark")


@pytest.mark.parametrize(
    ("wanted", "accepted", "tongue"),
    [
        ("", "", "en"),
        ("", "tr", "tr"),
        ("", "tr-TR,tr;q=0.9,en;q=0.8", "tr"),
        ("", "de-DE,de;q=0.9", "en"),
        ("", "en;q=0.5, tr", "tr"),
        ("", "tr;q=0.1, en;q=0.2", "en"),
        ("", "tr;q=, en;q=x", "tr"),
        ("", ",;q=1,;;", "en"),
        ("", "x," * 5000 + "tr", "en"),
        ("tr", "en", "tr"),
        ("de TR-CY", "en", "tr"),
        ("*", "*", "en"),
    ],
)
def test_the_language_is_the_programs_then_the_browsers(wanted, accepted, tongue):
    assert language(wanted, accepted) == tongue


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
