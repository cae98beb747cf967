"""What a hub keeps of its nodes' jobs."""

from functools import partial

from unibos.base.config import Config
from unibos.core.identity.registry.workers import Workers
from unibos.core.jobs.handing.keeping import Keeping
from unibos.core.jobs.jobs import Jobs
from unibos.core.module.endpoint import MIB
from unibos.core.store.store import Store
from unibos.roles.takers import takers

_VIDEO_MB = 4096


def largest_input(config: Config) -> int:
    """The most bytes that a hub takes in for one job: the largest file of any module."""
    media = config.media
    sizes = config.documents.max_mb, media.max_photo_mb, media.max_video_mb or _VIDEO_MB
    return max(sizes) * MIB


def kept_by_hub(config: Config, store: Store, jobs: Jobs, workers: Workers) -> Keeping:
    """What nodes hand over, for the hub's workers and for itself where it is one."""
    return Keeping(store, jobs, partial(takers, config, jobs, workers), largest_input(config))
