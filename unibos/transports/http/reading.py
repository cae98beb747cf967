"""From an ASGI request to a checked :class:`Call`: query, JSON body, form, file."""

from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from starlette.types import Receive
from starlette.types import Scope as Asgi

from unibos.base.errors import Malformed, Unsupported
from unibos.core.module.endpoint import Call, Endpoint, File, Form, Nothing
from unibos.transports.http.bodies import whole
from unibos.transports.http.packing import (
    ENCODING,
    encoding_unsupported,
    is_packed,
    understood,
)

FORM_TYPE = "application/x-www-form-urlencoded"
JSON_TYPES = ("application/json", "application/merge-patch+json")
_MAX_PARAMETERS = 40


async def read_call(endpoint: Endpoint, asgi: Asgi, receive: Receive) -> Call:
    """Read and check a request.

    :raises Malformed: ``query_invalid``, ``json_invalid``, ``body_invalid``, ``form_invalid``,
        ``gzip_broken``.
    :raises TooLarge: ``body_too_large``.
    :raises Unsupported: ``media_type_unsupported``, ``encoding_unsupported``.
    """
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in asgi["headers"]}
    query = _query(endpoint.query, asgi["query_string"])
    body: Any = None
    if isinstance(endpoint.body, File):
        from unibos.transports.http.uploads import read_upload

        body = await read_upload(endpoint.body, headers, receive)
    elif isinstance(endpoint.body, Form):
        body = await _form(endpoint.body.shape, endpoint.body_limit, headers, receive)
    elif endpoint.body is not None:
        body = await _json(endpoint, headers, receive)
    client = asgi.get("client")
    return Call(asgi.get("path_params", {}), query, body, headers, client[0] if client else "")


def _query(wanted: type[msgspec.Struct], raw: bytes) -> msgspec.Struct:
    if not raw and wanted is Nothing:
        return Nothing()
    try:
        pairs = parse_qsl(
            raw.decode("latin-1"), keep_blank_values=True, max_num_fields=_MAX_PARAMETERS
        )
        return msgspec.convert(_gathered(wanted, pairs), wanted, strict=False)
    except (msgspec.ValidationError, ValueError) as error:
        raise Malformed("query_invalid", f"The query is not understood: {error}.") from None


def _media_type(headers: Mapping[str, str]) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def _gathered(wanted: type[msgspec.Struct], pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """Parameters by name; those that the query declares as a tuple may be repeated."""
    repeatable = {
        field.name for field in msgspec.structs.fields(wanted) if isinstance(field.default, tuple)
    }
    values: dict[str, Any] = {}
    for name, value in pairs:
        if name in repeatable:
            values.setdefault(name, []).append(value)
        elif name in values:
            raise ValueError(f"{name} is given twice")
        else:
            values[name] = value
    return values


async def _json(endpoint: Endpoint, headers: Mapping[str, str], receive: Receive) -> Any:
    media_type = _media_type(headers)
    if media_type not in JSON_TYPES:
        raise Unsupported(
            "media_type_unsupported",
            f"The body is {media_type or 'of no declared type'}; JSON is wanted.",
            hint="Send Content-Type: application/json.",
        )
    packed = is_packed(headers)
    if packed and not endpoint.packed:
        raise encoding_unsupported(ENCODING)
    body = await whole(headers, receive, endpoint.body_limit)
    if endpoint.packed:
        read = partial(_decoded, endpoint.body)
        return await understood(body, endpoint.body_limit, read, packed=packed)
    return _decoded(endpoint.body, body)


def _decoded(wanted: Any, body: bytes) -> Any:
    try:
        return msgspec.json.decode(body, type=wanted)
    except msgspec.ValidationError as error:
        raise Malformed("body_invalid", f"The body does not fit: {error}.") from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise Malformed("json_invalid", f"The body is not JSON: {error}.") from None


async def _form(
    wanted: type[msgspec.Struct], limit: int, headers: Mapping[str, str], receive: Receive
) -> msgspec.Struct:
    if _media_type(headers) != FORM_TYPE:
        raise Unsupported(
            "media_type_unsupported",
            f"The body is {_media_type(headers) or 'of no declared type'}; a form is wanted.",
            hint=f"Send Content-Type: {FORM_TYPE}.",
        )
    body = await whole(headers, receive, limit)
    known = {field.name for field in msgspec.structs.fields(wanted)}
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MAX_PARAMETERS)
        given = [(name, value) for name, value in pairs if name in known]
        return msgspec.convert(_gathered(wanted, given), wanted, strict=False)
    except (msgspec.ValidationError, ValueError) as error:
        raise Malformed("form_invalid", f"The form is not understood: {error}.") from None
