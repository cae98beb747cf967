"""What becomes of a photo when its reading ends."""

import pytest

from unibos.core.module.manifest import install
from unibos.core.store import blobs, jobs, records
from unibos.core.store.blobs import Blob
from unibos.core.store.job import JobError
from unibos.core.store.store import Store
from unibos.modules.media import intake, photos
from unibos.modules.media import jobs as media_jobs
from unibos.modules.media.albums import albums
from unibos.modules.media.collection import MEDIA, NAME
from unibos.modules.media.files import Type
from unibos.modules.media.jobs import Options
from unibos.modules.media.manifest import module

ORIGINAL, SMALL, LARGE, OTHER = ("0" * 64, "1" * 64, "2" * 64, "3" * 64)
READING = {"photo": photos.kinds(Options())[0], "video": photos.kinds(Options())[0]}
LIMITS = {"photo": 1000, "video": 1000}


@pytest.fixture
def org(tmp_path):
    store = Store(tmp_path, "node", "test")
    org = store.org("org-a")
    install(module(Options(), LIMITS), org)
    yield org
    store.close()


@pytest.fixture
def taken(org):
    """A photo that waits to be read."""
    arrival = intake.Arrival(Blob(ORIGINAL, 5), Type("photo", "image/jpeg"), "a.jpg")
    record, _ = org.write(lambda tx: intake.keep(tx, arrival, READING))
    return record


def end(org, record, pictures=(), **found):
    """End the photo's present job with this; its data."""
    made = {field: {"sha256": sha256, "size": 7} for field, sha256 in dict(pictures).items()}

    def run(tx):
        job = jobs.get(tx, records.get(tx, NAME, record.id).data["job"])
        media_jobs.complete(tx, job, {"result": found, "blobs": made})
        jobs.cancel(tx, job.id)

    org.write(run)
    return data_of(org, record)


def data_of(org, record):
    return org.read(lambda view: records.get(view, NAME, record.id)).data


def has(org, sha256):
    try:
        return bool(org.read(lambda view: blobs.get(view, sha256)))
    except blobs.NotFound:
        return False


def again(org, record):
    org.write(lambda tx: intake.reprocess(tx, record.id, READING))


def test_the_job_knows_whose_records_it_is_about_and_how_large_the_file_is(org, taken):
    job = org.read(lambda view: jobs.get(view, taken.data["job"]))
    assert (job.kind, job.queue, job.collection, job.size) == ("media.photo", "media", NAME, 5)


def test_what_only_an_earlier_reading_found_goes(org, taken):
    place = {"latitude": 1.0, "longitude": 2.0, "altitude": 3.0}
    first = end(org, taken, place=place, camera="A", exposure={"iso": 100, "aperture": 4.0})
    assert (first["place"], first["camera"]) == (place, "A")
    again(org, taken)
    second = end(org, taken, place={"latitude": 5.0, "longitude": 2.0}, exposure={"iso": 200})
    assert second["place"] == {"latitude": 5.0, "longitude": 2.0}
    assert second["exposure"] == {"iso": 200}
    assert "camera" not in second


def test_the_moment_stays_where_the_file_does_not_say_one(org, taken):
    assert end(org, taken)["moment"] == taken.data["moment"]
    again(org, taken)
    assert end(org, taken, moment="2001-02-03T04:05:06")["moment"] == "2001-02-03T04:05:06"


def test_a_place_that_a_person_named_is_not_named_anew(org, taken):
    end(org, taken, place_name="Rome")
    chosen = {"place_name": "Grandma's", "place_chosen": True}
    org.write(lambda tx: records.patch(tx, NAME, taken.id, chosen, MEDIA.draft))
    again(org, taken)
    assert end(org, taken, place_name="Rome")["place_name"] == "Grandma's"


def test_new_pictures_take_the_place_of_old_ones(org, taken):
    end(org, taken, {"thumbnail": SMALL, "preview": LARGE})
    assert (has(org, SMALL), has(org, LARGE)) == (True, True)
    again(org, taken)
    data = end(org, taken, {"thumbnail": OTHER, "preview": LARGE})
    assert (data["thumbnail"], data["preview"]) == (OTHER, LARGE)
    assert (has(org, SMALL), has(org, LARGE), has(org, OTHER)) == (False, True, True)
    again(org, taken)
    assert "thumbnail" not in end(org, taken)
    assert (has(org, LARGE), has(org, OTHER), has(org, ORIGINAL)) == (False, False, True)


def test_a_video_made_playable_stays_so_when_it_is_read_again(org, taken):
    end(org, taken, {"playable": OTHER})
    again(org, taken)
    assert end(org, taken, {"thumbnail": SMALL})["playable"] == OTHER
    assert has(org, OTHER)


def test_blobs_are_named_so_that_sync_carries_them(org, taken):
    data = end(org, taken, {"thumbnail": SMALL, "preview": LARGE, "playable": OTHER})
    for used_by, sha256 in MEDIA.blob_uses(taken.id, data).items():
        assert org.read(lambda view, of=sha256: blobs.uses(view, of)) == [used_by]
    assert set(MEDIA.blob_uses(taken.id, data).values()) == {ORIGINAL, SMALL, LARGE, OTHER}


def test_what_was_purged_stays_gone_and_leaves_its_albums(org, taken):
    end(org, taken, {"thumbnail": SMALL})
    again(org, taken)
    job = org.read(lambda view: jobs.get(view, data_of(org, taken)["job"]))
    album = org.write(lambda tx: albums.create(tx, "Album", [taken.id]))
    org.write(lambda tx: intake.purge(tx, taken.id))
    result = {"result": {}, "blobs": {"thumbnail": {"sha256": SMALL, "size": 7}}}
    assert org.write(lambda tx: media_jobs.complete(tx, job, result)) is None
    org.write(lambda tx: media_jobs.failed(tx, job, JobError("x", "y")))
    assert (has(org, SMALL), has(org, ORIGINAL)) == (False, False)
    assert org.read(lambda view: albums.find(view, album.id)).data["members"] == []
    assert org.read(lambda view: jobs.get(view, job.id)).state == "cancelled"


def test_a_result_of_another_shape_is_not_kept(org, taken):
    with pytest.raises(ValueError, match="moment"):
        end(org, taken, moment="yesterday")
    with pytest.raises(ValueError, match="latitude"):
        end(org, taken, place={"latitude": 99, "longitude": 0})
    assert data_of(org, taken)["status"] == "queued"
