"""The faster square kernel shares areas as geometry has them, and adds as drizzlepac does."""

import builtins
import itertools
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from skydb.drizzle.tasks.onepass_square import ChipRefusedError, Scales, SquareKernel
from skydb.simulate.field import simulate_field
from skydb.simulate.plan import FieldPlan, SimDetector
from tests.drizzle.square_chips import REFUSED, WISHES

AREAS = "skydb.drizzle.tasks.onepass_areas"
#: What double precision keeps of the difference of areas.
LEAST = 1e-13
#: Detectors and how many chips an exposure of each has.
CHIPS = {SimDetector.IR: 1, SimDetector.UVIS: 2}
KINDS = ("science", "weight", "context")
#: The wish with a context image.
CONTEXT = "smaller drops"
AS_THEY_ARE = (np.float32(1), np.float32(1))


@pytest.fixture(scope="module")
def square():
    found = SquareKernel.compiled()
    assert found is not None
    return found


SKIES = (0.75, -2.0)


def spread(square, corners, value=3.0, weight=2.0, size=6, skies=(0.0,)):
    """Means, weight and bits of one pixel whose corners (4, 2) are given."""
    lower_left, lower_right, upper_right, upper_left = np.asarray(corners, dtype=float)
    rows = [[lower_left, lower_right], [upper_left, upper_right]]
    science = np.full((size, size, len(skies)), np.nan, "f4")
    weights, bits = np.zeros((size, size), "f4"), np.zeros((size, size), "i4")
    one = [np.full((1, 1), number, "f4") for number in (value, weight)]
    places = np.ascontiguousarray(np.moveaxis(np.array(rows), 2, 0))
    own = *one, skies, AS_THEY_ARE, places, 1, 5
    done = square.add_rows(*own, science, weights, bits, np.int32(4))
    return done, science[..., 0], weights, bits


def overlaps(corners, size=6):
    """Share of the quadrilateral that lies in each pixel of the mosaic."""
    found = np.zeros((size, size))
    for y, x in itertools.product(range(size), repeat=2):
        part = [tuple(corner) for corner in corners]
        for axis, sign, middle in [(0, 1, x), (0, -1, x), (1, 1, y), (1, -1, y)]:
            part = side_of(part, axis, sign, middle + 0.5 * sign)
        found[y, x] = area_of(part)
    return found / area_of(corners)


def side_of(polygon, axis, sign, limit):
    """Clip a convex polygon by an upright or level line."""
    kept = []
    for one, other in zip(polygon, [*polygon[1:], *polygon[:1]], strict=True):
        inside = [sign * (point[axis] - limit) <= 0 for point in (one, other)]
        if inside[0]:
            kept.append(one)
        if inside[0] != inside[1]:
            share = (limit - one[axis]) / (other[axis] - one[axis])
            kept.append(tuple(a + share * (b - a) for a, b in zip(one, other, strict=True)))
    return kept


def area_of(polygon):
    x, y = np.array(polygon).reshape(-1, 2).T
    return abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2


@st.composite
def quadrilaterals(draw):
    """A turned, skewed, mirrored square that reaches at most three pixels, and may be upright."""
    quarter = st.sampled_from([0.0, 90.0, 45.0, 180.0])
    # Nearly upright: the slope of an edge says little.
    nearly = st.builds(lambda turn, off: turn + off, quarter, st.floats(-1e-4, 1e-4))
    turn = draw(st.one_of(quarter, nearly, st.floats(0, 360)))
    size = draw(st.floats(0.2, 1.25))
    skew = draw(st.one_of(st.just(0.0), st.floats(-0.15, 0.15)))
    mirror = draw(st.sampled_from([-1.0, 1.0]))
    middle = [draw(st.one_of(st.sampled_from([2.0, 2.5]), st.floats(1.5, 3.5))) for _ in "xy"]
    angle = np.radians(turn)
    matrix = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    square = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * size / 2
    return (square @ np.array([[mirror, skew], [0, 1]]) @ matrix.T) + middle


# Edges that are upright but for some 1e-7, and cross the border of a column.
@example(np.array([[1.5, 1.5], [2.5 - 4e-7, 1.5], [2.5 + 3e-7, 2.5], [1.5, 2.5]]))
@example(np.array([[1.5 + 2e-9, 1.5], [2.5, 1.5], [2.5, 2.5], [1.5 - 1e-9, 2.5]]))
@given(quadrilaterals())
def test_a_pixel_is_spread_by_the_areas_that_it_shares(square, corners):
    done, science, weights, bits = spread(square, corners)
    assert done
    truth = overlaps(corners)
    np.testing.assert_allclose(weights, 2.0 * truth, rtol=2e-7, atol=LEAST)
    clear = truth > LEAST
    np.testing.assert_array_equal(science[clear], 3.0)
    np.testing.assert_array_equal(bits[clear], 4)


def test_what_lies_outside_of_the_mosaic_is_left_out(square):
    corners = np.array([[-0.9, -0.8], [0.1, -0.8], [0.1, 0.2], [-0.9, 0.2]])
    done, science, weights, _ = spread(square, corners)
    assert done
    assert weights[0, 0] == pytest.approx(2 * 0.6 * 0.7)
    assert np.isfinite(science).sum() == 1


@given(st.data())
def test_a_chip_is_added_to_several_mosaics_as_to_each_alone(square, data):
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    skies = data.draw(st.permutations(SKIES))
    shape = rows, columns = 5, 70  # more columns than are done at a time
    y, x = np.mgrid[0 : rows + 1, 0 : columns + 1] * 0.97 + rng.uniform(-0.1, 0.1, (2, 6, 71))
    pixels = [rng.normal(2, 3, shape).astype("f4") for _ in range(3)]
    weights = [(rng.random(shape) * (rng.random(shape) > 0.2)).astype("f4") for _ in range(3)]
    factors = np.float32(0.3), np.float32(1.7)

    def added(some):
        science = np.full((8, 74, len(some)), np.nan, "f4")
        weight, bits = np.zeros((8, 74), "f4"), np.zeros((8, 74), "i4")
        for bit, own in enumerate(zip(pixels, weights, strict=True)):
            places = np.stack([x + bit * 0.4, y]), 1, 5
            assert square.add_rows(
                *own, some, factors, *places, science, weight, bits, np.int32(1 << bit)
            )
        return science, weight, bits

    together = added(tuple(skies))
    for mosaic, sky in enumerate(skies):
        science, weight, bits = added((sky,))
        np.testing.assert_array_equal(together[0][..., mosaic], science[..., 0])
        np.testing.assert_array_equal(together[1], weight)
        np.testing.assert_array_equal(together[2], bits)


@pytest.mark.parametrize("far", [2.6, 30.0, np.nan, np.inf])
def test_a_pixel_that_reaches_too_far_is_refused(square, far):
    done, *_ = spread(square, [[1.0, 1.0], [far + 1, 1.0], [far + 1, 2.0], [1.0, 2.0]])
    assert not done


def test_pixels_without_weight_give_a_value_until_one_with_weight_comes(square):
    corners = [[1.5, 1.5], [2.5, 1.5], [2.5, 2.5], [1.5, 2.5]]
    _, science, weights, bits = spread(square, corners, weight=0.0)
    assert science[2, 2] == 3.0 and weights[2, 2] == 0 and bits[2, 2] == 0


@pytest.fixture(scope="module")
def chips(tmp_path_factory):
    """Chips of small exposures by both kernels, by the names that the script gives them."""
    directory = tmp_path_factory.mktemp("chips")
    paths = []
    for detector in CHIPS:
        plan = FieldPlan(detector, tiles=(1, 1), dithers=1, size=130, seed=8, products=False)
        truth = simulate_field(directory / detector.value, plan)
        paths.append(directory / detector.value / truth.exposures[0].path)
    out = directory / "chips.npz"
    command = [sys.executable, "-m", "tests.drizzle.square_chips", str(out), *map(str, paths)]
    subprocess.run(command, check=True, cwd=Path(__file__).parents[2])
    with np.load(out) as arrays:
        return {
            detector: by_name(arrays, path) for detector, path in zip(CHIPS, paths, strict=True)
        }


def by_name(arrays, path):
    start = f"{path.parent.name}/"
    return {name.removeprefix(start): arrays[name] for name in arrays if name.startswith(start)}


@pytest.mark.slow
@pytest.mark.parametrize("wish", WISHES)
@pytest.mark.parametrize("detector", CHIPS)
def test_chips_are_those_of_drizzlepacs_kernel(chips, detector, wish):
    found = chips[detector]
    for chip in range(CHIPS[detector]):
        theirs, ours = (
            {kind: found.get(f"{wish}/{chip}/{who}/{kind}") for kind in KINDS}
            for who in ("theirs", "ours")
        )
        np.testing.assert_array_equal(np.isnan(ours["science"]), np.isnan(theirs["science"]))
        np.testing.assert_allclose(ours["science"], theirs["science"], rtol=3e-7, atol=1e-7)
        np.testing.assert_allclose(ours["weight"], theirs["weight"], rtol=3e-7, atol=1e-9)
        assert (ours["context"] is None) == (theirs["context"] is None) == (wish != CONTEXT)
        np.testing.assert_array_equal(ours["context"], theirs["context"])


@pytest.mark.slow
@pytest.mark.parametrize("wish", WISHES)
@pytest.mark.parametrize("detector", CHIPS)
def test_corners_are_those_that_drizzlepac_maps_to_the_last_bit(chips, detector, wish):
    for chip in range(CHIPS[detector]):
        ours, theirs, bends = (
            chips[detector][f"{wish}/{chip}/corners/{name}"] for name in ("ours", "theirs", "bends")
        )
        assert ours.tobytes() == theirs.tobytes()
        assert len(bends) < ours.shape[1] / 2
        for x, y in [(1, 0), (0, 1), (0.6, 0.8), (-0.8, 0.6)]:
            along = x * ours[0] + y * ours[1]
            some = along[bends]
            assert some.min() - 1e-9 <= along.min() and along.max() <= some.max() + 1e-9


@pytest.mark.slow
@pytest.mark.parametrize("wish", WISHES)
@pytest.mark.parametrize("detector", CHIPS)
def test_corners_that_differ_in_a_bit_are_left_to_drizzlepac(chips, detector, wish):
    assert not chips[detector][f"{wish}/trusted"].any()


@pytest.mark.slow
@pytest.mark.parametrize("detector", CHIPS)
def test_a_pass_with_a_chip_that_is_refused_is_made_by_drizzlepacs_kernel(chips, detector):
    found = chips[detector]
    assert np.isfinite(found["refused/science"]).any()
    np.testing.assert_array_equal(found["refused/science"], found["theirs/science"])
    assert "numba" not in str(found["refused/history"])
    assert "for the fast kernel" in str(found["refused/log"])


@pytest.mark.slow
@pytest.mark.parametrize("wish", REFUSED)
@pytest.mark.parametrize("detector", CHIPS)
def test_chips_that_are_for_drizzlepacs_kernel_are_refused(chips, detector, wish):
    assert chips[detector][f"{wish}/is refused"]


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (ImportError("No module named 'numba'", name="numba"), "numba"),
        (ImportError("Numba needs NumPy 2.5 or less"), "numba"),
        (OSError("libllvmlite.so: cannot open"), "llvmlite"),
    ],
    ids=["missing", "for another numpy", "broken"],
)
def test_without_a_numba_that_works_there_is_no_such_kernel(monkeypatch, caplog, error, name):
    imported = builtins.__import__

    def without(wanted, *rest):
        if wanted.partition(".")[0] == "numba":
            raise error
        return imported(wanted, *rest)

    monkeypatch.delitem(sys.modules, AREAS, raising=False)
    monkeypatch.setattr(builtins, "__import__", without)
    assert SquareKernel.compiled() is None
    assert name in caplog.text.lower()


def test_numba_compiles_each_time_where_it_finds_no_place_for_a_cache(monkeypatch, square, caplog):
    def nowhere(_):
        raise RuntimeError("no locator available")

    monkeypatch.setattr(type(square.add_rows), "enable_caching", nowhere)
    assert SquareKernel.compiled() is not None
    assert "no locator" in caplog.text


@pytest.mark.parametrize("error", [EOFError("Ran out of input"), OSError("No space left")])
def test_a_damaged_or_full_cache_leaves_the_work_to_drizzlepac(monkeypatch, error):
    def fails(*_):
        raise error

    monkeypatch.setattr(SquareKernel, "_warmed", fails)
    assert SquareKernel.compiled() is None


def test_a_numba_that_cannot_compile_leaves_the_work_to_drizzlepac(monkeypatch, caplog):
    from numba.core.errors import LoweringError

    def fails(*_):
        raise LoweringError("no such instruction")

    monkeypatch.setattr(SquareKernel, "_warmed", fails)
    assert SquareKernel.compiled() is None
    assert "no such instruction" in caplog.text


@pytest.mark.parametrize("pixfrac", [-0.8, 0.0, 0.001])
def test_drops_that_drizzlepac_refuses_or_takes_for_points_are_left_to_it(square, pixfrac):
    options = {"kernel": "square", "pixfrac": pixfrac, "wcslin_pscale": 1.0}
    pixels = np.zeros((2, 2), "f4")
    mosaic = SimpleNamespace(pscale=1.0)
    with pytest.raises(ChipRefusedError):
        square.drizzle(pixels, None, pixels, mosaic, None, None, **options)


@pytest.mark.parametrize(
    ("sky", "subtracted"),
    [
        (0.80009663, float(np.float32(0.80009663))),
        (0.12985322423085013, 0.12985322423085013),
        (0.0, 0.0),
        (-3.5, -3.5),
    ],
)
def test_a_sky_has_the_precision_that_skypac_found_it_with(sky, subtracted):
    assert Scales(1.0, 1.0, [sky]).skies == (subtracted,)
