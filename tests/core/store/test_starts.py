"""Each start that gives a seq leaves its name, so that who gives one twice is found out."""

import shutil
import sqlite3

import pytest

from unibos.base.errors import Unavailable
from unibos.core.store import collections, records, starts
from unibos.core.store.store import Store

from .conftest import NOTES, T0

ORG = "org-a"


class Home:
    """A database whose process is started again and again."""

    def __init__(self, folder):
        self.folder = folder

    def start(self, notes=0, *, first=None):
        """The highest seq and the names of all, after so many notes."""
        store = Store(self.folder, "node", "origin-a", wall=lambda: T0, first=first)
        org = store.org(ORG)
        org.write(lambda tx: collections.declare(tx, NOTES))
        for number in range(notes):
            org.write(
                lambda tx, n=number: records.create(tx, "notes", NOTES.draft({"title": str(n)}))
            )
        names = [store.starts.of(seq) for seq in range(1, store.counter + 1)]
        store.close()
        return names

    def rows(self):
        connection = sqlite3.connect(self.folder / "node.db")
        found = connection.execute("SELECT first_seq FROM starts ORDER BY first_seq").fetchall()
        connection.close()
        return [first for (first,) in found]


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "home")


def test_a_seq_keeps_the_name_of_the_start_that_gave_it(home):
    before = home.start(2)
    after = home.start(3)
    assert after[:2] == before
    assert len(set(after)) == 2
    assert home.start() == after
    assert home.rows() == [1, 3]


def test_a_start_without_changes_leaves_nothing(home):
    home.start(1)
    home.start()
    home.start()
    assert home.rows() == [1]


def test_what_is_given_twice_has_two_names(home, tmp_path):
    home.start(2)
    shutil.copytree(home.folder, tmp_path / "copy")
    one, other = home.start(2), Home(tmp_path / "copy").start(2)
    assert one[:2] == other[:2]
    assert one[2] != other[2]


def test_the_name_comes_with_the_first_change_that_is_kept(home):
    store = Store(home.folder, "node", "origin-a", wall=lambda: T0)
    org = store.org(ORG)
    org.write(lambda tx: collections.declare(tx, NOTES))

    def lose(tx):
        records.create(tx, "notes", NOTES.draft({"title": "lost"}))
        tx.connection.execute("ROLLBACK")
        raise ValueError("gone")

    with pytest.raises(Unavailable):
        org.write(lose)
    assert home.rows() == []
    org.write(lambda tx: records.create(tx, "notes", NOTES.draft({"title": "kept"})))
    store.close()
    assert home.rows() == [1]


def test_a_change_before_anything_else_counts(home):
    home.start(1)
    home.start(first=lambda tx: tx.next_seq())
    assert home.rows() == [1, 2]


def test_of_the_oldest_starts_nothing_is_known_any_more(home, monkeypatch):
    monkeypatch.setattr(starts, "MOST", 3)
    for _ in range(6):
        names = home.start(1)
    assert home.rows() == [4, 5, 6]
    assert home.start() == ["", "", "", *names[3:]]
