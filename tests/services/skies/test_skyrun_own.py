"""The engine ``skydb`` without mosaics: all methods from one set of measurements."""

from __future__ import annotations

import json
import shutil
import weakref
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from astropy.io import fits
from sqlalchemy import func, select

from skydb.api.composition import Services
from skydb.domain import Finding, OverlapMeasurement, SkyRun, SkyRunGroup, SkyValue
from skydb.domain.vocabulary import COMPUTED_METHODS, ActivityStatus, Engine, FindingKind, SkyMethod
from skydb.drizzle.settings import AstroDrizzleSettings
from skydb.errors import UsageError
from skydb.files.pixels import ChipFile, ChipPixels
from skydb.services.intake.selection import Selection
from skydb.services.skies.engines.own import OwnEngine
from skydb.services.skies.measure_overlaps import MeasureOverlaps
from skydb.services.skies.recipe import Recipe, _label, selected_inputs
from skydb.services.skies.skyrun import SkyRunService
from skydb.simulate.field import simulate_field
from skydb.simulate.plan import FieldPlan, SimDetector
from skydb.sky.levels import SkyStatistic
from tests.ledgers import interface_of
from tests.services.recorded import (
    IR_STATISTIC,
    ingest_exposures,
    ingest_field,
    measures_of,
    skies_of,
    version_ids,
)
from tests.services.tools import Toolbox

PLAN = FieldPlan(
    SimDetector.IR,
    (2, 1),
    size=64,
    seed=5,
    products=False,
    pointing_error_arcsec=(0.0, 0.0),
    one_frame=True,
)
ONE = replace(PLAN, tiles=(1, 1), dithers=1)
ALL = COMPUTED_METHODS


@pytest.fixture(scope="module")
def exposures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Directory of four exposures of two visits that overlap."""
    directory = tmp_path_factory.mktemp("own")
    simulate_field(directory, PLAN)
    return directory


@pytest.fixture
def field(services: Services, exposures: Path) -> Services:
    """The four exposures in a ledger."""
    ingest_exposures(services, exposures)
    return services


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Pixels of every level that is taken from now on."""
    seen: list[int] = []
    clipped = SkyStatistic._seen

    def counted(self: SkyStatistic, values: Any) -> Any:
        seen.append(values.size)
        return clipped(self, values)

    monkeypatch.setattr(SkyStatistic, "_seen", counted)
    return seen


def run(services: Services, *methods: SkyMethod, **more: Any) -> list[dict]:
    service = SkyRunService(services.context, Toolbox(crashes={"astrodrizzle", "onepass"}))
    return service.run(methods or ALL, **({"mosaic": False} | more))


def count(services: Services, entity: type) -> int:
    with services.context.store.reading() as session:
        return session.scalar(select(func.count()).select_from(entity)) or 0


def findings(services: Services) -> set[tuple[FindingKind, str]]:
    with services.context.store.reading() as session:
        return {(one.kind, one.subject) for one in session.scalars(select(Finding))}


def values(services: Services, run_id: int) -> dict[tuple[str, int], float | None]:
    with services.context.store.reading() as session:
        found = session.scalars(select(SkyValue).where(SkyValue.run_id == run_id))
        return {(one.exposure.rootname, one.extver): one.mdrizsky for one in found}


def test_all_methods_come_from_one_set_of_measurements_and_no_mosaic(
    services_anywhere: Services, exposures: Path
) -> None:
    services = services_anywhere
    ingest_exposures(services, exposures)
    rows = run(services)
    assert [row["requested_method"] for row in rows] == [method.value for method in ALL]
    assert [row["effective_method"] for row in rows] == [method.value for method in ALL]
    assert {row["engine"] for row in rows} == {"skydb"}
    assert {(row["status"], row["mosaic"], row["downgraded"]) for row in rows} == {
        ("succeeded", None, False)
    }
    assert all(row["seconds"] > 0 and not row["findings"] for row in rows)
    assert count(services, OverlapMeasurement) == 1
    for row, method in zip(rows, ALL, strict=True):
        assert values(services, row["run"]) == skies_of(services, method)
    compared = services.comparison.methods.values()
    assert len(compared) == 4 and min(row["match"] for row in compared) == 0.0
    assert {row["unit"] for row in compared} == {"electron/s"}


def test_runs_of_the_two_engines_are_in_groups_of_their_own(
    field: Services, tools: Toolbox
) -> None:
    (theirs,) = SkyRunService(field.context, tools).run([SkyMethod.LOCALMIN])
    (ours,) = run(field, SkyMethod.LOCALMIN)
    assert (theirs["engine"], ours["engine"]) == ("astrodrizzle", "skydb")
    assert theirs["group"] != ours["group"]
    with field.context.store.reading() as session:
        sky = session.get_one(SkyRun, ours["run"])
        statistic = IR_STATISTIC
        assert sky.parameters["skydb"] == {
            "statistic": json.loads(json.dumps(statistic.as_parameters())),
            "recipe": statistic.recipe,
        }
        assert len(sky.used) == 4


def test_an_identical_run_is_found_and_a_forced_one_measures_nothing(
    field: Services, looks: list[int]
) -> None:
    first = run(field)
    assert looks
    looks.clear()
    assert [(r["run"], r["reused"]) for r in run(field)] == [(r["run"], True) for r in first]
    forced = run(field, SkyMethod.MATCH, force=True)
    assert forced[0]["run"] > first[-1]["run"]
    assert looks == []
    assert values(field, forced[0]["run"]) == values(field, first[1]["run"])


def test_only_methods_that_were_not_run_are_made(field: Services) -> None:
    (match,) = run(field, SkyMethod.MATCH)
    rows = run(field)
    assert [row["reused"] for row in rows] == [False, True, False, False]
    assert rows[1]["run"] == match["run"]
    assert {row["group"] for row in rows} == {match["group"]}


def test_adding_exposures_measures_only_the_new_chips_and_pairs(
    services: Services, exposures: Path, looks: list[int]
) -> None:
    files = sorted(exposures.glob("*_flt.fits"))
    services.ingest.ingest(files[:3])
    run(services)
    # Three chips, and both sides of three pairs.
    assert len(looks) == 3 + 2 * 3
    looks.clear()
    services.ingest.ingest(files[3:])
    rows = run(services)
    assert len(looks) == 1 + 2 * 3
    assert not any(row["reused"] for row in rows)
    with services.context.store.reading() as session:
        last = session.scalars(select(OverlapMeasurement)).all()[-1]
        assert (last.parameters["chips"], last.parameters["pairs"]) == (1, 3)


def test_pixels_of_one_exposure_at_a_time_are_held_by_one_job(
    field: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    alive: weakref.WeakSet[ChipPixels] = weakref.WeakSet()
    load, most = ChipFile.load, []

    def watched(self: ChipFile) -> ChipPixels:
        loaded = load(self)
        alive.add(loaded)
        most.append(len(alive))
        return loaded

    monkeypatch.setattr(ChipFile, "load", watched)
    MeasureOverlaps(field.context, IR_STATISTIC, jobs=1).ensure(version_ids(field))
    # Every file is read once, whatever its overlaps.
    assert most == [1] * 4


def test_skies_of_a_grown_field_are_those_of_one_measured_at_once(
    services: Services, exposures: Path
) -> None:
    files = sorted(exposures.glob("*_flt.fits"))
    for file in files:
        services.ingest.ingest([file])
        rows = run(services, SkyMethod.GLOBALMIN_MATCH)
    grown = values(services, rows[0]["run"])
    measures = measures_of(services)
    assert [chip.rootname for chip in measures.chips] == sorted(f.name[:9] for f in files)
    assert grown == skies_of(services, SkyMethod.GLOBALMIN_MATCH)


def test_files_may_be_gone_once_they_were_measured(
    services: Services, exposures: Path, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(exposures, tmp_path / "field"))
    ingest_exposures(services, copy)
    run(services, SkyMethod.LOCALMIN)
    shutil.rmtree(copy)
    assert run(services, SkyMethod.MATCH)[0]["status"] == "succeeded"


@pytest.mark.parametrize(
    "settings",
    [
        AstroDrizzleSettings(extra={"skystat": "mean"}),
        AstroDrizzleSettings(extra={"skyclip": "2"}),
        AstroDrizzleSettings(sky_bits="16,64"),
        AstroDrizzleSettings(extra={"skylower": 0.1}),
        AstroDrizzleSettings(extra={"skyupper": 9}),
        AstroDrizzleSettings(resetbits=0),
    ],
    ids=["skystat", "skyclip", "sky_bits", "skylower", "skyupper", "resetbits"],
)
def test_another_statistic_is_another_run(field: Services, settings: AstroDrizzleSettings) -> None:
    (first,) = run(field, SkyMethod.LOCALMIN)
    (second,) = run(field, SkyMethod.LOCALMIN, settings=settings)
    assert second["run"] != first["run"] and second["group"] != first["group"]
    assert not second["reused"]


def test_parameters_of_the_mosaic_alone_change_nothing(field: Services) -> None:
    (first,) = run(field, SkyMethod.LOCALMIN)
    (second,) = run(field, SkyMethod.LOCALMIN, settings=AstroDrizzleSettings(final_rot_deg=7.0))
    assert second["run"] == first["run"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (AstroDrizzleSettings(extra={"skywidth": None}), "its bins have a width"),
        (AstroDrizzleSettings(extra={"static_sig": 3}), "static_sig=3.0: it clips"),
        (AstroDrizzleSettings(sky_bits="None"), "sky_bits=None: it knows sums of flags"),
        (AstroDrizzleSettings(sky_bits="~4"), "sky_bits=~4: it knows sums of flags"),
        (AstroDrizzleSettings(extra={"skyuser": "MDRIZSKY"}), "only with skysub=False"),
        (
            AstroDrizzleSettings(extra={"final_kernel": "point"}),
            "no effect without mosaics: final_k",
        ),
    ],
)
def test_parameters_without_a_meaning_are_refused_and_leave_no_run(
    field: Services, settings: AstroDrizzleSettings, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        run(field, settings=settings)
    assert count(field, SkyRun) == 0


def test_astrodrizzle_cannot_do_without_mosaics(field: Services) -> None:
    with pytest.raises(UsageError, match=r"only on the way to a mosaic.*--engine skydb"):
        run(field, engine=Engine.ASTRODRIZZLE)
    assert count(field, SkyRun) == 0


def test_two_islands_have_no_common_zero_and_methods_that_match_are_flagged(
    services: Services, tmp_path: Path
) -> None:
    plan = FieldPlan(
        SimDetector.IR, (1, 1), size=64, seed=2, islands=2, products=False, one_frame=True
    )
    ingest_field(services, tmp_path / "field", plan)
    rows = {row["requested_method"]: row for row in run(services)}
    flagged = {f"run {rows[name]['run']}" for name in ("match", "globalmin+match")}
    assert findings(services) == {(FindingKind.ISLANDS, subject) for subject in flagged}
    assert list(values(services, rows["match"]["run"]).values()).count(0.0) == 2


def test_an_exposure_that_overlaps_nothing_has_no_value_and_a_finding(
    field: Services, tmp_path: Path
) -> None:
    ingest_field(field, tmp_path, replace(ONE, ra_deg=10.0, first_visit="90"))
    lonely = next(tmp_path.glob("*_flt.fits")).name[:9]
    rows = {row["requested_method"]: row for row in run(field)}
    assert values(field, rows["match"]["run"])[lonely, 1] is None
    assert values(field, rows["globalmin+match"]["run"])[lonely, 1] is None
    assert values(field, rows["localmin"]["run"])[lonely, 1] is not None
    assert findings(field) == {(FindingKind.NO_OVERLAP, lonely)}
    assert rows["localmin"]["findings"] == []


def test_a_unit_that_is_not_known_is_a_finding(services: Services, tmp_path: Path) -> None:
    simulate_field(tmp_path, ONE)
    (path,) = tmp_path.glob("*_flt.fits")
    fits.setval(path, "BUNIT", value="FURLONGS", extname="SCI")
    ingest_exposures(services, tmp_path)
    (row,) = run(services, SkyMethod.LOCALMIN)
    assert row["status"] == "succeeded"
    assert findings(services) == {
        (FindingKind.UNIT_UNKNOWN, path.name[:9]),
        (FindingKind.DOUBTFUL_FILE, path.name),
    }


def test_an_exposure_without_a_good_pixel_has_no_value_and_a_finding(
    services: Services, exposures: Path, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(exposures, tmp_path / "field"))
    path = sorted(copy.glob("*_flt.fits"))[0]
    with fits.open(path, "update") as hdus:
        hdus["DQ"].data[:] = 4
    ingest_exposures(services, copy)
    rows = {row["requested_method"]: row["run"] for row in run(services)}
    blind = path.name[:9]
    for method in ("localmin", "match", "globalmin", "globalmin+match"):
        found = values(services, rows[method])
        assert [name for (name, _), sky in found.items() if sky is None] == [blind]
    assert findings(services) == {(FindingKind.NO_SIGNAL, blind)}


def test_a_file_that_changed_fails_all_methods_with_a_reason(
    services_anywhere: Services, exposures: Path, tmp_path: Path
) -> None:
    services = services_anywhere
    copy = Path(shutil.copytree(exposures, tmp_path / "field"))
    ingest_exposures(services, copy)
    path = sorted(copy.glob("*_flt.fits"))[0]
    whole = path.read_bytes()
    path.write_bytes(whole + b"\0" * 2880)
    rows = run(services)
    assert {row["status"] for row in rows} == {"failed"}
    assert all("is no longer version 1" in row["error"] for row in rows)
    path.unlink()
    assert all("is gone" in row["error"] for row in run(services, SkyMethod.MATCH))
    path.write_bytes(whole)
    assert {row["status"] for row in run(services)} == {"succeeded"}


def test_methods_are_recorded_together_or_not_at_all_and_rows_say_which(
    field: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish, begun = SkyRun.finish, iter(range(4))

    def interrupted_at_the_third(run: SkyRun, *values: Any) -> None:
        finish(run, *values)
        if next(begun) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(SkyRun, "finish", interrupted_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        run(field)
    with field.context.store.reading() as session:
        assert list(session.scalars(select(SkyRun.status))) == [ActivityStatus.INTERRUPTED] * 4
    assert count(field, SkyValue) == 0


def test_another_process_can_execute_runs_by_their_ids(
    field: Services, sqlite_ledger_url: str, tmp_path: Path
) -> None:
    settings = AstroDrizzleSettings(sky_bits="16")
    here = OwnEngine(field.context, settings)
    inputs = selected_inputs(field.context, Selection(), read_files=False)
    recipes = [Recipe(m, here.name, here.settings, inputs, has_mosaic=False) for m in ALL]
    with field.context.store.writing() as session:
        session.add(recipes[0].group(session))
        session.commit()
    task = json.dumps([field.context.begin(recipe.begin) for recipe in recipes])
    elsewhere = Services.open(sqlite_ledger_url, tmp_path / "data")
    OwnEngine(elsewhere.context, settings).execute(json.loads(task))
    elsewhere.close()
    assert all(row["reused"] for row in run(field))
    assert count(field, SkyRunGroup) == 1


def test_the_python_interface_answers_with_a_table(field: Services) -> None:
    db = interface_of(field)
    (run,) = db.sky.run("match", engine="skydb", mosaic=False)
    assert (run.engine, run.mosaic) == ("skydb", None)
    audit = db.sky.audit(run.run)
    assert max(abs(audit["after"])) < 0.1 * max(abs(audit["before"]))


@pytest.mark.parametrize(("count", "said"), [(1, "1 exposure"), (2, "2 exposures")])
def test_the_label_of_a_group_counts_one_exposure_as_one(count: int, said: str) -> None:
    exposure = SimpleNamespace(target_name="M 31", filters="F606W")
    versions: Any = [SimpleNamespace(product=SimpleNamespace(exposure=exposure))] * count
    assert _label(versions) == f"M 31, {said}, F606W"
