"""Image files opened with care: limits before decoding, upright, grey for OCR, and thumbnails."""

import contextlib
import warnings
from collections.abc import Iterator
from pathlib import Path

from PIL import Image, ImageOps

from unibos.base.errors import Error, Invalid, TooLarge
from unibos.modules.documents.reading.media import no_decoder
from unibos.modules.documents.reading.result import Options

THUMBNAIL_SIDE = 480

_FORMATS = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/tiff": "TIFF",
    "image/webp": "WEBP",
    "image/heic": "HEIF",
}
_PLENTY = 24_000_000  # pixels; a photo with more is decoded at half its width and height
_GREYISH = ("1", "L", "LA", "I", "F", "I;16", "I;16B", "I;16L")


def pages(source: Path, media_type: str, options: Options) -> Iterator[Image.Image]:
    """Every page of an image file, upright by its EXIF orientation and in 8-bit grey.

    Only TIFF has several; the second picture in a camera's JPEG is no page.

    :raises TooLarge: ``document_too_large``: too many pixels or frames, told before decoding.
    :raises Invalid: ``document_damaged``: cannot be decoded to its end.
    """
    with opened(source, media_type, options) as image:
        yield _grey_frame(image, options)
        number = 1
        while media_type == "image/tiff" and _next_frame(image, number):
            number += 1
            if number > options.max_pages:
                raise TooLarge(
                    "document_too_large",
                    f"The document has more than {options.max_pages} pages.",
                    hint="Split the document, or raise the page limit of the documents module.",
                    limit=options.max_pages,
                )
            yield _grey_frame(image, options)


def page_count(source: Path, media_type: str, options: Options) -> int:
    """Number of pages, counted no further than one over the limit."""
    with opened(source, media_type, options) as image:
        number = 1
        while media_type == "image/tiff" and number <= options.max_pages:
            if not _next_frame(image, number):
                break
            number += 1
        return number


def thumbnail(source: Path, media_type: str, options: Options) -> Image.Image:
    """The first page in colour, upright, no side longer than 480 pixels."""
    with opened(source, media_type, options) as image:
        _check_pixels(image, options)
        image.draft("RGB", (THUMBNAIL_SIDE * 2, THUMBNAIL_SIDE * 2))
        return small(image)


def small(image: Image.Image) -> Image.Image:
    """An upright copy for looking at, on white, no side longer than 480 pixels."""
    if image.mode in _GREYISH:
        picture = grey(image)
    elif _clear(image):
        picture = _on_white(image)
    else:
        picture = image.convert("RGB")
    picture.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.BICUBIC)
    upright: Image.Image = ImageOps.exif_transpose(picture)
    return upright.convert("RGB")


def save_thumbnail(picture: Image.Image, workdir: Path) -> Path:
    """Write ``thumbnail.webp``."""
    target = workdir / "thumbnail.webp"
    picture.save(target, "WEBP", quality=75, method=4)
    return target


def grey(image: Image.Image) -> Image.Image:
    """8-bit grey; transparent parts become white, 16-bit pictures keep their contrast."""
    if image.mode == "L":
        return image
    if image.mode.startswith("I;16") or image.mode == "I":
        return image.point(lambda value: value * (1 / 256)).convert("L")
    if _clear(image):
        return _on_white(image).convert("L")
    return image.convert("L")


@contextlib.contextmanager
def opened(source: Path, media_type: str, options: Options) -> Iterator[Image.Image]:
    """Open an image file; what a decoder makes of a broken one becomes a clear error.

    :raises Unsupported: ``media_type_unsupported``: there is no decoder for it on this machine.
    """
    if media_type == "image/heic":
        try:
            import pillow_heif
        except ImportError as error:
            raise no_decoder(media_type) from error
        pillow_heif.register_heif_opener()
    # Our own limit is checked for every frame, with a clear error.
    Image.MAX_IMAGE_PIXELS = None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(source, formats=[_FORMATS[media_type]]) as image:
                _check_pixels(image, options)
                yield image
    except Error:
        raise
    except MemoryError as error:
        raise _too_large("needs more memory than there is") from error
    except Exception as error:
        raise Invalid(
            "document_damaged",
            f"The picture is damaged or incomplete: {str(error) or type(error).__name__}.",
            hint="Open the original on a computer; if it opens, save it anew and send that.",
        ) from error


def _grey_frame(image: Image.Image, options: Options) -> Image.Image:
    _check_pixels(image, options)
    if image.format == "JPEG" and image.mode in ("L", "RGB", "YCbCr"):
        half = image.width * image.height > _PLENTY
        image.draft("L", (image.width // 2, image.height // 2) if half else image.size)
    image.load()
    upright: Image.Image = ImageOps.exif_transpose(grey(image))
    while upright.width * upright.height > _PLENTY:
        upright = upright.reduce(2)
    return upright


def _next_frame(image: Image.Image, number: int) -> bool:
    try:
        image.seek(number)
    except EOFError:
        return False
    return True


def _check_pixels(image: Image.Image, options: Options) -> None:
    if image.width * image.height > options.max_pixels:
        raise _too_large(f"has {image.width} × {image.height} pixels", limit=options.max_pixels)


def _too_large(what: str, **facts: object) -> TooLarge:
    return TooLarge(
        "document_too_large",
        f"The picture {what}.",
        hint="Scan at 300 dpi, or scale the picture down.",
        **facts,
    )


def _clear(image: Image.Image) -> bool:
    """Tell whether parts of the picture may be transparent."""
    return "A" in image.mode or "transparency" in image.info


def _on_white(image: Image.Image) -> Image.Image:
    layered = image.convert("RGBA")
    ground = Image.new("RGBA", layered.size, "white")
    ground.alpha_composite(layered)
    return ground.convert("RGB")
