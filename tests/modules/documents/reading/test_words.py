"""Words, rows and running text."""

from hypothesis import given
from hypothesis import strategies as st

from unibos.modules.documents.reading.words import (
    Word,
    clean,
    confidence,
    credit,
    legible,
    merge,
    moved,
    rows,
    running_text,
    text_rows,
)


def word(text, left, top, height=20, sure=0.9, **place):
    return Word(text, left, top, 10 * len(text), height, sure, **place)


def test_a_label_and_its_amount_at_the_other_edge_are_one_row():
    found = rows([word("9.00", 400, 103), word("Total", 10, 100), word("Cash", 10, 140)])
    assert [row.text for row in found] == ["Total 9.00", "Cash"]


def test_columns_keep_their_order_in_running_text():
    words = [
        word("left", 0, 0, paragraph=(1, 1), line=1),
        word("below", 0, 30, paragraph=(1, 1), line=2),
        word("right", 300, 0, paragraph=(2, 1), line=1),
    ]
    assert running_text(words) == "left\nbelow\n\nright"
    assert [row.text for row in rows(words)] == ["left right", "below"]


def test_doubtful_symbols_go_and_doubtful_words_stay():
    words = [word("~~", 0, 0, sure=0.2), word("x1", 0, 0, sure=0.1), word("&", 0, 0, sure=0.9)]
    assert [kept.text for kept in clean(words)] == ["x1", "&"]


def test_confidence_counts_letters():
    assert confidence([]) == 0
    assert confidence([word("a", 0, 0, sure=0), word("bbb", 0, 0, sure=1)]) == 0.75


def test_a_landscape_is_not_legible():
    assert not legible([word("a", 0, 0), word("|x", 0, 0), word("forest", 0, 0, sure=0.3)])
    assert legible([word("Rechnung", 0, 0), word("Nummer", 0, 0)])


def test_the_better_reading_of_each_line_is_kept():
    first = rows([word("D4te", 0, 0, sure=0.4), word("Total", 0, 50, sure=0.9)])
    second = rows(
        [
            word("Date", 0, 2, sure=0.9),
            word("T0t", 0, 52, sure=0.5),
            word("Thanks", 0, 100, sure=0.9),
            word("..ee", 0, 150, sure=0.1),
        ]
    )
    assert [row.text for row in merge(first, second, credit)] == ["Date", "Total", "Thanks"]
    assert [row.text for row in merge(first, [], credit)] == ["D4te", "Total"]


def test_words_of_a_larger_picture():
    there = moved(word("a", 10, 20), across=2, down=3)
    assert (there.left, there.top, there.width, there.height) == (20, 60, 20, 60)


def test_rows_of_plain_text_keep_gaps():
    found = text_rows("Total    9.00\n\n  Cash 1")
    assert [row.text for row in found] == ["Total 9.00", "Cash 1"]
    assert found[0].words[1].left == 90
    assert found[1].words[0].left == 20


places = st.floats(0, 1000)


@given(
    st.lists(
        st.builds(Word, st.text("ab1", min_size=1, max_size=5), places, places, places, places)
    )
)
def test_rows_hold_every_word_once(words):
    found = [word for row in rows(words) for word in row.words]
    assert sorted(map(id, found)) == sorted(map(id, words))
