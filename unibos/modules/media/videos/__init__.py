"""Videos: told by their bytes, read through ffmpeg, made into what browsers show.

Nothing is loaded before a video is worked on.
"""

from unibos.modules.media.videos.formats import sniff
from unibos.modules.media.videos.jobs import kinds
from unibos.modules.media.videos.limits import max_video_mb

__all__ = ["kinds", "max_video_mb", "sniff"]
