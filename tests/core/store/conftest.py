"""A store in a temporary folder, with a wall clock that tests move."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from unibos.core.store import collections
from unibos.core.store.definitions import Collection, Search
from unibos.core.store.drafts import Schema
from unibos.core.store.store import OrgStore, Store

T0 = 1_790_000_000_000

NOTES = Collection(
    "notes",
    Schema(
        {
            "type": "object",
            "properties": {"title": {"type": "string"}, "total": {"type": "number"}},
        }
    ),
    search=Search("title", ("body", "tags"), unless="binned_at"),
    key="serial",
)


@dataclass
class Wall:
    """A clock that stands until it is moved."""

    ms: int = T0

    def __call__(self) -> int:
        return self.ms


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def store(tmp_path: Path, wall: Wall) -> Iterator[Store]:
    opened = Store(tmp_path, "node", "origin-a", wall=wall)
    yield opened
    opened.close()


@pytest.fixture
def org(store: Store) -> OrgStore:
    one = store.org("org-a")
    one.write(lambda tx: collections.declare(tx, NOTES))
    return one
