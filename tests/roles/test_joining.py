"""A node that has been taken in by a hub, and what its role makes of it at its next start."""

import asyncio

import pytest

from tests.box import Running, RunningHub
from unibos.base.errors import StorageFull
from unibos.roles import node as role


@pytest.fixture
def hub(tmp_path):
    with RunningHub(tmp_path / "hub") as running:
        running.owner = running.local()
        yield running


def test_without_room_the_node_goes_on_as_it_was(hub, tmp_path, monkeypatch, caplog):
    adopt = role.adopt
    full = [True]

    def no_room(tx):
        adopt(tx)
        if full[0]:
            raise StorageFull("storage_full", "The disk refused the write.")

    monkeypatch.setattr(role, "adopt", no_room)
    with Running(tmp_path / "node") as node:
        node.set_up()
        before = node.local().get("/health").json()["org"]
        place = node.join(hub.join_token())
        assert place["state"] == "pending"
        assert "no room to finish joining" in caplog.text
        assert node.local().get("/health").json()["org"] == before
        assert node.log_in("owner@example.org")["user"]["org"] == before
    full[0] = False
    with Running(tmp_path / "node") as node:
        place = node.local().get("/api/v1/hub").json()
        assert (place["state"], place["org"]["id"]) == (
            "joined",
            node.local().get("/health").json()["org"],
        )


def test_a_start_without_a_network_waits_for_no_hub(hub, tmp_path):
    with Running(tmp_path / "node") as node:
        node.set_up()
        node.join(hub.join_token())
    hub.running.stop()
    with Running(tmp_path / "node") as node:
        assert node.local().get("/api/v1/hub").json()["state"] == "joined"
        assert node.log_in("owner@example.org")["offline"] is False


def test_starting_anew_leaves_one_heartbeat(hub, tmp_path):
    with Running(tmp_path / "node") as node:
        node.set_up()
        node.join(hub.join_token())
        loop = node.running._loop
        names = asyncio.run_coroutine_threadsafe(tasks(), loop).result(30)
        assert names.count("heartbeat") == 1


async def tasks():
    return [task.get_name() for task in asyncio.all_tasks()]
