"""The OpenAPI 3.1 description, made from the endpoints' declarations."""

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from unibos.base import errors
from unibos.core.module.endpoint import Answer, Call, Endpoint, File, Form, Media, Nothing
from unibos.transports.http.errors import PROBLEM, STATUS, TITLES, Problem
from unibos.transports.http.reading import FORM_TYPE

_PARAMETER = re.compile(r"\{(\w+)\}")
_REF = "#/components/schemas/{name}"


def describe(endpoints: Iterable[Endpoint], version: str) -> bytes:
    """The whole description as JSON."""
    listed = list(endpoints)
    types = _types(listed)
    shapes, components = msgspec.json.schema_components(types, ref_template=_REF)
    schemas = dict(zip(types, shapes, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in listed:
        operation = _operation(endpoint, schemas)
        paths.setdefault(endpoint.full_path, {})[endpoint.method.lower()] = operation
    document = {
        "openapi": "3.1.0",
        "info": {
            "title": "UNIBOS",
            "version": version,
            "description": "A private, offline-first data server.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "machine": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "Of a node or worker that joined, good for one request.",
                },
            },
        },
    }
    return msgspec.json.encode(document)


def endpoint(endpoints: Iterable[Endpoint], version: str) -> Endpoint:
    """The endpoint that serves the description; it is made at the first question."""
    listed = tuple(endpoints)
    made: list[bytes] = []

    async def openapi(call: Call) -> Answer:
        if not made:
            made.append(describe((*listed, itself), version))
        return Answer(made[0])

    itself = Endpoint(
        "GET",
        "/openapi.json",
        openapi,
        "This description",
        {200: Media("application/json")},
        None,
        root=True,
    )
    return itself


def _types(endpoints: Iterable[Endpoint]) -> list[Any]:
    found: dict[Any, None] = {Problem: None}
    for item in endpoints:
        body = item.body.shape if isinstance(item.body, Form) else item.body
        wanted = [body, *item.answers.values()]
        for kind in wanted:
            if isinstance(kind, type):
                found[kind] = None
    return list(found)


def _operation(endpoint: Endpoint, schemas: dict[Any, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": endpoint.summary,
        "operationId": f"{endpoint.method.lower()}{re.sub(r'[^a-z0-9]+', '_', endpoint.path)}",
        "tags": [endpoint.path.split("/")[1].partition(".")[0]],
        "responses": _responses(endpoint, schemas),
    }
    parameters = [*_path(endpoint), *_query(endpoint)]
    if parameters:
        operation["parameters"] = parameters
    if endpoint.role is not None:
        operation["security"] = [{_credential(endpoint): []}]
        operation["x-role"] = endpoint.asked_by
    if isinstance(endpoint.body, File):
        operation["requestBody"] = _file_body(endpoint.body)
    elif isinstance(endpoint.body, Form):
        content = {FORM_TYPE: {"schema": schemas[endpoint.body.shape]}}
        operation["requestBody"] = {"required": True, "content": content}
    elif endpoint.body is not None:
        content = {"application/json": {"schema": schemas[endpoint.body]}}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _credential(endpoint: Endpoint) -> str:
    return "machine" if endpoint.machine or endpoint.worker else "token"


def _path(endpoint: Endpoint) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": _path_schema(name)}
        for name in _PARAMETER.findall(endpoint.path)
    ]


def _path_schema(name: str) -> dict[str, Any]:
    if name == "sha256":
        return {"type": "string", "pattern": "^[0-9a-f]{64}$"}
    return {"type": "string", "minLength": 1}


def _query(endpoint: Endpoint) -> list[dict[str, Any]]:
    if endpoint.query is Nothing:
        return []
    (shape,), components = msgspec.json.schema_components([endpoint.query], ref_template="{name}")
    declared = components[shape["$ref"]]
    required = declared.get("required", [])
    parameters = []
    for name, schema in declared["properties"].items():
        parameter = {
            "name": name,
            "in": "query",
            "required": name in required,
            "schema": _not_null(schema),
        }
        if "description" in schema:
            parameter["description"] = schema["description"]
        parameters.append(parameter)
    return parameters


def _not_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A query has no null: a parameter is there or not."""
    kinds = [kind for kind in schema.get("anyOf", []) if kind != {"type": "null"}]
    if len(kinds) == 1:
        return dict(kinds[0])
    return {name: value for name, value in schema.items() if name != "default"}


def _file_body(body: File) -> dict[str, Any]:
    content: dict[str, Any] = {"application/octet-stream": {"schema": {}}}
    if body.multipart is not None:
        content["multipart/form-data"] = {
            "schema": {
                "type": "object",
                "properties": {body.multipart: {"type": "string", "format": "binary"}},
                "required": [body.multipart],
            }
        }
    return {"required": True, "content": content}


def _responses(endpoint: Endpoint, schemas: dict[Any, Any]) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    refusals = {status for status in endpoint.answers if status >= 400}
    for status, kind in sorted(endpoint.answers.items()):
        if status in refusals:
            continue
        response: dict[str, Any] = {"description": "Done" if status < 300 else str(status)}
        if isinstance(kind, Media):
            response["content"] = {kind.type: {"schema": {}}}
        elif kind is not None:
            response["content"] = {"application/json": {"schema": schemas[kind]}}
        responses[str(status)] = response
    for status in sorted(refusals | _failures(endpoint)):
        content = {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}
        kind = endpoint.answers.get(status)
        if isinstance(kind, Media):
            content[kind.type] = {"schema": {}}
        elif kind is not None:
            content["application/json"] = {"schema": schemas[kind]}
        responses[str(status)] = {"description": TITLES[status], "content": content}
    return responses


def _failures(endpoint: Endpoint) -> set[int]:
    kinds: set[type[errors.Error]] = {errors.Malformed, errors.Unavailable, *endpoint.errors}
    if endpoint.role is not None:
        kinds |= {errors.Unauthenticated, errors.Forbidden}
    if endpoint.body is not None:
        kinds |= {errors.TooLarge, errors.Unsupported}
    if endpoint.method != "GET":
        kinds.add(errors.StorageFull)
    return {STATUS[kind] for kind in kinds}
