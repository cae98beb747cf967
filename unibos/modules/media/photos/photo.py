"""Reading a photo: what its file says, and the pictures made of it."""

from pathlib import Path

from unibos.core.jobs.kind import Report
from unibos.modules.media.jobs import Options
from unibos.modules.media.photos.exif import told
from unibos.modules.media.photos.likeness import likeness
from unibos.modules.media.photos.pictures import opened, save_pictures, upright
from unibos.modules.media.reading import Reading


def read_photo(
    source: Path, media_type: str, options: Options, workdir: Path, report: Report
) -> Reading:
    """Read a photo, and leave its thumbnail and its preview in ``workdir``.

    :raises TooLarge: ``media_too_large``: too many pixels, told before decoding.
    :raises Invalid: ``media_damaged``: cannot be decoded to its end.
    :raises Unsupported: ``media_type_unsupported``: there is no decoder for it on this machine.
    """
    report(None, "reading")
    with opened(source, media_type, options) as image:
        said = told(image)
        picture, width, height = upright(image, max(options.preview, options.thumbnail))
    report(0.5, "making pictures")
    thumbnail = save_pictures(picture, options, workdir)
    return Reading(width=width, height=height, likeness=likeness(thumbnail), **said)
