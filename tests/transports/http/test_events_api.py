"""The event streams over real sockets: live, filtered, resumed, ended."""

import json
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from tests.box import PASSWORD, Running
from unibos.base.ids import new_id

EVENTS = "/api/v1/events"
NOTES = "/api/v1/collections/notes/records"
DOCUMENTS = "/api/v1/documents"
OF_NOTES = {"topic": "records", "collection": "notes"}
FINAL = ("done", "failed", "cancelled")


@dataclass
class Event:
    type: str
    id: str
    data: dict

    @property
    def position(self):
        return tuple(map(int, self.id.split(".")))


@contextmanager
def stream(client, path=EVENTS, last=None, **params):
    """The events of a stream as they arrive."""
    headers = {"last-event-id": last} if last else {}
    with client.stream("GET", path, headers=headers, params=params, timeout=60) as answer:
        assert answer.status_code == 200, answer.read()
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield events_of(answer)


def events_of(answer):
    fields = {}
    for line in answer.iter_lines():
        name, _, value = line.partition(": ")
        if line and name:
            fields[name] = value
        elif "data" in fields:
            yield Event(fields["event"], fields["id"], json.loads(fields["data"]))
            fields = {}


def note(owner, **data):
    answer = owner.post(NOTES, json={"data": data})
    assert answer.status_code == 201, answer.text
    return answer.json()


def text_document(owner, text):
    answer = owner.post(DOCUMENTS, content=text.encode(), headers={"content-type": "text/plain"})
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_records_are_told_as_they_change(box, owner):
    with stream(box.client(box.login["access_token"]), topic="records") as events:
        made = note(owner, title="first")
        event = next(events)
        assert (event.type, event.data) == ("record", made)
        url = f"{NOTES}/{made['id']}"
        changed = owner.patch(url, json={"data": {"title": "second"}}).json()
        assert next(events).data == changed
        owner.delete(url)
        gone = {"id": made["id"], "collection": "notes", "deleted": True}
        assert next(events).data == gone


def test_jobs_are_told_from_queue_to_end(box, owner):
    with stream(box.client(box.login["access_token"]), topic="jobs") as events:
        job = text_document(owner, "told from queue to end")["job"]
        told = []
        for event in events:
            assert (event.type, event.data["job"]) == ("job", job)
            told.append(event.data["type"])
            if told[-1] in FINAL:
                break
    assert (told[0], told[1], told[-1]) == ("queued", "running", "done")


def test_a_job_of_its_own_stream_ends_with_the_job(box, owner):
    job = text_document(owner, "a stream that ends by itself")["job"]
    path = f"/api/v1/jobs/{job}/events"
    with stream(owner, path) as events:
        told = list(events)
    assert (told[0].type, told[-1].type) == ("queued", "done")
    with stream(owner, path, last=told[0].id) as events:
        assert [event.id for event in events] == [event.id for event in told[1:]]
    with stream(owner, path, last=told[-1].id) as events:
        assert list(events) == []


def test_filters(box, owner):
    owner.post("/api/v1/collections", json={"name": "others"}).raise_for_status()
    with (
        stream(
            box.client(box.login["access_token"]), topic="records", collection="others"
        ) as others,
        stream(box.client(box.login["access_token"]), topic=["records", "jobs"]) as both,
    ):
        document = text_document(owner, "filtered away")
        note(owner, title="filtered away")
        other = owner.post("/api/v1/collections/others/records", json={"data": {}}).json()
        assert next(others).data == other
        seen = {"record": [], "job": []}
        while other["id"] not in seen["record"] or document["job"] not in seen["job"]:
            event = next(both)
            seen[event.type].append(event.data.get("id") or event.data.get("job"))


@pytest.mark.parametrize(
    "last", ["x", "1", "1.", ".1", "-1.0", "1.2.3", "1.x", "²." + "1", "9" * 5000 + ".1"]
)
def test_an_id_that_no_event_has(owner, last):
    answer = owner.get(EVENTS, headers={"last-event-id": last.encode("latin-1")})
    assert (answer.status_code, answer.json()["code"]) == (422, "event_id_invalid")


def test_an_id_that_no_event_of_a_job_has(owner):
    job = text_document(owner, "ids of the events of a job")["job"]
    for last in ("x", "1.1", "9" * 5000, "-1"):
        answer = owner.get(f"/api/v1/jobs/{job}/events", headers={"last-event-id": last})
        assert (answer.status_code, answer.json()["code"]) == (422, "event_id_invalid")
    answer = owner.get(f"/api/v1/jobs/{new_id()}/events")
    assert (answer.status_code, answer.json()["code"]) == (404, "job_not_found")


@pytest.mark.parametrize("asked", [{"topic": "weather"}, {"since": "1"}, {"collection": "x" * 64}])
def test_a_question_that_is_not_understood(owner, asked):
    assert owner.get(EVENTS, params=asked).status_code == 400


def test_head_of_a_stream_is_answered_at_once(owner):
    assert owner.head(EVENTS).status_code == 200
    assert owner.get("/health").status_code == 200


def test_after_a_cut_exactly_the_missed_ones_follow(box, owner):
    with stream(box.client(box.login["access_token"]), **OF_NOTES) as events:
        note(owner, title="seen")
        last = next(events).id
    missed = [note(owner, title=f"missed {number}") for number in range(450)]
    with stream(box.client(box.login["access_token"]), last=last, **OF_NOTES) as events:
        assert [next(events).data for _ in missed] == missed
        live = note(owner, title="live again")
        assert next(events).data == live


def test_whatever_is_cut_there_is_no_gap_and_no_duplicate(box, owner):
    """Writers race each other and a reader who reconnects again and again."""
    chance = random.Random(7)
    url = f"{NOTES}/{note(owner, title='contended')['id']}"
    writers = [box.client(box.login["access_token"]) for _ in range(3)]
    reader = box.client(box.login["access_token"])
    finished = threading.Event()

    def write(client):
        made = []
        for number in range(40):
            made.append(note(client, title=f"note {number}"))
            client.patch(url, json={"data": {"body": new_id()}}).raise_for_status()
        return made

    def last_words(writing):
        for one in writing:
            one.result()
        return note(owner, title="the end")

    seen, last = [], owner_position(reader, owner)
    with ThreadPoolExecutor(4) as pool:
        writing = [pool.submit(write, client) for client in writers]
        ended = pool.submit(last_words, writing)
        while not finished.is_set():
            with stream(reader, last=last, **OF_NOTES) as events:
                for _ in range(chance.randint(1, 30)):
                    event = next(events)
                    seen.append(event)
                    last = event.id
                    if event.data["data"].get("title") == "the end":
                        finished.set()
                        break
    positions = [event.position for event in seen]
    assert positions == sorted(set(positions))
    told = {}
    for event in seen:
        told.setdefault(event.data["id"], []).append(event.data)
    for record in [one for each in writing for one in each.result()]:
        assert told[record["id"]] == [record]
    contended = owner.get(url).json()
    assert told[contended["id"]][-1] == contended
    assert told[ended.result()["id"]] == [ended.result()]


def owner_position(reader, owner):
    """The id of an event that is the newest one now."""
    with stream(reader, **OF_NOTES) as events:
        note(owner, title="from here on")
        return next(events).id


@pytest.mark.parametrize("how", ["logout", "disabled", "removed"])
def test_a_stream_ends_with_the_session_behind_it(box, owner, how):
    email = f"{new_id()}@example.org"
    asked = {"email": email, "name": "X", "password": PASSWORD, "role": "viewer"}
    user = owner.post("/api/v1/users", json=asked).json()
    client = box.client(box.log_in(email)["access_token"])
    one = f"/api/v1/users/{user['id']}"
    with stream(client) as events:
        note(owner, title="still to be seen")
        while next(events).data.get("data", {}).get("title") != "still to be seen":
            pass
        if how == "logout":
            owner.delete(f"{one}/sessions").raise_for_status()
        elif how == "disabled":
            owner.patch(one, json={"disabled": True}).raise_for_status()
        else:
            owner.delete(one).raise_for_status()
        note(owner, title="never to be seen")
        rest = list(events)
    titles = [event.data.get("data", {}).get("title") for event in rest]
    assert "never to be seen" not in titles


def test_many_streams_at_once(box, owner):
    ready = threading.Barrier(21)

    def first_of(_):
        with stream(box.client(box.login["access_token"]), **OF_NOTES) as events:
            ready.wait(60)
            return next(events).data

    with ThreadPoolExecutor(20) as pool:
        told = [pool.submit(first_of, number) for number in range(20)]
        ready.wait(60)
        made = note(owner, title="to all of you")
        assert [one.result() for one in told] == [made] * 20


def test_a_stop_ends_the_streams(tmp_path):
    server = Running(tmp_path)
    with server as running:
        running.set_up()
        with stream(running.owner) as events:
            note(running.client(running.login["access_token"]), title="the last")
            assert next(events).data["data"]["title"] == "the last"
            server.stop()
            assert list(events) == []
