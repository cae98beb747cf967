"""What the child does with a video: read it, and make the copy that browsers can show."""

from pathlib import Path

from unibos.core.jobs.kind import Report
from unibos.modules.media.jobs import Options
from unibos.modules.media.photos.pictures import save_pictures
from unibos.modules.media.reading import Reading
from unibos.modules.media.videos.copy import Copy, shows, transcode
from unibos.modules.media.videos.poster import poster
from unibos.modules.media.videos.probe import probe
from unibos.modules.media.videos.said import told


def read_video(
    source: Path, media_type: str, options: Options, workdir: Path, report: Report
) -> Reading:
    """Read a video, and leave its thumbnail and its preview in ``workdir``.

    :raises Error: as :func:`probe` and :func:`poster`.
    """
    report(None, "reading")
    facts = probe(source, media_type)
    report(0.3, "choosing a picture")
    picture = poster(source, media_type, facts, max(options.preview, options.thumbnail))
    report(0.8, "making pictures")
    save_pictures(picture, options, workdir)
    return Reading(
        width=facts.width,
        height=facts.height,
        seconds=facts.seconds,
        video_codec=facts.video_codec,
        audio_codec=facts.audio_codec,
        frame_rate=facts.frame_rate,
        browser_ready=shows(facts, media_type),
        **told(facts.tags),
    )


def make_playable(
    source: Path, media_type: str, options: Options, workdir: Path, report: Report
) -> Copy | None:
    """Leave ``playable.mp4`` in ``workdir``; None where nothing is to be made.

    :raises Error: as :func:`probe` and :func:`transcode`.
    """
    facts = probe(source, media_type)
    if options.transcode == "off" or shows(facts, media_type):
        return None
    return transcode(source, media_type, facts, options.transcode, workdir, report)
