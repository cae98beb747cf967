"""A box that is backed up to a hub which dies, and brought back from there."""

import json

import pytest

from tests.e2e.server import Server, run
from tests.ops.backup.folders import KEY, NOBODY, Data
from unibos.base.errors import Unavailable
from unibos.clients.api import Api
from unibos.clients.remote_shelf import RemoteShelf
from unibos.ops.backup.create import create
from unibos.ops.backup.repository import Repository
from unibos.ops.backup.restore import restore
from unibos.ops.backup.verify import verify

pytestmark = pytest.mark.e2e

HUB = {"UNIBOS_HUB_TLS": "false", "UNIBOS_HUB_SHELF_GB": "1"}


def token_of(client):
    return client.headers["authorization"].removeprefix("Bearer ")


class Dying:
    """A shelf whose hub is killed in the middle of a file.

    :param file: which one, counted from 1.
    """

    def __init__(self, shelf, server, file):
        self._shelf, self._server, self._left = shelf, server, file

    def __getattr__(self, name):
        return getattr(self._shelf, name)

    def put(self, name, chunks):
        self._left -= 1
        return self._shelf.put(name, chunks if self._left else self._cut(chunks))

    def _cut(self, chunks):
        for chunk in chunks:
            yield chunk
            self._server.kill()


def test_a_hub_that_is_killed_again_and_again(tmp_path):
    data, hub = Data(tmp_path / "data"), tmp_path / "hub"
    data.fill(records=20, blobs=4, size=700_000)
    with Server(hub, roles=("hub",), **HUB) as server:
        owner = server.set_up()
        token = token_of(owner)
        owner.close()
        api = Api(server.url, token=token)
        first = create(data.folder, Repository.create(RemoteShelf(api, "kitchen"), KEY), NOBODY)
        api.close()
    data.fill(records=20, blobs=4, size=700_000)
    for file in (1, 2, 5):
        with Server(hub, roles=("hub",), **HUB) as server:
            api = Api(server.url, token=token)
            shelf = RemoteShelf(api, "kitchen")
            dying = Repository.open(Dying(shelf, server, file), KEY)
            assert verify(dying, deep=True).findings == []
            assert dying.numbers() == [1]
            with pytest.raises(Unavailable):
                create(data.folder, dying, NOBODY)
            assert server.over
            api.close()
    with Server(hub, roles=("hub",), **HUB) as server:
        api = Api(server.url, token=token)
        repository = Repository.open(RemoteShelf(api, "kitchen"), KEY)
        second = create(data.folder, repository, NOBODY)
        assert verify(repository, deep=True).findings == []
        assert (first.number, second.number) == (1, 2)
        restore(repository, second, tmp_path / "back")
        api.close()
    assert Data(tmp_path / "back").said()["files"] == data.said()["files"]


def test_by_the_command_line(tmp_path):
    data, key = tmp_path / "data", str(tmp_path / "unibos.key")
    with Server(data) as node:
        node.set_up().close()
    with Server(tmp_path / "hub", roles=("hub",), **HUB) as server:
        owner = server.set_up()
        place, who = f"{server.url}/kitchen", {"UNIBOS_TOKEN": token_of(owner)}
        owner.close()
        missing = run(data, "backup", "create", place, "--key-file", key, **who)
        assert (missing.returncode, "[backup_repository_missing]" in missing.stderr) == (3, True)
        made = run(data, "backup", "create", "--init", place, "--key-file", key, **who)
        assert (made.returncode, made.stdout[:11]) == (0, "Snapshot 1:")
        for command in ("verify", "drill"):
            assert run(data, "backup", command, place, "--key-file", key, **who).returncode == 0
        back = tmp_path / "back"
        done = run(back, "backup", "restore", place, "--key-file", key, "--json", **who)
        assert json.loads(done.stdout)["snapshot"]["number"] == 1
        nobody = run(data, "backup", "list", place, "--key-file", key)
        assert (nobody.returncode, "[token_missing]" in nobody.stderr) == (4, True), nobody.stderr
        wrong = run(data, "backup", "list", server.url, "--key-file", key, **who)
        assert (wrong.returncode, "[bad_url]" in wrong.stderr) == (2, True)
    assert (back / "node.db").exists()
