"""Page of a ledger."""

from __future__ import annotations

import html
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from skydb.api.composition import Services
from skydb.domain import Exposure, ProductVersion, ReferenceCatalog, Visit
from skydb.domain.findings import FindingKind
from skydb.domain.values import Rootname
from skydb.errors import UsageError
from skydb.report.field_details import catalog_rows, parameter_blocks
from skydb.report.field_page import write_field_report
from skydb.report.html import Section
from skydb.report.verdict import ReportVerdict
from skydb.services.activities import Runs
from skydb.store.scope import Scope
from tests.services.footprints import Observatory, box, wcs_of
from tests.services.survey import Survey


@contextmanager
def opened(url: str, tmp_path: Path) -> Iterator[Services]:
    services = Services.open(url, tmp_path / "data")
    yield services
    services.close()


@pytest.fixture
def services(sqlite_ledger_url: str, tmp_path: Path) -> Iterator[Services]:
    services = Services.open(sqlite_ledger_url, tmp_path / "data")
    with services.context.store.writing() as session:
        survey = Survey(session)
        survey.sky([survey.content(survey.exposure("50"))])
        session.commit()
    yield services
    services.close()


def page_of(services: Services, tmp_path: Path) -> tuple[ReportVerdict, str]:
    written = write_field_report(services, tmp_path / "field.html")
    return written.verdict, written.path.read_text()


def subjects(verdict: ReportVerdict, what: str) -> list[str]:
    return [problem.subject for problem in verdict.by_kind.get(what, ())]


def test_the_page_counts_what_is_due_and_shows_lines_that_hold(
    services: Services, tmp_path: Path
) -> None:
    services.books.flag("bxl50", "clouds", "as grey as can be")
    gone = services.books.note("bxl50", "a line that was withdrawn")
    services.books.withdraw(gone["id"], "wrong visit")
    verdict, page = page_of(services, tmp_path)
    assert subjects(verdict, "In the notes") == ["bxl50"]
    assert "exposures that skydb has not aligned" in page
    assert "as grey as can be" in page
    assert "a line that was withdrawn" not in page


def test_an_empty_ledger_is_no_success(sqlite_ledger_url: str, tmp_path: Path) -> None:
    empty = Services.open(sqlite_ledger_url, tmp_path / "data")
    verdict, page = page_of(empty, tmp_path)
    empty.close()
    assert [one.what for one in verdict.problems] == ["No exposures are recorded"]
    assert "Notes and flags" not in page and "Passed" not in page


def test_exposures_that_were_never_aligned_are_named_and_linked(
    services: Services, tmp_path: Path
) -> None:
    verdict, page = page_of(services, tmp_path)
    assert subjects(verdict, "Not aligned") == ["ibxl5001q"]
    assert "No alignment run of skydb has finished" in verdict.by_kind
    assert "Problems found" in page and "Passed" not in page
    for problem in verdict.problems:
        assert not problem.anchor or f'id="{problem.anchor}"' in page


def test_what_is_aligned_and_matched_passes(sqlite_ledger_url: str, tmp_path: Path) -> None:
    with opened(sqlite_ledger_url, tmp_path) as services:
        with services.context.store.writing() as session:
            survey = Survey(session)
            aligned = survey.align(survey.content(survey.exposure("50")), survey.catalog("gaia"))
            survey.sky([aligned])
            session.commit()
        verdict, page = page_of(services, tmp_path)
    assert verdict.problems == ()
    assert "Passed" in page


def test_runs_that_are_named_stand_for_the_newest_of_their_kind_alone(
    sqlite_ledger_url: str, tmp_path: Path
) -> None:
    with opened(sqlite_ledger_url, tmp_path) as services:
        with services.context.store.writing() as session:
            survey = Survey(session)
            aligned = survey.align(survey.content(survey.exposure("50")), survey.catalog("gaia"))
            older, newer = survey.sky([aligned]).id, survey.sky([aligned]).id
            session.commit()
        fitted = [*services.coverage().alignments()]
        for run in (older, newer, *fitted):
            shown = write_field_report(services, tmp_path / "named.html", runs=(run,)).verdict
            assert shown.problems == (), run
        assert [row["run"] for row in services.coverage(runs=(older,)).runs()] == [older]
        assert [row["run"] for row in services.coverage(runs=fitted).runs()] == [newer]


def test_paths_of_mosaics_are_those_at_which_they_can_be_opened(
    services: Services, tmp_path: Path
) -> None:
    with services.context.store.writing() as session:
        survey = Survey(session, contents=10)
        run = survey.sky([survey.content(survey.exposure("51"))])
        survey.mosaic(run, tmp_path / "data", timedelta())
        session.commit()
        stored = run.pixel_files[0]
    _, page = page_of(services, tmp_path)
    assert f">{tmp_path / 'data' / stored}<" in page and f">{stored}<" not in page


def test_a_delivery_since_the_alignment_is_a_problem(
    sqlite_ledger_url: str, tmp_path: Path
) -> None:
    with opened(sqlite_ledger_url, tmp_path) as services:
        with services.context.store.writing() as session:
            survey = Survey(session)
            exposure = survey.exposure("50")
            old = survey.content(exposure, date="2017-01-01T00:00:00")
            survey.sky([survey.align(old, survey.catalog("gaia"))])
            survey.content(exposure, date="2023-01-01T00:00:00")
            session.commit()
        verdict, _ = page_of(services, tmp_path)
    assert subjects(verdict, "A newer archive version exists") == ["ibxl5001q"]
    assert subjects(verdict, "Not aligned") == ["ibxl5001q"]


def test_fields_that_the_page_does_not_show_are_named(
    sqlite_ledger_url: str, tmp_path: Path
) -> None:
    with opened(sqlite_ledger_url, tmp_path) as services:
        with services.context.store.writing() as session:
            survey = Survey(session)
            survey.content(survey.exposure("60", detector="UVIS"))
            survey.sky([survey.content(survey.exposure("50"))])
            session.commit()
        verdict, page = page_of(services, tmp_path)
    (subject,) = subjects(verdict, "Field not shown in full")
    assert "UVIS" in subject
    assert all(f'id="{one.anchor}"' in page for one in verdict.by_kind["Field not shown in full"])


def test_a_failed_fit_is_a_problem_until_another_one_succeeds(
    sqlite_ledger_url: str, tmp_path: Path
) -> None:
    with opened(sqlite_ledger_url, tmp_path) as services:
        with services.context.store.writing() as session:
            survey = Survey(session)
            version = survey.content(survey.exposure("50"))
            survey.sky([version])
            survey.fit(version, survey.catalog("gaia"), failed=True)
            session.commit()
        before, page = page_of(services, tmp_path)
        with services.context.store.writing() as session:
            again = Survey(session, contents=10)
            version = session.get_one(ProductVersion, 1)
            again.fit(version, session.get_one(ReferenceCatalog, 1))
            session.commit()
        after, _ = page_of(services, tmp_path)
    assert subjects(before, "Fit failed") == ["ibxl5001q_flt.fits"]
    assert "no match" in page
    assert "Fit failed" not in after.by_kind


def test_findings_of_every_alignment_whose_fits_are_shown_count(
    sqlite_ledger_url: str, tmp_path: Path
) -> None:
    with opened(sqlite_ledger_url, tmp_path) as services:
        with services.context.store.writing() as session:
            survey = Survey(session)
            gaia = survey.catalog("gaia")
            weak, good = (
                survey.content(survey.exposure(visit, detector=detector))
                for visit, detector in (("50", "IR"), ("60", "UVIS"))
            )
            runs = [survey.fit(one, gaia).activity for one in (weak, good)]
            runs[0].notice(FindingKind.WEAK_FIT, weak.filename, "4 matches.")
            session.commit()
            numbers = [run.id for run in runs]
        before, page = page_of(services, tmp_path)
        with services.context.store.writing() as session:
            again = Survey(session, contents=10)
            fit = again.fit(
                session.get_one(ProductVersion, 1), session.get_one(ReferenceCatalog, 1)
            )
            numbers.append(fit.activity_id)
            session.commit()
        after, _ = page_of(services, tmp_path)
    assert f"Alignment: runs {numbers[0]}, {numbers[1]}." in before.covers
    assert all(f"Alignment run {number}." in page for number in numbers[:2])
    assert subjects(before, "Finding: weak-fit") == ["ibxl5001q_flt.fits"]
    # Another run has the fit that counts.
    assert f"Alignment: runs {numbers[1]}, {numbers[2]}." in after.covers
    assert "Finding: weak-fit" not in after.by_kind


def test_visits_that_were_aligned_one_by_one_are_listed_together(
    sqlite_ledger_url: str, tmp_path: Path
) -> None:
    with opened(sqlite_ledger_url, tmp_path) as services:
        with services.context.store.writing() as session:
            survey = Survey(session)
            gaia = survey.catalog("gaia")
            fits = [survey.fit(survey.content(survey.exposure(one)), gaia) for one in ("50", "51")]
            session.commit()
            first, second = (fit.activity_id for fit in fits)
        _, page = page_of(services, tmp_path)
        named = write_field_report(services, tmp_path / "named.html", runs=(first,)).verdict
    assert f"Alignment runs {first}, {second}." in page
    assert "ibxl5001q_flt.fits" in page and "ibxl5101q_flt.fits" in page
    assert f"Alignment: run {first}." in named.covers


def test_a_field_that_is_not_drawn_names_the_command_that_draws_it(
    sqlite_ledger_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skydb.report.field_sections._FIELDS_DRAWN", 0)
    with opened(sqlite_ledger_url, tmp_path) as services:
        with services.context.store.writing() as session:
            survey = Survey(session)
            for visit, target in (("50", "NGC 1 'A'"), ("60", None)):
                exposure = survey.exposure(visit, detector="UVIS" if target else "IR")
                exposure.target_name = target
                survey.sky([survey.content(exposure)])
            session.commit()
        _, page = page_of(services, tmp_path)
    said = [line for line in html.unescape(page).split("<p") if "Pictures of this field" in line]
    (first, second) = sorted(line.split("OUT.html ")[1].split("<")[0].strip() for line in said)
    assert shlex.split(second)[:4] == ["--target", "NGC 1 'A'", "--detector", "UVIS"]
    assert shlex.split(first)[:2] == ["--detector", "IR"]


def test_a_ledger_of_logs_only_has_a_page(sqlite_ledger_url: str, tmp_path: Path) -> None:
    with opened(sqlite_ledger_url, tmp_path) as services:
        with services.context.store.writing() as session:
            survey = Survey(session)
            survey.remembered(survey.logged("50"))
            session.commit()
        verdict, page = page_of(services, tmp_path)
    assert subjects(verdict, "Known from logs only, alignment not known") == ["ibxl5001q"]
    assert "detector and filter not known" in page


def test_a_directory_is_no_page(services: Services, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a directory"):
        write_field_report(services, tmp_path)


@pytest.mark.parametrize("name", ["report.pdf", "report", "report.html.gz"])
def test_a_report_is_named_as_a_page(services: Services, tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="is not named as one") as caught:
        write_field_report(services, tmp_path / name)
    assert ".html or .htm" in caught.value.advice and not (tmp_path / name).exists()


def test_several_fields_have_a_section_each_and_an_index(
    sqlite_ledger_url: str, tmp_path: Path
) -> None:
    with opened(sqlite_ledger_url, tmp_path) as services:
        with services.context.store.writing() as session:
            survey = Survey(session)
            survey.sky([survey.content(survey.exposure("50"))])
            survey.sky([survey.content(survey.exposure("60", detector="UVIS"))])
            session.commit()
        verdict, page = page_of(services, tmp_path)
        alone = write_field_report(
            services, tmp_path / "one.html", scope=Scope(detector="uvis")
        ).path.read_text()
        for scope in (Scope(rootnames=("ibxl5001q", "ibxl6001q")), Scope(visits=("50", "60"))):
            named = write_field_report(services, tmp_path / "named.html", scope=scope)
            assert named.path.read_text().count("<h2") == page.count("<h2")
    names = [row.split("<")[0] for row in page.split("<h2")[1:] for row in [row.split(">")[1]]]
    fields = [name for name in names if name.startswith("Field ")]
    assert len(fields) == 2 and "Fields" in names and "Sky" not in names
    for name in fields:
        assert f">{name}</a>" in page
        # Listed in the contents, and in the index of fields.
        assert page.count(f'href="#{Section(name, ()).anchor}"') == 2
    for run in (1, 2):
        assert page.count(f'id="run-{run}"') <= 1
    for problem in verdict.problems:
        assert not problem.anchor or f'id="{problem.anchor}"' in page
    assert "Field " not in alone.split("<h2", 1)[1].split("<footer")[0].replace("Fields", "")


def _section(page: str, name: str) -> str:
    """What stands between the heading of a field and the next."""
    (found,) = [one for one in page.split("<h2")[1:] if f">Field {name}<" in one]
    return found


def test_fields_known_from_logs_have_their_own_skies_and_no_others(
    sqlite_ledger_url: str, tmp_path: Path
) -> None:
    with opened(sqlite_ledger_url, tmp_path) as services:
        with services.context.store.writing() as session:
            survey = Survey(session)
            survey.logged("50")
            other = Exposure(Visit("abc", "01"), Rootname("iabc01aaq"))
            session.add(other)
            survey.remembered(other)
            session.commit()
        _, page = page_of(services, tmp_path)
    ours, theirs = (
        _section(page, f"program {name}, target and filter unknown") for name in ("abc", "bxl")
    )
    assert "iabc01aaq" in ours and "No sky of this field" not in ours
    assert "iabc01aaq" not in theirs and "No sky of this field is recorded." in theirs


def test_a_run_of_two_fields_is_not_missed_in_the_second(
    sqlite_ledger_url: str, tmp_path: Path
) -> None:
    with opened(sqlite_ledger_url, tmp_path) as services:
        with services.context.store.writing() as session:
            survey = Survey(session)
            exposures = [survey.exposure("50"), survey.exposure("60", detector="UVIS")]
            run = survey.sky([survey.content(one) for one in exposures])
            session.commit()
            number = run.id
        _, page = page_of(services, tmp_path)
    assert f"Shown above, with another field: run {number}." in page
    assert "No sky" not in page


def test_the_page_maps_the_footprints_and_names_catalogue_and_epoch(
    sqlite_ledger_url: str, tmp_path: Path
) -> None:
    with opened(sqlite_ledger_url, tmp_path) as services:
        with services.context.store.writing() as session:
            sky = Observatory(session)
            sky.expose("ibxl50iaq", wcs_of(box((0.001, -2.46))))
            session.commit()
            survey = Survey(session, contents=10)
            version = session.get_one(ProductVersion, 1)
            fit = survey.fit(version, survey.catalog("gaia"))
            fit.activity.parameters = {"refcat": "gaia", "catalog": {
                name: {"used_epoch": epoch, "sources": 100, "displacement_mas": shift}
                for name, epoch, shift in (("a", 2012.8, 7.0), ("b", 2013.1, 6.0))
            }}  # fmt: skip
            session.commit()
        (row,) = catalog_rows(services, fit.activity.id)
        _, page = page_of(services, tmp_path)
    assert (row["catalog"], row["first_epoch"], row["last_epoch"]) == ("gaia", 2012.8, 2013.1)
    assert (row["products"], row["displacement_mas"]) == (2, 7.0)
    assert "Catalogue and epoch" in page
    assert 'alt="Map of the outlines of 1 exposure of 1 visit."' in page


@pytest.mark.parametrize(
    ("parameters", "names"),
    [({}, []), ({"refcat": None}, []), ({"refcat": "gaia"}, ["gaia"]),
     ({"refcat": ["gaia", "hsc"], "catalog": {}}, ["gaia"])],
)  # fmt: skip
def test_a_run_that_does_not_tell_its_epochs_has_none(
    services: Services, parameters: dict[str, object], names: list[str]
) -> None:
    with services.context.store.writing() as session:
        survey = Survey(session, contents=10)
        fit = survey.fit(session.get_one(ProductVersion, 1), survey.catalog("gaia"))
        fit.activity.parameters = parameters
        session.commit()
        run = fit.activity.id
    rows = catalog_rows(services, run)
    assert [row["catalog"] for row in rows] == names
    assert all(row["epoch"] is None for row in rows)


def test_parameters_that_differ_are_shown_once_for_runs_that_share_them(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {1: "0.8", 2: "0.8", 3: "1.0", 4: None}
    monkeypatch.setattr(
        Runs, "parameters",
        lambda self, run: [{"name": "skymethod", "value": run}] + [
            {"name": "final_pixfrac", "value": given[run], "usual": 1.0, "source": "default"}
        ] * (given[run] is not None),
    )  # fmt: skip
    tables = parameter_blocks(services, [1, 2, 3, 4])
    assert [(table.caption, len(list(table.rows))) for table in tables] == [
        ("Runs 1, 2.", 1), ("Run 3.", 1)
    ]  # fmt: skip
