import re

import pytest

from unibos.transports.http.browser.node import _WORDS, NodePage, node_page

EVIL = "<b>\"'&{x}</b>"
URL = "http://kitchen.local:8001"
PROBLEMS = (
    *("setup_code_wrong", "setup_done", "passwords_differ", "email_invalid", "name_invalid"),
    *("password_too_short", "password_too_long", "password_too_common", "too_many_attempts"),
    *("storage_full", "login_overloaded"),
)


def body(shown, tongue="en"):
    return node_page(shown, tongue).decode().split("</style>")[1]


def test_both_languages_have_the_same_words():
    assert _WORDS["en"].keys() == _WORDS["tr"].keys()
    for key in _WORDS["en"]:
        facts = [set(re.findall(r"{\w+}", _WORDS[tongue][key])) for tongue in ("en", "tr")]
        assert facts[0] == facts[1], key


@pytest.mark.parametrize("tongue", ["en", "tr"])
@pytest.mark.parametrize("state", ["setup", "setup_at_hub", "ready", "trouble"])
def test_nothing_that_others_say_becomes_markup(tongue, state):
    shown = NodePage(EVIL, EVIL, state, True, EVIL, EVIL, EVIL, 7)
    text = body(shown, tongue)
    assert '<b>"' not in text
    assert "&lt;b&gt;&quot;" in text
    assert "{seconds}" not in text


@pytest.mark.parametrize("tongue", ["en", "tr"])
def test_each_problem_is_told_in_words_of_its_own(tongue):
    told = {
        node_page(NodePage("n", URL, "setup", problem=code, seconds=3), tongue) for code in PROBLEMS
    }
    assert len(told) == len(PROBLEMS)
    assert all(b'role="alert"' in text for text in told)
    assert "alert" not in body(NodePage("n", URL, "setup"), tongue)


def test_only_a_node_that_waits_for_its_owner_has_a_form():
    forms = {
        state: "<form" in body(NodePage("n", URL, state))
        for state in ("setup", "setup_at_hub", "ready", "trouble")
    }
    assert forms == {"setup": True, "setup_at_hub": False, "ready": False, "trouble": False}


def test_what_is_typed_in_the_open_is_said_to_be():
    plain, sealed = (body(NodePage("n", url, "setup")) for url in (URL, "https://kitchen:8001"))
    assert "not encrypted" in plain
    assert "not encrypted" not in sealed


def test_the_hub_is_told_of_where_there_is_one():
    none, near, far = (body(NodePage("n", URL, "ready", hub)) for hub in (None, True, False))
    assert "hub" not in none
    assert "within reach" in near
    assert "goes on without it" in far


def test_the_other_language_is_one_step_away():
    assert 'href="/?lang=tr"' in body(NodePage("n", URL, "setup"))
    assert 'action="/?lang=tr"' in body(NodePage("n", URL, "setup"), "tr")
    assert 'href="/?lang=en"' in body(NodePage("n", URL, "setup"), "tr")


def test_a_phone_and_a_password_manager_can_fill_it_in():
    text = node_page(NodePage("n", URL, "setup", email="owner@example.org"), "en").decode()
    assert 'name="viewport"' in text
    assert 'inputmode="numeric" autocomplete="one-time-code"' in text
    assert 'value="owner@example.org"' in text
    assert text.count('autocomplete="new-password"') == 2


@pytest.mark.parametrize("tongue", ["en", "tr"])
def test_it_needs_nothing_from_elsewhere(tongue):
    for state in ("setup", "ready", "trouble"):
        text = body(NodePage("n", URL, state), tongue)
        assert all(
            link.startswith("/") for link in re.findall(r'(?:href|src|action)="(.*?)"', text)
        )
        assert "<script" not in text
