"""A JSON Schema as a type that msgspec checks in C, for schemas that are plain enough.

It only ever says yes: what fits the type is valid by the schema. What does not fit is asked of the
full validator, which also says what is wrong. So most writes take no time for their check, and the
validator's 10 MiB are not loaded before something is wrong.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Union

import msgspec
from msgspec import UNSET, Meta

_SILENT: Final = frozenset(
    "$schema default deprecated description examples format readOnly title writeOnly".split()
)
"""Keywords that say nothing of validity (JSON Schema 2020-12, validation, sections 7.1 and 9)."""

_BOUNDS: Final = {
    "string": {"minLength": "min_length", "maxLength": "max_length"},
    "array": {"minItems": "min_length", "maxItems": "max_length"},
    "number": {
        "minimum": "ge",
        "maximum": "le",
        "exclusiveMinimum": "gt",
        "exclusiveMaximum": "lt",
    },
}
_BOUNDS["integer"] = _BOUNDS["number"]
_PLAIN: Final = {"string": str, "number": float, "integer": int, "boolean": bool, "null": None}


class _NotPlain(Exception):
    """The schema says more than a type can."""


def shape_of(schema: Mapping[str, Any]) -> Any:
    """The type of what is certainly valid by a schema; None where there is none."""
    try:
        shape = _shape(schema)
        # Only now is it known whether msgspec takes all of it.
        msgspec.json.Decoder(shape)
    except (_NotPlain, TypeError, ValueError):
        return None
    return shape


def fits(data: Mapping[str, Any], shape: Any) -> bool:
    """Whether data is certainly valid."""
    try:
        msgspec.convert(data, shape)
    except (msgspec.ValidationError, OverflowError, RecursionError):
        return False
    return True


def _shape(schema: object) -> Any:
    if schema is True or schema == {}:
        return Any
    if not isinstance(schema, Mapping):
        raise _NotPlain
    said = {keyword: value for keyword, value in schema.items() if keyword not in _SILENT}
    if not said:
        return Any
    if "enum" in said or "const" in said:
        return _one_of(said)
    kind = said.pop("type", None)
    if isinstance(kind, list):
        return Union[tuple(_of_kind(one, said) for one in kind)]  # noqa: UP007 - made at run time
    return _of_kind(kind, said)


def _of_kind(kind: object, said: Mapping[str, Any]) -> Any:
    if kind == "object":
        return _object(said)
    if kind == "array":
        every: Any = list.__class_getitem__(_shape(said.get("items", True)))
        return _bounded(every, "array", {k: v for k, v in said.items() if k != "items"})
    if not isinstance(kind, str) or kind not in _PLAIN:
        raise _NotPlain
    return _bounded(_PLAIN[kind], kind, said)


def _bounded(shape: Any, kind: str, said: Mapping[str, Any]) -> Any:
    if not said:
        return shape
    names = _BOUNDS.get(kind, {})
    if not said.keys() <= names.keys():
        raise _NotPlain
    bounds = {names[keyword]: value for keyword, value in said.items()}
    if kind == "integer" and not all(isinstance(value, int) for value in bounds.values()):
        raise _NotPlain
    return Annotated[shape, Meta(**bounds)]


def _one_of(said: Mapping[str, Any]) -> Any:
    values = said.get("enum", [said.get("const")])
    if len(said) > 1 or not values or not all(type(one) is str for one in values):
        raise _NotPlain
    return Literal[tuple(values)]


def _object(said: Mapping[str, Any]) -> Any:
    if not said.keys() <= {"properties", "required", "additionalProperties"}:
        raise _NotPlain
    properties, required = said.get("properties", {}), said.get("required", [])
    others = said.get("additionalProperties", True)
    if not properties and not required:
        return dict.__class_getitem__((str, _shape(others)))
    if not isinstance(others, bool) or (not others and not properties.keys() >= set(required)):
        raise _NotPlain
    fields: list[tuple[str, Any] | tuple[str, Any, Any]] = []
    names = {}
    for number, name in enumerate(dict.fromkeys([*properties, *required])):
        field, shape = f"field_{number}", _shape(properties.get(name, True))
        names[field] = name
        if name in required:
            fields.append((field, shape))
        else:
            fields.append((field, Union[shape, msgspec.UnsetType], UNSET))  # noqa: UP007
    return msgspec.defstruct(
        "Shape", fields, rename=names, forbid_unknown_fields=not others, kw_only=True
    )
