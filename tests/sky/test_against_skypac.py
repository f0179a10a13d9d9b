"""skydb's methods against skypac's own, and both against the sky that was put in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from skydb.domain.vocabulary import SkyMethod
from skydb.simulate.field import simulate_field
from skydb.simulate.plan import FieldPlan, SimDetector
from skydb.simulate.truth import FieldTruth
from skydb.simulate.verify import sky_error
from skydb.sky.footprint import chip_polygon
from skydb.sky.levels import SkyStatistic
from skydb.sky.methods import Measures, sky_of
from skydb.sky.overlaps import chip_overlaps_of
from skydb.sky.pairs import ChipFrame, ChipImage, brightness_per_unit
from tests.files.builders import read_pixels
from tests.sky.measured import measure_overlap
from tests.workers import Subprocesses

pytestmark = pytest.mark.slow

JOB = Path(__file__).with_name("skypac_job.py")
SIZE = 256
#: IR and, of the CCDs, the size of which the bar was measured.
FULL_SIZE = {SimDetector.IR: 1014, SimDetector.UVIS: 2048, SimDetector.WFC: 2048}
TILES = {SimDetector.IR: (2, 2), SimDetector.UVIS: (2, 1), SimDetector.WFC: (2, 1)}

#: Share of the sky on a whole detector, where 4e-5 (IR) and 3e-5 (UVIS) were measured.
RELATIVE_BAR = 1e-4
SKY_BARS = {SimDetector.IR: 0.001, SimDetector.UVIS: 2.0, SimDetector.WFC: 2.0}


class Compared(NamedTuple):
    """One field: what was put in, what skydb measured, what skypac wrote."""

    truth: FieldTruth
    measures: Measures
    skypac: dict[str, dict[tuple[str, int], float]]
    scale: float
    """A small detector has proportionally more of its pixels on the edge of an overlap,
    which skypac rounds to whole pixels, and so much more noise in a median."""


def measured(directory: Path) -> Measures:
    """Everything skydb measures of the exposures of a directory."""
    statistic = SkyStatistic()
    images = {}
    for path in sorted(directory.glob("*_fl[tc].fits")):
        for extver, chip in read_pixels(path).items():
            good = statistic.good_pixels(chip.science, chip.quality)
            factor = brightness_per_unit(
                pixel_scale_arcsec=chip.pixel_scale_arcsec,
                exptime_s=chip.exptime_s,
                is_rate=chip.is_rate,
            )
            key = (path.name[:9], extver)
            frame = ChipFrame(chip.wcs)
            images[key] = ChipImage(key, chip.science, good, frame, chip.unit, factor)
    pairs = chip_overlaps_of({key: chip_polygon(i.frame.wcs) for key, i in images.items()})
    return Measures(
        tuple(image.measure(statistic) for image in images.values()),
        tuple(measure_overlap(images[p.first], images[p.second], p, statistic) for p in pairs),
    )


def run_skypac(
    directory: Path, out: Path, workers: Subprocesses
) -> dict[str, dict[tuple[str, int], float]]:
    """MDRIZSKY by method and chip."""
    workers.script(JOB, directory, out, cwd=directory)
    found = json.loads(out.read_text())
    return {
        method: {(k.split(",")[0], int(k.split(",")[1])): v for k, v in skies.items()}
        for method, skies in found.items()
    }


@pytest.fixture(scope="module", params=list(SimDetector), ids=str)
def compared(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    forked_workers: Subprocesses,
) -> Compared:
    detector: SimDetector = request.param
    directory = tmp_path_factory.mktemp(f"skypac_{detector}")
    plan = FieldPlan(
        detector, TILES[detector], size=SIZE, seed=5, products=False,
        pointing_error_arcsec=(0.0, 0.0),
    )  # fmt: skip
    truth = simulate_field(directory, plan)
    skypac = run_skypac(directory, directory / "skypac.json", forked_workers)
    return Compared(truth, measured(directory), skypac, FULL_SIZE[detector] / SIZE)


@pytest.mark.parametrize("method", [SkyMethod.LOCALMIN, SkyMethod.GLOBALMIN])
def test_levels_are_those_of_skypac(compared: Compared, method: SkyMethod) -> None:
    ours = sky_of(method, compared.measures).in_image_units(compared.measures.chips)
    theirs = compared.skypac[method.value]
    assert ours == pytest.approx(theirs, rel=1e-6)


@pytest.mark.parametrize("method", [SkyMethod.MATCH, SkyMethod.GLOBALMIN_MATCH])
def test_matched_skies_are_those_of_skypac(compared: Compared, method: SkyMethod) -> None:
    ours = sky_of(method, compared.measures).in_image_units(compared.measures.chips)
    theirs = compared.skypac[method.value]
    sky = np.median([exposure.sky for exposure in compared.truth.exposures])
    differences = {key: abs((ours[key] or 0.0) - theirs[key]) / sky for key in theirs}
    assert ours.keys() == theirs.keys()
    assert max(differences.values()) < RELATIVE_BAR * compared.scale


def test_matched_skies_are_those_that_were_put_in(compared: Compared) -> None:
    found = sky_of(SkyMethod.MATCH, compared.measures)
    values = found.in_image_units(compared.measures.chips)
    known = {key: value for key, value in values.items() if value is not None}
    error = sky_error(compared.truth, known, relative=True)
    assert len(known) == len(compared.measures.chips)
    assert error.rms <= SKY_BARS[compared.truth.detector] * compared.scale


def test_the_error_is_what_the_sigmas_say(compared: Compared) -> None:
    found = sky_of(SkyMethod.MATCH, compared.measures)
    factor = compared.measures.chips[0].brightness_per_unit
    skies = {name: sky for name, sky in found.skies.items() if sky is not None}
    put_in = {exposure.rootname: exposure.sky for exposure in compared.truth.exposures}
    zero = next(name for name, sky in skies.items() if sky.sigma == 0.0)
    # No sigma covers the edge of an overlap: half a pixel of the nebula along a whole side.
    edge = RELATIVE_BAR * compared.scale * np.median(list(put_in.values()))
    for name, sky in skies.items():
        error = sky.value / factor - (put_in[name] - put_in[zero])
        assert abs(error) < 4.0 * sky.sigma / factor + edge, name
