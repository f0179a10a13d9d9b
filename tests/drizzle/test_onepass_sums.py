"""The arithmetic of one pass, and the order in which processes add to it."""

import time
from types import SimpleNamespace

import numpy as np
import pytest
from astropy.io import fits

from skydb.drizzle.tasks.onepass_courses import Course, courses
from skydb.drizzle.tasks.onepass_mosaics import shared
from skydb.drizzle.tasks.onepass_output import Writer, write_in_parts
from skydb.drizzle.tasks.onepass_processes import FORK, Processes, Turns, results_of
from skydb.drizzle.tasks.onepass_sums import Box, Drizzled, Sums

SHAPE = (150, 40)
OWN = [Course(0, 0.0)]


def chips(number=4, seed=1):
    """Drizzled chips with holes, edges and pixels that have a value but no weight."""
    rng = np.random.default_rng(seed)
    for _ in range(number):
        x0, y0 = rng.integers(0, 15), rng.integers(0, 40)
        box = Box(int(x0), int(x0) + 20, int(y0), int(y0) + 100)
        science = rng.normal(5.0, 1.0, box.shape).astype(np.float32)
        weight = rng.uniform(1.0, 700.0, box.shape).astype(np.float32)
        weight[rng.random(box.shape) < 0.2] = 0.0
        science[rng.random(box.shape) < 0.1] = np.nan
        weight[np.isnan(science)] = 0.0
        yield Drizzled(box, science, weight)


def copy(chip):
    return Drizzled(chip.box, chip.science.copy(), chip.weight.copy())


def kernel_mean(found, skies, empty=np.nan):
    """Run the kernel on them one after the other, pixel by pixel."""
    image, total = np.full(SHAPE, empty), np.zeros(SHAPE)
    for chip, sky in zip(found, skies, strict=True):
        for (row, column), weight in np.ndenumerate(chip.weight):
            value = chip.science[row, column] - sky
            at = (row + chip.box.y0, column + chip.box.x0)
            if np.isnan(value):
                continue
            if total[at] == 0:
                image[at] = value
            elif weight:
                image[at] = (image[at] * total[at] + value * weight) / (total[at] + weight)
            total[at] += weight
    return image, total


#: Of four methods: its own, one number, its own from zero, and that with one number more.
SKIES = [[0.5, 0.7, 0.2, 0.9], [4.0] * 4, [0.0, 0.0, 3.0, 0.125], [2.0, 2.0, 5.0, 2.125]]


@pytest.mark.parametrize("skies", [SKIES, SKIES[::-1], SKIES[1:2], [SKIES[3], SKIES[2]]])
@pytest.mark.parametrize("scales", [(1.0, 1.0, 1.0, 1.0), (1.0, 1.25, 1.0, 0.5)])
def test_a_mosaic_is_the_weighted_mean_less_the_skies(skies, scales):
    found = list(chips())
    sums = Sums(SHAPE, courses(skies))
    for number, (chip, scale) in enumerate(zip(found, scales, strict=True)):
        sums.add(copy(chip), [mosaic[number] for mosaic in skies], scale)
    for mosaic, each in enumerate(skies):
        image, weight = kernel_mean(found, np.multiply(each, scales))
        np.testing.assert_allclose(sums.science(mosaic, np.nan), image, rtol=3e-7, atol=1e-6)
        np.testing.assert_allclose(sums.weight(0), weight, rtol=3e-7)


@pytest.mark.parametrize("scales", [(1.0, 1.0, 1.0, 1.0), (1.0, 1.0, 2.0, 1.0)])
def test_skies_that_go_alike_need_one_sum(scales):
    """The first chip reaches no pixel without weight, whose sky is kept for each mosaic."""
    sums = Sums(SHAPE, courses(SKIES))
    for number, (chip, scale) in enumerate(zip(chips(), scales, strict=True)):
        chip.weight[:] = 1.0
        chip.science[:] = 5.0
        sums.add(chip, [mosaic[number] for mosaic in SKIES], scale)
    assert list(sums._has_sum) == [True, scales[2] != 1.0, True, scales[2] != 1.0]


def test_skies_go_alike_when_they_differ_by_one_number():
    assert courses(SKIES) == [Course(0, 0.0), Course(None, 4.0), Course(2, 0.0), Course(2, 2.0)]
    assert courses([[0.0, 0.0]]) == [Course(None, 0.0)]
    assert courses([[0.1, 0.2], [0.1, 0.2 + 1e-9]]) == [Course(0, 0.0), Course(1, 0.0)]
    near = [0.1 + 0.7, 0.2 + 0.7]
    assert courses([[0.1, 0.2], near]) == [Course(0, 0.0), Course(0, pytest.approx(0.7))]


def test_a_bad_pixel_stays_until_a_good_one_comes():
    box = Box(2, 3, 1, 2)
    sums = Sums((3, 4), OWN)
    for value, weight, expected in [(9.0, 0, 8.0), (7.0, 0, 6.0), (3.0, 2, 2.0), (50.0, 0, 2.0)]:
        drizzled = Drizzled(box, np.full((1, 1), value, "f4"), np.full((1, 1), weight, "f4"))
        sums.add(drizzled, [1.0])
        assert sums.science(0, np.nan)[1, 2] == expected
    assert np.isnan(sums.science(0, np.nan)).sum() == 11


def test_pixels_without_weight_have_the_values_that_are_asked_for():
    bad = Drizzled(Box(0, 1, 0, 1), np.full((1, 1), 9.0, "f4"), np.zeros((1, 1), "f4"))
    good = Drizzled(Box(1, 2, 0, 1), np.full((1, 1), 4.0, "f4"), np.ones((1, 1), "f4"))
    sums = Sums((1, 3), OWN)
    for chip in (bad, good):
        sums.add(chip, [0.0])
    np.testing.assert_array_equal(sums.science(0, empty=-1.0), [[9.0, 4.0, -1.0]])
    np.testing.assert_array_equal(sums.science(0, empty=-1.0, fill=5.0), [[5.0, 4.0, 5.0]])
    np.testing.assert_array_equal(sums.science(0, empty=-1.0, factor=2.0), [[18.0, 8.0, -2.0]])


def test_a_context_image_has_a_bit_for_every_chip_that_counts():
    sums = Sums((1, 2), OWN, planes=2)
    one = np.ones((1, 1), "f4")
    for plane, bit, x0 in [(0, 1, 0), (0, 4, 0), (1, 2, 1)]:
        context = np.full((1, 1), bit, np.int32)
        sums.add(Drizzled(Box(x0, x0 + 1, 0, 1), one.copy(), one.copy(), context, plane), [0.0])
    np.testing.assert_array_equal(sums.context, [[[5, 0]], [[0, 2]]])


@pytest.mark.parametrize("planes", [1, 2])
def test_writers_turn_no_bytes_of_the_context_image_that_they_share(planes):
    """Where the bytes were turned in place, two writers wrote other numbers both."""
    sums = Sums((70, 3), OWN, planes)
    sums.context[:] = 5
    writer = Writer(SimpleNamespace(planes=planes), sums, ["a"], [{}], None)
    parts = list(writer._parts("outContext", 0))
    assert len(parts) == 2 * planes
    assert all(part.dtype == np.dtype(">i4") and (part == 5).all() for part in parts)
    assert not any(np.shares_memory(part, sums.context) for part in parts)
    assert sums.context.dtype == np.int32 and (sums.context == 5).all()


@pytest.mark.parametrize("shape", [(1, 1), (70, 30), (2, 130, 9), (24, 30)])
def test_a_file_that_is_written_in_parts_is_the_one_that_astropy_writes(tmp_path, shape):
    image = np.arange(np.prod(shape), dtype=">f4").reshape(shape)
    table = fits.BinTableHDU.from_columns([fits.Column("a", "D", array=[1.0, 2.0])], name="HDRTAB")
    theirs, ours = tmp_path / "theirs.fits", tmp_path / "ours.fits"
    header = fits.Header([("FILENAME", "a"), ("HISTORY", "made")])
    fits.HDUList([fits.PrimaryHDU(image, header), table]).writeto(theirs)
    blank = np.broadcast_to(np.float32(0), shape)
    rows = image.reshape(-1, shape[-1])
    parts = (rows[first : first + 64] for first in range(0, len(rows), 64))
    write_in_parts(ours, [fits.PrimaryHDU(blank, header), table], parts)
    assert ours.read_bytes() == theirs.read_bytes()
    with pytest.raises(ValueError, match="bytes of pixels"):
        write_in_parts(ours, [fits.PrimaryHDU(blank, header), table], [image[..., :-1]])


@pytest.mark.parametrize("find", [lambda sums: sums.weight(0), lambda sums: sums.science(0, 0.0)])
def test_images_have_the_order_of_bytes_in_which_they_are_written(find):
    assert find(Sums((2, 3), OWN)).dtype == np.dtype(">f4")


class Racers:
    """Later numbers come first, and write down when it is their turn."""

    def __init__(self, number, failing=None):
        self.turns = Turns()
        self.failing = failing
        self.number = number
        self.seen = shared((number,), np.int32)
        self.place = FORK.Value("i", 0)

    def run(self, index):
        try:
            time.sleep(0.02 * (self.number - index))
            if index == self.failing:
                raise ValueError(f"number {index} fell")
        except ValueError:
            self.turns.give_up()
            raise
        with self.turns.turn(index):
            self.seen[index] = self.place.value
            self.place.value += 1


def test_exposures_are_added_in_their_order_whoever_is_first():
    racers = Racers(4)
    with Processes(racers, 4) as processes:
        results_of(processes.begin("run", 4))
    assert list(racers.seen) == [0, 1, 2, 3]


def test_one_that_fails_lets_nobody_wait_and_is_the_one_that_is_named():
    racers = Racers(4, failing=1)
    with Processes(racers, 4) as processes, pytest.raises(ValueError, match="number 1 fell"):
        results_of(processes.begin("run", 4))
