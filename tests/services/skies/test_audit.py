"""``sky audit``: what a run left in the overlaps, whoever ran it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from astropy.io import fits
from sqlalchemy import func, select

from skydb.api.composition import Services
from skydb.domain import (
    ChipLevel,
    OverlapMeasurement,
    ProductVersion,
    SkyOverlap,
    SkyRun,
    SkyRunGroup,
)
from skydb.domain.vocabulary import ActivityStatus, Engine, SkyMethod
from skydb.drizzle.settings import AstroDrizzleSettings
from skydb.errors import FileRejectedError, NotFoundError, StateError
from skydb.services.skies.audit import AuditService, sentences
from skydb.services.skies.measure_overlaps import MeasureOverlaps
from skydb.services.skies.write_headers import SkyHeaderService
from skydb.simulate.field import simulate_field
from skydb.simulate.plan import FieldPlan, SimDetector
from skydb.sky.levels import SkyStatistic
from skydb.store.schema import upgrade
from tests.ledgers import interface_of
from tests.services.recorded import (
    IR_STATISTIC,
    ingest_exposures,
    ingest_field,
    measures_of,
    record_run,
    skies_of,
    version_ids,
)

PLAN = FieldPlan(
    SimDetector.IR, (2, 1), size=128, seed=5, products=False, pointing_error_arcsec=(0.0, 0.0)
)


@pytest.fixture(scope="module")
def exposures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Directory of four exposures of two visits that overlap."""
    directory = tmp_path_factory.mktemp("audited")
    simulate_field(directory, PLAN)
    return directory


@pytest.fixture
def field(services: Services, exposures: Path) -> Services:
    """The four exposures in a ledger."""
    ingest_exposures(services, exposures)
    return services


@pytest.fixture
def own_copy(services: Services, exposures: Path, tmp_path: Path) -> Path:
    """The four exposures in a ledger, as files that a test may spoil."""
    copy = Path(shutil.copytree(exposures, tmp_path / "field"))
    ingest_exposures(services, copy)
    return copy


@pytest.fixture
def islands(services: Services, tmp_path: Path) -> Services:
    """Two groups of two exposures that share no sky."""
    plan = FieldPlan(SimDetector.IR, (1, 1), size=64, seed=2, islands=2, products=False)
    ingest_field(services, tmp_path / "field", plan)
    return services


def _audit(services: Services, run: int):
    return AuditService(services.context).audit(run)


def _count(services: Services, entity: type) -> int:
    with services.context.store.reading() as session:
        return session.scalar(select(func.count()).select_from(entity)) or 0


def test_a_good_run_leaves_little_and_a_common_sky_leaves_all(
    services_anywhere: Services, exposures: Path
) -> None:
    field = services_anywhere
    ingest_exposures(field, exposures)
    good = record_run(field, SkyMethod.MATCH, skies_of(field, SkyMethod.MATCH))
    none = record_run(field, SkyMethod.GLOBALMIN, skies_of(field, SkyMethod.GLOBALMIN))
    audit = _audit(field, good)
    assert len(audit.residuals) == 6
    assert audit.rms_before is not None and audit.run.rms is not None
    assert audit.run.rms < 0.05 * audit.rms_before
    assert [score.run for score in audit.ranking] == [good, none]
    assert audit.ranking[-1].rms == pytest.approx(audit.rms_before)
    assert (audit.islands, audit.is_flagged) == ((tuple(sorted(audit.islands[0])),), False)
    assert {row["unit"] for row in audit.rows()} == {"electron/s"}


def test_the_python_interface_answers_with_a_table(field: Services) -> None:
    run = record_run(field, SkyMethod.MATCH, skies_of(field, SkyMethod.MATCH))
    audit = interface_of(field).sky.audit(run)
    assert len(audit) == 6
    assert str(audit["area_arcsec2"].unit) == "arcsec2"
    assert audit.ranking[0].method == "match"


def test_a_wrong_sky_of_one_exposure_is_named(field: Services) -> None:
    skies = skies_of(field, SkyMethod.MATCH)
    spoiled = sorted(skies)[1]
    run = record_run(field, SkyMethod.MATCH, skies | {spoiled: (skies[spoiled] or 0.0) + 0.3})
    audit = _audit(field, run)
    assert audit.worst_exposures[0].rootname == spoiled[0]
    assert all(spoiled[0] in (p.exposure_a, p.exposure_b) for p in audit.worst_pairs)
    assert any(f"worst exposure: {spoiled[0]}" in sentence for sentence in sentences(audit))


@pytest.mark.parametrize("way", ["keyword", "file"])
def test_skies_that_were_subtracted_before_are_not_subtracted_again(
    services: Services, exposures: Path, tmp_path: Path, way: str
) -> None:
    truth = json.loads((exposures / "truth.json").read_text())["exposures"]
    copies = [Path(shutil.copy(exposures / one["path"], tmp_path)) for one in truth]
    for path, one in zip(copies, truth, strict=True):
        with fits.open(path, mode="update") as hdus:
            hdus["SCI"].data -= one["sky"]
            hdus["SCI"].header["MYSKY"] = one["sky"]
    services.ingest.ingest(copies)
    skyfile = tmp_path / "sky.txt"
    lines = [f"{path.name} {one['sky']}" for path, one in zip(copies, truth, strict=True)]
    skyfile.write_text("\n".join(["# applied = yes", *lines]))
    options = {
        "keyword": {"skysub": False, "skyuser": "MYSKY"},
        "file": {"skyfile": str(skyfile)},
    }[way]
    (row,) = services.sky(1).run([SkyMethod.MATCH], options=options, mosaic=False)
    assert {value["mdrizsky"] for value in row["values"]} == {one["sky"] for one in truth}
    audit = _audit(services, row["run"])
    assert [one.after for one in audit.residuals] == [one.before for one in audit.residuals]
    assert not audit.is_flagged
    assert any("had been subtracted before it" in said for said in sentences(audit))
    kept = AuditService(services.context).of_record(row["run"])
    assert kept is not None
    assert kept.run.rms == pytest.approx(audit.rms_before)
    with pytest.raises(StateError, match=r"had been subtracted before it.*subtract it again"):
        SkyHeaderService(services.context).write(row["run"])


def test_what_is_known_is_not_measured_again(services_anywhere: Services, exposures: Path) -> None:
    field = services_anywhere
    ingest_exposures(field, exposures)
    first = measures_of(field)
    counts = [_count(field, kind) for kind in (ChipLevel, SkyOverlap, OverlapMeasurement)]
    assert counts == [4, 6, 1]
    assert measures_of(field) == first
    assert [_count(field, kind) for kind in (ChipLevel, SkyOverlap, OverlapMeasurement)] == counts


def test_only_what_is_missing_is_measured(field: Services) -> None:
    ids = version_ids(field)
    MeasureOverlaps(field.context, IR_STATISTIC).ensure(ids[:2])
    assert (_count(field, ChipLevel), _count(field, SkyOverlap)) == (2, 1)
    measures_of(field)
    assert (_count(field, ChipLevel), _count(field, SkyOverlap)) == (4, 6)
    with field.context.store.reading() as session:
        last = session.scalars(
            select(OverlapMeasurement).order_by(OverlapMeasurement.id.desc())
        ).first()
        assert last is not None
        assert (last.parameters["chips"], last.parameters["pairs"]) == (2, 5)
        assert last.status is ActivityStatus.SUCCEEDED
        assert len(last.used) == 4


def test_where_a_chip_was_never_measured_no_pair_is_looked_for(
    field: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = version_ids(field)
    overlaps = MeasureOverlaps(field.context, IR_STATISTIC)
    overlaps.ensure(ids[:2])
    known = overlaps.known(ids[:2])
    assert known is not None
    assert (len(known.chips), len(known.overlaps)) == (2, 1)
    monkeypatch.setattr("skydb.services.skies.measure_overlaps.chip_overlaps_of", None)
    assert overlaps.known(ids) is None


def test_where_a_pair_was_never_measured_nothing_is_known(field: Services) -> None:
    ids = version_ids(field)
    overlaps = MeasureOverlaps(field.context, IR_STATISTIC)
    overlaps.ensure(ids[:2])
    overlaps.ensure(ids[2:])
    assert (_count(field, ChipLevel), overlaps.known(ids)) == (4, None)


def test_another_statistic_is_another_measurement(field: Services) -> None:
    measures_of(field)
    loose = MeasureOverlaps(field.context, SkyStatistic(clip=1))
    loose.ensure(version_ids(field))
    assert (_count(field, ChipLevel), _count(field, OverlapMeasurement)) == (8, 2)


def test_files_may_be_gone_once_they_were_measured(services: Services, own_copy: Path) -> None:
    run = record_run(services, SkyMethod.MATCH, skies_of(services, SkyMethod.MATCH))
    _audit(services, run)
    shutil.rmtree(own_copy)
    assert len(_audit(services, run).residuals) == 6


def test_an_audit_of_record_reads_no_file_and_measures_nothing(
    services: Services, own_copy: Path
) -> None:
    run = record_run(services, SkyMethod.MATCH, {key: 0.1 for key in _chips(services)})
    assert services.audit.of_record(run) is None
    assert services.audit.of_record(run + 1) is None
    assert _count(services, OverlapMeasurement) == 0
    measured = _audit(services, run)
    shutil.rmtree(own_copy)
    known = services.audit.of_record(run)
    assert known is not None
    assert (known.residuals, known.ranking) == (measured.residuals, measured.ranking)
    assert _count(services, OverlapMeasurement) == 1


def _chips(services: Services) -> list[tuple[str, int]]:
    return [(row["rootname"], 1) for row in services.images.headers()]


def test_a_file_that_is_gone_before_is_named(services: Services, own_copy: Path) -> None:
    next(own_copy.glob("*_flt.fits")).unlink()
    with pytest.raises(NotFoundError, match="is gone"):
        measures_of(services)
    assert _count(services, OverlapMeasurement) == 0


def test_a_file_that_changed_is_not_measured(services: Services, own_copy: Path) -> None:
    path = next(own_copy.glob("*_flt.fits"))
    path.write_bytes(path.read_bytes() + b"\0" * 2880)
    with pytest.raises(FileRejectedError):
        measures_of(services)


def test_two_islands_are_found_and_get_no_common_zero(islands: Services) -> None:
    skies = skies_of(islands, SkyMethod.MATCH)
    audit = _audit(islands, record_run(islands, SkyMethod.MATCH, skies))
    assert [len(group) for group in audit.islands] == [2, 2]
    assert audit.is_flagged
    assert {row["island"] for row in audit.rows()} == {1, 2}
    assert sum(sky == 0.0 for sky in skies.values()) == 2
    said = "\n".join(sentences(audit))
    assert "no common zero" in said
    assert all(name in said for group in audit.islands for name in group)


def test_a_downgraded_run_is_flagged(field: Services) -> None:
    skies = skies_of(field, SkyMethod.LOCALMIN)
    run = record_run(field, SkyMethod.MATCH, skies, effective=SkyMethod.LOCALMIN)
    audit = _audit(field, run)
    assert audit.is_flagged and audit.run.method is SkyMethod.LOCALMIN
    assert any("downgraded" in sentence for sentence in sentences(audit))


def test_an_exposure_without_value_leaves_its_pairs_open(field: Services) -> None:
    skies = skies_of(field, SkyMethod.MATCH)
    missing = sorted(skies)[0]
    audit = _audit(field, record_run(field, SkyMethod.MATCH, skies | {missing: None}))
    assert [r.after is None for r in audit.residuals] == [True, True, True, False, False, False]
    assert audit.run.pairs == 3


def test_a_run_without_values_has_nothing_to_audit(services: Services) -> None:
    def begin(session, stamp):
        group = SkyRunGroup("g" * 64, "field")
        return SkyRun(group, SkyMethod.MATCH, {}, stamp, recipe_hash="r" * 64)

    run = services.context.begin(begin)
    with pytest.raises(NotFoundError, match="no sky values"):
        _audit(services, run)
    with pytest.raises(NotFoundError, match="no sky run 99"):
        _audit(services, 99)


def test_footprints_come_from_the_file_where_the_ledger_has_none(field: Services) -> None:
    services = field
    known = MeasureOverlaps(services.context).outlines(version_ids(services))
    with services.context.store.writing() as session:
        for version in session.scalars(select(ProductVersion)):
            assert version.current_solution is not None
            for chip in version.current_solution.chips:
                chip.s_region = None
        session.commit()
    read = MeasureOverlaps(services.context).outlines(version_ids(services))
    assert read.keys() == known.keys()
    for key, outline in known.items():
        assert read[key] == pytest.approx(outline, abs=1e-8)


@pytest.fixture(scope="module", params=[SimDetector.UVIS, SimDetector.WFC], ids=str)
def drizzled(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    sqlite_template: Path,
) -> Iterator[Services]:
    """A two-chip field that AstroDrizzle itself has matched."""
    home = tmp_path_factory.mktemp("drizzled")
    url = f"sqlite:///{home / 'ledger.sqlite'}"
    upgrade(url)
    services = Services.open(url, home / "data")
    plan = FieldPlan(
        request.param, (2, 1), dithers=1, size=192, seed=5, products=False,
        pointing_error_arcsec=(0.0, 0.0),
    )  # fmt: skip
    ingest_field(services, home / "field", plan)
    settings = AstroDrizzleSettings(final_scale_arcsec=0.2)
    services.sky(1).run([SkyMethod.MATCH], settings=settings)
    yield services
    services.close()


@pytest.mark.slow
def test_a_run_of_astrodrizzle_is_audited_like_any_other(drizzled: Services) -> None:
    with drizzled.context.store.reading() as session:
        (run,) = session.scalars(select(SkyRun))
    assert run.status is ActivityStatus.SUCCEEDED
    audit = _audit(drizzled, run.id)
    (pair,) = audit.residuals
    assert audit.run.engine is Engine.ASTRODRIZZLE
    assert pair.unit == "electron"
    assert pair.after is not None and abs(pair.after) < 0.1
    assert abs(pair.before) > 100 * abs(pair.after)


@pytest.mark.slow
def test_skydb_finds_what_astrodrizzle_wrote(drizzled: Services) -> None:
    rows = drizzled.comparison.methods.values()
    theirs = {(row["rootname"], row["extver"]): row["match"] for row in rows}
    sky = max(theirs.values())
    assert skies_of(drizzled, SkyMethod.MATCH) == pytest.approx(theirs, abs=5e-4 * sky)
