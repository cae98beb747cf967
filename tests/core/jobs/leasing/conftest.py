"""Sources that end with their test."""

import pytest

from tests.core.jobs.leasing.source import Source


@pytest.fixture
def source(tmp_path):
    made = Source(tmp_path)
    yield made
    made.store.close()
