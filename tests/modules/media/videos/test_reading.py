"""Reading a video: its facts, its pictures, and what is refused."""

import socket

import pytest
from PIL import Image, ImageStat

from tests.modules.media.videos import films
from unibos.base.errors import Error, Invalid, TooLarge, Unsupported
from unibos.modules.media.jobs import Options
from unibos.modules.media.videos import program
from unibos.modules.media.videos.probe import probe
from unibos.modules.media.videos.work import read_video

HALVES = "color=red:size={size}:rate={rate}:duration={seconds},drawbox=y=ih/2:color=blue:t=fill"
LATE = "testsrc2=size={size}:rate={rate}:duration={seconds},fade=t=in:st=2.5:d=0.1"


def read(file, media_type, folder, told):
    folder.mkdir(exist_ok=True)
    return read_video(file, media_type, Options(), folder, told)


def test_what_a_phone_says(phone, tmp_path, told):
    reading = read(phone, "video/mp4", tmp_path / "out", told)
    assert (reading.width, reading.height, reading.seconds) == (320, 180, pytest.approx(2, abs=0.2))
    assert (reading.video_codec, reading.audio_codec, reading.frame_rate) == ("h264", "aac", 15)
    assert (reading.taken_at, reading.moment) == (
        "2021-07-03T12:20:30+02:00",
        "2021-07-03T12:20:30",
    )
    assert reading.camera == "Make Model 1"
    assert (reading.place.latitude, reading.place.altitude) == (47.3769, 408)
    assert reading.browser_ready
    with Image.open(tmp_path / "out" / "thumbnail.webp") as thumbnail:
        assert thumbnail.size == (320, 180)


@pytest.mark.parametrize(("degrees", "red"), [(90, "right"), (180, "bottom"), (270, "left")])
def test_a_film_that_is_to_be_turned_is_upright(degrees, red, tmp_path, told):
    film = films.turned(films.h264(tmp_path / "a.mp4", picture=HALVES), degrees)
    reading = read(film, "video/mp4", tmp_path / "out", told)
    upright = (320, 180) if degrees == 180 else (180, 320)
    assert (reading.width, reading.height) == upright
    with Image.open(tmp_path / "out" / "preview.jpg") as picture:
        assert picture.size == upright
        width, height = picture.size
        places = {
            "right": (width - 20, height // 2),
            "left": (20, height // 2),
            "bottom": (width // 2, height - 20),
        }
        seen = picture.convert("RGB").getpixel(places[red])
    assert seen[0] > 150
    assert seen[2] < 100


def test_the_picture_is_none_of_the_black_beginning(tmp_path, told):
    film = films.h264(tmp_path / "a.mp4", picture=LATE, seconds=6)
    read(film, "video/mp4", tmp_path / "out", told)
    with Image.open(tmp_path / "out" / "preview.jpg") as picture:
        assert ImageStat.Stat(picture.convert("L")).stddev[0] > 30


def test_a_black_film_has_a_black_picture(tmp_path, told):
    black = "color=black:size={size}:rate={rate}:duration={seconds}"
    film = films.h264(tmp_path / "a.mp4", picture=black, seconds=1)
    read(film, "video/mp4", tmp_path / "out", told)
    assert (tmp_path / "out" / "thumbnail.webp").is_file()


def test_pixels_that_are_not_square_are_made_so(tmp_path):
    film = films.h264(tmp_path / "a.mp4", "-vf", "setsar=2", size="160x180")
    facts = probe(film, "video/mp4")
    assert (facts.width, facts.height) == (320, 180)


def test_sound_alone_is_no_video(tmp_path):
    film = films.ffmpeg("-f", "lavfi", "-i", "sine=duration=1", "-c:a", "aac", tmp_path / "a.mp4")
    with pytest.raises(Invalid) as refused:
        probe(film, "video/mp4")
    assert refused.value.code == "video_without_picture"


@pytest.mark.parametrize("size", [0, 1, 100, 3000])
def test_a_file_that_ends_too_early_is_damaged(size, old, tmp_path):
    cut = tmp_path / "cut.avi"
    cut.write_bytes(old.read_bytes()[:size])
    with pytest.raises(Invalid) as refused:
        read_video(cut, "video/x-msvideo", Options(), tmp_path, lambda *_: None)
    assert refused.value.code in ("video_damaged", "video_without_picture")


def test_a_codec_that_is_not_on_the_list_does_not_run(tmp_path):
    film = films.film(tmp_path / "a.mkv", "-c:v", "cinepak", size="160x120", seconds=1, sound=False)
    with pytest.raises(Unsupported) as refused:
        probe(film, "video/x-matroska")
    assert refused.value.code == "video_codec_unsupported"


def test_a_frame_too_large_is_not_decoded(tmp_path, monkeypatch):
    film = films.h264(tmp_path / "a.mp4", seconds=1)
    monkeypatch.setattr("unibos.modules.media.videos.probe.MOST_PIXELS", 320 * 180 - 1)
    with pytest.raises(TooLarge) as refused:
        probe(film, "video/mp4")
    assert refused.value.code == "video_too_large"


@pytest.mark.parametrize("media_type", ["video/mp4", "video/x-matroska", "video/mp2t", "video/ogg"])
def test_a_list_of_files_reads_no_other_file_and_asks_nobody(media_type, phone, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.01)
        port = server.getsockname()[1]
        lists = (
            f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:{port}/a.ts\n",
            f"ffconcat version 1.0\nfile {phone}\n",
            f"#EXTM3U\n#EXTINF:1,\nconcat:{phone}|{phone}\n#EXT-X-ENDLIST\n",
        )
        for text in lists:
            hostile = tmp_path / "a.mp4"
            hostile.write_text(text)
            with pytest.raises(Error):
                read_video(hostile, media_type, Options(), tmp_path, lambda *_: None)
        with pytest.raises(TimeoutError):
            server.accept()
    assert not (tmp_path / "preview.jpg").exists()


def test_a_program_that_says_nothing_is_ended(monkeypatch, tmp_path):
    slow = tmp_path / "ffprobe"
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(Error) as refused:
        program.run_ffprobe([], seconds=0.2, most_bytes=10)
    assert refused.value.code == "video_timeout"


def test_a_program_that_says_too_much_is_ended(monkeypatch, tmp_path):
    loud = tmp_path / "ffprobe"
    loud.write_text("#!/bin/sh\nexec yes\n")
    loud.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(TooLarge):
        program.run_ffprobe([], seconds=20, most_bytes=1000)


def test_a_missing_program_is_told(monkeypatch, tmp_path, phone):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Error) as refused:
        probe(phone, "video/mp4")
    assert refused.value.code == "ffmpeg_unavailable"
