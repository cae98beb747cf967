"""Each role's description is complete: a fuzzer driven by it finds no 500, and nothing that is not
described."""

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

from tests.box import RunningHub

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
BOTH = {
    "auth",
    "backup",
    "batch",
    "blobs",
    "collections",
    "events",
    "export",
    "health",
    "integrity",
    "jobs",
    "leases",
    "me",
    "metrics",
    "openapi",
    "search",
    "setup",
    "status",
    "sync",
    "tokens",
    "users",
    "workers",
}
TAGS = {
    "node": BOTH | {"", "albums", "documents", "hub", "media", "notifications"},
    "hub": BOTH
    | {
        "",
        "clients",
        "enroll",
        "federation",
        "handovers",
        "heartbeat",
        "invitation",
        "invitations",
        "keys",
        "leave",
        "nodes",
        "oidc",
        "orgs",
        "shelves",
    },
}


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    with RunningHub(tmp_path_factory.mktemp("hub"), {"hub.shelf_gb": 1}) as running:
        running.set_up()
        yield running


@pytest.fixture(scope="module")
def roles(box, hub) -> dict:
    """By role: a running one with its description."""
    return {
        name: (one, json.loads(one.client().get("/openapi.json").content))
        for name, one in (("node", box), ("hub", hub))
    }


def operations(description: dict):
    for result in schemathesis.openapi.from_dict(description).get_all_operations():
        operation = result.ok()
        yield operation, description["paths"][operation.path][operation.method]


@pytest.mark.parametrize(
    ("role", "tag"), [(role, tag) for role in TAGS for tag in sorted(TAGS[role])]
)
def test_no_500_and_nothing_undocumented(roles, role, tag):
    box, description = roles[role]
    token = box.login["access_token"]
    tried = 0
    for operation, declared in operations(description):
        if tag not in declared["tags"] or (operation.method, operation.path) in ENDLESS:
            continue

        @settings(
            # There are so many operations that few examples of each make many requests.
            max_examples=settings().max_examples // 2,
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


@pytest.mark.parametrize("role", TAGS)
def test_every_route_is_described(roles, role):
    paths = roles[role][1]["paths"]
    tags = set()
    for methods in paths.values():
        for operation in methods.values():
            assert operation["summary"]
            assert any(status[0] in "23" for status in operation["responses"])
            tags |= set(operation["tags"])
    assert tags == TAGS[role]


def test_a_file_comes_as_it_is_or_in_a_form(roles):
    taken = roles["node"][1]["paths"]["/api/v1/documents"]["post"]["requestBody"]["content"]
    assert taken.keys() == {"application/octet-stream", "multipart/form-data"}
