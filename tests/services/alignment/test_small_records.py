"""Fits as rows: what is written once, what changes later, and what a run says of each file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from sqlalchemy.orm import Session

from skydb.api.composition import Services
from skydb.domain import AlignmentRun, ProductVersion
from skydb.domain.alignment import RELATIVE
from skydb.domain.trust import FitCheck, TrustReport
from skydb.domain.vocabulary import ActivityStatus, FindingKind, SolutionStatus, TrustComponent
from skydb.drizzle.settings import TweakRegSettings
from skydb.drizzle.tweakreg import FitStatus, ProductFit
from skydb.errors import NotFoundError
from skydb.files.checksum import sha256_of
from skydb.services.alignment import products as products_module
from skydb.services.alignment import recording
from skydb.services.alignment import reference as reference_module
from skydb.services.alignment.attempts import Attempt
from skydb.services.alignment.fitrecord import record_fit
from skydb.services.alignment.recording import Recorder, _facts, _joined, _update_trust
from skydb.services.alignment.reference import Area, Reference, Target, epochs_used
from skydb.services.alignment.roads import FitJob, _too_few, road_of, star_files_of
from tests.domain.entities import STAMP, catalog, version_of, wcs
from tests.domain.shelves import ProductSet, delivery
from tests.services.survey import Survey

FILE, LOG = Path("ibxl50ivq_flt.fits"), Path("scratch/tweakreg.log")
NUMBERS = {"dx_pix": 1.0, "dy_pix": 2.0, "rotation_deg": 0.1, "scale": 1.0, "x_rms_pix": 0.05,
           "y_rms_pix": 0.06, "rms_ra_mas": 4.0, "rms_dec_mas": 5.0}  # fmt: skip


def fit(status: FitStatus = FitStatus.FITTED, **told: Any) -> ProductFit:
    told = {**NUMBERS, "nmatches": 30, "group": "body", **told}
    return ProductFit(FILE, status, LOG, "IDC_a", "rscale", 40, **told)


def known() -> ProductVersion:
    """A file version with a WCS of the archive."""
    return ProductSet().add(delivery("ibxl50ivq"))


def report(score: float) -> TrustReport:
    return TrustReport((FitCheck(TrustComponent.CROSS_MATCH, score, "stars"),))


class _Placed:
    """How a catalogue was placed for a file."""

    def __init__(self, version_id: int = 1) -> None:
        self.target = Target(version_id, FILE, 2012.0)

    def as_parameters(self) -> dict[str, object]:
        return {"version": self.target.version_id}


def attempt(told: ProductFit, score: float | None, key: int = 1, *tried: str) -> Attempt:
    reference: Any = _Placed(key)
    return Attempt("gaia", reference, told, None if score is None else report(score), tried)


def test_a_fit_is_a_proposal_with_its_numbers_its_group_and_its_trust() -> None:
    version, gaia = known(), catalog()
    run = AlignmentRun(gaia, {}, STAMP)
    record_fit(run, version, fit(), wcs("TWEAK"), report(0.8), gaia, Path("kept"))
    (solution,) = run.solutions
    assert solution.status is SolutionStatus.PROPOSED
    assert (solution.group_name, solution.trust, solution.catalog) == ("body", 0.8, gaia)
    assert (solution.nmatches, solution.rms_ra_mas, solution.rms_dec_mas) == (30, 4.0, 5.0)
    assert solution.wcs_name.endswith("-FIT_SKYDB_gaia")
    assert run.findings == []


def test_a_fit_of_visits_to_each_other_is_named_so_and_few_matches_are_a_finding() -> None:
    version = known()
    run = AlignmentRun(RELATIVE, {}, STAMP)
    record_fit(run, version, fit(nmatches=3, group=None), wcs("TWEAK"), None, None, Path("kept"))
    (solution,) = run.solutions
    assert solution.wcs_name.endswith(f"-FIT_SKYDB_{RELATIVE}")
    # A quarter of the matches that the geometry wants.
    assert (solution.catalog, solution.trust) == (None, 0.25)
    assert [one.kind for one in run.findings] == [FindingKind.WEAK_FIT]


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        (fit(FitStatus.FAILED, reason=f"it crashed, see {LOG}"),
         "it crashed, see kept/ibxl50ivq_flt/tweakreg.log"),
        (fit(FitStatus.FAILED, reason=None), "TweakReg left no fitted WCS"),
        (fit(), "TweakReg left no fitted WCS"),
    ],
)  # fmt: skip
def test_why_there_is_no_fit_is_in_the_row_and_in_a_finding(told: ProductFit, reason: str) -> None:
    version, gaia = known(), catalog()
    run = AlignmentRun(gaia, {}, STAMP)
    solved = wcs("TWEAK") if told.status is FitStatus.FAILED else None
    record_fit(run, version, told, solved, None, gaia, Path("kept"))
    (solution,), (finding,) = run.solutions, run.findings
    assert (solution.status, solution.reason) == (SolutionStatus.FAILED, reason)
    assert solution.group_name == "body"
    assert (finding.kind, finding.subject) == (FindingKind.FIT_FAILED, version.filename)
    assert finding.message == reason


def test_a_file_without_a_wcs_on_record_has_no_fit() -> None:
    run = AlignmentRun(catalog(), {}, STAMP)
    with pytest.raises(NotFoundError, match=f"no WCS of {FILE}"):
        record_fit(run, version_of(), fit(), wcs("TWEAK"), None, None, Path("kept"))


@pytest.fixture
def session(services: Services) -> Iterator[Session]:
    with services.context.store.writing() as session:
        yield session


def test_only_the_trust_of_a_fit_that_waits_for_review_changes(session: Session) -> None:
    survey = Survey(session)
    first, second = (survey.content(survey.exposure("50", number)) for number in (1, 2))
    gaia = survey.catalog("gaia")
    earlier, one = survey.fit(first, gaia), survey.fit(first, gaia)
    other = survey.fit(second, gaia, group=one)
    later = survey.fit(first, gaia)
    run = one.activity
    assert isinstance(run, AlignmentRun)

    def trusts() -> list[float | None]:
        session.flush()
        return [solution.trust for solution in (earlier, one, other, later)]

    _update_trust(session, run, attempt(fit(), 0.3, first.id))
    assert trusts() == [0.9, 0.3, 0.9, 0.9]
    _update_trust(session, run, attempt(fit(), None, second.id))
    assert trusts() == [0.9, 0.3, 0.9, 0.9]
    _update_trust(session, run, attempt(fit(), 0.2, second.id))
    assert trusts() == [0.9, 0.3, 0.2, 0.9]
    one.status = SolutionStatus.REJECTED
    _update_trust(session, run, attempt(fit(), 0.1, first.id))
    assert trusts() == [0.9, 0.3, 0.2, 0.9]


def test_a_run_keeps_catalogue_and_reasons_of_each_file() -> None:
    plain = _facts([attempt(fit(), 0.9)])
    assert plain == {"catalog": {FILE.name: {"version": 1}}, "geometry_why": {}}
    told = _facts([attempt(fit(geometry_why="few"), 0.9, 2, "two: no fit", "three: no fit")])
    assert told == {
        "catalog": {FILE.name: {"version": 2}},
        "geometry_why": {FILE.name: "few"},
        "catalogs_tried": {FILE.name: ["two: no fit", "three: no fit"]},
    }
    known = {"refcat": "gaia", "geometry_why": {"b.fits": "many"}}
    joined = _joined(known, told)
    assert joined == {
        "refcat": "gaia",
        "catalog": {FILE.name: {"version": 2}},
        "geometry_why": {"b.fits": "many", FILE.name: "few"},
        "catalogs_tried": {FILE.name: ["two: no fit", "three: no fit"]},
    }
    assert known == {"refcat": "gaia", "geometry_why": {"b.fits": "many"}}


def test_files_that_are_gone_are_left_out_unless_all_are_or_none_may_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gone = {"b"}

    def path_of(_: object, version: Any) -> str:
        if version.filename in gone:
            raise NotFoundError(f"{version.filename} is gone")
        return str(version.filename)

    monkeypatch.setattr(products_module, "checked_path", path_of)
    monkeypatch.setattr(products_module, "read_facts", lambda path: f"facts of {path}")
    workspace: Any = None
    chosen: list[Any] = [
        SimpleNamespace(version=SimpleNamespace(id=number, filename=name))
        for number, name in enumerate("abc")
    ]
    read, (flag,) = products_module.read_inputs(workspace, chosen, strict=False)
    assert read == {0: "facts of a", 2: "facts of c"}
    assert (flag.guard, flag.subject) == (FindingKind.REJECTED_FILE, "b")
    assert flag.message == "is left out: b is gone"
    with pytest.raises(NotFoundError, match="b is gone"):
        products_module.read_inputs(workspace, chosen, strict=True)
    gone |= {"a", "c"}
    with pytest.raises(NotFoundError, match="a is gone"):
        products_module.read_inputs(workspace, chosen, strict=False)
    gone.clear()
    for strict in (False, True):
        read, flags = products_module.read_inputs(workspace, chosen, strict=strict)
        assert (list(read), flags) == ([0, 1, 2], [])


def test_an_exposure_with_too_few_stars_has_no_fit_and_says_how_many() -> None:
    for geometry in (None, "shift"):
        settings = TweakRegSettings(fitgeometry=geometry)
        job = FitJob([FILE], {}, settings, Path("scratch"), finder=None)  # type: ignore[arg-type]
        failed = _too_few(FILE, 3, 5, job)
        assert (failed.status, failed.product) == (FitStatus.FAILED, FILE)
        assert failed.reason == "3 stars were found in it, and a fit needs 5"
        assert failed.log == Path("scratch/none")
        assert failed.catalog_sources == 0
        assert failed.fit_geometry == (geometry or "rscale")


def test_files_of_stars_are_those_of_the_chips_of_the_fitted_file(tmp_path: Path) -> None:
    assert star_files_of(fit()) == []
    match_file = tmp_path / "ibxl50ivq_flt_catalog_fit.match"
    mine = [tmp_path / f"ibxl50ivq_flt_sci{chip}_stars.coo" for chip in (1, 2)]
    for path in (*mine, match_file, tmp_path / "ibxl50iwq_flt_sci1_stars.coo"):
        path.touch()
    assert star_files_of(fit(match_file=match_file)) == mine


@pytest.mark.parametrize(
    ("epochs", "expected"),
    [((2010.0, None, 2014.0), [2012.0] * 3), ((None, None), [None, None]), ((2010.0,), [2010.0])],
)
def test_one_catalogue_for_all_files_is_at_their_mean_epoch(
    epochs: tuple[float | None, ...], expected: list[float | None]
) -> None:
    targets = [Target(number, FILE, epoch) for number, epoch in enumerate(epochs)]
    assert epochs_used(targets, TweakRegSettings()) == list(epochs)
    assert epochs_used(targets, TweakRegSettings(expand_refcat=True)) == expected


def test_a_fit_is_given_the_sources_within_ten_degrees(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table = SimpleNamespace(radec_deg=np.array([(10.0, dec) for dec in (0.0, 9.9, 10.1, 80.0)]))
    placed: Any = SimpleNamespace(table=table)
    monkeypatch.setattr(reference_module, "read_hstwcs", lambda _: None)
    monkeypatch.setattr(reference_module, "sky_grid", lambda *_: {1: np.array([(10.0, 0.0)] * 9)})
    one = Reference(Target(1, FILE, None), None, placed, Area(), TweakRegSettings())
    assert one.near.tolist() == [True, True, False, False]


def test_a_run_of_which_only_a_log_is_known_fitted_products() -> None:
    assert road_of(None).kind.value == "drizzled"


@pytest.fixture
def recorded(
    services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Recorder, int, list[Any]]:
    """The recorder of a run, its number, and what it was told to write."""
    told: list[Any] = []
    path = tmp_path / FILE.name
    path.write_text("pixels")
    with services.context.store.writing() as session:
        survey = Survey(session)
        versions = [survey.content(survey.exposure("50", number)) for number in (1, 2)]
        for version in versions:
            version.sha256 = sha256_of(path)
        run = AlignmentRun(survey.catalog("gaia"), {}, survey.stamp())
        session.add(run)
        run.start()
        session.flush()
        run_id = run.id
        session.commit()
    monkeypatch.setattr(recording, "read_facts", lambda copy: SimpleNamespace(primary=str(copy)))

    def record(run: AlignmentRun, version: ProductVersion, *more: Any) -> None:
        told.append((version.id, *(one for one in more if isinstance(one, str | TrustReport))))

    def update(_: Session, run: AlignmentRun, one: Attempt) -> None:
        told.append(("again", one.key, one.report))

    monkeypatch.setattr(recording, "record_fit", record)
    monkeypatch.setattr(recording, "_update_trust", update)
    return Recorder(services.context, run_id), run_id, told


class _There(_Placed):
    """A catalogue as a file in a directory gets it."""

    def __init__(self, version_id: int, path: Path) -> None:
        self.target = Target(version_id, path, 2012.0)

    def doubts(self, fit: ProductFit) -> str | None:
        return "It is far." if fit.nmatches < 5 else None


def there(path: Path, score: float | None, key: int = 1, **told: Any) -> Attempt:
    placed: Any = _There(key, path)
    made = fit(fitted_copy=Path("copy.fits"), **told)
    return Attempt("gaia", placed, made, None if score is None else report(score))


def test_a_fit_is_written_once_and_its_trust_when_it_changes(
    services: Services, tmp_path: Path, recorded: tuple[Recorder, int, list[Any]]
) -> None:
    recorder, run_id, told = recorded
    path = tmp_path / FILE.name
    recorder.keep(there(path, 0.9))
    assert told == [(1, "copy.fits", report(0.9))]
    recorder.keep(there(path, 0.9))
    assert len(told) == 1
    # What is recorded is not read again, whatever became of the file.
    path.write_text("other pixels")
    recorder.keep(there(path, 0.4))
    assert told[1:] == [("again", 1, report(0.4))]
    recorder.keep(there(path, 0.4))
    assert len(told) == 2
    second = there(path, 0.8, 2, nmatches=3)
    recorder.close([there(path, 0.4), second], [(FILE.name, "It is off.")])
    assert told[2:] == [(2, "copy.fits", report(0.8))]
    with services.context.store.reading() as session:
        run = session.get_one(AlignmentRun, run_id)
        assert run.status is ActivityStatus.SUCCEEDED
        assert sorted(one.message for one in run.findings) == ["It is far.", "It is off."]
        assert run.parameters["catalog"] == {FILE.name: {"version": 2}}
        assert run.workspace == f"alignments/{run_id}"


@pytest.mark.parametrize("sha256", ["0" * 64, "f" * 64, ""])
def test_a_file_that_has_changed_is_left_for_the_end(
    services: Services, tmp_path: Path, recorded: tuple[Recorder, int, list[Any]], sha256: str
) -> None:
    recorder, _, told = recorded
    path = tmp_path / FILE.name
    with services.context.store.writing() as session:
        if sha256:
            session.get_one(ProductVersion, 1).sha256 = sha256
        else:
            path.unlink()
        session.commit()
    recorder.keep(there(path, 0.9))
    assert told == []
    recorder.close([there(path, 0.9)])
    assert told == [(1, "copy.fits", report(0.9))]
