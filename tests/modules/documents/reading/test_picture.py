"""Looking at a page before OCR: made-up pages of bars in place of letters."""

import pytest
from PIL import Image, ImageDraw, ImageFilter

from unibos.modules.documents.reading import barcodes, gaps, picture
from unibos.modules.documents.reading.words import Word


def page(*, lines=20, height=24, width=600, ground=255):
    """A page of lines of small bars, each as high as a letter."""
    sheet = Image.new("L", (width + 100, lines * height * 2 + 100), ground)
    draw = ImageDraw.Draw(sheet)
    for line in range(lines):
        top = 50 + line * height * 2
        for left in range(50, width + 50 - (line % 3) * 90, height // 2):
            draw.rectangle((left, top, left + height // 4, top + height - 1), fill=0)
    return sheet


@pytest.mark.parametrize("height", [12, 24, 48])
def test_the_height_of_text_is_measured(height):
    assert picture.survey(page(height=height)).text_height == pytest.approx(height, abs=2)


def test_dot_matrix_print_has_whole_lines():
    sheet = page(height=24)
    draw = ImageDraw.Draw(sheet)
    for top in range(0, sheet.height, 4):
        draw.line((0, top, sheet.width, top), fill=255)
    assert picture.survey(sheet).text_height == pytest.approx(24, abs=3)


@pytest.mark.parametrize("angle", [-7, -2, 2, 5])
def test_a_leaning_page_is_levelled(angle):
    sheet = page().rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor=255)
    seen = picture.survey(sheet)
    assert seen.skew == pytest.approx(angle, abs=0.5)
    assert abs(picture.survey(picture.prepare(sheet, seen).image).skew) <= 0.5


def test_a_level_page_is_left_alone():
    assert picture.survey(page()).skew == 0


@pytest.mark.parametrize("size", [(1, 1), (5, 300), (300, 300)])
def test_blank_pages_have_nothing(size):
    assert picture.survey(Image.new("L", size, 255)) is None
    assert picture.survey(Image.new("L", size, 30)) is None


def test_a_speck_far_away_does_not_widen_the_text():
    sheet = Image.new("L", (3000, 1200), 255)
    sheet.paste(page(), (0, 0))
    ImageDraw.Draw(sheet).rectangle((2900, 1000, 2916, 1016), fill=0)
    assert picture.survey(sheet).letters == pytest.approx(picture.survey(page()).letters, rel=0.1)


def test_shadows_are_evened_out():
    shade = Image.linear_gradient("L").resize((700, 1060)).point(lambda value: 120 + value // 2)
    sheet = Image.composite(shade, Image.new("L", shade.size, 10), page())
    seen = picture.survey(sheet)
    assert seen.uneven
    assert seen.text_height == pytest.approx(24, abs=2)
    even = picture.prepare(sheet, seen).image
    assert min(even.resize((4, 4), Image.Resampling.BOX, box=(0, 0, 10, 10)).tobytes()) > 230


def test_a_landscape_is_busy_and_a_page_is_not():
    noise = Image.effect_noise((400, 300), 90).filter(ImageFilter.GaussianBlur(2))
    landscape = noise.point(lambda value: max(0, min(255, (value - 128) * 8 + 128)))
    assert picture.survey(landscape).busy
    assert not picture.survey(page()).busy


def test_far_too_large_text_is_made_smaller_and_tiny_text_larger():
    large, tiny = page(height=96, width=1200), page(height=8)
    seen = picture.survey(large)
    ready = picture.prepare(large, seen)
    assert ready.image.height < 0.5 * large.height
    assert ready.text_height == pytest.approx(32)
    seen = picture.survey(tiny)
    ready = picture.prepare(tiny, seen)
    assert ready.image.height == 2 * (seen.box[3] - seen.box[1])
    assert ready.text_height == 2 * seen.text_height


def test_barcodes_are_wiped_and_text_stays():
    sheet = Image.new("L", (700, 700), 255)
    draw = ImageDraw.Draw(sheet)
    for left in range(100, 600, 12):
        draw.rectangle((left, 300, left + 4, 450), fill=0)
    for left in range(100, 600, 12):
        draw.rectangle((left, 500, left + 4, 524), fill=0)
    wiped = barcodes.without_barcodes(picture.Prepared(sheet, 24)).image
    assert wiped.crop((90, 310, 610, 440)).getextrema() == (255, 255)
    assert wiped.crop((90, 500, 610, 524)).getextrema()[0] == 0
    assert barcodes.find_barcodes(picture.ink_marks(page()), 24) == []


def test_a_large_line_without_words_is_found():
    sheet = Image.new("L", (600, 400), 255)
    draw = ImageDraw.Draw(sheet)
    for left in range(50, 550, 12):
        draw.rectangle((left, 50, left + 5, 70), fill=0)
        draw.rectangle((left, 150, left + 5, 200), fill=0)
        draw.rectangle((left, 300, left + 5, 320), fill=0)
    read = [Word("x", 50, 50, 500, 20), Word("y", 50, 300, 500, 20)]
    [(top, bottom)] = gaps.unread_bands(picture.Prepared(sheet, 20), read)
    assert abs(top - 150) <= 8
    assert abs(bottom - 200) <= 8
    alone = gaps.only_bands(sheet, [(top, bottom)])
    assert alone.crop((0, 0, 600, 130)).getextrema() == (255, 255)
    assert alone.crop((0, 150, 600, 200)).getextrema()[0] == 0
