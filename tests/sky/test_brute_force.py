"""The engine skydb and skypac against every pixel taken through the full WCS."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from astropy.io import fits

from skydb.domain.vocabulary import SkyMethod
from skydb.simulate.field import simulate_field
from skydb.simulate.plan import FieldKind, FieldPlan, SimDetector
from skydb.sky.methods import sky_of
from tests.sky import brute_force
from tests.sky.test_against_skypac import measured, run_skypac
from tests.workers import Subprocesses

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=[SimDetector.IR, SimDetector.WFC], ids=str)
def field(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp(f"brute_{request.param}")
    plan = FieldPlan(
        request.param, (2, 1), dithers=1, size=128, seed=3, kind=FieldKind.NEBULA, products=False
    )
    simulate_field(directory, plan)
    return directory


def _exposures(directory: Path) -> list[Path]:
    return sorted(directory.glob("*_fl[tc].fits"))


def test_match_is_what_every_pixel_through_the_wcs_says(field: Path) -> None:
    expected = brute_force.match(brute_force.chips_of(_exposures(field)))
    found = sky_of(SkyMethod.MATCH, measured(field)).skies
    values = {name: sky.value for name, sky in found.items() if sky}
    sigma = max(sky.sigma for sky in found.values() if sky)
    assert values == pytest.approx(expected, abs=0.2 * sigma)


def test_skypac_is_within_the_noise_of_its_edges(field: Path, forked_workers: Subprocesses) -> None:
    measures = measured(field)
    expected = brute_force.match(brute_force.chips_of(_exposures(field)))
    skypac = run_skypac(field, field / "skypac.json", forked_workers)[SkyMethod.MATCH.value]
    sigma = max(sky.sigma for sky in sky_of(SkyMethod.MATCH, measures).skies.values() if sky)
    off = [
        abs(skypac[chip.key] * chip.brightness_per_unit - expected[chip.rootname]) / sigma
        for chip in measures.chips
    ]
    assert max(off) < 3.0


def test_on_real_pixels_of_hrc_match_is_that_of_every_pixel_to_a_thousandth_electron(
    acs_hrc_flt: Path, tmp_path: Path
) -> None:
    shutil.copy(acs_hrc_flt, tmp_path / acs_hrc_flt.name)
    # The same pixels, brighter, at another place: what is common are other pixels of each.
    other = shutil.copy(acs_hrc_flt, tmp_path / "j8bt06nzq_flt.fits")
    other.chmod(0o644)
    with fits.open(other, mode="update") as hdus:
        hdus["SCI"].data = hdus["SCI"].data + 9.8
        hdus["SCI"].header["CRPIX1"] += 137.3
        hdus["SCI"].header["CRPIX2"] -= 221.6
    measures = measured(tmp_path)
    electrons = {chip.rootname: 1 / chip.brightness_per_unit for chip in measures.chips}
    expected = brute_force.match(brute_force.chips_of(_exposures(tmp_path)))
    found = sky_of(SkyMethod.MATCH, measures).skies
    values = {name: sky.value * electrons[name] for name, sky in found.items() if sky}
    wanted = {name: value * electrons[name] for name, value in expected.items()}
    assert values == pytest.approx(wanted, abs=1e-3)
    assert max(values.values()) > 1.0
