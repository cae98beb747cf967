"""A document that is taken in on one node is on the other, through a hub, with all its bytes."""

import hashlib
import os
from contextlib import ExitStack

import pytest

from tests.e2e.family import Household, log_in, online, until
from tests.e2e.server import Server, run
from tests.modules.documents.papers import png

pytestmark = pytest.mark.e2e

OWNER = "owner@example.org"


@pytest.fixture
def held():
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def home(tmp_path, held):
    return Household(tmp_path, held)


def joined(home, held, folder, name, **environ):
    """A node of the hub's own org that lets documents go to it, and its owner, logged in."""
    place = folder / name / "data"
    place.parent.mkdir()
    node = held.enter_context(Server(place, **environ))
    home.join(node, home.owner)
    until(lambda: online(node))
    login = log_in(node, OWNER).json()
    person = held.enter_context(node.client(login["access_token"]))
    said = person.put("/api/v1/export", json={"collection": "documents", "export": "hub"})
    assert said.status_code == 200, said.text
    return node, person


def document(person, id_):
    found = person.get(f"/api/v1/documents/{id_}")
    return found.json() if found.status_code == 200 else {}


def test_a_document_travels_with_original_and_thumbnail(home, held, tmp_path):
    _, one = joined(home, held, tmp_path, "one")
    _, two = joined(home, held, tmp_path, "two")
    zero_node, zero = joined(home, held, tmp_path, "zero", UNIBOS_SYNC_BLOBS="on_demand")

    # Noise does not shrink, so this is large enough to come only when somebody reads it.
    picture = png("Total 12.50") + os.urandom(500_000)
    taken = one.post("/api/v1/documents", content=picture, headers={"content-type": "image/png"})
    assert taken.status_code == 201, taken.text
    id_ = taken.json()["id"]
    until(lambda: document(one, id_).get("status") == "done")
    there = document(one, id_)
    small = one.get(f"/api/v1/documents/{id_}/thumbnail").content

    for person in (two, zero):
        until(lambda person=person: document(person, id_) == there)
        until(lambda person=person: waiting(person, 0 if person is two else 1))
        assert person.get(f"/api/v1/documents/{id_}/thumbnail").content == small
    original = two.get(f"/api/v1/documents/{id_}/original")
    assert original.content == picture

    # On the smallest board it comes when it is read, and then it is there without the hub.
    name = hashlib.sha256(picture).hexdigest()
    assert zero.get(f"/api/v1/blobs/{name}").content == picture
    assert waiting(zero, 0)
    home.hub.kill()
    assert zero.get(f"/api/v1/documents/{id_}/original").content == picture
    assert not zero_node.errors


def waiting(person, count):
    return person.get("/api/v1/sync").json()["pending_blobs"] == count


def test_what_is_still_to_come_is_told_while_nobody_has_it_within_reach(home, held, tmp_path):
    _, one = joined(home, held, tmp_path, "one")
    zero_node, zero = joined(home, held, tmp_path, "zero", UNIBOS_SYNC_BLOBS="on_demand")
    picture = png("Total 12.50") + os.urandom(500_000)
    taken = one.post("/api/v1/documents", content=picture, headers={"content-type": "image/png"})
    id_ = taken.json()["id"]
    until(lambda: document(zero, id_).get("status") == "done")
    until(lambda: waiting(zero, 1))
    home.hub.kill()
    until(lambda: zero.get("/api/v1/sync").json()["mode"] == "offline")
    refused = zero.get(f"/api/v1/documents/{id_}/original")
    assert (refused.status_code, refused.json()["code"]) == (503, "blob_pending")
    assert refused.json()["hint"]
    home.start_hub()
    until(lambda: zero.get("/api/v1/sync").json()["mode"] == "online")
    assert zero.get(f"/api/v1/documents/{id_}/original").content == picture
    assert "blob_" not in run(zero_node.data, "doctor").stdout
