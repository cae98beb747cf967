"""The copy that browsers can show."""

import hashlib
import shutil
import stat

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.modules.media.videos import films
from unibos.base.errors import Error, Invalid, Unavailable
from unibos.modules.media.jobs import Options
from unibos.modules.media.videos import encoders
from unibos.modules.media.videos.copy import shows, size_of
from unibos.modules.media.videos.probe import Facts, probe
from unibos.modules.media.videos.work import make_playable, read_video

PLAIN = Facts(
    stream=0,
    width=320,
    height=180,
    turned=0,
    seconds=1,
    video_codec="h264",
    frame_rate=30,
    pixels="yuv420p",
    interlaced=False,
    hdr=False,
    audio_stream=1,
    audio_codec="aac",
    tags={},
)


def made(file, media_type, folder, told, transcode="h264"):
    folder.mkdir(exist_ok=True)
    return make_playable(file, media_type, Options(transcode=transcode), folder, told)


@pytest.fixture
def anew():
    """What the machine's encoders are is asked anew, before and after."""
    for asked in (encoders.listed, encoders._works):
        asked.cache_clear()
    yield
    for asked in (encoders.listed, encoders._works):
        asked.cache_clear()


def test_what_no_browser_shows_is_converted(old, tmp_path, told):
    before = hashlib.sha256(old.read_bytes()).digest()
    copy = made(old, "video/x-msvideo", tmp_path / "out", told)
    out = tmp_path / "out" / "playable.mp4"
    facts = probe(out, "video/mp4")
    assert shows(facts, "video/mp4")
    assert (copy.encoder, facts.video_codec, facts.audio_codec) == ("libx264", "h264", "aac")
    assert facts.seconds == pytest.approx(films.SECONDS, abs=0.3)
    assert hashlib.sha256(old.read_bytes()).digest() == before
    data = out.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    values = [value for value, _ in told if value is not None]
    assert values == sorted(values)
    assert values[-1] == pytest.approx(1, abs=0.1)


def test_av1_on_demand(old, tmp_path, told):
    copy = made(old, "video/x-msvideo", tmp_path / "out", told, "av1")
    assert copy.encoder in ("libsvtav1", "libaom-av1")
    assert probe(tmp_path / "out" / "playable.mp4", "video/mp4").video_codec == "av1"


def test_nothing_is_made_of_what_browsers_show(phone, tmp_path, told):
    assert made(phone, "video/mp4", tmp_path / "out", told) is None
    webm = films.film(tmp_path / "a.webm", "-c:v", "libvpx", "-c:a", "libopus", seconds=1)
    assert made(webm, "video/webm", tmp_path / "out", told) is None
    assert list((tmp_path / "out").iterdir()) == []


def test_nothing_is_made_where_it_is_turned_off(old, tmp_path, told):
    assert made(old, "video/x-msvideo", tmp_path / "out", told, "off") is None


def test_pictures_that_browsers_know_change_their_container_only(phone, tmp_path, told):
    film = films.ffmpeg("-i", phone, "-c", "copy", tmp_path / "a.mkv")
    assert made(film, "video/x-matroska", tmp_path / "out", told).encoder == "copy"
    assert shows(probe(tmp_path / "out" / "playable.mp4", "video/mp4"), "video/mp4")


@pytest.mark.parametrize("encoding", [("copy",), ("mpeg4", "-q:v", "5")])
def test_the_copy_does_not_say_where_and_when(encoding, phone, tmp_path, told):
    tags = ("-metadata", "location=+47.3769+008.5417/", "-metadata:s:v:0", "title=Secret")
    more = ("-map_metadata", "0", "-movflags", "use_metadata_tags", *tags)
    film = films.ffmpeg("-i", phone, "-c:v", *encoding, *more, tmp_path / "a.mov")
    assert "47.3769" in films.streams(film)
    made(film, "video/quicktime", tmp_path / "out", told)
    said = films.streams(tmp_path / "out" / "playable.mp4")
    data = (tmp_path / "out" / "playable.mp4").read_bytes()
    for secret in ("47.3769", "2021", "Model 1", "Secret"):
        assert secret not in said
        assert secret.encode() not in data


def test_a_turned_film_is_upright_in_its_copy(tmp_path, told):
    film = films.turned(films.mpeg4(tmp_path / "a.mp4", seconds=1), 90)
    copy = made(film, "video/mp4", tmp_path / "out", told)
    facts = probe(tmp_path / "out" / "playable.mp4", "video/mp4")
    assert (copy.width, copy.height, facts.turned) == (180, 320, 0)


def test_a_film_that_was_cut_short_is_copied_as_far_as_it_goes(tmp_path, told):
    film = films.film(tmp_path / "a.mkv", "-c:v", "mpeg4", seconds=4, sound=False)
    film.write_bytes(film.read_bytes()[: film.stat().st_size // 2])
    copy = made(film, "video/x-matroska", tmp_path / "out", told)
    assert 0.5 < copy.seconds < 3.5


def test_silence_stays_silent(tmp_path, told):
    film = films.mpeg4(tmp_path / "a.mp4", sound=False, seconds=1)
    made(film, "video/mp4", tmp_path / "out", told)
    assert probe(tmp_path / "out" / "playable.mp4", "video/mp4").audio_codec is None


@given(width=st.integers(1, 8192), height=st.integers(1, 8192))
def test_a_copy_fits_a_screen_and_is_not_enlarged(width, height):
    from msgspec.structs import replace

    across, down = size_of(replace(PLAIN, width=width, height=height))
    assert across % 2 == down % 2 == 0
    assert max(across, down) <= 1920
    assert min(across, down) <= 1080
    assert across <= width + 1
    assert down <= height + 1


@pytest.mark.parametrize(
    "change",
    [
        {"video_codec": "hevc"},
        {"pixels": "yuv422p10le"},
        {"interlaced": True},
        {"audio_codec": "pcm_s16le"},
    ],
)
def test_what_browsers_do_not_show(change):
    from msgspec.structs import replace

    assert shows(PLAIN, "video/mp4")
    assert not shows(replace(PLAIN, **change), "video/mp4")
    assert not shows(PLAIN, "video/quicktime")


# -- encoders ------------------------------------------------------------------------------------


def wrapped(folder, script, monkeypatch):
    """An ffmpeg that is ours: ``$real`` is the true one."""
    real = shutil.which("ffmpeg")
    program = folder / "bin" / "ffmpeg"
    program.parent.mkdir()
    program.write_text(f"#!/bin/bash\nreal={real}\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")


BOARD = """
for word; do [ "$word" = h264_v4l2m2m ] && word=libx264; [ "$word" = -num_capture_buffers ] && \
word=-refs; words+=("$word"); done
exec $real "${words[@]}"
"""
"""As on a board that has an encoder: another one does its work."""


@pytest.fixture
def board(tmp_path, monkeypatch):
    """The devices of a board that has an encoder."""
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / "video11").touch()
    monkeypatch.setattr(encoders, "DEVICES", tmp_path / "dev")


def test_an_encoder_that_is_only_listed_is_not_taken(anew, board):
    assert [one.name for one in encoders.encoders("h264")] == ["libx264"]


def test_the_boards_own_encoder_comes_first(anew, board, old, tmp_path, told, monkeypatch):
    wrapped(tmp_path, BOARD, monkeypatch)
    names = [one.name for one in encoders.encoders("h264")]
    assert names == ["h264_v4l2m2m", "libx264"]
    assert made(old, "video/x-msvideo", tmp_path / "out", told).encoder == "h264_v4l2m2m"


def test_where_the_boards_encoder_fails_ours_does_it(anew, board, old, tmp_path, told, monkeypatch):
    # It passes the trial, then breaks at the film.
    breaks = 'case "$*" in *testsrc2*) ;; *h264_v4l2m2m*) exit 1;; esac\n'
    wrapped(tmp_path, breaks + BOARD, monkeypatch)
    assert made(old, "video/x-msvideo", tmp_path / "out", told).encoder == "libx264"


def test_no_encoder_is_told(anew, old, tmp_path, told, monkeypatch):
    wrapped(tmp_path, 'case "$*" in *-encoders*) exit 0;; esac; exec $real "$@"', monkeypatch)
    with pytest.raises(Unavailable) as refused:
        made(old, "video/x-msvideo", tmp_path / "out", told)
    assert refused.value.code == "video_encoder_unavailable"


# -- what strangers send -------------------------------------------------------------------------

CODES = {
    "video_damaged",
    "video_without_picture",
    "video_codec_unsupported",
    "video_too_large",
}


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_broken_bytes_fail_alone(data, phone, old, tmp_path):
    file, media_type = data.draw(
        st.sampled_from([(phone, "video/mp4"), (old, "video/x-msvideo"), (old, "video/mp2t")])
    )
    content = bytearray(file.read_bytes())
    for _ in range(data.draw(st.integers(0, 40))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    broken = tmp_path / "broken"
    broken.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    for work in (read_video, make_playable):
        try:
            work(broken, media_type, Options(), tmp_path, lambda *_: None)
        except Error as error:
            assert error.code in CODES  # noqa: PT017 - most examples raise, some do not


@pytest.mark.parametrize(("rate", "copied"), [(60, 60), (120, 60), (24, 24)])
def test_a_film_has_no_more_than_60_pictures_a_second(tmp_path, told, rate, copied):
    film = films.mpeg4(tmp_path / "a.avi", rate=rate, seconds=1, sound=False)
    made(film, "video/x-msvideo", tmp_path / "out", told)
    said = films.streams(tmp_path / "out" / "playable.mp4")
    assert f"nb_frames={copied}\n" in said


def test_years_between_two_frames_are_not_filled(tmp_path, told):
    gap = ("-vf", "setpts=if(lt(N\\,10)\\,N\\,N+100000000)/15/TB", "-fps_mode", "passthrough")
    film = films.film(tmp_path / "a.mkv", "-c:v", "mjpeg", *gap, seconds=2, sound=False)
    assert probe(film, "video/x-matroska").seconds > 1_000_000
    try:
        made(film, "video/x-matroska", tmp_path / "out", told)
    except Invalid as error:
        assert error.code == "video_damaged"  # noqa: PT017 - either is well
    else:
        assert (tmp_path / "out" / "playable.mp4").stat().st_size < 1_000_000
