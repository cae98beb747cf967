"""Which jobs may go to a hub: what the owner said of the collection, and what others said who wrote
in the records that a job is about."""

import pytest

from tests.core.sync.replicas import Replica, plain, run
from unibos.core.jobs.kind import PortableKind
from unibos.core.store import blobs, jobs, records
from unibos.core.store.definitions import Export
from unibos.core.sync import export
from unibos.core.sync.job_gate import JobGate

NOBODYS = PortableKind(name="test.sum", work=lambda args, report: None)
THINGS = PortableKind(name="test.look", work=lambda args, report: None, collection="things")


@pytest.fixture
def kitchen(tmp_path):
    made = Replica(tmp_path / "kitchen", "kitchen")
    yield made
    made.close()


@pytest.fixture
def garden(tmp_path):
    made = Replica(tmp_path / "garden", "garden")
    yield made
    made.close()


def may_go(replica, kind=THINGS, **args):
    job = replica.home.write(lambda tx: jobs.add(tx, kind, args))
    return replica.home.read(lambda view: JobGate(replica.local).at(view)(job))


@pytest.mark.parametrize("reach", list(Export))
def test_the_collection_decides(kitchen, reach):
    kitchen.declare(plain(export=reach))
    id_ = kitchen.create(title="mine")
    assert may_go(kitchen, thing=id_) == (reach is Export.HUB)
    assert may_go(kitchen) == (reach is Export.HUB)


def test_a_ceiling_is_above_what_the_owner_says(kitchen):
    kitchen.declare(plain(export=Export.NODES, ceiling=Export.NODES))
    assert not may_go(kitchen, thing=kitchen.create(title="mine"))


def test_without_the_collection_nothing_goes(kitchen):
    assert not may_go(kitchen)


def test_what_is_of_no_collection_goes_unless_all_is_stopped(kitchen):
    assert may_go(kitchen, NOBODYS)
    kitchen.home.write(export.stop)
    assert not may_go(kitchen, NOBODYS)
    kitchen.declare(plain())
    assert not may_go(kitchen)


def test_every_author_decides_for_what_they_wrote(kitchen, garden):
    for replica in (kitchen, garden):
        replica.declare(plain(export=Export.NODES))
    hers, shared = garden.create(title="hers"), garden.create(title="shared", text="x")
    run(kitchen, garden, do=lambda: kitchen.sync(garden))
    own = kitchen.create(title="mine")
    kitchen.patch(shared, title="shared by both")
    kitchen.export("things", Export.HUB)
    assert may_go(kitchen, thing=own)
    assert not may_go(kitchen, thing=hers)
    assert not may_go(kitchen, thing=shared)
    assert not may_go(kitchen, things=[own, {"deep": hers}])
    assert not may_go(kitchen, about="nothing that is known")
    garden.export("things", Export.HUB)
    run(kitchen, garden, do=lambda: kitchen.sync(garden))
    assert may_go(kitchen, things=[own, {"deep": hers}, shared])


def test_a_file_goes_no_further_than_each_record_that_has_it(kitchen):
    """A job may name any file of the org, whatever its own collection is."""
    kitchen.declare(plain(export=Export.HUB))
    secret = plain(name="secrets", export=Export.LOCAL)
    kitchen.declare(secret)
    upload = kitchen.store.blobs.upload(6)
    upload.write(b"hidden")
    blob = upload.finish(kitchen.store.blobs)
    kitchen.home.write(lambda tx: blobs.add(tx, blob))
    assert may_go(kitchen, sha256=blob.sha256)

    def keep(tx):
        record = records.create(tx, "secrets", secret.draft({"title": "mine"}))
        blobs.add(tx, blob, f"secrets/{record.id}/thumbnail")

    kitchen.home.write(keep)
    assert not may_go(kitchen, sha256=blob.sha256)
    assert not may_go(kitchen, deep=[{"in": blob.sha256}])
    kitchen.export("secrets", Export.HUB)
    assert may_go(kitchen, sha256=blob.sha256)


def test_what_a_job_needs_goes_with_it(kitchen):
    kitchen.declare(plain(export=Export.LOCAL))

    def chain(tx):
        first = jobs.add(tx, THINGS, {})
        middle = jobs.add(tx, NOBODYS, {}, needs=[first.id])
        return jobs.add(tx, NOBODYS, {}, needs=[middle.id])

    last = kitchen.home.write(chain)

    def allowed():
        return kitchen.home.read(lambda view: JobGate(kitchen.local).at(view)(last))

    assert not allowed()
    kitchen.export("things", Export.HUB)
    assert allowed()
