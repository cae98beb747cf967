"""Data on its way into a record: checked against the schema and encoded, off the writer thread."""

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, Final

import msgspec

from unibos.base.errors import Invalid, TooLarge
from unibos.core.store.shapes import fits, shape_of
from unibos.core.store.texts import texts

MAX_RECORD_BYTES: Final = 1024 * 1024
MAX_FIELD_NAME: Final = 128
MAX_DEPTH: Final = 100

_MAX_ERRORS: Final = 10
_UNKNOWN: Final = object()
_SCHEMA_BYTES: Final = 64 * 1024
_SCHEMA_DEPTH: Final = 12
_KEYWORDS: Final = frozenset(
    "$schema additionalProperties allOf anyOf const contains default dependentRequired deprecated"
    " description enum examples exclusiveMaximum exclusiveMinimum format items maxContains maxItems"
    " maxLength maxProperties maximum minContains minItems minLength minProperties minimum"
    " multipleOf not oneOf prefixItems properties readOnly required title type writeOnly".split()
)
_SUBSCHEMAS: Final = ("additionalProperties", "contains", "items", "not")
_SUBSCHEMA_LISTS: Final = ("allOf", "anyOf", "oneOf", "prefixItems")


class Draft:
    """Data that passed its collection's check; only :meth:`Schema.draft` makes one.

    ``fields`` is the data, ``text`` its JSON, ``words`` what the full-text index gets,
    ``key`` the value by which the record is found fast, ``moment`` the time by which it is listed
    fast.
    """

    __slots__ = ("fields", "key", "moment", "text", "words")

    def __init__(
        self,
        fields: Mapping[str, Any],
        text: str,
        words: tuple[str, str],
        key: str | None,
        moment: str | None,
    ) -> None:
        self.fields = fields
        self.text = text
        self.words = words
        self.key = key
        self.moment = moment


class Schema:
    """A JSON Schema (draft 2020-12) for the data of a record, an object.

    The vocabulary is bounded, because schemas come from users: no references, no regular
    expressions, whose matching time nobody can bound, and no ``uniqueItems``, whose checking takes
    time by the square of the items.

    :raises Invalid: ``schema_invalid``.
    """

    def __init__(self, declared: Mapping[str, Any]) -> None:
        self.declared = declared
        self._shape: Any = _UNKNOWN
        self._validator: Any = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Schema) and self.declared == other.declared

    def __hash__(self) -> int:
        return hash(msgspec.json.encode(self.declared, order="deterministic"))

    def draft(
        self,
        data: Mapping[str, Any],
        words: Iterable[object] = (),
        key: str | None = None,
        moment: str | None = None,
    ) -> Draft:
        """Check ``data`` and encode it; the first of ``words`` is the title for search.

        :raises Invalid: ``record_invalid`` with ``errors``: where, and what is wrong.
        :raises TooLarge: ``record_too_large`` above 1 MiB of JSON.
        """
        _check_names(data)
        check_depth(data)
        encoded = msgspec.json.encode(data)
        if len(encoded) > MAX_RECORD_BYTES:
            raise TooLarge(
                "record_too_large",
                f"The record has {len(encoded)} bytes; {MAX_RECORD_BYTES} is the most.",
                hint="Keep large content as a blob and name it in the record.",
                limit=MAX_RECORD_BYTES,
            )
        self._check(data)
        title, *body = (" ".join(texts([word])) for word in words) if words else ("",)
        return Draft(data, encoded.decode(), (title, " ".join(filter(None, body))), key, moment)

    def _check(self, data: Mapping[str, Any]) -> None:
        if not self.declared:
            return
        if self._shape is _UNKNOWN:
            self._shape = shape_of(self.declared)
        if self._shape is not None and fits(data, self._shape):
            return
        if self._validator is None:
            from jsonschema import Draft202012Validator

            self._validator = Draft202012Validator(self.declared)
        try:
            errors = [
                {"at": error.json_path, "problem": error.message[:300]}
                for error in islice(self._validator.iter_errors(data), _MAX_ERRORS)
            ]
        except OverflowError:
            # A whole number has no limit, but the quotient of two is a float.
            raise Invalid("record_invalid", "A number is too large for its schema.") from None
        if errors:
            first = errors[0]
            raise Invalid("record_invalid", f"{first['at']}: {first['problem']}.", errors=errors)


def check_depth(data: Mapping[str, Any] | list[Any]) -> None:
    """Refuse data in which whoever walks it would run out of stack.

    :raises Invalid: ``record_invalid`` above 100 levels.
    """
    level: list[Any] = [data]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for outer in level
            for inner in (outer if isinstance(outer, list) else outer.values())
            if isinstance(inner, dict | list)
        ]
        if not level:
            return
    raise Invalid("record_invalid", f"Data is at most {MAX_DEPTH} levels deep.")


def _check_names(data: Mapping[str, Any]) -> None:
    for name in data:
        if not 0 < len(name) <= MAX_FIELD_NAME:
            raise Invalid("record_invalid", f"A field's name has 1 to {MAX_FIELD_NAME} characters.")


def admit_schema(declared: Mapping[str, Any]) -> Schema:
    """Take a schema from a user.

    :raises Invalid: ``schema_invalid``: not JSON Schema, over 64 KiB, deeper than 12 levels, or
        with a keyword outside the vocabulary.
    """
    if len(msgspec.json.encode(declared)) > _SCHEMA_BYTES:
        raise Invalid("schema_invalid", f"A schema has at most {_SCHEMA_BYTES} bytes.")
    try:
        check_depth(declared)
    except Invalid:
        raise Invalid("schema_invalid", f"A schema is at most {MAX_DEPTH} levels deep.") from None
    _walk(declared, "$", 0)
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError

    try:
        Draft202012Validator.check_schema(declared)
    except SchemaError as error:
        raise Invalid("schema_invalid", f"{error.json_path}: {error.message[:300]}.") from None
    return Schema(declared)


def _walk(schema: object, at: str, depth: int) -> None:
    if isinstance(schema, bool):
        return
    if not isinstance(schema, Mapping):
        raise Invalid("schema_invalid", f"{at} is not a schema.")
    if depth > _SCHEMA_DEPTH:
        raise Invalid("schema_invalid", f"{at} is deeper than {_SCHEMA_DEPTH} levels.")
    _admit_keywords(schema, at)
    for keyword in _SUBSCHEMAS:
        if keyword in schema:
            _walk(schema[keyword], f"{at}.{keyword}", depth + 1)
    for keyword in _SUBSCHEMA_LISTS:
        _walk_each(schema.get(keyword, ()), f"{at}.{keyword}", depth)
    properties = schema.get("properties", {})
    if not isinstance(properties, Mapping):
        raise Invalid("schema_invalid", f"{at}.properties is not an object.")
    for name, inner in properties.items():
        _walk(inner, f"{at}.properties.{name}", depth + 1)


def _admit_keywords(schema: Mapping[str, Any], at: str) -> None:
    for keyword in schema:
        if keyword not in _KEYWORDS:
            raise Invalid(
                "schema_invalid",
                f"{at} has {keyword!r}, which is not taken here.",
                hint="Taken are: " + ", ".join(sorted(_KEYWORDS)) + ".",
            )


def _walk_each(schemas: object, at: str, depth: int) -> None:
    if not isinstance(schemas, list | tuple):
        raise Invalid("schema_invalid", f"{at} is not a list.")
    for number, inner in enumerate(schemas):
        _walk(inner, f"{at}[{number}]", depth + 1)
