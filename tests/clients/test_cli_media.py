"""Photos, videos and albums on the command line."""

import pytest

from unibos.clients.cli.exits import Exit
from unibos.clients.cli.finding import MEDIA_SUFFIXES, find

MEDIA, ALBUMS = "/api/v1/media", "/api/v1/albums"
ONE = {
    "id": "m1",
    "kind": "photo",
    "status": "done",
    "title": "Snow\x1b[2J",
    "tags": ["a"],
    "filename": "a.jpg",
    "size": 2048,
    "moment": "2024-02-29T23:59:58",
    "taken_at": "2024-02-29T23:59:58",
    "taken_zone": "local",
    "width": 4000,
    "height": 3000,
    "camera": "Canon EOS 40D",
    "lens": None,
    "exposure": {"seconds": 0.004, "aperture": 2.8, "iso": 400, "focal_mm": 50.0},
    "place": {"latitude": 41.891667, "longitude": 12.483333},
    "place_name": None,
    "video": None,
    "error": None,
    "created_at": "2026-01-02T03:04:05.678Z",
    "binned_at": None,
}
ALBUM = {"id": "b1", "title": "Summer", "count": 2, "cover": "m1"}


@pytest.fixture(autouse=True)
def media(node):
    node.on("GET", f"{MEDIA}/m1", ONE)
    node.on("PATCH", f"{MEDIA}/m1", lambda asked: ONE | asked.json)


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / "pictures"
    (folder / "inner").mkdir(parents=True)
    for name in ("b.JPG", "a.heic", "inner/c.mp4", "d.pdf", ".hidden.jpg"):
        (folder / name).write_bytes(name.encode())
    return folder


def take_in(node):
    """Answer as a node that knows one of the files."""
    numbers = iter(range(9))
    known = node.page({"id": "m9", "status": "done"})
    node.on("GET", MEDIA, node.page(), known, node.page())
    taken = lambda asked: node.Answer({"id": f"m{next(numbers)}", "status": "queued"}, 201)  # noqa: E731 - one line
    node.on("POST", MEDIA, taken)
    node.on("PATCH", f"{MEDIA}/m0", {})
    node.on("GET", f"{MEDIA}/m0", ONE | {"id": "m0"})
    node.on("GET", f"{MEDIA}/m9", ONE | {"id": "m9"})


def test_folders_are_searched_for_photos_and_videos(pictures):
    found = [str(path.relative_to(pictures)) for path in find([str(pictures)], MEDIA_SUFFIXES)]
    assert found == ["a.heic", "b.JPG", "inner/c.mp4"]


def test_a_folder_is_taken_in(unibos, node, pictures):
    take_in(node)
    ended = unibos("media", "add", pictures)
    assert ended.code == 0
    assert ended.out.splitlines() == [
        f"{pictures}/a.heic: added  m0",
        f"{pictures}/b.JPG: is here already  m9",
        f"{pictures}/inner/c.mp4: added  m1",
        "2 added, 1 here already",
    ]


def test_what_was_added_is_tagged_put_into_an_album_and_waited_for(unibos, node, pictures):
    take_in(node)
    node.on("POST", f"{ALBUMS}/b1/members", ALBUM)
    some = (pictures / "a.heic", pictures / "b.JPG")
    ended = unibos("media", "add", *some, "--tag", "x", "--album", "b1", "--wait")
    assert ended.out.splitlines()[2] == (
        f"{pictures}/a.heic: read  m0  2024-02-29 23:59, Canon EOS 40D, 41.8917, 12.4833"
    )
    assert node.of("PATCH", f"{MEDIA}/m0")[0].json == {"tags": ["x"]}
    assert node.of("POST", f"{ALBUMS}/b1/members")[0].json == {"members": ["m0", "m9"]}


def test_what_is_added_as_json(unibos, node, pictures):
    take_in(node)
    [told] = unibos("media", "add", pictures / "a.heic", "--json").lines
    assert (told["state"], told["id"], told["media"]["status"]) == ("added", "m0", "queued")


def test_a_refused_file_does_not_stop_the_others(unibos, node, pictures):
    take_in(node)
    node.on("POST", MEDIA, node.problem(415, "media_type_unsupported", "No photo."))
    ended = unibos("media", "add", pictures / "d.pdf")
    assert ended.code == Exit.FAILED
    assert "refused" in ended.out
    assert "No photo." in ended.out


def test_nothing_to_add(unibos, tmp_path):
    (tmp_path / "empty").mkdir()
    assert unibos("media", "add", tmp_path / "empty").code == Exit.USAGE


def test_list(unibos, node):
    node.on("GET", MEDIA, node.page(ONE))
    ended = unibos("media", "list", "--month", "2024-02", "--kind", "photo", "--album", "b1")
    assert ended.out.splitlines() == [
        "Id  Time              Kind   State  Camera         Title",
        r"m1  2024-02-29 23:59  photo  done   Canon EOS 40D  Snow\x1b[2J",
    ]
    asked = {"limit": ["50"], "month": ["2024-02"], "kind": ["photo"], "album": ["b1"]}
    assert node.asked[0].query == asked
    assert unibos("media", "list", "--json").json == {"items": [ONE], "next": None}


def test_show(unibos):
    out = unibos("media", "show", "m1").out
    assert "Taken     2024-02-29 23:59:58 (zone unknown)" in out
    assert "Exposure  1/250 s, f/2.8, ISO 400, 50 mm" in out
    assert "Place     41.8917, 12.4833" in out
    assert "Pixels    4000 × 3000" in out
    assert "\x1b" not in out
    assert unibos("media", "show", "m1", "--json").json == ONE


def test_show_a_video_in_turkish(unibos, node):
    video = {"seconds": 75.2, "video_codec": "h264", "audio_codec": None, "playable_error": None}
    node.on("GET", f"{MEDIA}/m2", ONE | {"id": "m2", "kind": "video", "video": video})
    out = unibos("--lang", "tr", "media", "show", "m2").out
    assert "Süre" in out
    assert "1 dk 15 sn" in out
    assert "h264" in out


def test_get(unibos, node, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    named = {"Content-Disposition": "attachment; filename*=UTF-8''a.jpg"}
    node.on("GET", f"{MEDIA}/m1/original", node.Answer(b"raw", 200, named))
    node.on("GET", f"{MEDIA}/m1/preview", node.Answer(b"small", 200, {}))
    assert unibos("media", "get", "m1").out == "a.jpg\n"
    assert (tmp_path / "a.jpg").read_bytes() == b"raw"
    assert unibos("media", "get", "m1").code == Exit.CONFLICT
    assert unibos("media", "get", "m1", "--force").code == 0
    assert unibos("media", "get", "m1", "--what", "preview", "--json").json["file"] == "m1.jpg"
    assert unibos("media", "get", "m1", "-o", "-").out == "raw"
    assert not list(tmp_path.glob(".unibos-*"))


def test_timeline(unibos, node):
    items = [{"month": "2026-11", "photos": 12, "videos": 1}]
    node.on("GET", f"{MEDIA}/timeline", {"items": items})
    assert unibos("media", "timeline").out.splitlines()[1] == "2026-11  12      1"
    assert unibos("media", "timeline", "--json").json == {"items": items}


def test_duplicates(unibos, node):
    group = {"kind": "near", "items": [ONE, ONE | {"id": "m2", "width": None}]}
    node.on("GET", f"{MEDIA}/duplicates", node.page(group))
    rows = unibos("media", "duplicates").out.splitlines()[1:]
    assert [row.split()[:3] for row in rows] == [["1", "near", "m1"], ["1", "near", "m2"]]
    assert unibos("media", "duplicates", "--json").json["items"] == [group]


def test_changes(unibos, node):
    unibos("media", "tag", "m1", "b", "--remove", "a")
    unibos("media", "title", "m1", "Ice")
    unibos("media", "place", "m1", "")
    changes = [asked.json for asked in node.of("PATCH", f"{MEDIA}/m1")]
    assert changes == [{"tags": ["b"]}, {"title": "Ice"}, {"place_name": None}]


def test_bin_restore_purge_reprocess(unibos, node):
    node.on("DELETE", f"{MEDIA}/m1", node.Answer(None, 204))
    node.on("POST", f"{MEDIA}/m1/restore", ONE)
    node.on("POST", f"{MEDIA}/m1/reprocess", node.Answer({"id": "m1"}, 202))
    assert unibos("media", "bin", "m1").out == "m1 is in the bin.\n"
    assert unibos("media", "restore", "m1").out == "m1 is back.\n"
    assert unibos("media", "purge", "m1", "--yes").out == "m1 is deleted.\n"
    assert unibos("media", "reprocess", "m1").out == "m1 is queued.\n"
    assert [asked.query for asked in node.of("DELETE", f"{MEDIA}/m1")] == [{}, {"purge": ["true"]}]


def test_albums(unibos, node):
    path = f"{ALBUMS}/b1"
    node.on("GET", ALBUMS, node.page(ALBUM))
    node.on("POST", ALBUMS, node.Answer(ALBUM, 201))
    node.on("POST", f"{path}/members", ALBUM)
    node.on("POST", f"{path}/members/remove", ALBUM)
    node.on("PATCH", path, ALBUM)
    node.on("DELETE", path, node.Answer(None, 204))
    assert unibos("media", "albums", "list").out.splitlines()[1] == "b1  2      Summer"
    assert unibos("media", "albums", "create", "Summer", "m1").out == "b1\n"
    assert unibos("media", "albums", "put", "b1", "m1", "--before", "m2").out == "Summer: 2 in it\n"
    unibos("media", "albums", "remove", "b1", "m1")
    unibos("media", "albums", "title", "b1", "Winter")
    assert unibos("media", "albums", "cover", "b1", "m1", "--json").json == ALBUM
    assert unibos("media", "albums", "delete", "b1", "--yes").out == "b1 is deleted.\n"
    sent = [asked.json for asked in node.asked if asked.method in ("POST", "PATCH")]
    assert sent == [
        {"title": "Summer", "members": ["m1"]},
        {"members": ["m1"], "before": "m2"},
        {"members": ["m1"]},
        {"title": "Winter"},
        {"cover": "m1"},
    ]
