"""Replicas that are killed while they exchange blobs go on where they were, and lose none."""

import pytest

from tests.faults.test_store_killed import run

ROUNDS = 12

pytestmark = pytest.mark.fault


@pytest.mark.parametrize(
    "point",
    [
        "sync.blob_chunk",
        "sync.blob_whole",
        "blob.renamed",
        "writer.before_commit",
        "writer.after_commit",
        "sync.blob_kept",
        "sync.blob_given",
    ],
)
def test_blobs_survive_deaths_on_their_way(tmp_path, point):
    told = run("blob_lives.py", tmp_path, 1, ROUNDS, point)
    assert told["wrong"] == []
    assert told["killed"] >= ROUNDS // 2
    assert told["files"] > 0
