"""Hubs that end with their test."""

from contextlib import suppress

import pytest

from tests.core.identity.registry.hubs import Hub


@pytest.fixture
def open_hub(tmp_path):
    opened = []

    def make(name="hub"):
        hub = Hub(tmp_path / name)
        opened.append(hub)
        return hub

    yield make
    for hub in opened:
        with suppress(Exception):
            hub.stop()
        hub.runner.close()


@pytest.fixture
def hub(open_hub):
    return open_hub()
