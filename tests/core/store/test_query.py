"""Filters, order and pages: every page together is every record once, in order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unibos.base.clock import iso
from unibos.base.errors import Invalid, NotFound
from unibos.core.store import collections, query, records
from unibos.core.store.query import Query
from unibos.core.store.store import Store

from .conftest import NOTES


def fill(org, *rows: dict) -> list[str]:
    return org.write(lambda tx: [records.create(tx, "notes", NOTES.draft(row)).id for row in rows])


def titles(org, **asked) -> list:
    page = org.read(lambda view: query.page(view, "notes", Query(**asked)))
    return [record.data.get("title") for record in page.items]


@pytest.fixture
def filled(org):
    fill(
        org,
        {"title": "Aldi", "total": 24.23, "tags": ["food", "de"], "deep": {"city": "Köln"}},
        {"title": "Ikea", "total": 134.39, "tags": ["home", "de"], "paid": True},
        {"title": "Lidl", "total": 7.16, "tags": ["food"], "note": "10"},
        {"title": "book", "total": 9, "paid": False, "deep": {"city": None}},
    )
    return org


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (("total>=9",), ["Aldi", "Ikea", "book"]),
        (("total>9",), ["Aldi", "Ikea"]),
        (("total<9",), ["Lidl"]),
        (("total<=9",), ["Lidl", "book"]),
        (("total=9",), ["book"]),
        (("title!=Aldi",), ["Ikea", "Lidl", "book"]),
        (("title~IDL",), ["Lidl"]),
        (("tags:food",), ["Aldi", "Lidl"]),
        (("tags:food", "tags:de"), ["Aldi"]),
        (("paid=true",), ["Ikea"]),
        (("paid=false",), ["book"]),
        (("paid=null",), ["Aldi", "Lidl"]),
        (("paid!=null",), ["Ikea", "book"]),
        (("deep.city=Köln",), ["Aldi"]),
        (('note="10"',), ["Lidl"]),
        (("created_at>=2020-01-01T00:00:00Z",), ["Aldi", "Ikea", "Lidl", "book"]),
        (("created_at<2020-01-01T00:00:00Z",), []),
        (("updated_at>2020-01-01T00:00:00Z", "total>100"), ["Ikea"]),
        (("title='; DROP TABLE records; --",), []),
    ],
)
def test_filters(filled, filters, found):
    assert sorted(titles(filled, filters=filters)) == found


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("-created_at", ["book", "Lidl", "Ikea", "Aldi"]),
        ("created_at", ["Aldi", "Ikea", "Lidl", "book"]),
        ("total", ["Lidl", "book", "Aldi", "Ikea"]),
        ("-total", ["Ikea", "Aldi", "book", "Lidl"]),
        ("paid", ["Aldi", "Lidl", "book", "Ikea"]),
        ("updated_at", ["Aldi", "Ikea", "Lidl", "book"]),
    ],
)
def test_sorting_puts_the_absent_first(filled, sort, order):
    assert titles(filled, sort=sort) == order


def test_words_narrow_a_list(filled):
    assert titles(filled, words="lid") == ["Lidl"]
    assert titles(filled, words="??") == []


@pytest.mark.parametrize("text", ["total", "1x=2", ".a=1", "a..b=1", "=3", "id:x", ""])
def test_what_is_no_filter_is_refused(filled, text):
    with pytest.raises(Invalid) as caught:
        titles(filled, filters=(text,))
    assert caught.value.code == "filter_invalid"


@pytest.mark.parametrize("value", ["soon", "-9999-01-01", "[1]"])
def test_a_filter_by_time_wants_a_time(filled, value):
    with pytest.raises(Invalid):
        titles(filled, filters=(f"created_at>{value}",))


def test_a_filter_takes_no_list(filled):
    with pytest.raises(Invalid):
        titles(filled, filters=("tags=[1]",))


@pytest.mark.parametrize("sort", ["", "-", "a b", "total)", "a..b"])
def test_what_is_no_field_is_refused(filled, sort):
    with pytest.raises(Invalid) as caught:
        titles(filled, sort=sort)
    assert caught.value.code == "sort_invalid"


@pytest.mark.parametrize("cursor", ["x", "%%%", "bnVsbA", "WzEsMl0"])
def test_a_foreign_cursor_is_refused(filled, cursor):
    with pytest.raises(Invalid) as caught:
        titles(filled, cursor=cursor)
    assert caught.value.code == "cursor_invalid"


def test_a_cursor_of_another_order_is_refused(filled):
    page = filled.read(lambda view: query.page(view, "notes", Query(sort="total", limit=1)))
    with pytest.raises(Invalid):
        titles(filled, sort="-total", cursor=page.next)


def test_too_many_filters_are_refused(filled):
    with pytest.raises(Invalid):
        titles(filled, filters=("total>1",) * 11)


def test_a_time_is_its_whole_millisecond(org, wall):
    """What a list shows can be asked for: no record is missed, none comes twice."""
    made = []
    for _ in range(3):
        made += fill(org, {}, {})
        wall.ms += 1
    moment = iso(wall.ms - 2)
    for field in ("created_at", "updated_at"):
        for operator, wanted in {
            "<": made[:2],
            "<=": made[:4],
            "=": made[2:4],
            "!=": made[:2] + made[4:],
            ">=": made[2:],
            ">": made[4:],
        }.items():
            asked = Query(filters=(f"{field}{operator}{moment}",), sort="created_at")
            page = org.read(lambda view, asked=asked: query.page(view, "notes", asked))
            assert [record.id for record in page.items] == wanted, (field, operator)


@pytest.mark.parametrize(
    "text", ["2026-09-21T14:13:20", "2026-09-21T14:13:20Z", "2026-09-21T16:13:20+02:00"]
)
def test_a_time_without_a_zone_is_in_utc(filled, text):
    assert len(titles(filled, filters=(f"created_at={text}",))) == 4


@pytest.mark.parametrize("text", ["created_at~2026-01-01", "updated_at:2026-01-01"])
def test_a_time_contains_nothing(filled, text):
    with pytest.raises(Invalid):
        titles(filled, filters=(text,))


def test_large_records_make_a_page_shorter(org, monkeypatch):
    monkeypatch.setattr(query, "PAGE_BYTES", 1000)
    made = fill(org, *({"body": "x" * 400} for _ in range(5)))
    listed, cursor, pages = [], None, 0
    while pages == 0 or cursor:
        asked = Query(sort="created_at", limit=5, cursor=cursor)
        page = org.read(lambda view, asked=asked: query.page(view, "notes", asked))
        listed += [record.id for record in page.items]
        cursor, pages = page.next, pages + 1
    assert (listed, pages) == (made, 2)


def test_counting_by_a_field(filled):
    counted = filled.read(lambda view: query.count_by(view, "notes", "deep.city"))
    assert counted == {"": 3, "Köln": 1}


def test_an_unknown_collection_is_not_found(org):
    with pytest.raises(NotFound) as caught:
        org.read(lambda view: collections.get(view, "nothing"))
    assert caught.value.code == "collection_not_found"


_VALUES = st.one_of(st.none(), st.booleans(), st.integers(-5, 5), st.sampled_from(["a", "b", "é"]))


@given(
    values=st.lists(_VALUES, max_size=25),
    limit=st.integers(1, 7),
    sort=st.sampled_from(["v", "-v", "created_at", "-created_at", "updated_at", "-updated_at"]),
)
def test_all_pages_together_are_every_record_once_in_order(tmp_path_factory, values, limit, sort):
    store = Store(tmp_path_factory.mktemp("pages"), "node", "a")
    try:
        org = store.org("org-a")
        org.write(lambda tx: collections.declare(tx, NOTES))
        made = fill(org, *({"v": value} for value in values))
        whole = org.read(lambda view: query.page(view, "notes", Query(sort=sort, limit=200)))
        paged, cursor = [], None
        while True:
            asked = Query(sort=sort, limit=limit, cursor=cursor)
            page = org.read(lambda view, asked=asked: query.page(view, "notes", asked))
            paged += [record.id for record in page.items]
            cursor = page.next
            if cursor is None:
                break
        assert paged == [record.id for record in whole.items]
        assert sorted(paged) == sorted(made)
    finally:
        store.close()
