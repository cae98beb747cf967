import re

import pytest

from unibos.transports.http.browser.front import front_page
from unibos.transports.http.browser.invitation import (
    _WORDS,
    InvitationPage,
    invitation_page,
    joined_page,
    refusal_page,
)

EVIL = "<b>\"'&{x}</b>"
PROBLEMS = (
    "login_failed",
    "passwords_differ",
    "name_invalid",
    "password_too_short",
    "password_too_long",
    "password_too_common",
    "too_many_attempts",
    "login_overloaded",
)


def test_both_languages_have_the_same_words():
    assert _WORDS["en"].keys() == _WORDS["tr"].keys()
    for key in _WORDS["en"]:
        facts = [set(re.findall(r"{\w+}", _WORDS[tongue][key])) for tongue in ("en", "tr")]
        assert facts[0] == facts[1], key


@pytest.mark.parametrize("tongue", ["en", "tr"])
def test_nothing_that_others_say_becomes_markup(tongue):
    form = InvitationPage(EVIL, EVIL, EVIL, "too_many_attempts", 7)
    joined = joined_page(EVIL, EVIL, EVIL, EVIL, tongue)
    for text in (invitation_page(form, tongue), joined, front_page(EVIL, tongue)):
        assert b'<b>"' not in text
        assert b"<b>&quot;" not in text
        assert b"&lt;b&gt;&quot;" in text
        assert b"{seconds}" not in text
    assert refusal_page(EVIL, 0, tongue) == refusal_page("try_again", 0, tongue)


@pytest.mark.parametrize("tongue", ["en", "tr"])
def test_each_problem_is_told_in_words_of_its_own(tongue):
    told = {invitation_page(InvitationPage("Org", "e", "", code, 3), tongue) for code in PROBLEMS}
    assert len(told) == len(PROBLEMS)
    assert all(b'role="alert"' in text for text in told)
    assert b"alert" not in invitation_page(InvitationPage("Org", "e"), tongue).split(b"</style>")[1]
    codes = ("invitation_not_found", "limit_reached", "org_closing", "too_many_attempts")
    assert len({refusal_page(code, 3, tongue) for code in codes}) == len(codes)


def test_a_phone_and_a_password_manager_can_fill_it_in():
    text = invitation_page(InvitationPage("Org", "new@example.org"), "en").decode()
    assert 'name="viewport"' in text
    assert 'autocomplete="username" readonly' in text
    assert text.count('autocomplete="new-password"') == 2
    for control in re.findall(r'<input id="(\w+)"', text):
        assert f'<label for="{control}">' in text
    for hint in re.findall(r'aria-describedby="([\w-]+)"', text):
        assert f'id="{hint}"' in text
    assert "<script" not in text
    assert "src=" not in text
