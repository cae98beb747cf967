"""What becomes of a document when its reading ends."""

import pytest

from unibos.core.module.manifest import install
from unibos.core.store import blobs, jobs, records
from unibos.core.store.blobs import Blob
from unibos.core.store.job import JobError
from unibos.core.store.store import Store
from unibos.modules.documents import intake
from unibos.modules.documents import jobs as reading_jobs
from unibos.modules.documents.collection import NAME
from unibos.modules.documents.manifest import module
from unibos.modules.documents.reading import Options

ORIGINAL, PICTURE, OTHER = ("0" * 64, "1" * 64, "2" * 64)
KIND = reading_jobs.reading_kind(Options())


@pytest.fixture
def org(tmp_path):
    store = Store(tmp_path, "node", "test")
    org = store.org("org-a")
    install(module(Options(), 1000), org)
    yield org
    store.close()


@pytest.fixture
def taken(org):
    """A document that waits to be read."""
    arrival = intake.Arrival(Blob(ORIGINAL, 5), "text/plain", "a.txt")
    record, _ = org.write(lambda tx: intake.keep(tx, arrival, KIND))
    return record


def result(thumbnail=None, **fields):
    reading = {
        "kind": "receipt",
        "title": "Shop",
        "text": "",
        "pages": [{"number": 1, "text": "some\fthing", "confidence": 0.5, "source": "ocr"}],
        "confidence": 0.5,
        "language": "en",
        "fields": {name: {"value": value, "confidence": 0.9} for name, value in fields.items()},
    }
    told = {"reading": reading}
    return told | ({"thumbnail": {"sha256": thumbnail, "size": 7}} if thumbnail else {})


def end(org, record, outcome):
    def run(tx):
        job = jobs.get(tx, records.get(tx, NAME, record.id).data["job"])
        reading_jobs.complete(tx, job, outcome)
        jobs.cancel(tx, job.id)

    org.write(run)
    return org.read(lambda view: records.get(view, NAME, record.id)).data


def has(org, sha256):
    try:
        return bool(org.read(lambda view: blobs.get(view, sha256)))
    except blobs.NotFound:
        return False


def test_what_only_an_earlier_reading_found_goes(org, taken):
    first = end(org, taken, result(total="9.99", merchant="Shop", date="2026-01-02"))
    assert first["fields"] == {"total": "9.99", "merchant": "Shop", "date": "2026-01-02"}
    org.write(lambda tx: intake.reprocess(tx, taken.id, KIND))
    second = end(org, taken, result(merchant="Shop & Co"))
    assert second["fields"] == {"merchant": "Shop & Co"}
    assert second["field_confidence"] == {"merchant": 0.9}


def test_a_new_thumbnail_takes_the_place_of_the_old_one(org, taken):
    end(org, taken, result(PICTURE))
    assert has(org, PICTURE)
    org.write(lambda tx: intake.reprocess(tx, taken.id, KIND))
    assert end(org, taken, result(PICTURE))["thumbnail"] == PICTURE
    assert has(org, PICTURE)
    org.write(lambda tx: intake.reprocess(tx, taken.id, KIND))
    assert end(org, taken, result(OTHER))["thumbnail"] == OTHER
    assert (has(org, PICTURE), has(org, OTHER)) == (False, True)
    org.write(lambda tx: intake.reprocess(tx, taken.id, KIND))
    assert "thumbnail" not in end(org, taken, result())
    assert (has(org, OTHER), has(org, ORIGINAL)) == (False, True)


def test_a_page_stays_one_page_whatever_is_in_its_text(org, taken):
    data = end(org, taken, result())
    assert (data["text"], len(data["pages"])) == ("some\nthing", 1)


def test_a_document_that_was_purged_stays_gone(org, taken):
    job = org.read(lambda view: jobs.get(view, taken.data["job"]))
    org.write(lambda tx: intake.purge(tx, taken.id))
    error = JobError("x", "y")
    assert org.write(lambda tx: reading_jobs.complete(tx, job, result(PICTURE))) is None
    org.write(lambda tx: reading_jobs.failed(tx, job, error))
    assert not has(org, PICTURE)
    assert not has(org, ORIGINAL)


def test_a_document_whose_job_is_gone_can_be_read_again(org, taken):
    org.write(lambda tx: jobs.cancel(tx, taken.data["job"]))
    assert taken.data["status"] == "queued"
    again = org.write(lambda tx: intake.reprocess(tx, taken.id, KIND))
    assert again.data["job"] != taken.data["job"]
