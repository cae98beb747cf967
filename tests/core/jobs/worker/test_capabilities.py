"""What a machine has, as made-up programs and devices tell it."""

import errno
import struct
import sys

import pytest

from unibos.core.jobs.worker import v4l2
from unibos.core.jobs.worker.capabilities import capabilities, say

LANGUAGES = 'List of available languages in "/usr/share/" (3):\ndeu\nosd\ntur\n'
TESSERACT = "tesseract 5.3.0\n leptonica-1.82.0\n"
FFMPEG = """\
ffmpeg version 5.1.9-0+deb12u1 Copyright (c) 2000-2026 the FFmpeg developers
Encoders:
 V..... = Video
 ------
 V....D libx264              libx264 H.264
 V....D libx264rgb           libx264 H.264 RGB
 V..... h264_v4l2m2m         V4L2 mem2mem H.264 encoder wrapper (codec h264)
 A..... aac                  AAC (Advanced Audio Coding)
"""


@pytest.fixture(autouse=True)
def probing(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")


def machine(**said):
    def ask(words):
        return said.get(f"{words[0]}{words[1]}".replace("-", "_"), "")

    return ask


WHOLE = {
    "tesseract__list_langs": LANGUAGES,
    "tesseract__version": TESSERACT,
    "ffmpeg_encoders": FFMPEG,
}


def test_programs_tell_what_they_can():
    found = capabilities(gpu=False, ask=machine(**WHOLE), devices=frozenset)
    assert found.names == (
        "ffmpeg",
        "ffmpeg:aac",
        "ffmpeg:libx264",
        "tesseract",
        "tesseract:deu",
        "tesseract:osd",
        "tesseract:tur",
    )
    assert found.versions == {"tesseract": "5.3.0", "ffmpeg": "5.1.9-0+deb12u1"}


def test_a_hardware_encoder_takes_a_device_and_the_program():
    encoder = {"ffmpeg:h264_v4l2m2m", "v4l2:h264"}
    there = lambda: frozenset({"h264"})  # noqa: E731
    found = capabilities(gpu=False, ask=machine(**WHOLE), devices=there)
    assert encoder <= set(found.names)
    plain = WHOLE | {"ffmpeg_encoders": FFMPEG.replace("h264_v4l2m2m", "h264_other")}
    found = capabilities(gpu=False, ask=machine(**plain), devices=there)
    assert not encoder & set(found.names)


def test_a_gpu_is_what_the_settings_say():
    assert capabilities(gpu=True, ask=machine(), devices=frozenset).names == ("gpu",)
    assert capabilities(gpu=False, ask=machine(), devices=frozenset).names == ()


def test_a_player_without_its_prober_is_none(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: None)
    found = capabilities(gpu=False, ask=machine(**WHOLE), devices=frozenset)
    assert "ffmpeg" not in found.names


def test_a_program_that_is_missing_or_fails_says_nothing(tmp_path):
    assert say((str(tmp_path / "none"), "--version")) == ""
    assert say((sys.executable, "-c", "print('x'); raise SystemExit(3)")) == ""
    assert say((sys.executable, "-c", "import sys; print('x', file=sys.stderr)")) == "x\n"


class Devices:
    """Devices below a folder, as ``ioctl`` tells of them."""

    def __init__(self, folder):
        self.folder = folder
        self.made = {}

    def add(self, name, can, formats, own=0):
        path = self.folder / name
        path.touch()
        self.made[path.stat().st_ino] = (can, own, formats)

    def ask(self, descriptor, request, told):
        import os

        can, own, formats = self.made[os.fstat(descriptor).st_ino]
        if request == v4l2._QUERYCAP:
            assert len(told) == 104
            struct.pack_into("=II", told, 84, can, own)
            return
        assert len(told) == 64
        index, queue = struct.unpack_from("=II", told)
        if index >= len(formats.get(queue, ())):
            raise OSError(errno.EINVAL, "no more")
        told[44:48] = formats[queue][index]


@pytest.mark.parametrize(
    ("can", "own", "queue", "found"),
    [
        (v4l2._M2M, 0, 1, {"h264"}),
        (v4l2._M2M_MPLANE, 0, 9, {"h264"}),
        (v4l2._DEVICE_CAPS_FLAG | v4l2._M2M, v4l2._M2M_MPLANE, 9, {"h264"}),
        (v4l2._DEVICE_CAPS_FLAG | v4l2._M2M, 0, 1, set()),
        (1, 0, 1, set()),
    ],
)
def test_an_encoder_is_a_device_that_gives_coded_video(tmp_path, can, own, queue, found):
    devices = Devices(tmp_path)
    devices.add("video0", 1, {1: [b"YUYV"]})
    devices.add("video10", can, {queue: [b"MJPG", b"H264"]}, own)
    assert v4l2.encoders(tmp_path, devices.ask) == found


def test_a_decoder_is_no_encoder(tmp_path):
    devices = Devices(tmp_path)
    devices.add("video10", v4l2._M2M_MPLANE, {9: [b"NV12"], 10: [b"H264"]})
    assert v4l2.encoders(tmp_path, devices.ask) == set()


def test_what_is_no_device_is_passed_over(tmp_path):
    (tmp_path / "video3").write_text("not a device")
    assert v4l2.encoders(tmp_path) == set()
    assert v4l2.encoders(tmp_path / "none") == set()
