"""The string that a node joins with."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unibos.base.errors import Invalid
from unibos.core.identity.registry.join_string import PREFIX, JoinToken

GOOD = {
    "v": 1,
    "urls": ["https://hub.example.org:8000"],
    "hub": "a" * 52,
    "secret": "0197a0c0-5b3e-7c1a-9d55-0a4b2f8e6d11." + "s" * 43,
    "exp": 1_790_000_000,
}


def packed(**changed):
    members = {name: value for name, value in (GOOD | changed).items() if value is not ...}
    raw = json.dumps(members).encode()
    return PREFIX + base64.urlsafe_b64encode(raw).decode().rstrip("=")


def test_it_is_read_as_it_was_made():
    token = JoinToken.parse(packed())
    assert JoinToken.parse(token.format()) == token
    assert token.format().startswith(PREFIX)
    assert (token.hub, token.exp, token.urls) == (GOOD["hub"], GOOD["exp"], GOOD["urls"])


@given(st.lists(st.tuples(st.integers(0, 200), st.sampled_from(" \n\r\t\u00a0"))))
def test_white_space_from_copying_does_not_count(spaces):
    text = packed()
    for place, space in spaces:
        text = text[:place] + space + text[place:]
    assert JoinToken.parse(text) == JoinToken.parse(packed())


@pytest.mark.parametrize(
    "changed",
    [
        {"v": 2},
        {"urls": []},
        {"urls": ["https://a"] * 9},
        {"urls": ["ftp://hub.example.org"]},
        {"urls": ["https://user:pass@hub.example.org"]},
        {"urls": ["https://hub.example.org/path"]},
        {"urls": ["https://hub.example.org\nhttps://b"]},
        {"hub": "a" * 51},
        {"hub": "A" * 52},
        {"secret": "short.secret"},
        {"secret": GOOD["secret"] + "\n"},
        {"exp": "1790000000"},
        {"exp": -1},
        {"exp": ...},
        {"more": 1},
    ],
)
def test_another_shape_is_refused(changed):
    with pytest.raises(Invalid) as refused:
        JoinToken.parse(packed(**changed))
    assert refused.value.code == "join_string_invalid"
    assert GOOD["secret"] not in str(refused.value)


@given(st.one_of(st.text(), st.text().map(lambda text: PREFIX + text)))
def test_anything_else_is_refused(text):
    with pytest.raises(Invalid):
        JoinToken.parse(text)


@given(st.integers(1, len(packed()) - 1))
def test_a_part_of_it_is_refused(length):
    with pytest.raises(Invalid):
        JoinToken.parse(packed()[:length])


def test_it_is_shown_without_its_secret():
    assert GOOD["secret"] not in repr(JoinToken.parse(packed()))
