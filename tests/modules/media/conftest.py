"""A node that takes photos of at most 1 MiB, and videos of at most 2."""

from collections.abc import Iterator

import httpx2
import pytest

from tests.box import Box, Running


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    """A node whose owner is logged in."""
    settings = {"media.max_photo_mb": 1, "media.max_video_mb": 2, "jobs.heavy": 2}
    with Running(tmp_path_factory.mktemp("box"), settings | {"http.stop_seconds": 1}) as running:
        running.set_up()
        yield running


@pytest.fixture(scope="module")
def owner(box: Box) -> httpx2.Client:
    return box.owner
