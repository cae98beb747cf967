"""What guards the way into a record: schemas from users, words for search."""

import pytest

from unibos.base.errors import Invalid
from unibos.core.store.drafts import MAX_DEPTH, Schema, admit_schema
from unibos.core.store.texts import texts


def test_a_sensible_schema_is_admitted_and_used():
    schema = admit_schema(
        {
            "type": "object",
            "properties": {
                "total": {"type": "number", "minimum": 0},
                "lines": {"type": "array", "items": {"type": "object"}, "prefixItems": [{}]},
                "any": True,
            },
            "anyOf": [{"required": ["total"]}, {"required": ["any"]}],
        }
    )
    assert schema.draft({"total": 1, "lines": [{}]}).text == '{"total":1,"lines":[{}]}'
    with pytest.raises(Invalid):
        schema.draft({"lines": []})


@pytest.mark.parametrize(
    "declared",
    [
        {"description": "x" * 70_000},
        {"$dynamicRef": "#x"},
        {"patternProperties": {}},
        {"format": 3},
        {"minLength": -1},
        {"not": "x"},
        {"oneOf": [3]},
        {"uniqueItems": True},
    ],
)
def test_what_could_do_harm_or_means_nothing_is_refused(declared):
    with pytest.raises(Invalid) as caught:
        admit_schema(declared)
    assert caught.value.code == "schema_invalid"


def test_many_errors_are_told_but_not_all():
    schema = Schema({"properties": {str(n): {"type": "string"} for n in range(30)}})
    with pytest.raises(Invalid) as caught:
        schema.draft({str(n): n for n in range(30)})
    assert len(caught.value.facts["errors"]) == 10


@pytest.mark.parametrize("wrapped", [lambda inner: {"a": inner}, lambda inner: [inner, 1]])
def test_data_has_a_bounded_depth(wrapped):
    inner = "leaf"
    for _ in range(MAX_DEPTH - 1):
        inner = wrapped(inner)
    assert Schema({}).draft({"a": inner}, words=[inner]).words == ("leaf", "")
    with pytest.raises(Invalid) as caught:
        Schema({}).draft({"a": wrapped(inner)})
    assert caught.value.code == "record_invalid"


def test_equal_schemas_are_equal():
    one, other = Schema({"type": "object", "x": 1}), Schema({"x": 1, "type": "object"})
    assert one == other
    assert hash(one) == hash(other)
    assert one != Schema({})


def test_words_are_all_texts_of_a_value_in_order():
    value = {"a": "one", "b": ["two", {"c": "three"}, 4, None, True], "d": {"e": ["four"]}}
    assert list(texts(value)) == ["one", "two", "three", "four"]
