"""How readings are compared with the truth."""

import json

import pytest
import truth
from hypothesis import given
from hypothesis import strategies as st


def slow_distance(one, other):
    row = list(range(len(other) + 1))
    for number, letter in enumerate(one, 1):
        before, row[0] = row[0], number
        for place, found in enumerate(other, 1):
            here = min(row[place] + 1, row[place - 1] + 1, before + (letter != found))
            before, row[place] = row[place], here
    return row[-1]


@given(st.text("abc", max_size=12), st.text("abc", max_size=12))
def test_the_edit_distance_is_the_textbook_one(one, other):
    assert truth.edit_distance(one, other) == slow_distance(one, other)


@pytest.mark.parametrize(
    ("name", "found", "label", "right"),
    [
        ("aldi", "Aldi GmbH & Co. KG", True, True),
        ("aldi", "Aldi GmbH & Co. KG", False, False),
        ("apotheke", "DELPHIN APOTHEKE PADERBORN", True, True),
        ("aldi", "LIDL", True, False),
        ("aldi", "", True, False),
        ("99 SPEED MART S/B", "99 Speed Mart S/B", False, True),
        ("BOOK TA .K SDN BHD", "BOOK TALK SDN BHD", False, True),
        ("BOOK TA .K SDN BHD", "SOMETHING ELSE", False, False),
    ],
)
def test_names_are_compared_by_their_letters(name, found, label, right):
    assert (truth.similarity(name, found, label=label) >= truth.ALIKE) is right


def test_truth_beside_the_picture_and_in_its_name(tmp_path):
    (tmp_path / "sroie-1.jpg").touch()
    facts = {"company": "A SHOP", "date": "5-3-18", "total": "1,007.50"}
    (tmp_path / "sroie-1.json").write_text(json.dumps(facts))
    (tmp_path / "de-lidl_02032020_02_00716.jpg").touch()
    (tmp_path / "unknown.jpg").touch()
    named, described = truth.receipts(tmp_path)
    assert (named.merchant, named.date, named.total) == ("lidl", "2020-03-02", "7.16")
    assert (described.merchant, described.date, described.total) == (
        "A SHOP",
        "2018-03-05",
        "1007.50",
    )
    result = truth.score(named, {"merchant": "Lidl", "date": "2020-03-02"})
    assert [result[name]["right"] for name in truth.FIELDS] == [True, True, False]
    assert truth.shares([result]) == {"merchant": 1, "date": 1, "total": 0}


def test_errors_count_letters_not_spaces_or_quotes():
    assert truth.character_errors("It’s  a\ntest", "It's a test") == 0
    assert truth.character_errors("abcd", "abxd") == 0.25
    assert truth.character_errors("", "") == 0


def test_lines_may_stand_in_any_order():
    text = "left one\nleft two\nright one\nright two"
    mixed = "left one\nright one\nleft two\nright two"
    assert truth.character_errors(text, mixed) > 0.2
    assert truth.character_errors_of_lines(text, mixed) == 0
    assert truth.character_errors_of_lines(text, "") == 1
    assert truth.character_errors_of_lines(text, mixed.replace("right two", "right")) > 0.1
