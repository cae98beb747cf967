"""Mixed jobs of a node on real files, done by its hub's workers and its own while all of them are
killed: each ends, its result is right, and it is in the record exactly once."""

import os
import random

import pytest

from tests.e2e import mix
from tests.e2e.crew import Crew, Fate, processes, until
from tests.e2e.mix import Mix, Plan
from tests.e2e.server import Server

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
SEEDS = range(1, 4) if LONG else range(1, 2)
if "DEATH_SEEDS" in os.environ:
    SEEDS = [int(seed) for seed in os.environ["DEATH_SEEDS"].split(",")]
SMALL = Plan(
    scans=10, texts=3, broken=2, photos=8, resized=3, pings=8, chains=3, batches=1, checks=3
)
LARGE = Plan(
    scans=50, texts=15, broken=4, photos=36, resized=15, pings=180, chains=30, batches=10, checks=10
)
NODE = {
    "UNIBOS_JOBS_HEAVY": "0",
    "UNIBOS_JOBS_HAND_OVER_SECONDS": "1",
    "UNIBOS_JOBS_TAKE_BACK_SECONDS": "10",
    # What is light goes elsewhere, too, but for what can only be done here.
    "UNIBOS_JOBS_RULES": "care.ping queue=analytics",
    "UNIBOS_WORKER_QUEUES": "default",
}
POINTS = {
    "worker": ("worker.laid", "worker.worked", "worker.kept", "worker.sent", "worker.taken"),
    "hub": ("writer.before_commit", "writer.after_commit", "leasing.collected", "leasing.ended"),
    "node": (
        "writer.before_commit",
        "writer.after_commit",
        "leasing.collected",
        "leasing.ended",
        "handing.handed",
        "handing.fetched",
        "handing.landed",
    ),
}
PLAN, DEATHS, PATIENCE_S = (LARGE, 30, 900) if LONG else (SMALL, 4, 240)

pytestmark = [pytest.mark.e2e, pytest.mark.fault, pytest.mark.timeout(2 * PATIENCE_S)]


@pytest.fixture(scope="module")
def plain(tmp_path_factory, shared_data):
    """What a node makes of the files that does everything by itself."""
    folder = tmp_path_factory.mktemp("plain") / "data"
    with Server(folder) as node, node.set_up() as owner:
        owner.base_url = f"{node.url}/api/v1"
        return mix.plainly(owner, shared_data)


def ask_for_all(crew, wanted, wishes, fate):
    """Ask for one half before the first death, and for the other one amid them."""
    half = len(wishes) // 2
    _ask_all(crew, wanted, wishes[:half])
    for number, _ in enumerate(fate):
        if number == DEATHS // 2:
            _ask_all(crew, wanted, wishes[half:])


def _ask_all(crew, wanted, wishes):
    crew.node.spare()
    with crew.node.local() as client:
        for wish in wishes:
            wanted.ask(client, wish)


def all_end(crew):
    """Wait until nothing is left to do, anywhere; what died of its doom lives on."""

    def ended():
        crew.revive()
        with crew.node.local() as client:
            return not mix.open_jobs(client)

    try:
        until(ended, PATIENCE_S)
    except AssertionError:
        crew.node.spare()
        with crew.node.local() as client:
            left = mix.open_jobs(client)
        told = {machine.name: machine.server.lines[-20:] for machine in crew.machines}
        raise AssertionError(left, told) from None
    for machine in crew.machines:
        # Who has only just begun to start would be ended by the signal itself.
        machine.spare()
    # The node lets go of the last ones when it next looks.
    until(lambda: not crew.hub.rows("SELECT 1 FROM handovers"), PATIENCE_S)


def check_results(crew, wanted, plain):
    with crew.node.local() as client:
        found = mix.jobs(client)
        for collection, files in wanted.files.items():
            for record, file in files.items():
                assert mix.made(client, collection, record) == plain[file], file
    assert set(wanted.jobs) <= set(found)
    for id_, text in wanted.jobs.items():
        job = found[id_]
        if text is not None:
            assert (job["state"], job["result"]["text"]) == ("done", text), job
    failed = [id_ for id_ in wanted.jobs if found[id_]["state"] != "done"]
    broken = [file for file in wanted.files["documents"].values() if file in mix.BROKEN]
    assert len(failed) == len(broken), [found[id_] for id_ in failed]
    wanted.resized = {id_: found[id_]["result"] for id_ in wanted.resized}
    assert all(made["media_type"] == "image/png" for made in wanted.resized.values())
    for id_, needs in wanted.needs.items():
        for need in needs:
            assert found[need]["finished_at"] <= found[id_]["finished_at"]


def check_record(crew, wanted):
    """Each end is there once: in the events, and as changes of the records."""
    node = crew.node
    ends = node.rows(
        "SELECT job FROM job_events WHERE type IN ('done', 'failed', 'cancelled') ORDER BY job"
    )
    assert [id_ for (id_,) in ends if id_ in wanted.jobs] == sorted(wanted.jobs)
    begun = dict(
        node.rows("SELECT job, count(*) FROM job_events WHERE type = 'running' GROUP BY job")
    )
    attempts = dict(node.rows("SELECT id, attempt FROM jobs"))
    assert {id_: begun[id_] for id_ in wanted.jobs} == {id_: attempts[id_] for id_ in wanted.jobs}
    # All changes have a number of their own: one when a file was taken in and one when it was read,
    # and one for each thing that people are told.
    files = sum(len(files) for files in wanted.files.values())
    ((changes, others),) = node.rows(
        "SELECT max(seq), sum(collection NOT IN ('documents', 'media')) FROM records"
    )
    assert changes == 2 * files + others


def check_left(crew):
    """Nobody keeps anything of what is over."""
    assert crew.hub.rows("SELECT * FROM handovers") == []
    assert crew.hub.rows("SELECT * FROM blob_uses WHERE used_by LIKE 'job/%'") == []
    kept = "SELECT id FROM jobs WHERE result IS NOT NULL OR args != '{}' OR finished_at IS NULL"
    assert crew.hub.rows(kept) == []
    folders = [crew.node.data / name for name in ("work", "leases", "handed")]
    folders += [crew.hub.data / name for name in ("hub-work", "hub-leases")]
    for worker in crew.workers:
        folders += [each for each in (worker.data / "worker").glob("*") if each.is_dir()]
    assert [each for folder in folders if folder.exists() for each in folder.iterdir()] == []


def check_private(crew, wanted):
    """Documents came to the hub, where its workers read them; of the photos, which stay with the
    node and its own worker, nothing did."""
    done = dict(crew.hub.rows("SELECT kind, count(*) FROM jobs WHERE state = 'done' GROUP BY kind"))
    assert done["documents.read"] > 0
    assert not [kind for kind in done if kind.startswith("media.")]
    there = {path.name for path in crew.hub.data.rglob("*") if path.is_file()}
    assert _blobs(crew, "documents") & there
    photos = _blobs(crew, "media") | {made["sha256"] for made in wanted.resized.values()}
    assert len(photos) >= len(wanted.files["media"]) + len(mix.PHOTOS)
    assert not photos & there
    stored = b"".join(path.read_bytes() for path in crew.hub.data.glob("hub.db*"))
    assert any(record.encode() in stored for record in wanted.files["documents"])
    told = {*wanted.files["media"], *wanted.resized, *photos, *mix.PHOTOS}
    assert not [each for each in told if each.rpartition("/")[2].encode() in stored]


def _blobs(crew, collection):
    """The names of all files that a collection's records have."""
    used = "SELECT sha256 FROM blob_uses WHERE used_by LIKE ?"
    return {name for (name,) in crew.node.rows(used, f"{collection}/%")}


@pytest.mark.parametrize("seed", SEEDS)
def test_all_jobs_end_once_whoever_dies(tmp_path, shared_data, plain, seed):
    chance, wanted = random.Random(seed), Mix(shared_data)
    with Crew(tmp_path, ("documents",), **NODE) as crew:
        fate = Fate(crew, chance, POINTS, DEATHS)
        print(f"seed {seed}:", ", ".join(fate.told))
        ask_for_all(crew, wanted, wanted.wishes(PLAN, chance), fate)
        assert len(wanted.jobs) == PLAN.jobs
        all_end(crew)
        check_results(crew, wanted, plain)
        assert len(processes(tmp_path)) >= len(crew.machines)
        assert [machine.stop() for machine in reversed(crew.machines)] == [0] * 5
        assert processes(tmp_path) == []
        check_record(crew, wanted)
        check_left(crew)
        check_private(crew, wanted)
        for machine in crew.machines:
            assert not machine.errors, (machine.name, "\n".join(machine.errors))
