"""A node that reads documents, with a gate in front of each reading."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.box import Box, Running
from tests.modules.documents.gate import Gate

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    """Where children wait before they read, while it is closed."""
    gate = Gate(tmp_path_factory.mktemp("gate") / "of", sys.executable, "python")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "executable", str(gate.path))
        paths = [str(REPOSITORY), os.environ.get("PYTHONPATH", "")]
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
        yield gate


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory, gate: Gate) -> Iterator[Box]:
    """A node whose owner is logged in; it takes documents of at most 1 MiB."""
    settings = {"documents.max_mb": 1, "jobs.heavy": 2, "http.stop_seconds": 1}
    with Running(tmp_path_factory.mktemp("box"), settings) as running:
        running.set_up()
        yield running


@pytest.fixture(scope="module")
def owner(box: Box) -> httpx2.Client:
    return box.owner
