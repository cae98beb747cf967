from typing import get_args

from unibos.base.board import Model
from unibos.base.config import Media
from unibos.core.jobs.routing.board import queues_for
from unibos.modules.media.videos import max_video_mb
from unibos.roles.modules import _largest


def test_the_smaller_the_board_the_smaller_the_video():
    assert [max_video_mb(one) for one in ("zero", "zero2w", "pi3", "pi4", "pi5", "pc")] == [
        *(0, 0, 0),
        *(200, 8192, 8192),
    ]


def test_no_board_takes_videos_whose_jobs_it_leaves_alone():
    for model in get_args(Model):
        assert bool(max_video_mb(model)) == ("media" in queues_for(model, "all"))


def test_a_setting_overrules_the_board():
    assert _largest(Media(max_video_mb=3), "zero")["video"] == 3 * 1024**2
    assert _largest(Media(), "pi4")["video"] == 200 * 1024**2
