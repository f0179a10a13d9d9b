from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from astropy.io import fits
from sqlalchemy import event, select

from skydb.api.composition import Services
from skydb.domain import Finding, SkyRun, SkyRunGroup, SkyValue
from skydb.domain.vocabulary import COMPUTED_METHODS, ActivityStatus, FindingKind, SkyMethod
from skydb.drizzle.settings import AstroDrizzleSettings
from skydb.errors import FileRejectedError, NotFoundError, UsageError
from skydb.services.intake.selection import Selection
from skydb.services.skies.skyrun import SkyRunService
from skydb.simulate.field import simulate_field
from skydb.simulate.plan import FieldPlan
from tests.services.tools import (
    CENTRE_DEG,
    MEMBERS,
    Toolbox,
    checksums,
    files_below,
    write_exposure,
)

FAR_DEG = (CENTRE_DEG[0] + 1.0, CENTRE_DEG[1])


def run(services: Services, tools: Toolbox, *methods: SkyMethod, **more: Any) -> list[dict]:
    service = SkyRunService(services.context, tools, jobs=2)
    return service.run(methods or COMPUTED_METHODS, **more)


def findings(services: Services, kind: FindingKind) -> list[str]:
    with services.context.store.reading() as session:
        found = select(Finding).where(Finding.kind == kind).order_by(Finding.id)
        return [finding.subject for finding in session.scalars(found)]


def values(services: Services) -> dict[str, dict[str, float | None]]:
    answer = services.plain.sql(
        "SELECT requested_method, rootname, mdrizsky FROM v_sky_values ORDER BY 1, 2"
    )
    found: dict[str, dict[str, float | None]] = {}
    for method, rootname, sky in answer.rows:
        found.setdefault(method, {})[rootname] = sky
    return found


@pytest.fixture
def field(services: Services, tmp_path: Path) -> list[Path]:
    """Two exposures of one sky, in the ledger."""
    files = [write_exposure(tmp_path / "field", name, MDRIZSKY=99.0) for name in MEMBERS]
    services.ingest.ingest(files)
    return files


def test_the_four_methods_are_recorded_with_what_they_found(
    services_anywhere: Services, tools: Toolbox, tmp_path: Path
) -> None:
    services = services_anywhere
    files = [write_exposure(tmp_path / "field", name) for name in MEMBERS]
    services.ingest.ingest(files)
    before = checksums(files)
    rows = run(services, tools)
    assert [row["requested_method"] for row in rows] == list(COMPUTED_METHODS)
    assert {row["status"] for row in rows} == {"succeeded"}
    assert {row["downgraded"] for row in rows} == {row["reused"] for row in rows} == {False}
    first, second = MEMBERS
    assert values(services) == {
        "localmin": {first: 1.0, second: 1.125},
        "match": {first: 0.0, second: 0.125},
        "globalmin+match": {first: 1.0, second: 1.125},
        "globalmin": {first: 1.0, second: 1.0},
    }
    answer = services.plain.sql("SELECT DISTINCT unit FROM v_sky_values")
    assert answer.rows == [("electron/s",)]
    assert checksums(files) == before


def _sigmas(services: Services) -> list[float | None]:
    with services.context.store.reading() as session:
        return [value.mdrizsky_sigma for value in session.scalars(select(SkyValue))]


def test_the_errors_of_what_astrodrizzle_found_are_measured_beside(
    services: Services, tools: Toolbox, tmp_path: Path
) -> None:
    simulate_field(tmp_path / "field", FieldPlan(tiles=(1, 1), size=64, stars=0, products=False))
    services.ingest.ingest(sorted((tmp_path / "field").glob("*_flt.fits")))
    run(services, tools)
    sigmas = _sigmas(services)
    assert len(sigmas) == 8 and None not in sigmas
    # Of match the one at zero; of all others none.
    assert sigmas.count(0.0) == 1


def test_errors_that_could_not_be_measured_are_a_finding(
    services: Services, tools: Toolbox, field: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(self: object, inputs: object) -> None:
        raise NotFoundError("the exposure is gone")

    monkeypatch.setattr("skydb.services.skies.engines.beside.ErrorsBeside._measures", gone)
    run(services, tools, SkyMethod.LOCALMIN)
    assert _sigmas(services) == [None] * len(MEMBERS)
    with services.context.store.reading() as session:
        kind = Finding.kind == FindingKind.SIGMA_UNKNOWN
        assert "the exposure is gone" in session.scalars(select(Finding).where(kind)).one().message


def test_a_run_keeps_its_mosaic_its_log_and_no_litter(
    services: Services, tools: Toolbox, field: list[Path]
) -> None:
    (row,) = run(services, tools, SkyMethod.MATCH)
    root = services.context.workspace.root
    home = f"runs/{row['run']}"
    assert files_below(root) == [
        f"{home}/astrodrizzle.log",
        f"{home}/f160w_match_drz_sci.fits",
        f"{home}/f160w_match_drz_wht.fits",
    ]
    assert row["stored_path"] == f"{home}/f160w_match_drz_sci.fits"
    with services.context.store.reading() as session:
        sky = session.get_one(SkyRun, row["run"])
        assert sky.log_path == f"{home}/astrodrizzle.log"
        assert sky.mosaic is not None
        assert (sky.mosaic.naxis1_pix, sky.mosaic.naxis2_pix) == (10, 8)
        stored = checksums([root / sky.mosaic.science_path])
        assert list(stored.values()) == [sky.mosaic.science_sha256]
        assert {link.version.filename for link in sky.used} == {path.name for path in field}


def test_the_tool_gets_copies_without_the_sky_of_before(
    services: Services, field: list[Path]
) -> None:
    seen = []

    class Curious(Toolbox):
        def _astrodrizzle(self, job, directory):
            for name in job["inputs"]:
                seen.append("MDRIZSKY" in fits.getheader(directory / name))
            return super()._astrodrizzle(job, directory)

    run(services, Curious(), SkyMethod.LOCALMIN)
    assert seen == [False, False]
    assert all(fits.getheader(path)["MDRIZSKY"] == 99.0 for path in field)


def test_an_identical_run_is_found_and_not_repeated_unless_forced(
    services: Services, tools: Toolbox, field: list[Path]
) -> None:
    (first,) = run(services, tools, SkyMethod.MATCH)
    (found,) = run(services, tools, SkyMethod.MATCH)
    assert (found["run"], found["reused"]) == (first["run"], True)
    assert tools.ran == ["astrodrizzle"]
    (forced,) = run(services, tools, SkyMethod.MATCH, force=True)
    assert forced["run"] != first["run"] and not forced["reused"]
    (newest,) = run(services, tools, SkyMethod.MATCH)
    assert newest["run"] == forced["run"]


def test_a_run_that_is_found_has_the_flags_of_now(
    services: Services, tools: Toolbox, field: list[Path]
) -> None:
    line = services.books.flag(MEMBERS[0], "satellite", "a trail", "ann")
    (flagged,) = run(services, tools, SkyMethod.MATCH)
    said = [f"{name}: flag satellite by ann: a trail" for name in MEMBERS]
    assert flagged["findings"] == run(services, tools, SkyMethod.MATCH)[0]["findings"] == said[:1]
    services.books.withdraw(line["id"], "it was masked")
    (settled,) = run(services, tools, SkyMethod.MATCH)
    assert (settled["run"], settled["reused"], settled["findings"]) == (flagged["run"], True, [])
    services.books.flag(MEMBERS[1], "satellite", "a trail", "ann")
    (again,) = run(services, tools, SkyMethod.MATCH)
    assert (again["reused"], again["findings"]) == (True, said[1:])
    assert {row["subject"] for row in services.plain.findings(again["run"])} == set(MEMBERS)


@pytest.mark.parametrize("what", ["method", "parameters", "selection", "content", "environment"])
def test_a_run_that_differs_in_anything_is_another_run(
    services: Services,
    tools: Toolbox,
    field: list[Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    what: str,
) -> None:
    (first,) = run(services, tools, SkyMethod.LOCALMIN)
    method, more = SkyMethod.LOCALMIN, {}
    if what == "method":
        method = SkyMethod.GLOBALMIN
    elif what == "parameters":
        more["settings"] = replace(AstroDrizzleSettings(), final_bits="0")
    elif what == "selection":
        more["selection"] = Selection(rootnames=MEMBERS[:1])
    elif what == "content":
        services.ingest.ingest([write_exposure(tmp_path / "new", MEMBERS[0], CAL_VER="4.0")])
    else:
        packages = {"drizzlepac": "99.0"}
        monkeypatch.setattr("skydb.services.core.environment.installed_packages", lambda: packages)
    (second,) = run(services, tools, method, **more)
    assert second["run"] != first["run"] and not second["reused"]
    same_group = what in ("method", "environment")
    assert (second["group"] == first["group"]) is same_group


def test_a_run_whose_mosaic_is_gone_is_repeated(
    services: Services, tools: Toolbox, field: list[Path]
) -> None:
    (first,) = run(services, tools, SkyMethod.LOCALMIN)
    services.context.workspace.resolve(first["mosaic"]).unlink()
    (second,) = run(services, tools, SkyMethod.LOCALMIN)
    assert second["run"] != first["run"]


def test_a_run_that_was_deleted_is_repeated(
    services: Services, tools: Toolbox, field: list[Path]
) -> None:
    (first,) = run(services, tools, SkyMethod.LOCALMIN)
    services.retention.delete(first["run"], "the guide star was lost")
    (second,) = run(services, tools, SkyMethod.LOCALMIN)
    assert second["run"] != first["run"]


def test_a_method_that_fails_leaves_a_failed_row_and_the_others_go_on(
    services_anywhere: Services, tmp_path: Path
) -> None:
    class Picky(Toolbox):
        def _astrodrizzle(self, job, directory):
            if job["parameters"]["skymethod"] == "match":
                return {"sky_calls": [], "seconds": 0.0}
            return super()._astrodrizzle(job, directory)

    services = services_anywhere
    files = [write_exposure(tmp_path / "field", name) for name in MEMBERS]
    services.ingest.ingest(files)
    rows = {row["requested_method"]: row for row in run(services, Picky())}
    assert {method: row["status"] for method, row in rows.items()} == {
        "localmin": "succeeded",
        "match": "failed",
        "globalmin+match": "succeeded",
        "globalmin": "succeeded",
    }
    assert "made 0 files as science image" in rows["match"]["error"]
    assert rows["match"]["mosaic"] is None
    assert set(values(services)) == {"localmin", "globalmin+match", "globalmin"}


def test_a_crash_leaves_failed_rows_the_logs_and_no_litter(
    services: Services, tools: Toolbox, field: list[Path]
) -> None:
    tools.crashes = {"astrodrizzle"}
    before = checksums(field)
    rows = run(services, tools, SkyMethod.LOCALMIN, SkyMethod.GLOBALMIN)
    assert {row["status"] for row in rows} == {"failed"}
    assert all("killed by SIGKILL" in row["error"] for row in rows)
    assert files_below(services.context.workspace.root) == sorted(
        f"logs/sky-{row['run']}/astrodrizzle.log" for row in rows
    )
    with services.context.store.reading() as session:
        logs = {one.id: one.log_path for one in session.scalars(select(SkyRun))}
    assert logs == {row["run"]: f"logs/sky-{row['run']}" for row in rows}
    assert checksums(field) == before
    tools.crashes = set()
    assert run(services, tools, SkyMethod.LOCALMIN)[0]["status"] == "succeeded"


def test_a_downgrade_is_recorded_with_its_cause(
    services_anywhere: Services, tools: Toolbox, tmp_path: Path
) -> None:
    services = services_anywhere
    services.ingest.ingest([write_exposure(tmp_path / "field", name) for name in MEMBERS])
    tools.becomes = {SkyMethod.MATCH: SkyMethod.LOCALMIN}
    (row,) = run(services, tools, SkyMethod.MATCH)
    assert (row["requested_method"], row["effective_method"]) == ("match", "localmin")
    assert row["downgraded"] is True
    assert any("iter_polygons_flat" in message for message in row["findings"])
    assert findings(services, FindingKind.DOWNGRADED) == [f"run {row['run']}"]
    asked = "SELECT DISTINCT effective_method, is_relative FROM v_sky_values WHERE downgraded"
    assert services.plain.sql(asked).rows == [("localmin", False)]
    # A mosaic is not called by a method that never made it.
    assert "_localmin_" in row["mosaic"]
    assert "match" not in row["mosaic"] + row["weight"]


def test_an_exposure_that_matches_nothing_has_a_row_without_a_value_and_a_finding(
    services: Services, tools: Toolbox, field: list[Path], tmp_path: Path
) -> None:
    lonely = write_exposure(tmp_path / "far", "ibxl51iaq", centre_deg=FAR_DEG)
    services.ingest.ingest([lonely])
    tools.alone = {"ibxl51iaq"}
    (row,) = run(services, tools, SkyMethod.MATCH)
    assert row["status"] == "succeeded"
    assert values(services)["match"] == {MEMBERS[0]: 0.0, MEMBERS[1]: 0.125, "ibxl51iaq": None}
    assert findings(services, FindingKind.NO_OVERLAP) == ["ibxl51iaq"]
    assert findings(services, FindingKind.ISLANDS) == []
    assert services.comparison.methods.values()[-1]["match"] is None


def test_two_islands_are_a_finding_of_the_methods_that_match_and_of_no_other(
    services: Services, tools: Toolbox, field: list[Path], tmp_path: Path
) -> None:
    far = [
        write_exposure(tmp_path / "far", name, centre_deg=FAR_DEG)
        for name in ("ibxl51iaq", "ibxl51ibq")
    ]
    services.ingest.ingest(far)
    rows = {row["requested_method"]: row["run"] for row in run(services, tools)}
    assert sorted(findings(services, FindingKind.ISLANDS)) == sorted(
        [f"run {rows['match']}", f"run {rows['globalmin+match']}"]
    )
    assert findings(services, FindingKind.NO_OVERLAP) == []


def test_a_file_that_changed_on_disk_is_refused_before_anything_runs(
    services: Services, tools: Toolbox, field: list[Path]
) -> None:
    fits.setval(field[0], "TARGNAME", value="ELSEWHERE")
    with pytest.raises(FileRejectedError, match="is no longer version 1"):
        run(services, tools, SkyMethod.LOCALMIN)
    field[0].unlink()
    with pytest.raises(NotFoundError, match="is gone"):
        run(services, tools, SkyMethod.LOCALMIN)
    assert tools.ran == []


def test_an_empty_ledger_has_nothing_to_run(services: Services, tools: Toolbox) -> None:
    with pytest.raises(NotFoundError, match="no exposures of this selection"):
        run(services, tools, SkyMethod.LOCALMIN)


def test_options_of_the_sky_that_contradict_each_other_leave_no_run(
    services: Services, tools: Toolbox, field: list[Path]
) -> None:
    passed_over = AstroDrizzleSettings(extra={"skyuser": "MYSKY"})
    with pytest.raises(UsageError, match="only with skysub=False"):
        run(services, tools, SkyMethod.LOCALMIN, settings=passed_over)
    with services.context.store.reading() as session:
        assert session.scalars(select(SkyRun.status)).all() == []


def test_a_ledger_that_cannot_keep_the_values_leaves_no_mosaic_behind(
    services: Services, tools: Toolbox, field: list[Path]
) -> None:
    def refuse(_: object, __: object, statement: str, *___: object) -> None:
        if statement.startswith("INSERT INTO sky_values"):
            raise OSError("the disk is full")

    event.listen(services.context.store.engine, "before_cursor_execute", refuse)
    with pytest.raises(OSError, match="disk is full"):
        run(services, tools, SkyMethod.LOCALMIN)
    with services.context.store.reading() as session:
        (failed,) = session.scalars(select(SkyRun)).all()
        assert failed.status is ActivityStatus.FAILED
    assert files_below(services.context.workspace.root / "runs") == []


def test_runs_of_one_recipe_share_a_group_however_many_begin_at_once(
    services_anywhere: Services, tools: Toolbox, tmp_path: Path
) -> None:
    services = services_anywhere
    services.ingest.ingest([write_exposure(tmp_path / "field", name) for name in MEMBERS])
    service = SkyRunService(services.context, tools, jobs=4)
    service.run(COMPUTED_METHODS)
    service.run(COMPUTED_METHODS, force=True)
    with services.context.store.reading() as session:
        (group,) = session.scalars(select(SkyRunGroup)).all()
        assert len(group.runs) == 8
        assert group.label == "HORSEHEAD, 2 exposures, F160W"


@pytest.mark.usefixtures("field")
@pytest.mark.parametrize("masked", [3, 41])
def test_masks_are_kept_counted_and_flagged_when_they_hide_the_sky(
    services: Services, masked: int
) -> None:
    first, second = MEMBERS
    tools, settings = (
        Toolbox(masked={second: masked}),
        AstroDrizzleSettings(reject_cosmic_rays=True),
    )
    (row,) = run(services, tools, SkyMethod.MATCH, settings=settings)
    answer = services.plain.sql("SELECT rootname, cr_masked_pix FROM v_sky_values ORDER BY 1")
    assert answer.rows == [(first, 5), (second, masked + 2)]
    assert findings(services, FindingKind.OVERMASKED) == ([second] if masked == 41 else [])
    with services.context.store.reading() as session:
        path = session.get_one(SkyRun, row["run"]).masks_path
    assert services.context.workspace.resolve(path).read_bytes() == b"masks of all chips"


@pytest.mark.usefixtures("field")
def test_a_run_without_rejection_has_no_masks(services: Services, tools: Toolbox) -> None:
    (row,) = run(services, tools, SkyMethod.MATCH)
    answer = services.plain.sql("SELECT DISTINCT cr_masked_pix FROM v_sky_values")
    assert answer.rows == [(None,)]
    with services.context.store.reading() as session:
        assert session.get_one(SkyRun, row["run"]).masks_path is None
