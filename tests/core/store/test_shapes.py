"""Shapes: what fits one is valid by its schema; most schemas that people write have one."""

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unibos.base.errors import Invalid
from unibos.core.store.drafts import Schema
from unibos.core.store.shapes import fits, shape_of
from unibos.modules.documents.collection import DOCUMENTS
from unibos.modules.notes.manifest import NOTES

KINDS = ["string", "number", "integer", "boolean", "null", "array", "object"]
NAMES = st.sampled_from(["a", "b", "Ünlü", "with space", "class", "field_0", ""])
LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4)
)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3)
)
OBJECTS = st.dictionaries(NAMES, VALUES, max_size=5)


def bounds(*names, values):
    return st.fixed_dictionaries({}, optional=dict.fromkeys(names, values))


def schemas():
    counts, numbers = st.integers(0, 4), st.integers(-3, 3) | st.floats(-3, 3)
    leaf = st.one_of(
        st.just({}),
        st.just(True),
        st.builds(lambda kind: {"type": kind}, st.sampled_from(KINDS)),
        st.builds(
            lambda kinds: {"type": kinds},
            st.lists(st.sampled_from(KINDS), min_size=1, max_size=3, unique=True),
        ),
        bounds("minLength", "maxLength", values=counts).map(
            lambda more: {"type": "string", **more}
        ),
        st.tuples(
            st.sampled_from(["number", "integer"]),
            bounds("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", values=numbers),
        ).map(lambda pair: {"type": pair[0], **pair[1]}),
        st.lists(LEAVES, min_size=1, max_size=3).map(lambda values: {"enum": values}),
        LEAVES.map(lambda value: {"const": value}),
        st.just({"type": "number", "multipleOf": 2}),
    )

    def objects(inner):
        return st.fixed_dictionaries(
            {"type": st.just("object")},
            optional={
                "properties": st.dictionaries(NAMES, inner, max_size=4),
                "required": st.lists(NAMES, max_size=2, unique=True),
                "additionalProperties": st.booleans() | inner,
                "title": st.text(max_size=3),
            },
        )

    def arrays(inner):
        items = st.fixed_dictionaries({"type": st.just("array")}, optional={"items": inner})
        return st.tuples(items, bounds("minItems", "maxItems", values=counts)).map(
            lambda pair: pair[0] | pair[1]
        )

    inner = st.recursive(leaf, lambda inner: objects(inner) | arrays(inner), max_leaves=6)
    return objects(inner)


@settings(max_examples=400)
@given(schemas(), OBJECTS)
def test_what_fits_is_valid(schema, data):
    shape = shape_of(schema)
    if shape is not None and fits(data, shape):
        assert jsonschema.Draft202012Validator(schema).is_valid(data)


@given(OBJECTS)
def test_a_schema_says_the_same_with_its_shape_and_without(data):
    schema = {
        "type": "object",
        "required": ["a"],
        "properties": {"a": {"type": ["string", "null"], "maxLength": 3}, "b": {"type": "array"}},
    }
    valid = jsonschema.Draft202012Validator(schema).is_valid(data)
    named = all(data) if data else True
    try:
        Schema(schema).draft(data)
    except Invalid:
        assert not (valid and named)
    else:
        assert valid


@pytest.mark.parametrize("collection", [NOTES, DOCUMENTS], ids=lambda one: one.name)
def test_modules_have_a_shape(collection):
    assert shape_of(collection.schema.declared) is not None


def test_a_note_is_checked_without_the_validator():
    schema = Schema(NOTES.schema.declared)
    schema.draft({"title": "milk", "body": "", "tags": ["home"], "more": [1, {"x": None}]})
    assert schema._validator is None
    with pytest.raises(Invalid):
        schema.draft({"title": 5})
    assert schema._validator is not None


def test_a_number_may_be_whole_and_a_whole_number_may_be_written_with_a_point():
    schema = Schema(
        {"type": "object", "properties": {"n": {"type": "integer"}, "x": {"type": "number"}}}
    )
    assert schema.draft({"n": 2.0, "x": 3}).fields == {"n": 2.0, "x": 3}
