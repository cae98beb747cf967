"""The largest video that a board takes in, where media.max_video_mb does not say."""

from unibos.base.board import Model

_SMALL_MB = 200
_LARGE_MB = 8192


def max_video_mb(model: Model) -> int:
    """In MiB; 0 for boards that take none.

    A Pi 4 takes what its card has room for and a picture of it can be made at once: 200 MiB, some
    minutes of a phone; of more than 50 MiB it leaves the copy for browsers to a larger worker. A
    Pi 5 or a PC takes hours of it. The smaller boards lack the memory to look at one frame beside
    the node (ffmpeg alone maps 300 MiB, a child gets 320), so they take none rather than keep what
    they cannot show.
    """
    if model in ("pi5", "pc"):
        return _LARGE_MB
    return _SMALL_MB if model == "pi4" else 0
