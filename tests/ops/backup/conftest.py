"""A data folder with something in it, and a repository beside it."""

import pytest

from tests.ops.backup.folders import KEY, Data
from unibos.ops.backup.repository import Repository


@pytest.fixture
def data(tmp_path):
    folder = Data(tmp_path / "data")
    folder.fill(records=5, blobs=3)
    return folder


@pytest.fixture
def repository(tmp_path):
    return Repository.create(tmp_path / "usb" / "unibos", KEY)
