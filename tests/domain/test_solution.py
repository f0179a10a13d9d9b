from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydb.domain import Acceptance, AlignmentRun, AlignmentSolution
from skydb.domain.fit import MATCHES_WANTED
from skydb.domain.solution import RESIDUAL_LIMIT_MAS, columns_logged
from skydb.domain.values import FitParameters, FitQuality, Realised, WcsFacts, WcsName
from skydb.domain.vocabulary import FindingKind, SolutionOrigin, SolutionStatus, WcsKind
from skydb.errors import StateError
from tests.domain.entities import CHIP, STAMP, catalog, file_of, ingest, version_of, wcs
from tests.versions import recorded

FIT = FitParameters(1.5, -2.0, -0.1, 1.0001, 0.05, 0.06)
PRODUCT = "ibxl50030_drz.fits"


def propose(nmatches: int = 20, geometry: str = "rscale") -> AlignmentSolution:
    gaia = catalog()
    run = AlignmentRun(gaia, {}, STAMP)
    fitted = wcs("IDC_w3m18525i-FIT_SKYDB_gaia", " ", FitQuality(nmatches, 5.0, 6.0, geometry))
    return AlignmentSolution.propose(version_of(PRODUCT), run, gaia, fitted, FIT)


def carry(source: AlignmentSolution) -> AlignmentSolution:
    acceptance = Acceptance(source.activity, {}, STAMP)
    return AlignmentSolution.carried(version_of(), acceptance, wcs(), source)


def test_a_wcs_found_in_a_header_is_recorded_as_it_stands() -> None:
    found = AlignmentSolution.found(
        version_of(), ingest(), wcs("IDC_x-FIT_REL_GAIAeDR3", "B", FitQuality(40, 9.6, 10.2))
    )
    assert (found.origin, found.status) == (SolutionOrigin.ARCHIVE, SolutionStatus.RECORDED)
    assert (found.wcs_key, found.wcs_kind, found.fit_catalog) == ("B", WcsKind.FIT, "GAIAeDR3")
    assert (found.nmatches, found.rms_ra_mas, found.rms_dec_mas) == (40, 9.6, 10.2)
    assert found.chips[0].geometry.cd_deg == CHIP.cd_deg
    assert found.applied_at is None and found.fitted_at is None


def test_a_proposal_keeps_the_fit_and_no_file_has_it_yet() -> None:
    proposal = propose()
    assert (proposal.origin, proposal.status) == (SolutionOrigin.TWEAKREG, SolutionStatus.PROPOSED)
    assert proposal.wcs_key is None
    assert (proposal.dx_pix, proposal.dy_pix, proposal.rotation_deg) == (1.5, -2.0, -0.1)
    assert (proposal.scale, proposal.x_rms_pix, proposal.y_rms_pix) == (1.0001, 0.05, 0.06)
    assert proposal.fitted_at is not None and proposal.trust == 1.0


def test_a_failed_fit_has_a_reason_and_never_the_numbers_of_a_perfect_one() -> None:
    run = AlignmentRun(catalog(), {}, STAMP)
    came_with = wcs("IDC_x-FIT_REL_GAIAeDR3", " ", FitQuality(40, 9.6, 10.2))
    failed = AlignmentSolution.failed_fit(
        version_of(PRODUCT), run, run.catalog, came_with, "its shift is not a number"
    )
    assert (failed.status, failed.reason) == (SolutionStatus.FAILED, "its shift is not a number")
    assert failed.trust == 0.0 and failed.chips == []
    assert {failed.nmatches, failed.rms_ra_mas, failed.x_rms_pix, failed.dx_pix} == {None}
    assert failed.wcs_key is None


def test_an_accepted_fit_says_where_it_stands_and_under_which_name() -> None:
    proposal = propose()
    new = recorded(proposal.version.product, file_of(PRODUCT, "b" * 64), PRODUCT, is_managed=True)
    proposal.accept(new, WcsName.parse("IDC_w3m18525i-FIT_SKYDB_gaia-2"))
    assert proposal.status is SolutionStatus.APPLIED
    assert proposal.applied_version is new and new.applied_solutions == [proposal]
    assert new.current_solution is proposal
    assert proposal.wcs_name == "IDC_w3m18525i-FIT_SKYDB_gaia-2"
    assert proposal.applied_at is not None


def _decided(how: str) -> AlignmentSolution:
    proposal = propose()
    if how == "accepted":
        proposal.accept(proposal.version, WcsName.parse("X"))
    elif how == "rejected":
        proposal.reject("matched on a diffraction spike")
    elif how == "failed":
        proposal.verify(Realised(100.0, 90.0, 10.0))
    else:
        return AlignmentSolution.found(version_of(), ingest(), wcs())
    return proposal


@pytest.mark.parametrize("how", ["accepted", "rejected", "failed", "found"])
def test_only_a_proposal_can_be_accepted_or_rejected(how: str) -> None:
    solution = _decided(how)
    status = solution.status
    with pytest.raises(StateError, match="cannot be accepted"):
        solution.accept(solution.version, WcsName.parse("X"))
    with pytest.raises(StateError, match="cannot be rejected"):
        solution.reject("again")
    assert solution.status is status


def test_a_rejected_fit_remembers_why() -> None:
    assert _decided("rejected").reason == "matched on a diffraction spike"


def test_a_carried_fit_points_to_the_fit_it_comes_from() -> None:
    source = propose(nmatches=6)
    carried = carry(source)
    assert (carried.origin, carried.status) == (SolutionOrigin.TWEAKBACK, SolutionStatus.APPLIED)
    assert carried.source is source and carried.catalog is source.catalog
    assert carried.fitted_at == source.fitted_at
    assert carried.trust == source.trust == 0.5
    assert carried.wcs_key == " "


@pytest.mark.parametrize(
    ("residual_mas", "is_fine"),
    [(0.0, True), (RESIDUAL_LIMIT_MAS, True), (RESIDUAL_LIMIT_MAS + 1e-9, False), (100.0, False)],
)
def test_a_residual_above_two_mas_is_a_failure(residual_mas: float, is_fine: bool) -> None:
    carried = carry(propose())
    assert RESIDUAL_LIMIT_MAS == 2.0
    assert carried.verify(Realised(150.0, 150.0, residual_mas)) is is_fine
    assert carried.status is (SolutionStatus.APPLIED if is_fine else SolutionStatus.FAILED)
    assert (carried.reason is None) is is_fine
    assert carried.residual_mas == residual_mas
    assert (carried.predicted_shift_mas, carried.realised_shift_mas) == (150.0, 150.0)


def test_a_residual_that_is_not_a_number_is_a_failure() -> None:
    assert not carry(propose()).verify(Realised(150.0, float("nan"), float("nan")))


def test_superseding_leaves_earlier_links_and_oneself_alone() -> None:
    first, second, third = (AlignmentSolution.found(version_of(), ingest(), wcs()) for _ in "123")
    second.supersede([first])
    third.supersede([first, second, third])
    assert first.superseded_by is second
    assert second.superseded_by is third
    assert third.superseded_by is None


@given(st.sampled_from([*MATCHES_WANTED, "other", ""]), st.integers(0, 100))
def test_trust_is_the_share_of_the_matches_that_the_geometry_wants(geometry, nmatches) -> None:
    proposal = propose(nmatches, geometry)
    wanted = MATCHES_WANTED.get(geometry, 12)
    assert proposal.trust == min(1.0, nmatches / wanted)
    assert proposal.is_weak == (nmatches < wanted) == (proposal.trust < 1.0)


def test_a_weak_fit_leaves_a_finding_and_a_good_one_none() -> None:
    good, weak = propose(12), propose(11)
    good.warn_if_weak()
    weak.warn_if_weak()
    assert good.activity.findings == []
    (finding,) = weak.activity.findings
    assert finding.kind is FindingKind.WEAK_FIT
    assert finding.subject == PRODUCT
    assert finding.message == "11 matches; rscale wants 12."


def test_a_solution_gives_back_the_facts_it_was_made_of() -> None:
    facts = wcs("IDC_x-FIT_REL_GAIAeDR3", "B", FitQuality(40, 9.6, 10.2, "rscale"))
    again = AlignmentSolution.found(version_of(), ingest(), facts).as_facts()
    assert (again.key, again.name, again.quality) == (facts.key, facts.name, facts.quality)
    assert again.chips[0].crval_deg == CHIP.crval_deg
    assert again.chips[0].crpix_pix == CHIP.crpix_pix


def test_a_run_gives_out_its_proposals_until_none_is_left() -> None:
    proposal = propose()
    run = proposal.activity
    assert run.open_proposals() == [proposal]
    proposal.reject("no")
    with pytest.raises(StateError, match="no fit that waits for review"):
        run.open_proposals()


def _carried(residual_mas: float) -> tuple[AlignmentSolution, AlignmentSolution]:
    """A member moved by a fit, and the WCS that the member came with."""
    proposal, member = propose(), version_of()
    before = AlignmentSolution.found(member, ingest(), wcs())
    file = file_of("ibxl50ivq_flt.fits", "b" * 64, wcs("IDC_w3m18525i-FIT_SKYDB_gaia"))
    acceptance = Acceptance(proposal.activity, {}, STAMP)
    realised = Realised(150.0, 149.0, residual_mas)
    return acceptance.carry(proposal, member, file, "kept.fits", realised), before


def test_a_member_that_moved_as_predicted_supersedes_what_it_came_with() -> None:
    carried, before = _carried(0.5)
    assert carried.status is SolutionStatus.APPLIED
    assert before.superseded_by is carried
    assert (carried.predicted_shift_mas, carried.realised_shift_mas) == (150.0, 149.0)


def test_a_member_that_did_not_move_as_predicted_failed_and_supersedes_nothing() -> None:
    carried, before = _carried(RESIDUAL_LIMIT_MAS + 1)
    assert carried.status is SolutionStatus.FAILED and carried.reason
    assert before.superseded_by is None
    assert carried.realised_shift_mas == 149.0


def test_an_applied_fit_supersedes_what_was_in_force_and_no_alternate() -> None:
    member = version_of()
    primary, alternate = (
        AlignmentSolution.found(member, ingest(), wcs(key=key)) for key in (" ", "A")
    )
    headerlet = AlignmentSolution.found(member, ingest(), wcs(key=""))
    acceptance = Acceptance(propose().activity, {}, STAMP)
    applied = AlignmentSolution.carried(member, acceptance, wcs(), propose())
    applied.wcs_key = "B"
    member.product.supersede_with(
        new := AlignmentSolution.carried(member, acceptance, wcs(), applied)
    )
    assert primary.superseded_by is new and applied.superseded_by is new
    assert alternate.superseded_by is None and headerlet.superseded_by is None


def test_only_a_fit_that_was_applied_counts_as_one_that_skydb_made() -> None:
    proposal, carried = propose(), carry(propose())
    found = AlignmentSolution.found(version_of(), ingest(), wcs())
    assert carried.is_fitted
    assert not proposal.is_fitted and not found.is_fitted


@pytest.mark.parametrize("status", list(SolutionStatus))
@pytest.mark.parametrize("ended", [False, True])
def test_columns_of_a_fit_from_a_log_are_those_of_the_entity_and_the_end_of_its_run(
    status: SolutionStatus, ended: bool
) -> None:
    run = ingest()
    run.start()
    if ended:
        run.succeed()
    name, origin = WcsName.parse("IDC_x-FIT_SKYDB_g"), SolutionOrigin.TWEAKREG
    wcs = WcsFacts(" ", name, ())
    entity = AlignmentSolution(version_of().product, run, origin, status, wcs)
    columns = columns_logged(run, name, status)
    recorded_at, fitted_at = columns.pop("recorded_at"), columns.pop("fitted_at")
    assert abs((recorded_at - entity.recorded_at).total_seconds()) < 5.0
    is_fit = status is not SolutionStatus.RECORDED
    assert fitted_at == ((run.finished_at if ended else run.started_at) if is_fit else None)
    assert columns == {column: getattr(entity, column) for column in columns}
