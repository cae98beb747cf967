"""Words are found whatever their case, accents or dots; nothing that is typed is syntax."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unibos.core.store import integrity, records, search

from .conftest import NOTES


def create(org, **data):
    return org.write(lambda tx: records.create(tx, "notes", NOTES.draft(data)))


def found(org, text, **where):
    return [hit.id for hit in org.read(lambda view: search.find(view, text, **where))]


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("Alışveriş", "alisveris"),
        ("ISPARTA", "ısparta"),
        ("İstanbul", "istanbul"),
        ("istanbul", "İSTANBUL"),
        ("Straße", "strase"),
        ("Crème brûlée", "creme brulee"),
        ("müşteri", "MÜŞTERİ"),
        ("Lidl 7,16", "7 16"),
    ],
)
def test_spelling_does_not_stand_in_the_way(org, text, asked):
    made = create(org, title=text)
    assert found(org, asked) == [made.id]


def test_all_words_must_occur_and_the_last_may_be_a_beginning(org):
    made = create(org, body="zeytin peynir ekmek")
    assert found(org, "ekmek zey") == [made.id]
    assert found(org, "zey ekmek") == []
    assert found(org, "zeytin domates") == []


def test_a_title_counts_more_than_a_body(org):
    body = create(org, title="other", body="lidl")
    title = create(org, title="lidl", body="other")
    assert found(org, "lidl") == [title.id, body.id]


def test_the_index_follows_changes_deletes_and_the_bin(org):
    made = create(org, title="first")
    patch = lambda data: org.write(  # noqa: E731
        lambda tx: records.patch(tx, "notes", made.id, data, NOTES.draft)
    )
    patch({"title": "second"})
    assert (found(org, "first"), found(org, "second")) == ([], [made.id])
    patch({"binned_at": "now"})
    assert found(org, "second") == []
    patch({"binned_at": None})
    assert found(org, "second") == [made.id]
    org.write(lambda tx: records.delete(tx, "notes", made.id))
    assert found(org, "second") == []


@pytest.mark.parametrize("change", ["create", "delete"])
def test_a_check_does_not_take_what_came_after_a_search_for_damage(org, change):
    made = create(org, title="first")
    assert found(org, "first") == [made.id]
    if change == "create":
        create(org, title="second")
    else:
        org.write(lambda tx: records.delete(tx, "notes", made.id))
    assert org.read(lambda view: integrity.check(view, org.blobs)) == []


def test_orgs_and_collections_are_kept_apart(store, org):
    made = create(org, title="secret")
    assert found(store.org("org-b"), "secret") == []
    assert found(org, "secret", collection="notes") == [made.id]
    assert found(org, "secret", collection="others") == []


@given(text=st.text(max_size=60))
def test_no_text_is_a_syntax_error(tmp_path_factory, text):
    connection = _index(tmp_path_factory)
    wanted = search.expression(text)
    if wanted is not None:
        connection.execute("SELECT rowid FROM search WHERE search MATCH ?", (wanted,)).fetchall()


_made = []


def _index(factory):
    if not _made:
        import sqlite3

        _made.append(sqlite3.connect(":memory:"))
        _made[0].execute("CREATE VIRTUAL TABLE search USING fts5 (title)")
    return _made[0]


def test_a_snippet_shows_where_the_words_stand():
    text = "x " * 300 + "der Betrag von 7,16 EUR bei Lidl " + "y " * 300
    cut, marks = search.snippet(text, "lidl betrag")
    assert len(cut) <= search.SNIPPET
    assert [cut[start:end] for start, end in marks] == ["Betrag", "Lidl"]


def test_a_snippet_without_the_word_is_the_beginning():
    assert search.snippet("eins zwei drei", "vier") == ("eins zwei drei", [])


def test_a_snippet_of_a_text_that_is_all_hits_is_cut_soon():
    # Comparing each hit with all others would take minutes.
    cut, marks = search.snippet("ab " * 350_000, "a b ab")
    assert (cut[:6], len(cut), marks[0]) == ("ab ab ", search.SNIPPET, (0, 2))


@given(text=st.text(max_size=400), wanted=st.text(max_size=20))
def test_marks_always_lie_within_the_snippet(text, wanted):
    cut, marks = search.snippet(text, wanted)
    assert all(0 <= start < end <= len(cut) for start, end in marks)
