"""Jobs over HTTP: chains and batches."""

import pytest

PING = "care.ping"


def ask(owner, **asked):
    return owner.post("/api/v1/jobs", json={"kind": PING} | asked)


def test_a_batch_is_asked_for_and_looked_at_as_a_whole(owner):
    first = ask(owner, batch="api-batch").json()
    last = ask(owner, batch="api-batch", needs=[first["id"]]).json()
    assert (last["needs"], last["batch"]) == ([first["id"]], "api-batch")
    batch = owner.get("/api/v1/jobs/batches/api-batch").json()
    assert batch["jobs"] == sum(batch["states"].values()) == 2
    listed = owner.get("/api/v1/jobs", params={"batch": "api-batch"}).json()["items"]
    assert {job["id"] for job in listed} == {first["id"], last["id"]}
    ended = owner.delete("/api/v1/jobs/batches/api-batch").json()
    assert (ended["ended"], ended["progress"]) == (True, 1)


def test_a_batch_that_there_is_not(owner):
    for answer in (
        owner.get("/api/v1/jobs/batches/none"),
        owner.delete("/api/v1/jobs/batches/none"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "batch_not_found")


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [({"needs": ["nothing"]}, 404, "job_not_found"), ({"batch": "a b"}, 400, "body_invalid")],
)
def test_what_a_job_cannot_be_asked_for_with(owner, asked, status, code):
    answer = ask(owner, **asked)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
