"""Pictures made of originals: opened with care, upright, in sRGB, without what the file says.

Each original is decoded once, no finer than the largest picture needs: libjpeg scales while it
decodes. The smaller picture is made of the larger one.
"""

import contextlib
import io
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageCms

from unibos.base.errors import Error, Invalid, TooLarge, Unsupported
from unibos.modules.media.jobs import Options

FORMATS = {
    "image/jpeg": ("JPEG", "MPO"),
    "image/png": ("PNG",),
    "image/webp": ("WEBP",),
    "image/tiff": ("TIFF",),
    "image/gif": ("GIF",),
    "image/heic": ("HEIF",),
    "image/avif": ("AVIF",),
}
"""Media types, and what Pillow calls them; only the named decoder looks at the bytes."""

_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIDEWAYS = (5, 6, 7, 8)


class Upright(NamedTuple):
    """A picture to be looked at, and the size that its original has when it is looked at."""

    picture: Image.Image
    width: int
    height: int


@contextlib.contextmanager
def opened(source: Path, media_type: str, options: Options) -> Iterator[Image.Image]:
    """Open a photo; what a decoder makes of a broken one becomes a clear error.

    :raises TooLarge: ``media_too_large``.
    :raises Invalid: ``media_damaged``.
    :raises Unsupported: ``media_type_unsupported``: there is no decoder for it on this machine.
    """
    _load_decoder(media_type)
    # Our own limit holds, with a clear error.
    Image.MAX_IMAGE_PIXELS = None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(source, formats=FORMATS[media_type]) as image:
                _check_pixels(image, options)
                yield image
    except Error:
        raise
    except MemoryError as error:
        raise _too_large("needs more memory than there is") from error
    except Exception as error:
        raise Invalid(
            "media_damaged",
            f"The picture is damaged or incomplete: {str(error) or type(error).__name__}.",
            hint="Open the original on a computer; if it opens, save it anew and send that.",
        ) from error


def _check_pixels(image: Image.Image, options: Options) -> None:
    if image.width * image.height > options.max_pixels:
        what = f"has {image.width} × {image.height} pixels"
        raise _too_large(what, limit=options.max_pixels)


def _load_decoder(media_type: str) -> None:
    if media_type == "image/heic":
        try:
            import pillow_heif
        except ImportError as error:
            raise _no_decoder(media_type) from error
        pillow_heif.register_heif_opener()
    elif media_type == "image/avif":
        from PIL import features

        # Pillow before 11.3 knows nothing of it, not even the name.
        if "avif" not in features.get_supported_modules():
            raise _no_decoder(media_type)


def upright(image: Image.Image, side: int) -> Upright:
    """The picture for looking at: upright, sRGB, on white, no side longer than ``side``.

    :param image: fresh from :func:`opened`.
    """
    size = image.size
    if image.format in FORMATS["image/jpeg"]:
        scale = min(1, side / max(size))
        image.draft("RGB", (round(image.width * scale), round(image.height * scale)))
        image.load()
    else:
        # Pillow turns a TIFF by itself, and then it says another size.
        image.load()
        size = image.size
    turned = image.getexif().get(_ORIENTATION, 1)
    picture = _scaled(image, side)
    if turned in _TURNS:
        picture = picture.transpose(_TURNS[turned])
    # Whatever the original says of itself, its pictures do not.
    picture.info = {}
    return Upright(picture, *(reversed(size) if turned in _SIDEWAYS else size))


def fitted(picture: Image.Image, width: int, height: int) -> Image.Image:
    """A copy that fits into ``width`` × ``height``; the picture itself where it is small enough."""
    scale = min(width / picture.width, height / picture.height)
    if scale >= 1:
        return picture
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return picture.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)


def save_pictures(picture: Image.Image, options: Options, workdir: Path) -> Image.Image:
    """Write ``preview.jpg`` and ``thumbnail.webp`` of an upright RGB picture; the thumbnail."""
    save_preview(fitted(picture, options.preview, options.preview), workdir / "preview.jpg")
    thumbnail = fitted(picture, options.thumbnail, options.thumbnail)
    save_thumbnail(thumbnail, workdir / "thumbnail.webp")
    return thumbnail


def save_preview(picture: Image.Image, target: Path) -> None:
    """Write a JPEG for a screen."""
    picture.save(target, "JPEG", quality=82)


def save_thumbnail(picture: Image.Image, target: Path) -> None:
    """Write a small WebP."""
    picture.save(target, "WEBP", quality=75, method=2)


def _scaled(image: Image.Image, side: int) -> Image.Image:
    """Small first, then in the right colours: fewer pixels to compute."""
    profile = image.info.get("icc_profile")
    picture = fitted(_plain(image), side, side)
    if picture is image:
        picture = image.copy()
    if picture.mode in ("RGBA", "LA", "PA"):
        picture = _on_white(picture)
    picture = _in_srgb(picture, profile)
    # To convert would copy it, and memory that a child has not touched yet is dear.
    return picture if picture.mode == "RGB" else picture.convert("RGB")


def _plain(image: Image.Image) -> Image.Image:
    """A mode that can be made smaller without harm to its colours."""
    if image.mode.startswith(("I;16", "I", "F")):
        return image.point(lambda value: value * (1 / 256)).convert("L")
    if image.mode == "P" or "transparency" in image.info:
        return image.convert("RGBA")
    if image.mode in ("RGB", "RGBA", "L", "LA", "CMYK"):
        return image
    return image.convert("RGB")


def _on_white(picture: Image.Image) -> Image.Image:
    layered = picture.convert("RGBA")
    ground = Image.new("RGBA", layered.size, "white")
    ground.alpha_composite(layered)
    return ground.convert("RGB")


def _in_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """The picture's colours as a screen without colour management shows them."""
    if not profile:
        return picture
    try:
        given = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "sRGB" in (given.profile.profile_description or ""):
            return picture
        made = ImageCms.profileToProfile(
            picture, given, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
        # A broken profile, or one for another kind of picture, harms the colours only.
        return picture
    return made or picture


def _too_large(what: str, **facts: object) -> TooLarge:
    return TooLarge(
        "media_too_large",
        f"The picture {what}.",
        hint="Scale the picture down on a computer, and send that.",
        **facts,
    )


def _no_decoder(media_type: str) -> Unsupported:
    return Unsupported(
        "media_type_unsupported",
        f"This machine has nothing to read {media_type} with.",
        hint="Install pillow-heif (HEIC) or Pillow 11.3 (AVIF), or let a worker do it.",
    )
