"""A node that looks after itself: notifications, health checks, tidying, ping."""

import shutil
import time
from collections import namedtuple

import pytest

from tests.box import Running
from tests.modules.care.places import mail_server, web_server
from unibos.base.config import load
from unibos.base.errors import Invalid, Misconfigured
from unibos.core.jobs.kind import LightKind
from unibos.core.module.manifest import Module, install
from unibos.core.store import jobs, query
from unibos.core.store.jobs import JobError
from unibos.core.store.store import Store
from unibos.modules.care import troubles
from unibos.modules.care.checks import Check
from unibos.modules.care.notifications import sending
from unibos.modules.care.notifications.collection import NOTIFICATIONS
from unibos.modules.care.notifications.sending import Notifier
from unibos.modules.care.ping import PING
from unibos.roles.care import targets

ORG = "o"


@pytest.fixture(scope="module")
def places():
    with web_server() as web, mail_server() as mail:
        yield web, mail


@pytest.fixture(scope="module")
def box(tmp_path_factory, places):
    web, mail = places
    settings = {
        "notifications.ntfy": f"{web.url}/topic",
        "notifications.webhook": f"{web.url}/hook",
        "notifications.smtp": mail.url,
        "notifications.mail_from": "box@example.org",
        "notifications.mail_to": "owner@example.org",
    }
    with Running(tmp_path_factory.mktemp("box"), settings) as running:
        running.set_up()
        yield running


def ended(client, job: str) -> dict:
    for _ in range(600):
        found = client.get(f"/api/v1/jobs/{job}").json()
        if found["state"] in ("done", "failed"):
            return found
        time.sleep(0.1)
    raise AssertionError(found)


def test_a_notification_reaches_every_target_and_the_list(box, places):
    web, mail = places
    made = box.owner.post("/api/v1/notifications", json={"title": "Hello", "body": "World"})
    assert made.status_code == 201
    assert sorted(path for path, _, _ in web.wait(2)) == ["/hook", "/topic"]
    assert b"World" in mail.wait(1)[0].content
    for _ in range(600):
        item = box.owner.get("/api/v1/notifications").json()["items"][0]
        if len(item["sent"]) == 3:
            break
        time.sleep(0.1)
    assert set(item["sent"]) == {"mail", "ntfy", "webhook"}
    assert item["read_at"] is None


def test_a_notification_is_read_and_removed(box):
    made = box.owner.post("/api/v1/notifications", json={"title": "Gone", "level": "warning"})
    one = f"/api/v1/notifications/{made.json()['id']}"
    assert box.owner.patch(one, json={"read": True}).json()["read_at"] is not None
    unread = box.owner.get("/api/v1/notifications?unread=true&level=warning").json()["items"]
    assert made.json()["id"] not in [item["id"] for item in unread]
    assert box.owner.patch(one, json={"read": False}).json()["read_at"] is None
    assert box.owner.delete(one).status_code == 204
    answer = box.owner.patch(one, json={"read": True})
    assert (answer.status_code, answer.json()["code"]) == (404, "notification_not_found")


@pytest.mark.parametrize("kind", ["care.ping", "care.health_check", "care.cleanup"])
def test_its_jobs_can_be_asked_for(box, kind):
    made = box.owner.post("/api/v1/jobs", json={"kind": kind})
    assert made.status_code == 201, made.text
    job = ended(box.owner, made.json()["id"])
    assert job["state"] == "done"
    assert job["result"]
    wrong = box.owner.post("/api/v1/jobs", json={"kind": kind, "args": {"other": 1}})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "job_args_invalid")


def test_a_health_check_tells_of_a_full_disk(box, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**10, 10**10 - 1, 1))
    made = box.owner.post("/api/v1/jobs", json={"kind": "care.health_check"})
    found = ended(box.owner, made.json()["id"])["result"]
    assert found["state"] == "fail"
    disk = next(check for check in found["checks"] if check["name"] == "disk")
    assert disk["state"] == "fail"
    assert "Make room" in disk["todo"]


def test_ping_comes_back():
    assert PING.work({"text": "x"}, lambda value, phase="": None)["text"] == "x"
    with pytest.raises(Invalid):
        PING.accept({"text": "x" * 201})


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path, "node", "a" * 52)
    install(Module("care", collections=(NOTIFICATIONS,)), store.org(ORG))
    yield store.org(ORG)
    store.close()


def told(store) -> list[str]:
    page = store.read(lambda view: query.page(view, "notifications", query.Query(limit=200)))
    return [record.data["title"] for record in page.items]


def test_a_failing_check_is_told_once_and_again_when_it_got_worse(store):
    state = ["ok"]
    look = {"disk": lambda: Check("disk", state[0], "{n} left.", "Make room.", {"n": 3})}
    watch = troubles.Troubles(store, Notifier([]), look)
    assert [watch.look(), watch.look()] == [0, 0]
    state[0] = "warn"
    assert [watch.look(), watch.look()] == [1, 0]
    state[0] = "ok"
    assert watch.look() == 0
    state[0] = "warn"
    # It came and went within the week: it was told.
    assert watch.look() == 0
    state[0] = "fail"
    assert watch.look() == 1
    # Who starts anew does not tell again.
    assert troubles.Troubles(store, Notifier([]), look).look() == 0
    assert told(store) == ["3 left.", "3 left."]


def test_a_job_that_failed_for_good_is_told_once_for_its_kind(store):
    notes = []
    kind = LightKind(
        name="t.x",
        run=lambda *_: None,
        failed=lambda tx, job, error: notes.append(error.code),
    )
    notifier = Notifier([])
    wrapped = troubles.telling(kind, notifier)

    def fail(code):
        def change(tx):
            job = jobs.add(tx, kind, {})
            wrapped.failed(tx, job, JobError(code, "It broke."))

        store.write(change)

    for code in ("boom", "boom", "job_cancelled"):
        fail(code)
    assert notes == ["boom", "boom", "job_cancelled"]
    assert told(store) == ["A job failed: t.x (boom)"]


def test_a_notification_that_cannot_be_sent_makes_no_other(store):
    notifier = Notifier([])
    wrapped = troubles.telling(notifier.kind, notifier)

    def change(tx):
        job = jobs.add(tx, notifier.kind, {"notification": "x", "target": "ntfy"})
        wrapped.failed(tx, job, JobError("notification_refused", "No."))

    store.write(change)
    assert told(store) == []


def test_old_notifications_make_room(store, monkeypatch):
    monkeypatch.setattr(sending, "KEPT", 3)
    notifier = Notifier([])
    for number in range(5):
        store.write(lambda tx, n=number: notifier.notify(tx, "info", str(n), "", source="user"))
    assert told(store) == ["4", "3", "2"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"notifications.ntfy": "ftp://x/"},
        {"notifications.webhook": "https://user:secret@x/"},
        {"notifications.smtp": "mail.example.org"},
        {"notifications.smtp": "smtp://mail.example.org"},
    ],
)
def test_a_wrong_target_is_refused_at_the_start(wrong, tmp_path):
    with pytest.raises(Misconfigured) as raised:
        targets(load(wrong, {}, root=tmp_path).notifications)
    assert raised.value.code == "notification_target_wrong"
    assert "secret" not in raised.value.detail


def test_secrets_of_targets_are_not_shown():
    (ntfy,) = targets(
        load(
            {"notifications.ntfy": "https://n.example/t", "notifications.ntfy_token": "tk_hidden"},
            {},
        ).notifications
    )
    assert "tk_hidden" not in repr(ntfy)
