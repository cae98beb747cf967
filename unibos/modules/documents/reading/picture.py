"""A page's picture made ready for OCR: where the ink is, how tall the text, how it leans.

Everything is done with Pillow's C loops on 8-bit grey: ink is the difference from the page's own
background (so shadows, stains and print shining through count little); the box-filtered profile
of a narrow strip shows text lines as runs, whose usual length is the height of the text.
"""

import itertools
import statistics
from typing import NamedTuple

from PIL import Image, ImageChops, ImageFilter, ImageStat

_LEAST_SIDE = 16
_MANY_PIXELS = 4_000_000  # a larger page is looked at in half its width and height
_STRIPS = 24
_STRIP_INK = 12  # of 255: a row of a strip with more ink than this belongs to a text line
_SHORTEST_LINE = 6
_IDEAL_HEIGHT = 32  # pixels from the top of "T" to the foot of "p": what the models like
_TALLEST = 45
_SMALLEST = 10
_MARGIN = 16
_TEXT_INK = 0.2  # printed pages have 0.05 to 0.16 of their area inked
_SKEW_WIDTH = 400
_SKEW_LIMIT = 12.0
_SKEW_MATTERS = 0.5
_SKEW_GAIN = 1.5  # real skew makes rows at least twice as sharp when mended; noise 1.3 times


class Survey(NamedTuple):
    """What a look at the ink tells before any OCR.

    :param box: the inked part, with a margin.
    :param text_height: usual height of a text line in pixels.
    :param letters: about how many letters stand beside each other in the widest line.
    :param skew: degrees by which the picture must be turned clockwise to be level.
    :param uneven: whether the background varies: a photo, a shadow, print shining through.
    :param busy: whether there is more ink than any text has: a photo of something.
    """

    box: tuple[int, int, int, int]
    text_height: float
    letters: float
    skew: float
    uneven: bool
    busy: bool


class Prepared(NamedTuple):
    """A page ready for OCR, and the height of its text in pixels."""

    image: Image.Image
    text_height: float


def darkness(grey: Image.Image) -> Image.Image:
    """Ink on an even ground: 0 is the page's background around the pixel, 255 full black on white.

    The background is the brightest value near by, taken from a picture an eighth the size.
    """
    if min(grey.size) < 8:
        return ImageChops.invert(grey)
    ground = grey.reduce(8).filter(ImageFilter.MaxFilter(5)).filter(ImageFilter.BoxBlur(3))
    return ImageChops.subtract(ground.resize(grey.size, Image.Resampling.BILINEAR), grey)


def ink_marks(grey: Image.Image) -> Image.Image:
    """Ink as 255, everything else 0."""
    ink = darkness(grey)
    limit = threshold(ink.histogram())
    return ink.point([255 if value > limit else 0 for value in range(256)])


def survey(grey: Image.Image) -> Survey | None:
    """Look at a grey page; ``None`` when it is blank or too small for text."""
    if min(grey.size) < _LEAST_SIDE:
        return None
    times = 2 if grey.width * grey.height > _MANY_PIXELS else 1
    small = grey.reduce(times)
    marks = ink_marks(small)
    box = _inked(marks)
    if box is None:
        return None
    share = ImageStat.Stat(marks).mean[0] / 255
    marks = marks.crop(box)
    skew = lean(marks)
    if skew:
        marks = marks.rotate(-skew, Image.Resampling.NEAREST)
    height = line_height(marks)
    if not height:
        return None
    left, top, right, bottom = (times * edge for edge in box)
    return Survey(
        box=(left, top, min(right, grey.width), min(bottom, grey.height)),
        text_height=height * times,
        letters=_breadth(marks) / height,
        skew=skew,
        uneven=_uneven(small),
        busy=share > _TEXT_INK,
    )


def prepare(grey: Image.Image, seen: Survey) -> Prepared:
    """Crop to the ink, level, even out the ground; scale text that is far too small or large."""
    image = grey.crop(seen.box)
    if seen.uneven:
        image = ImageChops.invert(darkness(image))
    if seen.skew:
        image = image.rotate(-seen.skew, Image.Resampling.BICUBIC, expand=True, fillcolor=255)
    if _SMALLEST <= seen.text_height <= _TALLEST:
        return Prepared(image, seen.text_height)
    scale = _IDEAL_HEIGHT / seen.text_height if seen.text_height > _TALLEST else 2
    return Prepared(scaled(image, scale), seen.text_height * scale)


def scaled(image: Image.Image, scale: float) -> Image.Image:
    """The picture at so many times its width and height."""
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)


def threshold(histogram: list[int]) -> int:
    """Otsu's threshold: the value that parts a histogram into its two most distinct groups."""
    count = sum(histogram)
    total = sum(value * number for value, number in enumerate(histogram))
    best, best_value = -1.0, 0
    below = below_sum = 0
    for value, number in enumerate(histogram):
        below += number
        below_sum += value * number
        if below in (0, count):
            continue
        distance = below_sum / below - (total - below_sum) / (count - below)
        spread = distance * distance * below * (count - below)
        if spread > best:
            best, best_value = spread, value
    return best_value


def line_height(marks: Image.Image) -> float:
    """Usual height of text lines in a picture of ink (255) on nothing (0); 0 without lines.

    The ink is thickened by a pixel up and down first: that closes the gaps of dot-matrix print.
    """
    thick = marks
    for down in (1, -1):
        thick = ImageChops.lighter(thick, ImageChops.offset(marks, 0, down))
    profile = thick.resize((_STRIPS, marks.height), Image.Resampling.BOX).tobytes()
    runs = []
    for strip in range(_STRIPS):
        length = 0
        for value in profile[strip::_STRIPS] + b"\0":
            if value > _STRIP_INK:
                length += 1
            elif length:
                runs.append(length)
                length = 0
    return statistics.median([run - 2 for run in runs if run >= _SHORTEST_LINE] or [0])


def _breadth(marks: Image.Image) -> int:
    """Width of the part that holds nearly all ink: specks at the edges do not widen it."""
    step = 8
    size = (max(1, marks.width // step), 1)
    profile = marks.resize(size, Image.Resampling.BOX).tobytes()
    sums = list(itertools.accumulate(profile))
    left = sum(1 for ink in sums if ink < 0.01 * sums[-1])
    right = sum(1 for ink in sums if ink < 0.99 * sums[-1])
    return step * max(1, right - left)


def lean(marks: Image.Image) -> float:
    """Degrees by which the text leans: positive when it must be turned clockwise.

    The right angle is the one at which the rows' ink differs most from row to row; tried by
    shearing a small picture, first by whole degrees, then finer.
    """
    scale = min(1.0, _SKEW_WIDTH / marks.width)
    small = marks.resize(
        (max(8, round(marks.width * scale)), max(8, round(marks.height * scale))),
        Image.Resampling.BOX,
    )
    level = _sharpness(small, 0)
    best, angle = level, 0.0
    steps = [step for step in range(-int(_SKEW_LIMIT), int(_SKEW_LIMIT) + 1) if step]
    for candidate in steps:
        score = _sharpness(small, candidate)
        if score > best:
            best, angle = score, float(candidate)
    for offset in (-0.75, -0.5, -0.25, 0.25, 0.5, 0.75):
        score = _sharpness(small, round(angle) + offset)
        if score > best:
            best, angle = score, round(angle) + offset
    return angle if best > _SKEW_GAIN * level and abs(angle) >= _SKEW_MATTERS else 0.0


def _sharpness(marks: Image.Image, degrees: float) -> float:
    """How much the rows' ink changes from row to row after a shear by so many degrees."""
    slope = degrees * 0.0174533
    matrix = (1, 0, 0, -slope, 1, slope * marks.width / 2)
    sheared = marks.transform(marks.size, Image.Transform.AFFINE, matrix)
    profile = sheared.resize((1, marks.height), Image.Resampling.BOX)
    below = profile.transform(profile.size, Image.Transform.AFFINE, (1, 0, 0, 0, 1, 1))
    steps = ImageChops.difference(profile, below).histogram()
    return sum(step * step * number for step, number in enumerate(steps))


def _inked(marks: Image.Image) -> tuple[int, int, int, int] | None:
    """Box around the ink, specks left out, with a margin."""
    coarse = marks.reduce(4).filter(ImageFilter.MedianFilter(3))
    found = coarse.getbbox()
    if found is None:
        return None
    left, top, right, bottom = (4 * edge for edge in found)
    return (
        max(0, left - _MARGIN),
        max(0, top - _MARGIN),
        min(marks.width, right + _MARGIN),
        min(marks.height, bottom + _MARGIN),
    )


def _uneven(grey: Image.Image) -> bool:
    """Tell whether the background (the brightest value of each part) varies over the page."""
    part = max(1, min(grey.size) // 40)
    ground = grey.reduce(part).filter(ImageFilter.MaxFilter(3)).histogram()
    count = sum(ground)
    dark = sum(ground[:236])
    return dark > 0.2 * count
