import pytest

from tests.modules.media.videos import films
from unibos.modules.media.files import HEAD, sniff
from unibos.modules.media.videos.formats import DEMUXERS

_H264 = ("-c:v", "libx264", "-preset", "ultrafast")
MADE = {
    "a.mp4": ("video/mp4", _H264),
    "a.mov": ("video/quicktime", _H264),
    "a.3gp": ("video/3gpp", (*_H264, "-an")),
    "a.mkv": ("video/x-matroska", _H264),
    "a.webm": ("video/webm", ("-c:v", "libvpx", "-deadline", "realtime", "-an")),
    "a.avi": ("video/x-msvideo", ("-c:v", "mpeg4")),
    "a.ts": ("video/mp2t", _H264),
    "a.m2ts": ("video/mp2t", _H264),
    "a.mpg": ("video/mpeg", ("-c:v", "mpeg1video", "-r", "25")),
    "a.ogv": ("video/ogg", ("-c:v", "libtheora", "-an")),
    "a.wmv": ("video/x-ms-wmv", ("-c:v", "wmv2")),
}


@pytest.mark.parametrize("name", MADE)
def test_a_video_is_told_by_its_bytes_and_read(name, tmp_path):
    from unibos.modules.media.videos.probe import probe

    media_type, encoding = MADE[name]
    file = films.film(tmp_path / name, *encoding, seconds=1)
    assert sniff(file.read_bytes()[:HEAD]) == ("video", media_type)
    facts = probe(file, media_type)
    assert (facts.width, facts.height) == (320, 180)


def test_what_is_no_video_is_none():
    lines = (b"", b"#EXTM3U\n/etc/passwd\n", b"ffconcat version 1.0\n", b"<xml/>", b"G" * 100)
    assert [sniff(line) for line in lines] == [None] * len(lines)
    assert all(name.islower() for name in DEMUXERS)
