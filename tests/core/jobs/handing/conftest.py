"""The world of jobs that are handed over."""

import pytest

from tests.core.jobs.handing.handing_world import World


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    yield made
    made.close()
