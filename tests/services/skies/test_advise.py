"""``sky advise``: which method suits the exposures of a selection."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from skydb.api.composition import Services
from skydb.domain import OverlapMeasurement
from skydb.domain.vocabulary import SkyMethod
from skydb.errors import NotFoundError
from skydb.report.field_page import write_field_report
from skydb.services.intake import Selection
from skydb.services.skies.audit import AuditService, sentences
from skydb.simulate.field import simulate_field
from skydb.simulate.plan import FieldKind, FieldPlan, SimDetector
from tests.ledgers import interface_of
from tests.services.recorded import ingest_exposures, ingest_field, record_run, skies_of

PLAN = FieldPlan(
    SimDetector.IR,
    (2, 1),
    size=96,
    seed=5,
    products=False,
    one_frame=True,
    pointing_error_arcsec=(0.0, 0.0),
    kind=FieldKind.NEBULA,
)


@pytest.fixture(scope="module")
def exposures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Directory of four exposures of two visits before a nebula."""
    directory = tmp_path_factory.mktemp("advised")
    simulate_field(directory, PLAN)
    return directory


@pytest.fixture
def nebula(services: Services, exposures: Path) -> Iterator[Services]:
    ingest_exposures(services, exposures)
    yield services


def _measurements(services: Services) -> int:
    with services.context.store.reading() as session:
        return session.scalar(select(func.count()).select_from(OverlapMeasurement)) or 0


def test_exposures_before_a_nebula_are_to_be_matched(
    services_anywhere: Services, exposures: Path
) -> None:
    ingest_exposures(services_anywhere, exposures)
    found = services_anywhere.advise.advise()
    assert (found.advice.chosen, found.is_flagged) == (SkyMethod.MATCH, False)
    assert [row.method for row in found.advice.rows if row.chosen] == [SkyMethod.MATCH]
    assert {row.unit for row in found.advice.rows} == {"electron/s"}
    assert services_anywhere.advise.advise().advice == found.advice


def test_pixels_are_read_once_for_advice_and_for_sky_runs(nebula: Services) -> None:
    nebula.advise.advise()
    assert _measurements(nebula) == 1
    nebula.advise.advise()
    (row,) = nebula.sky().run([SkyMethod.MATCH], mosaic=False, selftest=False)
    assert _measurements(nebula) == 1
    advice = nebula.advise.of_run(row["run"])
    assert advice == nebula.advise.advise().advice


def test_advice_on_a_run_reads_no_file(nebula: Services) -> None:
    skies = dict.fromkeys(skies_of(nebula, SkyMethod.MATCH), 1.0)
    run = record_run(nebula, SkyMethod.MATCH, skies)
    assert nebula.advise.of_run(run) is not None
    assert _measurements(nebula) == 1
    assert nebula.advise.of_run(run + 1) is None


def test_a_selection_is_judged_by_itself(nebula: Services) -> None:
    visit = nebula.advise.advise(Selection(visits=("50",)))
    assert {len(group) for group in visit.advice.islands} == {2}
    with pytest.raises(NotFoundError):
        nebula.advise.advise(Selection(visits=("99",)))


def test_the_audit_and_the_page_have_the_advice(nebula: Services, tmp_path: Path) -> None:
    run = record_run(nebula, SkyMethod.GLOBALMIN, skies_of(nebula, SkyMethod.GLOBALMIN))
    said = sentences(AuditService(nebula.context).audit(run))
    assert said[-1].startswith("advice: use match: ")
    page = write_field_report(nebula, tmp_path / "page.html").path.read_text()
    assert f"Of the exposures of run {run}: use match: " in page


def test_the_page_has_no_advice_where_nothing_was_measured(
    services: Services, exposures: Path, tmp_path: Path
) -> None:
    ingest_exposures(services, exposures)
    skies = {(path.name[:9], 1): 1.0 for path in sorted(exposures.glob("*_flt.fits"))}
    record_run(services, SkyMethod.GLOBALMIN, skies)
    page = write_field_report(services, tmp_path / "page.html").path.read_text()
    assert "MDRIZSKY" in page
    assert "Of the exposures of run" not in page


def test_islands_are_flagged(services: Services, tmp_path: Path) -> None:
    plan = FieldPlan(
        SimDetector.IR, (1, 1), size=64, seed=2, islands=2, products=False, kind=FieldKind.SPARSE
    )
    ingest_field(services, tmp_path / "field", plan)
    found = services.advise.advise()
    assert found.is_flagged
    assert len(found.advice.islands) == 2
    assert found.advice.chosen in (SkyMethod.LOCALMIN, None)


def test_the_python_interface_answers_with_a_table_and_a_sentence(nebula: Services) -> None:
    advice = interface_of(nebula).sky.advise(visit=("50", "51"))
    assert [row.method for row in advice if row.chosen] == ["match"]
    assert advice.summary.startswith("use match: ")
