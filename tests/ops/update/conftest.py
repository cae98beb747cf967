"""An installation of its own for each test."""

import pytest

from tests.ops.update.installation import Installation


@pytest.fixture
def box(tmp_path):
    return Installation(tmp_path)
