"""Documents read again together, and text read out of any blob."""

import hashlib
import time

from tests.modules.documents.papers import add, read


def test_many_are_read_again_as_one_batch(owner):
    """Those that are named, or all that could not be read; a wrong request changes nothing."""
    taken = [add(owner, f"reading again, page {number}\n".encode()) for number in range(2)]
    broken = add(owner, b"%PDF-1.4 broken")
    for one in (*taken, broken):
        read(owner, one)
    ids = [each["id"] for each in taken]
    again = owner.post("/api/v1/documents/reprocess", json={"ids": ids})
    assert again.status_code == 202, again.text
    assert (again.status_code, again.json()["documents"]) == (202, 2)
    failed = owner.post("/api/v1/documents/reprocess", json={"failed": True})
    assert failed.status_code == 202, failed.text
    assert failed.json()["documents"] >= 1
    for batch, states in ((again, {"done": 2}), (failed, None)):
        told = ended_batch(owner, batch.json()["batch"])
        if states:
            assert {state: n for state, n in told["states"].items() if n} == states
    for wrong in ({}, {"ids": ids, "failed": True}):
        answer = owner.post("/api/v1/documents/reprocess", json=wrong)
        assert (answer.status_code, answer.json()["code"]) == (422, "documents_unnamed")
    unknown = owner.post("/api/v1/documents/reprocess", json={"ids": [ids[0], "nobody"]})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "document_not_found")
    assert owner.get(f"/api/v1/documents/{ids[0]}").json()["status"] == "done"


def test_the_text_of_a_blob_is_a_jobs_result(owner):
    content = b"Extracted from a blob\n"
    name = hashlib.sha256(content).hexdigest()
    assert owner.put(f"/api/v1/blobs/{name}", content=content).status_code in (200, 201)
    args = {"sha256": name, "media_type": "text/plain"}
    asked = {"kind": "documents.extract_text", "args": args}
    made = owner.post("/api/v1/jobs", json=asked)
    assert made.status_code == 201, made.text
    job = until(lambda: owner.get(f"/api/v1/jobs/{made.json()['id']}").json(), "state")
    assert job["state"] == "done"
    assert job["result"]["text"].startswith("Extracted")
    wrong = owner.post("/api/v1/jobs", json={**asked, "args": {"sha256": "../x"}})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "job_args_invalid")


def until(ask, state):
    """What it answers once that is final."""
    for _ in range(600):
        found = ask()
        if found[state] in ("done", "failed", "cancelled", True):
            return found
        time.sleep(0.1)
    raise AssertionError(found)


def ended_batch(owner, batch):
    return until(lambda: owner.get(f"/api/v1/jobs/batches/{batch}").json(), "ended")
