"""Videos that several tests look at, made once."""

import shutil

import pytest

from tests.modules.media.videos import films


@pytest.fixture(scope="session", autouse=True)
def _programs():
    if shutil.which("ffmpeg") is None or shutil.which("ffprobe") is None:
        pytest.skip("ffmpeg is not installed")


@pytest.fixture(scope="session")
def phone(tmp_path_factory):
    """What browsers show as it is, with all that phones write into it."""
    tags = {
        "creation_time": "2021-07-03T10:20:30Z",
        "com.apple.quicktime.creationdate": "2021-07-03T12:20:30+0200",
        "com.apple.quicktime.location.ISO6709": "+47.3769+008.5417+408.0/",
        "com.apple.quicktime.make": "Make",
        "com.apple.quicktime.model": "Model 1",
    }
    more = [part for name, value in tags.items() for part in ("-metadata", f"{name}={value}")]
    folder = tmp_path_factory.mktemp("phone")
    return films.h264(folder / "a.mp4", "-movflags", "use_metadata_tags+faststart", *more)


@pytest.fixture(scope="session")
def old(tmp_path_factory):
    """What no browser shows: MPEG-4 part 2 in AVI."""
    return films.mpeg4(tmp_path_factory.mktemp("old") / "a.avi")


@pytest.fixture
def told():
    """A report that keeps what it was told."""

    class Told(list):
        def __call__(self, value, phase=""):
            self.append((value, phase))

    return Told()
