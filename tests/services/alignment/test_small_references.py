"""A catalogue as a file gets it, and how exposures are fitted to it: by rules, on made numbers."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from skydb.domain.catalog import WithoutMotion
from skydb.domain.motion import MATTERS_MAS, MotionRecord
from skydb.drizzle.settings import TweakRegSettings
from skydb.drizzle.tweakreg import FitStatus, ProductFit
from skydb.services.alignment import reference as module
from skydb.services.alignment import roads
from skydb.services.alignment.reference import (
    Area,
    Reference,
    Target,
    look_at,
    references,
    write_references,
)
from skydb.services.alignment.roads import ExposureRoad, FitJob
from skydb.sky.coverage import Coverage

FILE = Path("in/ibxl50ivq_flt.fits")
STILL = MotionRecord(40, 7, 2016.0, 2012.0, 5.0, 0.1, WithoutMotion.DROP)
MOVING = MotionRecord(40, 0, 2016.0, 2012.0, 5.0, 0.1)


class _Table:
    """A catalogue of some positions, which writes down what it is asked for."""

    def __init__(self, *radec_deg: tuple[float, float]) -> None:
        self.radec_deg = np.array(radec_deg)
        self.ra_deg, self.dec_deg = self.radec_deg.T
        self.written: list[tuple[Path, int]] = []

    def __len__(self) -> int:
        return len(self.radec_deg)

    def subset(self, chosen: np.ndarray) -> _Table:
        found = _Table(*self.radec_deg[chosen])
        found.written = self.written
        return found

    def write_tweakreg(self, path: Path) -> None:
        self.written.append((path, len(self)))


def made(
    record: MotionRecord = MOVING,
    seen: Coverage | None = None,
    *,
    area: Area | None = None,
    table: Any = None,
    hours: bool = False,
    path: Path = FILE,
    **settings: Any,
) -> Reference:
    placed: Any = SimpleNamespace(record=record, table=table or _Table((10.0, 0.0), (100.0, 0.0)))
    wanted = TweakRegSettings(**{"minobj": 5, **settings})
    one = Reference(Target(7, path, 2012.0), 2012.0, placed, area or Area(), wanted)
    if seen is not None:
        vars(one).update(coverage=seen, _is_in_hours=hours)
    return one


NOT_COVERED = "the catalogue does not cover it: "


@pytest.mark.parametrize(
    ("record", "on_it", "hours", "said"),
    [
        (MOVING, 0, False, "0 of the 40 sources lie on it"),
        (MOVING, 0, True, "0 of the 40 sources lie on it; its right ascensions seem to be hours"),
        (MOVING, 1, False, "1 of the 40 sources lie on it, and a fit wants 5"),
        (STILL, 0, False, "0 of the 40 sources lie on it"),
        (STILL, 4, False, f"4 of the 40 sources lie on it, and a fit wants 5; "
                          f"{STILL.sentence().removesuffix('.')}"),
    ],
)  # fmt: skip
def test_a_file_that_is_not_covered_says_how_many_sources_lie_on_it(
    record: MotionRecord, on_it: int, hours: bool, said: str
) -> None:
    one = made(record, Coverage(on_it, 40), hours=hours)
    assert one.refusal == NOT_COVERED + said
    assert not one.is_covered
    failed = one.unfitted(Path("scratch"))
    assert (failed.product, failed.status, failed.reason) == (FILE, FitStatus.FAILED, one.refusal)
    assert (failed.log, failed.catalog_sources) == (Path("scratch/none"), 2)
    assert failed.fit_geometry == "rscale"
    named = made(record, Coverage(on_it, 40), fitgeometry="shift")
    assert named.unfitted(Path("scratch")).fit_geometry == "shift"


@pytest.mark.parametrize(
    ("on_it", "expand", "is_covered"),
    [(4, False, False), (5, False, True), (6, False, True), (0, True, True)],
)
def test_a_file_with_enough_sources_or_a_catalogue_that_grows_is_covered(
    on_it: int, expand: bool, is_covered: bool
) -> None:
    assert made(seen=Coverage(on_it, 40), expand_refcat=expand).is_covered is is_covered


def _fit(ra: float | None, dec: float | None, status: FitStatus = FitStatus.FITTED) -> ProductFit:
    told = {"rms_ra_mas": ra, "rms_dec_mas": dec}
    return ProductFit(FILE, status, Path("log"), "IDC_a", "rscale", 40, **told)  # type: ignore[arg-type]


def test_a_fit_is_doubted_by_its_epoch_and_by_the_part_that_is_covered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[Any] = []
    epoch: str | None = "It is of 1990."

    def doubt(*told: Any) -> str | None:
        asked.append(told)
        return epoch

    monkeypatch.setattr(module, "epoch_doubt", doubt)
    whole, half = made(seen=Coverage(30, 40, 0.99)), made(STILL, Coverage(30, 40, 0.984))
    failed = _fit(3.0, 4.0, FitStatus.FAILED)
    assert whole.doubts(_fit(3.0, 4.0)) == epoch
    assert whole.doubts(_fit(6.0, None)) == epoch
    assert whole.doubts(_fit(None, None)) == epoch
    said = (
        "The catalogue covers 98% of it: 30 of the 40 sources lie on that part, and none on the "
        "rest."
    )
    assert half.doubts(failed) == f"{epoch} {said}"
    assert asked == [
        *((MOVING, 2012.0, 2012.0, rms) for rms in (4.0, 6.0, 0.0)), (STILL, 2012.0, 2012.0, None)
    ]  # fmt: skip
    epoch = None
    assert whole.doubts(failed) is None
    assert half.doubts(failed) == said
    # Of what is not fitted the refusal says why.
    assert made(seen=Coverage(3, 40, 0.5)).doubts(failed) is None


def test_the_part_that_is_covered_is_by_what_the_catalogue_was_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen, asked = Coverage(12, 40, 0.6), list[Any]()
    monkeypatch.setattr(Reference, "_chips", lambda one: f"chips of {one.target.path.name}")
    monkeypatch.setattr(module, "coverage_of_chips", lambda *told: asked.append(told) or seen)
    monkeypatch.setattr(module, "share_in_circle", lambda *told: asked.append(told) or 0.8)
    table = _Table((10.0, 0.0))
    cone, chips = (10.0, 0.0, 0.1), f"chips of {FILE.name}"
    for area, expected in (
        (Area(), seen),
        (Area(None, frozenset({6})), seen),
        (Area(cone, frozenset({6})), Coverage(12, 40, 0.8)),
        (Area(cone, frozenset({6, 7})), Coverage(12, 40)),
    ):
        one = made(area=area, table=table, searchrad_arcsec=2.5)
        assert one.coverage == expected
        assert one.coverage is one.coverage
        first, *more = asked
        assert (first[0], first[2]) == (chips, 2.5)
        assert first[1] is table.radec_deg
        assert more == ([(chips, *cone)] if expected.share == 0.8 else [])
        asked.clear()
    told = made(STILL, Coverage(12, 40, 0.123456)).as_parameters()
    assert told == {**STILL.as_parameters(), "sources_on_it": 12, "covered_share": 0.1235}


@pytest.mark.parametrize("has_distortion", [True, False])
@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("is_empty", [True, False])
def test_an_image_without_distortion_is_where_it_was_exposed(
    monkeypatch: pytest.MonkeyPatch, has_distortion: bool, count: int, is_empty: bool
) -> None:
    exposed = np.zeros((3, 4), dtype=bool)
    exposed[1, 2] = not is_empty
    frame = SimpleNamespace(has_distortion=has_distortion, array_shape=(3, 4))
    monkeypatch.setattr(module, "read_hstwcs", {FILE: dict.fromkeys(range(count), frame)}.get)
    monkeypatch.setattr(module, "read_exposed", {FILE: (None, exposed)}.get)
    monkeypatch.setattr(module, "ImageArea", lambda mask, wcs: (mask.sum(), mask.shape, wcs))
    is_seen = count == 1 and not has_distortion and not is_empty
    found: Any = made()._chips()
    assert found == [(1 if is_seen else 12, (3, 4), frame)] * count


@pytest.mark.parametrize(
    ("ra_deg", "on_it", "then", "expected"),
    [
        ((1.0, 23.0), 0, 5, True), ((1.0, 24.0), 0, 1, True), ((1.0, 24.1), 0, 5, False),
        ((1.0, 23.0), 1, 5, False), ((1.0, 23.0), 0, 0, False),
    ],
)  # fmt: skip
def test_right_ascensions_are_hours_when_their_degrees_lie_on_the_file(
    monkeypatch: pytest.MonkeyPatch,
    ra_deg: tuple[float, float],
    on_it: int,
    then: int,
    expected: bool,
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(Reference, "_chips", lambda _: "chips")
    monkeypatch.setattr(
        module, "coverage_of_chips", lambda *told: asked.append(told) or Coverage(then, 2)
    )
    one = made(table=_Table(*((ra, -3.0) for ra in ra_deg)), searchrad_arcsec=2.5)
    vars(one)["coverage"] = Coverage(on_it, 2)
    assert one._is_in_hours is expected
    for chips, places, margin in asked:
        assert (chips, margin) == ("chips", 2.5)
        assert places.tolist() == [[15.0 * ra % 360.0, -3.0] for ra in ra_deg]


class _Progress:
    """What a user is shown."""

    def __init__(self) -> None:
        self.shown: list[Any] = []

    def begin(self, *told: Any) -> None:
        self.shown.append(told)

    def remark(self, text: str) -> None:
        self.shown.append(text)

    def advance(self) -> None:
        self.shown.append("+")

    def end(self) -> None:
        self.shown.append("end")


def test_sources_that_stay_are_remarked_on_where_it_matters() -> None:
    slow = MotionRecord(40, 7, 2016.0, 2012.0, MATTERS_MAS / 5, 0.1, WithoutMotion.KEEP)
    records = {"a.fits": STILL, "b.fits": slow, "c.fits": MOVING}
    found = [made(record, Coverage(9, 40), path=Path(name)) for name, record in records.items()]
    progress: Any = _Progress()
    look_at(found, progress)
    assert STILL.matters and MOVING.matters and not slow.matters
    assert progress.shown[0][1] == 3
    assert progress.shown[1:] == [f"a.fits: {STILL.sentence()}", "end"]


def test_each_file_is_given_the_sources_near_it_and_a_growing_catalogue_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    grid = {1: np.array([(10.0, 0.0)] * 9)}
    monkeypatch.setattr(module, "read_hstwcs", lambda path: path)
    monkeypatch.setattr(module, "sky_grid", lambda *told: {(FILE, 3): grid}[told])
    home, table = Path("scratch"), _Table((10.0, 0.0), (19.9, 0.0), (20.1, 0.0), (100.0, 0.0))
    assert write_references([made(table=table)], home) == {FILE: home / f"{FILE.stem}.cat"}
    assert table.written.pop() == (home / f"{FILE.stem}.cat", 2)
    grown = write_references([made(table=table, expand_refcat=True)], home)
    assert grown == {FILE: home / "catalog.cat"}
    assert table.written == [(home / "catalog.cat", 4)]


def test_a_catalogue_is_placed_at_the_epoch_of_each_file(monkeypatch: pytest.MonkeyPatch) -> None:
    usable = SimpleNamespace(at=lambda epoch: f"placed at {epoch}")
    monkeypatch.setattr(module.UsableCatalog, "of", lambda *told: {("c", "gaia"): usable}[told])
    monkeypatch.setattr(module, "asked_cone", {"asked": (1.0, 2.0, 3.0)}.get)
    catalog: Any = "gaia"
    monkeypatch.setattr(Area, "of", lambda one: f"area of {one}")
    targets = [Target(1, FILE, 2010.0), Target(2, FILE, None)]
    context: Any = "c"
    found: Any = references(context, catalog, targets, TweakRegSettings())
    assert [(one.target, one.used_epoch, one.placed) for one in found] == [
        (targets[0], 2010.0, "placed at 2010.0"), (targets[1], None, "placed at None")
    ]  # fmt: skip
    assert {one.area for one in found} == {"area of gaia"}
    grown: Any = references(context, catalog, targets, TweakRegSettings(expand_refcat=True))
    assert [one.placed for one in grown] == ["placed at 2010.0"] * 2
    monkeypatch.undo()
    monkeypatch.setattr(module, "asked_cone", {"asked": (1.0, 2.0, 3.0)}.get)
    used = [SimpleNamespace(version_id=number) for number in (4, 6)]
    row: Any = SimpleNamespace(query="asked", activity=SimpleNamespace(used=used))
    assert Area.of(row) == Area((1.0, 2.0, 3.0), frozenset({4, 6}))


@pytest.mark.parametrize(("minobj", "enough"), [(5, "bd"), (6, "d"), (8, ""), (1, "abd")])
def test_exposures_with_too_few_stars_are_not_given_to_tweakreg(
    monkeypatch: pytest.MonkeyPatch, minobj: int, enough: str
) -> None:
    files = [Path(f"{name}.fits") for name in "abcd"]
    stars = dict(zip(files, ({1: "x"}, {1: "xx", 2: "xxx"}, {1: ""}, {1: "xxxxxxx"}), strict=True))
    finder: Any = SimpleNamespace(lists=stars.__getitem__)
    job = FitJob(files, {}, TweakRegSettings(minobj=minobj), Path("scratch"), finder)
    asked: list[Any] = []
    told: list[str] = []

    def fit(tool: Any, paths: list[Path], settings: Any, scratch: Path, on_fit: Any) -> list[Any]:
        asked.append((tool.args[2], paths, settings, scratch))
        made = [SimpleNamespace(product=path, reason="fitted") for path in reversed(paths)]
        for one in made:
            on_fit(one)
        return made

    monkeypatch.setattr(roads, "fit_by_matches", fit)
    progress: Any = _Progress()
    runner: Any = None
    found = ExposureRoad().fit(runner, job, progress, lambda one: told.append(one.product.stem))
    assert [one.product for one in found] == files
    counts = dict(zip("abcd", (1, 5, 0, 7), strict=True))
    assert [one.reason for one in found] == [
        "fitted" if name in enough
        else f"{counts[name]} stars were found in it, and a fit needs {minobj}"
        for name in "abcd"
    ]  # fmt: skip
    assert told == [*(name for name in "abcd" if name not in enough), *reversed(enough)]
    assert progress.shown[:5] == [("Finding stars", 4), *"++++"]
    assert progress.shown[5:] == [(f"TweakReg on {len(enough)} exposures",)] * bool(enough)
    given = [path for path in files if path.stem in enough]
    assert asked == [(stars, given, job.settings, Path("scratch"))] * bool(enough)
