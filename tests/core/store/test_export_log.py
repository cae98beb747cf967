"""The log of what was sent and held back: bounded, newest first, without repetition."""

import pytest

from unibos.core.store import export_log


def told(org, **narrowed):
    return org.read(lambda view: export_log.page(view, None, 20_000, **narrowed))


def add(org, *about, **more):
    org.write(lambda tx: export_log.add(tx, *about, **more))


def test_entries_come_newest_first_page_by_page(org):
    for number in range(5):
        add(org, "peer", "notes", "push", number, 10 * number, number, number)
    pages, before = [], None
    while page := org.read(lambda view, before=before: export_log.page(view, before, 2)):
        pages.append([one.records for one in page])
        before = page[-1].num
    assert pages == [[4, 3], [2, 1], [0]]
    assert told(org)[0].bytes == 40


def test_entries_are_found_by_peer_and_collection(org, store):
    add(org, "one", "notes", "push", 1, 1, 1, 1)
    add(org, "two", "notes", "pull", 2, 1, 1, 1)
    add(org, "two", "plain", "blob", 3, 1, 1, 1)
    assert [one.records for one in told(org, peer="two")] == [3, 2]
    assert [one.records for one in told(org, collection="notes")] == [2, 1]
    assert [one.records for one in told(org, peer="two", collection="notes")] == [2]
    assert told(store.org("org-b")) == []


def test_what_is_held_back_again_is_written_once(org):
    for _ in range(3):
        add(org, "peer", "notes", "pull", 0, 0, 7, 7, blocked="export_stopped")
        add(org, "other", "notes", "pull", 0, 0, 7, 7, blocked="export_stopped")
    assert len(told(org)) == 2
    add(org, "peer", "notes", "pull", 1, 10, 7, 7)
    add(org, "peer", "notes", "pull", 0, 0, 7, 7, blocked="export_stopped")
    assert [one.blocked for one in told(org, peer="peer")] == [
        "export_stopped",
        None,
        "export_stopped",
    ]


def test_what_is_sent_twice_is_written_twice(org):
    for _ in range(2):
        add(org, "peer", "notes", "push", 1, 10, 7, 7)
    assert len(told(org)) == 2


@pytest.mark.parametrize("room", [1, 3])
def test_the_oldest_make_room_and_other_orgs_keep_theirs(org, store, monkeypatch, room):
    monkeypatch.setattr(export_log, "MOST", 10)
    monkeypatch.setattr(export_log, "_ROOM", room)
    other = store.org("org-b")
    add(other, "peer", "notes", "push", 99, 0, 1, 1)
    for number in range(40):
        add(org, "peer", "notes", "push", number, 0, number, number)
        kept = [one.records for one in told(org)]
        assert len(kept) <= 10
        assert kept == list(range(number, number - len(kept), -1))
        assert len(kept) >= min(number + 1, 10 - room)
    assert [one.records for one in told(other)] == [99]


def test_ten_thousand_are_kept(org):
    def fill(tx):
        for number in range(export_log.MOST + 150):
            export_log.add(tx, "peer", "notes", "push", number, 0, number, number)

    org.write(fill)
    kept = told(org)
    assert export_log.MOST - 100 <= len(kept) <= export_log.MOST
    assert kept[0].records == export_log.MOST + 149
