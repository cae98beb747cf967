"""The description is complete: a fuzzer driven by it finds no 500 and nothing undocumented."""

import json

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

pytestmark = pytest.mark.e2e

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
# Streams do not end by themselves, and a session that logs itself out learns nothing more.
ENDLESS = {
    ("get", "/api/v1/events"),
    ("get", "/api/v1/jobs/{id}/events"),
    ("post", "/api/v1/auth/logout"),
}
TAGS = {
    "auth",
    "backup",
    "batch",
    "blobs",
    "collections",
    "documents",
    "events",
    "health",
    "integrity",
    "jobs",
    "me",
    "metrics",
    "openapi",
    "search",
    "setup",
    "status",
    "users",
}


@pytest.fixture(scope="module")
def description(box) -> dict:
    return json.loads(box.client().get("/openapi.json").content)


def operations(description: dict):
    for result in schemathesis.openapi.from_dict(description).get_all_operations():
        operation = result.ok()
        yield operation, description["paths"][operation.path][operation.method]


@pytest.mark.parametrize("tag", sorted(TAGS))
def test_no_500_and_nothing_undocumented(box, description, tag):
    token = box.login["access_token"]
    tried = 0
    for operation, declared in operations(description):
        if tag not in declared["tags"] or (operation.method, operation.path) in ENDLESS:
            continue

        @settings(
            deadline=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def ask(case):
            case.call_and_validate(
                base_url=box.url,
                checks=CHECKS,
                headers={"Authorization": f"Bearer {token}"},
                timeout=20,
            )

        ask()
        tried += 1
    assert tried > 0 or tag == "events"


def test_every_route_is_described(description):
    paths = description["paths"]
    assert paths["/api/v1/documents"]["post"]["requestBody"]["content"].keys() == {
        "application/octet-stream",
        "multipart/form-data",
    }
    tags = set()
    for methods in paths.values():
        for operation in methods.values():
            assert operation["summary"]
            assert any(status.startswith("2") for status in operation["responses"])
            tags |= set(operation["tags"])
    assert tags == TAGS
