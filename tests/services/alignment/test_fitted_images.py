"""Sources of a fitted file by themselves: where they are, and on how much of the sky."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from astropy.wcs import WCS

from skydb.domain.trust import FitCheck
from skydb.drizzle.starlists import ChipStars
from skydb.services.alignment import fitted_images, group_trials
from skydb.services.alignment.fitted_images import FittedExposure, FittedProduct, read_fitted
from skydb.sky.chip_regions import ChipOutline
from skydb.sky.stars import StarList

SIZE = 100
PLACES = np.array(
    [(10.0, 12.0), (31.0, 77.0), (55.0, 20.0), (80.0, 61.0), (40.0, 50.0), (90.0, 90.0)]
)


def plane(ra_deg: float, scale_arcsec: float) -> WCS:
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crpix, wcs.wcs.crval = [50.5, 50.5], [ra_deg, -2.0]
    wcs.wcs.cdelt = [-scale_arcsec / 3600, scale_arcsec / 3600]
    return wcs


def chip(places: np.ndarray, clear: np.ndarray) -> ChipStars:
    one = np.ones(len(places))
    return ChipStars.on(StarList(places[:, 0], places[:, 1], one, one, one, one, one), clear)


def catalogue(*positions: np.ndarray) -> Any:
    class Table:
        radec_deg = np.vstack(positions)

    return Table()


def test_stars_of_all_chips_are_sighted_on_the_clear_area_of_each() -> None:
    chips = {1: plane(85.0, 0.04), 2: plane(86.0, 0.08), 3: plane(87.0, 0.06)}
    half = np.ones((SIZE, SIZE), dtype=bool)
    half[:, 50:] = False
    stars = {
        1: chip(PLACES, np.ones((SIZE, SIZE), dtype=bool)),
        2: chip(PLACES[:2], np.ones((SIZE, 2 * SIZE), dtype=bool)),
        3: chip(PLACES[:0], half),
    }
    exposure = FittedExposure(chips, stars)
    seen = exposure.sighting
    assert seen.scale_arcsec == pytest.approx(0.06)
    assert seen.area_arcsec2 == pytest.approx(
        1e4 * 0.04**2 + 2e4 * 0.08**2 + 1e4 * 0.06**2, rel=1e-6
    )
    places = [chips[1].all_pix2world(PLACES, 0), chips[2].all_pix2world(PLACES[:2], 0)]
    assert seen.radec_deg == pytest.approx(np.vstack(places))
    # Of a catalogue the sources on clear pixels of any chip count.
    hidden = chips[3].all_pix2world([(20.0, 20.0), (80.0, 20.0)], 0)
    said = exposure.cross_match(catalogue(*places, hidden))
    assert said.score == 1.0
    assert "8 of 8" in said.reason
    none = FittedExposure({3: chips[3]}, {3: stars[3]}).sighting
    assert none.radec_deg.shape == (0, 2)


def test_a_chip_that_is_off_decides_over_all_stars_of_the_exposure() -> None:
    rng = np.random.default_rng(1)
    places = {extver: rng.uniform(2, SIZE - 2, (60, 2)) for extver in (1, 2)}
    clear = np.ones((SIZE, SIZE), dtype=bool)
    stars = {extver: chip(one, clear) for extver, one in places.items()}
    right = {1: plane(85.0, 0.1), 2: plane(85.01, 0.1)}
    sky = catalogue(*(wcs.all_pix2world(places[extver], 0) for extver, wcs in right.items()))
    assert FittedExposure(right, stars).check_chips(sky.radec_deg) is None
    assert FittedExposure(right, stars).cross_match(sky).score == 1.0
    wrong = right | {2: plane(85.01 + 1.0 / 3600, 0.1)}
    said = FittedExposure(wrong, stars).cross_match(sky)
    assert said.score is not None and said.score < 0.1
    assert said.reason.startswith("the stars of SCI,2 lie ")
    assert said == FittedExposure(wrong, stars).check_chips(sky.radec_deg)


def test_a_product_is_compared_where_it_was_exposed(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    wcs = plane(85.0, 0.1)
    exposed = np.ones((SIZE, SIZE), dtype=bool)
    exposed[:, 85:] = False
    image = np.zeros((SIZE, SIZE))
    inside = wcs.all_pix2world(PLACES[:5], 0)

    def sight(*told: Any) -> fitted_images.measure.Sighting:
        asked.append(told)
        return fitted_images.measure.Sighting(inside, 85.0, 0.1)

    monkeypatch.setattr(fitted_images.measure, "sight", sight)
    product = FittedProduct(image, exposed, wcs)
    said = product.cross_match(catalogue(wcs.all_pix2world(PLACES, 0)))
    assert "5 of 5" in said.reason
    assert said.score == 1.0
    assert product.sighting is product.sighting
    assert asked == [(image, exposed, wcs)]


def test_stars_of_one_chip_of_the_members_decide_over_a_product(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(2)
    wcs, exposed = plane(85.0, 0.1), np.ones((SIZE, SIZE), dtype=bool)
    places = rng.uniform(2, SIZE - 2, (120, 2))
    # Chips of two dithers: rows 45 to 55 were seen by both.
    dithers = ((1, 0.5, 50.5), (1, 0.5, 55.5), (2, 45.5, 100.5), (2, 50.5, 100.5))
    outlines = [
        ChipOutline(number, np.array([(0.5, low), (100.5, low), (100.5, high), (0.5, high)]))
        for number, low, high in dithers
    ]

    def said(moved: float, *chips: ChipOutline) -> FitCheck:
        seen = places + np.outer(places[:, 1] > 49.5, (moved, 0.0))
        where = fitted_images.measure.Sighting(wcs.all_pix2world(seen, 0), 100.0, 0.1)
        monkeypatch.setattr(fitted_images.measure, "sight", lambda *_: where)
        product = FittedProduct(np.zeros((SIZE, SIZE)), exposed, wcs, chips)
        return product.cross_match(catalogue(wcs.all_pix2world(places, 0)))

    assert said(0.0, *outlines).score == 1.0
    assert said(4.0).score == 1.0
    wrong = said(4.0, *outlines)
    assert wrong.score is not None and wrong.score < 0.1
    assert wrong.reason.startswith("the stars of chip 2 of its members lie ")
    shift_pix = float(wrong.reason.split(" lie ")[1].split(" pix")[0])
    assert shift_pix == pytest.approx(4.0, abs=0.2)
    # Chips that were seen everywhere, as by visits of many orientations, say nothing.
    everywhere = [ChipOutline(one.number, outlines[0].polygon_pix) for one in outlines]
    assert said(4.0, *everywhere).score == 1.0
    # Stars that are missing, as in a crowd or behind a galaxy, count against no chip.
    half = places[places[:, 1] < 49.5]
    gone = fitted_images.measure.Sighting(wcs.all_pix2world(half, 0), 100.0, 0.1)
    monkeypatch.setattr(fitted_images.measure, "sight", lambda *_: gone)
    product = FittedProduct(np.zeros((SIZE, SIZE)), exposed, wcs, outlines)
    assert product.cross_match(catalogue(wcs.all_pix2world(places, 0))).score == 1.0


@pytest.mark.parametrize("is_drizzled", [True, False])
def test_a_file_is_read_as_what_it_is(monkeypatch: pytest.MonkeyPatch, is_drizzled: bool) -> None:
    path, original = Path("fitted.fits"), Path("original.fits")

    class Kind:
        kind: Any = type("Kind", (), {"is_drizzled": is_drizzled})

    class Finder:
        def chips(self, file: Path) -> str:
            return f"stars of {file}"

    monkeypatch.setattr(fitted_images, "read_facts", {path: Kind}.__getitem__)
    monkeypatch.setattr(fitted_images, "read_exposed", {path: ("image", "exposed")}.__getitem__)
    monkeypatch.setattr(fitted_images, "read_hstwcs", {path: {1: "wcs", 2: "more"}}.__getitem__)
    finder: Any = Finder()
    outlines: Any = ("outline",)
    read: Any = read_fitted(path, original, finder, outlines)
    if is_drizzled:
        assert read.outlines == outlines
        assert (read.image, read.exposed, read.wcs) == ("image", "exposed", "wcs")
    else:
        assert (read.chips, read.stars) == ({1: "wcs", 2: "more"}, "stars of original.fits")


def test_chips_of_visits_that_were_aligned_to_each_other_are_compared() -> None:
    rng = np.random.default_rng(3)
    clear = np.ones((SIZE, SIZE), dtype=bool)
    places = {extver: rng.uniform(2, SIZE - 2, (60, 2)) for extver in (1, 2)}
    stars = {extver: chip(one, clear) for extver, one in places.items()}
    right = {1: plane(85.0, 0.1), 2: plane(85.01, 0.1)}
    wrong = right | {2: plane(85.01 + 0.5 / 3600, 0.1)}
    paths = [Path(f"{name}.fits") for name in "abc"]
    visits = dict(zip(paths, ("50", "51", "51"), strict=True))

    def said(*wcs: dict[int, WCS]) -> list[FitCheck | None]:
        exposures = {path: FittedExposure(one, stars) for path, one in zip(paths, wcs, strict=True)}
        seen = group_trials._Visits(exposures, visits)
        return [seen.check_chips(SimpleNamespace(product=path)) for path in paths]  # type: ignore[arg-type]

    assert said(right, right, right) == [None] * 3
    # Whose chip is displaced, one or the other, the two visits do not show.
    for found in (said(right, wrong, wrong), said(wrong, right, right)):
        assert all(one is not None and one.score is not None for one in found)
        assert all(one.score < 0.1 for one in found if one is not None and one.score is not None)
        assert all("SCI,2 lie 5.0" in one.reason for one in found if one is not None)
        assert all("places in other visits" in one.reason for one in found if one is not None)
    # Exposures of one visit are not compared with each other, and one visit with none.
    assert (
        group_trials._Visits(
            {path: FittedExposure(right, stars) for path in paths[1:]}, visits
        ).check_chips(SimpleNamespace(product=paths[1]))
        is None
    )  # type: ignore[arg-type]
