"""Videos through a whole node: taken in, shown, converted, and given up."""

import os
import threading
import time
from pathlib import Path

import pytest

from tests.box import Running
from tests.modules.media.videos import films

MEDIA = "/api/v1/media"
PATIENCE = 60


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    settings = {"jobs.heavy": 2, "jobs.memory_mb": 1024, "media.max_video_mb": 50}
    with Running(tmp_path_factory.mktemp("node"), settings | {"http.stop_seconds": 1}) as box:
        box.set_up()
        yield box


@pytest.fixture(scope="module")
def owner(node):
    return node.owner


def added(owner, file: Path):
    answer = owner.post(MEDIA, content=file.read_bytes())
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def until(owner, id_, holds):
    """The video, once that holds of it."""
    end = time.monotonic() + PATIENCE
    pause = threading.Event()
    while time.monotonic() < end:
        found = owner.get(f"{MEDIA}/{id_}").json()
        if holds(found):
            return found
        pause.wait(0.1)
    raise AssertionError(found)


def settled(found):
    return found["status"] in ("done", "failed") and (
        found["playable"] is not None
        or found["video"]["playable_error"] is not None
        or found["video"]["playable_job"] is None
    )


def test_what_browsers_show_is_shown_as_it_is(owner, phone):
    found = until(owner, added(owner, phone), settled)
    assert found["status"] == "done", found
    assert found["kind"] == "video"
    assert found["playable"] == found["original"]
    assert found["video"]["playable_job"] is None
    assert found["taken_at"] == "2021-07-03T12:20:30+02:00"
    assert owner.get(found["thumbnail"]).headers["content-type"] == "image/webp"
    part = owner.get(found["playable"], headers={"range": "bytes=4-11"})
    assert (part.status_code, part.headers["content-type"]) == (206, "video/mp4")
    assert part.content == phone.read_bytes()[4:12]


def test_another_video_gets_a_copy_with_ranges(owner, old):
    found = until(owner, added(owner, old), settled)
    assert found["video"]["playable_error"] is None, found
    whole = owner.get(found["playable"])
    assert whole.headers["content-type"] == "video/mp4"
    part = owner.get(found["playable"], headers={"range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, whole.content[10:20])
    assert owner.get(found["original"]).content == old.read_bytes()
    job = owner.get(f"/api/v1/jobs/{found['video']['playable_job']}").json()
    assert (job["kind"], job["state"], job["result"]["encoder"]) == (
        "media.transcode",
        "done",
        "libx264",
    )


def test_a_damaged_video_fails_alone(owner, old, tmp_path):
    cut = tmp_path / "cut.avi"
    cut.write_bytes(old.read_bytes()[:2000])
    found = until(owner, added(owner, cut), settled)
    assert (found["status"], found["error"]["code"]) == ("failed", "video_damaged")
    assert owner.get("/health").status_code == 200


def test_sound_alone_fails_alone(owner, tmp_path):
    sound = films.ffmpeg("-f", "lavfi", "-i", "sine=duration=1", tmp_path / "a.mp4")
    found = until(owner, added(owner, sound), settled)
    assert found["error"]["code"] == "video_without_picture"


def test_a_copy_is_ended_at_once_and_nothing_is_left(node, owner, tmp_path):
    film = films.mpeg4(tmp_path / "a.avi", size="1280x720", rate=30, seconds=30, sound=False)
    id_ = added(owner, film)
    found = until(owner, id_, lambda one: one["video"]["playable_job"] is not None)
    job = found["video"]["playable_job"]
    until(owner, id_, lambda _: programs(node.folder))
    assert owner.delete(f"/api/v1/jobs/{job}").status_code in (200, 202, 204)
    until(owner, id_, lambda _: not programs(node.folder))
    found = until(owner, id_, settled)
    assert found["status"] == "done"
    assert found["playable"] is None
    assert found["video"]["playable_error"]["code"] == "job_cancelled"
    until(owner, id_, lambda _: not list((node.folder / "work").glob("*")))


def programs(folder: Path):
    """Processes that write below the node's folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if words[0].endswith(b"ffmpeg") and any(os.fsencode(folder) in word for word in words[-3:]):
            found.append(process.name)
    return found
