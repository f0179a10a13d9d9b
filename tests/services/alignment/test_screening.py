from __future__ import annotations

import getpass
import re
import shutil
from pathlib import Path

import pytest
from sqlalchemy import select

from skydb.api.composition import Services
from skydb.domain import (
    Acceptance,
    AlignmentRun,
    AlignmentSolution,
    Finding,
    ProductVersion,
)
from skydb.domain.trust import TRUST_FLOOR
from skydb.domain.values import FitQuality, WcsFacts, WcsName
from skydb.domain.vocabulary import ActivityStatus, FindingKind, SolutionStatus, TrustComponent
from skydb.errors import StateError
from skydb.services.alignment.screening import check_archive
from skydb.simulate.field import simulate_field
from skydb.simulate.plan import FieldPlan

OFF_PIX = 1.2


@pytest.fixture(scope="module")
def aligned(tmp_path_factory, sqlite_template) -> Path:
    """One visit fitted to its catalogue by the real TweakReg."""
    home = tmp_path_factory.mktemp("trust") / "home"
    simulate_field(home / "field", FieldPlan(tiles=(1, 1), size=192))
    shutil.copyfile(sqlite_template, home / "skydb.sqlite")
    services = _opened(home)
    services.ingest.ingest([home / "field"])
    services.refcat.import_file(home / "field" / "gaia.ecsv", 2016.0, "gaia")
    services.align.run("gaia")
    services.close()
    return home


def _opened(home: Path) -> Services:
    return Services.open(f"sqlite:///{home / 'skydb.sqlite'}", home / "data")


@pytest.fixture
def services(aligned, tmp_path):
    home = Path(shutil.copytree(aligned, tmp_path / "home"))
    opened = _opened(home)
    yield opened
    opened.close()


def test_an_earlier_fit_of_skydb_is_no_witness_of_the_archive() -> None:
    name = WcsName.fitted_by_skydb(WcsName.parse("IDC_w3m18525i"), "gaia")
    own = WcsFacts(" ", name, (), None, None, FitQuality(100, 1.0, 1.0, "rscale"))
    witness = check_archive(own, Path("none.fits"), Path("none.fits"), 0.13)
    assert witness.score is None
    assert "a fit of skydb itself" in witness.reason


def the_fit(session) -> AlignmentSolution:
    run = session.scalars(select(AlignmentRun)).one()
    return run.solutions[0]


def put_off(services, pixels: float) -> int:
    """Make the proposal a fit that is off and has the same small residuals; its run."""
    with services.context.store.writing() as session:
        fit = the_fit(session)
        fit.chips[0].crpix1_pix += pixels
        session.commit()
        return fit.activity_id


def versions(services) -> int:
    with services.context.store.reading() as session:
        return len(list(session.scalars(select(ProductVersion))))


def test_the_default_fit_of_a_simulated_field_is_trusted_for_reasons_that_are_kept(
    services,
) -> None:
    with services.context.store.reading() as session:
        fit = the_fit(session)
        scores = {reason.component: reason.score for reason in fit.trust_reasons}
        assert set(scores) == set(TrustComponent)
        assert fit.trust == min(score for score in scores.values() if score is not None)
        assert fit.trust >= TRUST_FLOOR
        assert scores[TrustComponent.CROSS_MATCH] == 1.0
        assert scores[TrustComponent.NEIGHBOURS] is None


def test_a_right_fit_is_accepted_without_force(services) -> None:
    with services.context.store.reading() as session:
        run = the_fit(session).activity_id
    outcomes = services.accept.accept(run)
    assert {one.status for one in outcomes} == {SolutionStatus.APPLIED}
    assert not [f for f in services.plain.findings() if f["kind"] == "low-trust"]


@pytest.mark.parametrize(("off_pix", "says"), [(OFF_PIX, r"1\.(19|2)"), (-3.0, "only")])
def test_a_fit_that_looks_good_but_is_wrong_is_refused(services, off_pix, says) -> None:
    run, before = put_off(services, off_pix), versions(services)
    with pytest.raises(StateError, match="cross-match"):
        services.accept.accept(run)
    assert versions(services) == before
    with services.context.store.reading() as session:
        fit = the_fit(session)
        assert fit.status is SolutionStatus.PROPOSED
        assert fit.trust is not None and fit.trust < TRUST_FLOOR
        assert (fit.rms_ra_mas or 99.0) < 20.0
        acceptance = session.scalars(select(Acceptance)).one()
        assert acceptance.status is ActivityStatus.FAILED
        finding = session.scalars(select(Finding).where(Finding.kind == FindingKind.LOW_TRUST))
        assert re.search(says, finding.one().message)


def test_a_fit_of_too_few_matches_is_refused(services) -> None:
    with services.context.store.writing() as session:
        fit = the_fit(session)
        fit.nmatches = 11
        run = fit.activity_id
        session.commit()
    with pytest.raises(StateError, match="11 matches, the geometry wants 12"):
        services.accept.accept(run)


def test_who_forces_a_fit_and_why_is_kept(services) -> None:
    run = put_off(services, OFF_PIX)
    outcomes = services.accept.accept(run, force_why="the catalogue is a pixel off")
    assert {one.status for one in outcomes} == {SolutionStatus.APPLIED}
    with services.context.store.reading() as session:
        fit = the_fit(session)
        assert fit.status is SolutionStatus.APPLIED
        assert fit.trust is not None and fit.trust < TRUST_FLOOR
        acceptance = session.scalars(select(Acceptance)).one()
        assert acceptance.parameters["force_why"] == "the catalogue is a pixel off"
        (forced,) = [f for f in acceptance.findings if f.kind is FindingKind.FORCED]
        assert getpass.getuser() in forced.message
        assert "the catalogue is a pixel off" in forced.message
        assert "the catalogue is a pixel off" in (fit.reason or "")
