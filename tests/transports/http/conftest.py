"""One node for each file of tests, asked over real sockets."""

from collections.abc import Iterator

import httpx2
import pytest

from tests.box import Box, Running


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    """A node whose owner is logged in."""
    with Running(tmp_path_factory.mktemp("box")) as running:
        running.set_up()
        yield running


@pytest.fixture(scope="module")
def owner(box: Box) -> httpx2.Client:
    return box.owner
