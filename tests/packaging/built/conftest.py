"""The finished build: `make test-package` makes it and tells where it is."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def built():
    """``build/<architecture>``."""
    return Path(os.environ["UNIBOS_BUILT"])


@pytest.fixture(scope="session")
def onefile(built):
    [found] = built.glob("unibos_*_" + built.name)
    return found


@pytest.fixture(scope="session")
def onedir(built):
    return built / "unibos/unibos"
