"""Backups on a hub's shelf, made and restored over real sockets."""

import pytest

from tests.box import RunningHub
from tests.ops.backup.folders import KEY, NOBODY, Data
from unibos.base.errors import Error
from unibos.clients.api import Api
from unibos.clients.remote_shelf import RemoteShelf
from unibos.ops.backup.create import create
from unibos.ops.backup.drill import drill
from unibos.ops.backup.repository import Repository
from unibos.ops.backup.restore import newest, restore
from unibos.ops.backup.retention import prune
from unibos.ops.backup.verify import verify

OBJECT = "ab" * 32
SHELF = "/api/v1/shelves/kitchen"


@pytest.fixture
def hub(tmp_path):
    with RunningHub(tmp_path / "hub", {"hub.shelf_gb": 1}) as running:
        running.set_up()
        yield running


def shelf_of(hub, token):
    api = Api(hub.url, token=token)
    hub.held.callback(api.close)
    return RemoteShelf(api, "kitchen")


@pytest.fixture
def member(hub):
    client = hub.member("member", "box@example.org")
    return client.headers["authorization"].removeprefix("Bearer ")


@pytest.fixture
def owner(hub):
    return hub.login["access_token"]


@pytest.fixture
def data(tmp_path):
    folder = Data(tmp_path / "data")
    folder.fill(records=5, blobs=3, size=200_000)
    return folder


def failed(code, function, *args, **options):
    with pytest.raises(Error) as raised:
        function(*args, **options)
    assert raised.value.code == code


def test_there_and_back(hub, member, data, tmp_path):
    failed("backup_repository_missing", Repository.open, shelf_of(hub, member), KEY)
    Repository.create(shelf_of(hub, member), KEY)
    failed("backup_folder_used", Repository.create, shelf_of(hub, member), KEY)
    first = create(data.folder, Repository.open(shelf_of(hub, member), KEY), NOBODY)
    said = data.said()
    data.fill(records=1, blobs=1)
    second = create(data.folder, Repository.open(shelf_of(hub, member), KEY), NOBODY)
    assert (first.number, second.number) == (1, 2)
    assert second.new_bytes < first.new_bytes

    repository = Repository.open(shelf_of(hub, member), KEY)
    assert newest(repository) == second
    assert verify(repository, deep=True).findings == []
    assert drill(repository, second, tmp_path, 10).findings == []
    restore(repository, first, tmp_path / "back")
    back = Data(tmp_path / "back").said()
    assert back["files"] == said["files"]
    assert back["rows"]["records"] == said["rows"]["records"]

    # What lies there is a repository on the hub's own disk, too.
    (folder,) = (hub.folder / "shelves").glob("*/kitchen")
    assert verify(Repository.open(folder, KEY), deep=True).findings == []


def test_who_adds_cannot_take_away(hub, member, owner, data):
    Repository.create(shelf_of(hub, member), KEY)
    for _ in range(2):
        repository = Repository.open(shelf_of(hub, member), KEY)
        header = create(data.folder, repository, NOBODY)
    failed("role_required", prune, repository, header.instance, 1)
    assert repository.numbers() == [1, 2]
    assert verify(repository, deep=True).findings == []
    repository = Repository.open(shelf_of(hub, owner), KEY)
    assert prune(repository, header.instance, 1) == [1]
    repository = Repository.open(shelf_of(hub, member), KEY)
    assert repository.numbers() == [2]
    assert verify(repository, deep=True).findings == []


def test_one_works_there_at_a_time(hub, member, data):
    repository = Repository.create(shelf_of(hub, member), KEY)
    other = Repository.open(shelf_of(hub, member), KEY)
    with repository.locked(alone=True):
        failed("backup_repository_busy", create, data.folder, other, NOBODY)
    assert create(data.folder, other, NOBODY).number == 1


def test_nothing_is_written_without_the_lock(hub, owner):
    client = hub.owner
    lock = client.post(f"{SHELF}/locks", json={"alone": False}).json()["lock"]
    for headers in ({}, {"unibos-lock": "x"}, {"unibos-lock": lock}):
        answer = client.put(f"{SHELF}/files/{OBJECT}", content=b"x", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (409, "shelf_lock_lost")
    assert client.get("/api/v1/shelves").json() == {"items": []}


def test_what_is_cut_leaves_nothing(hub, owner):
    shelf = shelf_of(hub, owner)

    class Cut(Exception):
        pass

    def cut():
        yield b"x" * 300_000
        raise Cut

    with shelf.locked(alone=True):
        with pytest.raises(Cut):
            shelf.put(OBJECT, cut())
        assert shelf.put(OBJECT, [b"whole"]) == 5
    with shelf.read(OBJECT) as file:
        assert file.read() == b"whole"


def test_another_org_has_shelves_of_its_own(hub, owner, member, data):
    repository = Repository.create(shelf_of(hub, member), KEY)
    create(data.folder, repository, NOBODY)
    stranger = hub.second_org("Jones", "jones@example.net").client
    assert stranger.get("/api/v1/shelves").json() == {"items": []}
    for path in (f"{SHELF}/files", f"{SHELF}/files/1.age", f"{SHELF}/files/key.age"):
        answer = stranger.get(path, headers={"unibos-org": hub.login["user"]["org"]})
        assert (answer.status_code, answer.json()["code"]) == (404, "shelf_not_found")
    lock = stranger.post(f"{SHELF}/locks", json={"alone": True}).json()["lock"]
    answer = stranger.delete(f"{SHELF}/files/1.age", headers={"unibos-lock": lock})
    assert (answer.status_code, answer.json()["code"]) == (404, "shelf_not_found")
    assert verify(Repository.open(shelf_of(hub, owner), KEY)).findings == []
    assert hub.client().get("/api/v1/shelves").status_code == 401


def test_a_hub_that_keeps_none(tmp_path):
    with RunningHub(tmp_path / "hub") as hub:
        hub.set_up()
        failed("shelves_off", Repository.create, shelf_of(hub, hub.login["access_token"]), KEY)
