"""What the verbs of records promise, for whatever database stands behind them."""

import msgspec
import pytest

from unibos.base.clock import hlc_ms
from unibos.base.errors import Conflict, Invalid, NotFound, PreconditionFailed, TooLarge
from unibos.base.ids import made_at_ms, new_id
from unibos.core.store import records
from unibos.core.store.drafts import MAX_DEPTH
from unibos.core.store.store import OrgStore

from .conftest import NOTES, T0, Wall


def create(org: OrgStore, **data):
    return org.write(lambda tx: records.create(tx, "notes", NOTES.draft(data)))


def clocks(org: OrgStore, id_: str) -> dict:
    def look(view):
        row = view.connection.execute("SELECT field_clocks FROM records WHERE id = ?", (id_,))
        return msgspec.json.decode(row.fetchone()[0] or "{}")

    return org.read(look)


def test_a_created_record_is_read_back_as_it_was_written(org):
    made = create(org, title="Süt", tags=["market"], deep={"a": [1, 2.5, None, True]})
    read = org.read(lambda view: records.get(view, "notes", made.id))
    assert read == made
    assert read.data == {"title": "Süt", "tags": ["market"], "deep": {"a": [1, 2.5, None, True]}}
    assert made_at_ms(read.id) == hlc_ms(read.clock[0]) == T0


def test_the_api_form_carries_data_untouched(org):
    made = create(org, title="x", unknown_to_us={"kept": 1})
    shown = msgspec.json.decode(made.json)
    assert shown["data"] == {"title": "x", "unknown_to_us": {"kept": 1}}
    assert shown["created_at"] == shown["updated_at"] == "2026-09-21T14:13:20.000Z"


def test_ids_and_seqs_rise_in_the_order_of_creation(org):
    made = [create(org, title=str(number)) for number in range(50)]
    assert [one.id for one in made] == sorted(one.id for one in made)
    assert [one.seq for one in made] == sorted(one.seq for one in made)


def test_a_chosen_id_can_be_taken_only_once(org):
    id_ = new_id()
    org.write(lambda tx: records.create(tx, "notes", NOTES.draft({}), id_))
    with pytest.raises(Conflict) as caught:
        org.write(lambda tx: records.create(tx, "notes", NOTES.draft({}), id_))
    assert caught.value.code == "record_exists"


def test_a_patch_changes_only_the_clock_of_the_fields_it_touches(org, wall: Wall):
    made = create(org, title="a", body="b")
    wall.ms += 1000
    patched = org.write(lambda tx: records.patch(tx, "notes", made.id, {"body": "c"}, NOTES.draft))
    assert patched.data == {"title": "a", "body": "c"}
    assert patched.clock > made.clock
    assert clocks(org, made.id) == {"title": list(made.clock)}


def test_a_removed_field_keeps_a_clock_of_its_own(org, wall: Wall):
    made = create(org, title="a", body="b")
    wall.ms += 1000
    removed = org.write(lambda tx: records.patch(tx, "notes", made.id, {"body": None}, NOTES.draft))
    wall.ms += 1000
    org.write(lambda tx: records.patch(tx, "notes", made.id, {"title": "z"}, NOTES.draft))
    assert clocks(org, made.id) == {"body": list(removed.clock)}


def test_writing_what_stands_there_writes_nothing(org):
    made = create(org, title="a")
    again, anew = org.write(
        lambda tx: records.put(tx, "notes", made.id, NOTES.draft({"title": "a"}))
    )
    patched = org.write(lambda tx: records.patch(tx, "notes", made.id, {"title": "a"}, NOTES.draft))
    assert (again, anew, patched) == (made, False, made)


@pytest.mark.parametrize(
    ("before", "after"), [(1, True), (1, 1.0), (0, False), ([1], [True]), ({"a": 1}, {"a": 1.0})]
)
def test_what_only_python_takes_for_equal_is_a_change(org, before, after):
    made = create(org, value=before, title="x")
    id_, data = made.id, {"value": after, "title": "x"}
    patched = org.write(lambda tx: records.patch(tx, "notes", id_, {"value": after}, NOTES.draft))
    assert (patched.text, patched.data) == (msgspec.json.encode(data), data)
    assert clocks(org, id_) == {"title": list(made.clock)}
    back = NOTES.draft({"title": "x", "value": before})
    assert org.write(lambda tx: records.put(tx, "notes", id_, back))[0].text != patched.text


def test_the_order_of_members_is_no_change(org):
    made = create(org, title="x", deep={"a": 1, "b": 2})
    turned = NOTES.draft({"deep": {"b": 2, "a": 1}, "title": "x"})
    assert org.write(lambda tx: records.put(tx, "notes", made.id, turned)) == (made, False)


def test_put_makes_replaces_and_revives(org):
    id_ = new_id()
    draft = NOTES.draft({"title": "one", "body": "gone soon"})
    assert org.write(lambda tx: records.put(tx, "notes", id_, draft))[1]
    replaced, anew = org.write(
        lambda tx: records.put(tx, "notes", id_, NOTES.draft({"title": "two"}))
    )
    assert (replaced.data, anew) == ({"title": "two"}, False)
    org.write(lambda tx: records.delete(tx, "notes", id_))
    revived, anew = org.write(lambda tx: records.put(tx, "notes", id_, draft))
    assert (revived.data["title"], anew) == ("one", True)
    assert revived.clock > replaced.clock


def test_a_deleted_record_is_not_found_by_any_verb(org):
    made = create(org, title="a")
    org.write(lambda tx: records.delete(tx, "notes", made.id))
    with pytest.raises(NotFound, match="no record"):
        org.read(lambda view: records.get(view, "notes", made.id))
    with pytest.raises(NotFound):
        org.write(lambda tx: records.patch(tx, "notes", made.id, {"a": 1}, NOTES.draft))
    with pytest.raises(NotFound):
        org.write(lambda tx: records.delete(tx, "notes", made.id))


@pytest.mark.parametrize(
    "write",
    [
        lambda tx, id_, tag: records.put(tx, "notes", id_, NOTES.draft({"title": "b"}), tag),
        lambda tx, id_, tag: records.patch(tx, "notes", id_, {"title": "b"}, NOTES.draft, tag),
        lambda tx, id_, tag: records.delete(tx, "notes", id_, tag),
    ],
)
def test_a_write_with_an_old_etag_is_refused_and_changes_nothing(org, write):
    made = create(org, title="a")
    now = org.write(lambda tx: records.patch(tx, "notes", made.id, {"title": "c"}, NOTES.draft))
    with pytest.raises(PreconditionFailed) as caught:
        org.write(lambda tx: write(tx, made.id, made.etag))
    assert caught.value.code == "record_changed"
    assert org.read(lambda view: records.get(view, "notes", made.id)) == now
    org.write(lambda tx: write(tx, made.id, now.etag))


def test_an_etag_of_a_record_that_is_not_there_is_refused(org):
    with pytest.raises(PreconditionFailed):
        org.write(lambda tx: records.put(tx, "notes", new_id(), NOTES.draft({}), '"1-a"'))


def test_no_org_sees_another(store, org):
    made = create(org, title="mine", serial="s1")
    other = store.org("org-b")
    with pytest.raises(NotFound):
        other.read(lambda view: records.get(view, "notes", made.id))
    with pytest.raises(NotFound):
        other.write(lambda tx: records.delete(tx, "notes", made.id))
    assert other.read(lambda view: records.by_key(view, "notes", "s1")) is None


def test_a_record_is_found_by_its_key_until_it_goes(org):
    made = create(org, serial="s1")
    assert org.read(lambda view: records.by_key(view, "notes", "s1")) == made
    org.write(lambda tx: records.patch(tx, "notes", made.id, {"serial": "s2"}, NOTES.draft))
    assert org.read(lambda view: records.by_key(view, "notes", "s1")) is None
    org.write(lambda tx: records.delete(tx, "notes", made.id))
    assert org.read(lambda view: records.by_key(view, "notes", "s2")) is None


def test_a_draft_that_breaks_the_schema_says_where(org):
    with pytest.raises(Invalid) as caught:
        NOTES.draft({"title": 1, "total": "x"})
    assert caught.value.code == "record_invalid"
    assert {error["at"] for error in caught.value.facts["errors"]} == {"$.title", "$.total"}


def test_a_draft_over_a_mebibyte_is_refused():
    with pytest.raises(TooLarge) as caught:
        NOTES.draft({"body": "x" * 1024 * 1024})
    assert caught.value.code == "record_too_large"


@pytest.mark.parametrize("name", ["", "x" * 129])
def test_a_field_name_has_a_sensible_length(name):
    with pytest.raises(Invalid):
        NOTES.draft({name: 1})


@pytest.mark.parametrize(
    ("target", "changes", "merged"),
    [
        # The examples of RFC 7396, appendix A, that have objects on both sides.
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_merge_patch_as_the_rfc_has_it(target, changes, merged):
    assert records.merge_patch(target, changes) == merged


def test_a_patch_has_a_bounded_depth(org):
    made, changes = create(org, title="x"), {}
    for _ in range(MAX_DEPTH):
        changes = {"a": changes}
    with pytest.raises(Invalid):
        org.write(lambda tx: records.patch(tx, "notes", made.id, changes, NOTES.draft))
