"""Text detection and the blanking policy, on drawn screens and on real ones."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from studies.imaging.cine import inspect_file, iter_frames
from studies.imaging.deidentify import (
    margins,
    merge_boxes,
    picture_box,
    suggest_blank_regions,
    text_left_inside,
)
from studies.imaging.text_regions import find_text
from tests.studies.imaging.builders import SHARED, calibrated, native, region

HEIGHT, WIDTH = 300, 400
PICTURE = (60, 40, 360, 280)


def screen(*labels, seed=0):
    """A black screen with smooth speckle in the picture box and ``(x, y, text)`` labels."""
    rng = np.random.default_rng(seed)
    x1, y1, x2, y2 = PICTURE
    pixels = np.zeros((HEIGHT, WIDTH), np.uint8)
    coarse = rng.rayleigh(30, ((y2 - y1) // 4, (x2 - x1) // 6)).clip(0, 255).astype(np.uint8)
    pixels[y1:y2, x1:x2] = np.asarray(Image.fromarray(coarse).resize((x2 - x1, y2 - y1), Image.BICUBIC))
    image = Image.fromarray(pixels)
    for x, y, text in labels:
        ImageDraw.Draw(image).text((x, y), text, fill=255, font=ImageFont.load_default(14))
    return np.asarray(image)


def covered(box, boxes):
    return any(b[0] <= box[0] and b[1] <= box[1] and b[2] >= box[2] and b[3] >= box[3] for b in boxes)


def info_of(tmp_path, pixels, *, regions=True, **elements):
    box = region(PICTURE[0], PICTURE[1], PICTURE[2] - 1, PICTURE[3] - 1)
    if regions:
        elements |= calibrated(box)
    return inspect_file(native(tmp_path / "a", pixels[None], **elements))


class TestText:
    @pytest.mark.parametrize("text", ["DOE, JOHN", "MRN 00079241", "08/29/1951", "General Hospital"])
    def test_words_are_found_where_they_are(self, text):
        (box,) = merge_boxes(find_text(screen((10, 8, text))))
        left, top, right, bottom = ImageFont.load_default(14).getbbox(text)
        assert covered((10 + left, 8 + top, 10 + right, 8 + bottom), [box])
        assert box[2] < 10 + right + 12
        assert box[3] < 8 + bottom + 12

    def test_dark_letters_on_a_light_bar(self):
        pixels = screen().copy()
        pixels[:30] = 200
        image = Image.fromarray(pixels)
        ImageDraw.Draw(image).text((10, 8), "DOE, JOHN", fill=0, font=ImageFont.load_default(14))
        assert find_text(np.asarray(image))

    @pytest.mark.parametrize("seed", range(8))
    def test_speckle_is_no_text(self, seed):
        assert find_text(screen(seed=seed)) == ()

    @pytest.mark.parametrize("value", [0, 90, 255])
    def test_flat_pictures_hold_no_text(self, value):
        assert find_text(np.full((50, 60), value, np.uint8)) == ()

    def test_minimum_letters(self):
        pixels = screen((10, 8, "28Hz"))
        assert find_text(pixels)
        assert find_text(pixels, 5) == ()


class TestPolicy:
    def test_margin_with_text_is_blanked_whole(self, tmp_path):
        pixels = screen((10, 8, "DOE, JOHN"))
        assert suggest_blank_regions(info_of(tmp_path, pixels), pixels) == ((0, 0, WIDTH, 40),)

    def test_clean_margins_are_left_alone(self, tmp_path):
        assert suggest_blank_regions(info_of(tmp_path, screen()), screen()) == ()

    def test_announced_annotation_blanks_every_margin(self, tmp_path):
        info = info_of(tmp_path, screen(), BurnedInAnnotation="YES")
        assert suggest_blank_regions(info, screen()) == margins(PICTURE, HEIGHT, WIDTH)
        assert len(margins(PICTURE, HEIGHT, WIDTH)) == 4

    def test_denied_annotation_with_text_in_a_margin_is_not_believed(self, tmp_path):
        pixels = screen((10, 8, "DOE, JOHN"))
        assert suggest_blank_regions(info_of(tmp_path, pixels, BurnedInAnnotation="NO"), pixels)

    def test_text_inside_the_picture_is_reported_not_blanked(self, tmp_path):
        pixels = screen((120, 100, "LEFT 3 OCLOCK"))
        pixels = pixels.copy()
        pixels[95:120, 110:260] = np.where(pixels[95:120, 110:260] == 255, 255, 0)
        info = info_of(tmp_path, pixels)
        assert suggest_blank_regions(info, pixels) == ()
        assert text_left_inside(info, pixels, ())

    def test_without_regions_the_lines_are_blanked(self, tmp_path):
        pixels = screen((10, 8, "DOE, JOHN"), (300, 8, "08/29/1951"))
        boxes = suggest_blank_regions(info_of(tmp_path, pixels, regions=False), pixels)
        assert len(boxes) == 2
        assert all(b[3] < 40 for b in boxes)
        assert text_left_inside(info_of(tmp_path, pixels, regions=False), pixels, boxes) == ()

    def test_without_regions_short_marks_stay(self, tmp_path):
        pixels = screen((10, 8, "28Hz"))
        assert suggest_blank_regions(info_of(tmp_path, pixels, regions=False), pixels) == ()

    def test_without_regions_announced_but_not_found_takes_the_top(self, tmp_path):
        info = info_of(tmp_path, screen(), regions=False, BurnedInAnnotation="YES")
        assert suggest_blank_regions(info, screen()) == ((0, 0, WIDTH, HEIGHT // 10),)

    def test_without_regions_denied_is_believed(self, tmp_path):
        pixels = screen((10, 8, "DOE, JOHN"))
        info = info_of(tmp_path, pixels, regions=False, BurnedInAnnotation="NO")
        assert suggest_blank_regions(info, pixels) == ()

    def test_regions_outside_the_image_are_not_trusted(self, tmp_path):
        info = info_of(tmp_path, screen(), regions=False, **calibrated(region(60, 40, 900, 700)))
        assert picture_box(info) is None

    def test_colour_frames_are_looked_at_in_grey(self, tmp_path):
        pixels = screen((10, 8, "DOE, JOHN"))
        info = info_of(tmp_path, pixels)
        rgb = np.repeat(pixels[..., None], 3, axis=2)
        assert suggest_blank_regions(info, rgb) == suggest_blank_regions(info, pixels)


def test_merging():
    assert merge_boxes([]) == ()
    assert merge_boxes([(0, 0, 10, 10), (15, 0, 30, 10), (100, 100, 110, 110)]) == (
        (0, 0, 30, 10),
        (100, 100, 110, 110),
    )
    assert merge_boxes([(0, 0, 10, 10), (40, 0, 50, 10), (8, 2, 42, 8)]) == ((0, 0, 50, 10),)


@pytest.mark.real_data
@pytest.mark.parametrize(("name", "must_cover"), [
    ("pydicom__GREYSCALE_IMAGE.dcm", [(8, 4, 690, 22), (820, 4, 1012, 22)]),  # name, number, birth date; date
    ("nroduit__ybrFull-RLE.dcm", [(8, 0, 170, 30), (560, 0, 639, 14)]),  # DOE, JOHN and hospital; date
    ("pydicom__gdcm-US-ALOKA-16.dcm", [(60, 0, 639, 24)]),  # hospital and date
    ("pydicom__examples_jpeg2k.dcm", [(25, 25, 165, 100)]),  # hospital and numbers
    ("wearemothership__US-PAL-8-10x-echo.dcm", [(2, 25, 90, 45)]),  # date of the examination
])  # fmt: skip
def test_names_and_dates_of_test_patients_are_covered(name, must_cover):
    path = SHARED / "dicom_us" / name
    if not path.is_file():
        pytest.skip("the real files of dicom_us are not here")
    boxes = suggest_blank_regions(inspect_file(path), next(iter_frames(path)))
    assert all(covered(box, boxes) for box in must_cover)


@pytest.mark.real_data
def test_real_breast_pictures_are_not_taken_for_text():
    folder = SHARED / "breast_us" / "images"
    if not folder.is_dir():
        pytest.skip("the real pictures of breast_us are not here")
    paths = sorted(folder.glob("*.png"))[::24]
    found = [p.name for p in paths if find_text(np.asarray(Image.open(p).convert("L")))]
    assert len(paths) > 25
    assert len(found) <= 2  # a few carry drawn marks, which are text
