"""Steps of alignments that need neither a database nor a file: entities made by hand."""

from __future__ import annotations

import itertools
from types import SimpleNamespace
from typing import Any

import pytest

from skydb.domain import (
    Acceptance,
    AlignmentRun,
    AlignmentSolution,
    Environment,
    ProductVersion,
    Stamp,
)
from skydb.domain.alignment import RELATIVE
from skydb.domain.membership import DrizzledFrom
from skydb.domain.trust import FitCheck, TrustReport
from skydb.domain.vocabulary import (
    AlignmentRoad,
    DiffCause,
    FindingKind,
    Flavour,
    ProductKind,
    SolutionOrigin,
    SolutionStatus,
    TrustComponent,
    WcsKind,
)
from skydb.errors import UsageError
from skydb.services.alignment import membership
from skydb.services.alignment.membership import (
    _base,
    _base_on_record,
    _calibrated_before,
    _newer,
    _of_best_kind,
    _without_members,
    anew,
    is_behind,
    is_of_older_calibration,
)
from skydb.services.alignment.screening import _keep, _sentence
from skydb.services.alignment.since import aligned_later, replaced, rested_elsewhere
from skydb.services.alignment.solution_diff import _causes, _require_one_image
from tests.domain.entities import STAMP, catalog, wcs
from tests.domain.shelves import PIPELINE, SVM, ProductSet, accepted, delivery
from tests.domain.test_combinations import combination
from tests.domain.test_solution import propose

ONE, TWO = "ibxl50iaq", "ibxl50ibq"


def _image(number: int, exposure: int | None, name: str = "a.fits") -> Any:
    # Large numbers, of which each row has its own.
    own = None if exposure is None else int(f"{exposure}000")
    product = SimpleNamespace(id=int(f"{number}000"), exposure_id=own, filename=name)
    return SimpleNamespace(id=10 * number, version=SimpleNamespace(product=product))


def test_two_solutions_are_of_one_image_by_product_or_exposure() -> None:
    _require_one_image(_image(1, None), _image(1, None))
    _require_one_image(_image(1, 5), _image(1, 5))
    _require_one_image(_image(1, 5), _image(2, 5))
    for pair in ((1, None, 2, None), (1, 5, 2, 6), (1, 6, 2, 5), (2, None, 1, 5), (1, 5, 2, None)):
        with pytest.raises(UsageError) as caught:
            _require_one_image(_image(*pair[:2]), _image(*pair[2:], "b.fits"))
        assert caught.value.what == (
            f"Solutions {10 * pair[0]} and {10 * pair[2]} are of different images: a.fits and "
            "b.fits."
        )
        assert caught.value.advice == "Compare two solutions of one exposure or product."


def _solution(**changed: Any) -> Any:
    origin = SimpleNamespace(sha256=changed.pop("sha256", "s"))
    kind = changed.pop("kind", ProductKind.FLT)
    version = SimpleNamespace(
        product=SimpleNamespace(kind=kind), origin=origin, filename="a.fits",
        cal_ver=changed.pop("cal_ver", "3.6"), tool_version=changed.pop("tool", "4.3"),
        idctab=changed.pop("idctab", "w3m_idc.fits"),
    )  # fmt: skip
    plain = {
        "version": version, "wcs_kind": WcsKind.FIT, "distortion": "w3m", "catalog": None,
        "fit_catalog": "GAIA", "source": None, "origin": SolutionOrigin.ARCHIVE,
        "activity": SimpleNamespace(parameters={}, skydb_version="1", environment=None),
    }  # fmt: skip
    return SimpleNamespace(**{**plain, **changed})


def _told(one: Any, other: Any) -> dict[DiffCause, list[Any]]:
    return _causes(one, other)


def _fitted(epochs: Any = None, drizzlepac: str | None = "3.9", **changed: Any) -> Any:
    packages = {"drizzlepac": drizzlepac} if drizzlepac else {}
    stamp = Stamp("somebody", "2", Environment("3.11", "linux", packages))
    run = AlignmentRun(catalog(), {"epochs": epochs, "tweakreg": {"a": 1}}, stamp)
    origin = SolutionOrigin.TWEAKREG
    return _solution(origin=origin, activity=run, catalog=run.catalog, **changed)


def test_solutions_differ_by_what_both_say_and_by_a_catalogue_that_one_has() -> None:
    assert _told(_solution(), _solution()) == {}
    assert _told(_solution(), _solution(fit_catalog="GSC")) == {
        DiffCause.CATALOGUE: ["GAIA", "GSC"]
    }
    assert _told(_solution(), _solution(fit_catalog=None)) == {DiffCause.CATALOGUE: ["GAIA", None]}
    assert _told(_solution(), _solution(cal_ver="3.7")) == {
        DiffCause.SOFTWARE: [["3.6", "4.3"], ["3.7", "4.3"]]
    }
    assert _told(_solution(), _solution(tool="4.4")) == {
        DiffCause.SOFTWARE: [["3.6", "4.3"], ["3.6", "4.4"]]
    }
    assert _told(_solution(), _solution(sha256="t")) == {DiffCause.INPUT: ["s", "t"]}
    # The file of a headerlet says neither what it was made of nor by which pipeline.
    for kind in ProductKind:
        pair = [_solution(), _solution(kind=kind, cal_ver="1", sha256="t")]
        causes = set() if kind is ProductKind.HLET else {DiffCause.SOFTWARE, DiffCause.INPUT}
        assert set(_told(*pair)) == set(_told(*pair[::-1])) == causes


def test_a_fit_of_skydb_is_by_its_versions_catalogue_and_epoch() -> None:
    found = _told(_solution(origin=SolutionOrigin.HEADERLET), _fitted())
    assert found == {
        DiffCause.CATALOGUE: ["GAIA", "gaia"],
        DiffCause.SOFTWARE: [["3.6", "4.3"], ["skydb 2", "drizzlepac 3.9"]],
    }
    other = _fitted(drizzlepac=None)
    assert _told(_fitted(), other)[DiffCause.SOFTWARE][1] == ["skydb 2", "drizzlepac absent"]
    assert _told(_fitted({"a.fits": "2015.5"}), _fitted()) == {DiffCause.EPOCH: [2015.5, 2016.0]}
    assert _told(_fitted({"b.fits": 2015.5}), _fitted()) == {}
    assert _told(_fitted({"a.fits": None}), _fitted({"a.fits": 2015.5})) == {}
    source = _fitted({"a.fits": 2015.0})
    carried = _fitted({"a.fits": 2019.0}, source=source)
    assert _told(carried, source) == {}


def _calibrated(year: int, rootname: str = ONE, **facts: Any) -> Any:
    return delivery(rootname, cal_ver=f"3.{year}.0", date_written=f"{year}-01-01", **facts)


def test_an_alignment_is_later_only_on_the_newest_archive_version() -> None:
    shelf = ProductSet()
    old = shelf.add(_calibrated(2015))
    assert aligned_later(old) is None
    aligned = accepted(old)
    assert aligned_later(old) is aligned
    assert aligned_later(aligned) is None
    new = shelf.add(_calibrated(2018))
    assert aligned_later(old) is None and aligned_later(new) is None
    again = accepted(new)
    assert replaced([old, new, again]) == {
        ONE: f"{again.reference} was aligned since (IDC_x-FIT_SKYDB_g); this fit starts from "
        f"{new.reference} and takes the place of that one."
    }


def test_a_fit_to_another_visit_ends_when_that_visit_moves() -> None:
    shelf = ProductSet()
    mine, theirs = shelf.add(_calibrated(2015)), shelf.add(_calibrated(2015, "ibxl51icq"))

    def why(resting: str | None, *inputs: ProductVersion) -> str | None:
        return rested_elsewhere(*relative_fit({"g": {"resting": resting}}, *inputs))

    def relative_fit(
        groups: dict[str, Any], *inputs: ProductVersion
    ) -> tuple[AlignmentRun, AlignmentSolution]:
        run = AlignmentRun(RELATIVE, {"groups": groups}, STAMP, AlignmentRoad.GROUP)
        for version in inputs:
            run.use(version)
        proposed = SolutionOrigin.TWEAKREG, SolutionStatus.PROPOSED
        fit = AlignmentSolution(mine, run, *proposed, wcs("IDC_x"))
        fit.group_name = "g"
        return run, fit

    assert why("bxl51 WFC3/IR", mine, theirs) is None
    moved = accepted(theirs)
    assert why("bxl51 WFC3/IR", mine, theirs) == (
        f"it was aligned to visit bxl51, of which {moved.reference} stands in the place of "
        f"{theirs.reference} since. Align the visits again."
    )
    # Of several the first is named, whether it comes before one that stays or after it.
    other, still = (shelf.add(_calibrated(2015, name)) for name in ("ibxl51ieq", "ibxl51igq"))
    accepted(other)
    assert why("bxl51", mine, still, theirs, other) == why("bxl51", mine, theirs)
    assert why("bxl51", still) is None
    assert why(None, mine, theirs) is None
    assert why("bxl52", mine, theirs) is None
    accepted(mine)
    assert why("bxl50", mine, theirs) is None
    assert rested_elsewhere(*relative_fit({}, theirs)) is None


def _report(score: float | None) -> TrustReport:
    return TrustReport((FitCheck(TrustComponent.CROSS_MATCH, score, "few stars"),))


def test_a_doubtful_fit_is_a_finding_and_a_forced_one_says_who_and_why() -> None:
    fit = propose()
    acceptance = Acceptance(fit.activity, {}, STAMP)
    _keep(acceptance, fit, _report(0.95), None)
    assert acceptance.findings == [] and fit.reason is None
    trust = fit.trust
    _keep(acceptance, fit, _report(0.2), None)
    (finding,) = acceptance.findings
    assert finding.kind is FindingKind.LOW_TRUST
    assert finding.message == _sentence(fit.version.filename, _report(0.2))
    assert trust is not None and fit.trust is not None and fit.trust < trust
    _keep(acceptance, fit, _report(0.3), "seen by eye")
    assert fit.trust == pytest.approx(_report(0.2).score)
    assert fit.reason == "accepted by force by somebody: seen by eye"
    assert acceptance.findings[1].kind is FindingKind.FORCED
    assert acceptance.findings[1].message == (
        f"{_sentence(fit.version.filename, _report(0.3))} Accepted by force by somebody: "
        "seen by eye"
    )


def _drizzled(year: int, *members: str, flavour: Flavour = PIPELINE) -> ProductVersion:
    product = combination("ibxl50030", flavour, *members)
    version = product.versions[0]
    version.cal_ver, version.date_written = f"3.{year}.0", f"{year}-01-01"
    return version


def test_a_product_is_older_than_a_file_by_its_calibration_and_date() -> None:
    shelf = ProductSet()
    file = shelf.add(_calibrated(2017))
    assert _calibrated_before(_drizzled(2016), file)
    assert not _calibrated_before(_drizzled(2017), file)
    assert not _calibrated_before(_drizzled(2018), file)
    for column in ("cal_ver", "date_written"):
        unknown = _drizzled(2016)
        setattr(unknown, column, None)
        assert not _calibrated_before(unknown, file)


class _Kept(DrizzledFrom):
    """A product that was made of chosen versions."""

    def __init__(self, *made_of: ProductVersion) -> None:
        self._made_of = made_of

    def objection(self, version: ProductVersion) -> str | None:
        return None if version in self._made_of else f"not {version.number}"


def test_the_version_that_a_product_was_made_of_is_moved_or_it_is_said_why_not() -> None:
    shelf = ProductSet()
    old, new = shelf.add(_calibrated(2015)), shelf.add(_calibrated(2018))
    aligned = accepted(new)
    product, drizzled = new.product, _drizzled(2016, ONE)
    for made_of in (new, aligned):
        assert _base([product], drizzled, _Kept(made_of)) == (made_of, "")
        assert _newer(product, drizzled, _Kept(made_of)) is None
    base, why = _base([product], drizzled, _Kept(old))
    assert base is None
    assert why == (
        f"{drizzled.filename} was not made of {new.reference}: not {new.number}. "
        f"{anew(drizzled)}, and fit that."
    )
    assert _newer(product, drizzled, _Kept(old)) == f"not {new.number}"
    # Of neither: the product is older than the newest file, or it is not known to be.
    assert _newer(product, drizzled, _Kept()) == f"not {new.number}"
    assert _newer(product, _drizzled(2019, ONE), _Kept()) is None
    assert _base([], drizzled, _Kept()) == (None, "The ledger has no pipeline file of it.")
    # Of several products the first one tells why.
    other = ProductSet().add(_calibrated(2015, content="x")).product
    assert _base([product, other], drizzled, _Kept())[1] == why
    assert _base([other, product], drizzled, _Kept(new)) == (new, "")
    # Of any of the older ones, though it says of no calibration.
    newest, later = shelf.add(_calibrated(2021)), _drizzled(2022, ONE)
    for made_of in (old, new):
        assert _newer(product, later, _Kept(made_of)) == f"not {newest.number}"


def test_a_file_is_older_than_a_product_by_its_software_or_table_and_not_by_its_date() -> None:
    shelf = ProductSet()
    file = shelf.add(_calibrated(2017))
    drizzled = _drizzled(2018)
    assert is_of_older_calibration(file, drizzled)
    drizzled.cal_ver = file.cal_ver
    assert not is_of_older_calibration(file, drizzled)
    for column, own, other in (
        ("opus_ver", "HSTDP 2017_1", "HSTDP 2018_1"), ("idctab_date", "2016-08-05", "2017-10-31")
    ):  # fmt: skip
        setattr(file, column, own)
        assert not is_of_older_calibration(file, drizzled)
        setattr(drizzled, column, other)
        assert is_of_older_calibration(file, drizzled)
        setattr(drizzled, column, None)
    drizzled.cal_ver = None
    assert not is_of_older_calibration(file, drizzled)


def test_of_a_file_that_is_older_than_its_product_the_file_is_to_be_fetched() -> None:
    shelf = ProductSet()
    old, drizzled = shelf.add(_calibrated(2015)), _drizzled(2018, ONE)
    base, why = _base([old.product], drizzled, _Kept())
    assert base is None
    assert why == (
        f"{drizzled.filename} was not made of {old.reference}: not {old.number}. The exposures "
        "are of an older archive version than the product: fetch them again too (`skydb fetch "
        "--refresh`), or make a product of them with `skydb drizzle --visit bxl50`, and fit that."
    )
    # A product of skydb is not in the archive.
    made = _drizzled(2018, ONE, flavour=Flavour.SKYDB)
    assert str(_base([old.product], made, _Kept())[1]).endswith(f"{anew(made)}, and fit that.")


def test_a_recorded_version_is_moved_while_it_is_of_the_newest_archive_version() -> None:
    shelf = ProductSet()
    old = shelf.add(_calibrated(2015))
    product, drizzled = old.product, _drizzled(2016, ONE)
    product.id = 7
    assert _base_on_record([product], drizzled, {7: old}) == (old, "")
    assert _base_on_record([product], drizzled, {8: old}) == (
        None,
        f"It was not used when {drizzled.reference} was made.",
    )
    new = shelf.add(_calibrated(2018))
    assert _base_on_record([product], drizzled, {7: old}) == (
        None,
        f"{drizzled.filename} was not made of {new.reference}: it was delivered after the product "
        f"was made. {anew(drizzled)}, and fit that.",
    )


def test_a_product_is_made_anew_by_who_made_it() -> None:
    assert anew(_drizzled(2016, flavour=Flavour.SKYDB)) == (
        "Make the product again with `skydb drizzle --visit bxl50`"
    )
    for flavour in set(Flavour) - {Flavour.SKYDB}:
        assert anew(_drizzled(2016, flavour=flavour)) == (
            "Fetch the product again, or make one with `skydb drizzle --visit bxl50`"
        )


def test_a_product_without_members_moves_nothing_and_says_so() -> None:
    bare, named = _without_members(_drizzled(2016)), _without_members(_drizzled(2016, ONE, TWO))
    assert str(bare) == (
        "ibxl50030_drz.fits does not name its members, so its fit moves nothing: it has neither "
        "HDRTAB nor D001DATA. Fit a product that has one of them."
    )
    assert str(named) == (
        f"ibxl50030_drz.fits was made of {ONE}, {TWO} not in the ledger as pipeline files. "
        "Ingest the exposures first."
    )


@pytest.mark.parametrize("made", [ProductKind.DRZ, ProductKind.DRC])
def test_a_product_is_made_of_files_that_are_corrected_as_it_is(made: ProductKind) -> None:
    shelf = ProductSet()
    kinds = (ProductKind.FLT, ProductKind.FLC, ProductKind.C0M)
    files = {kind: shelf.add(_calibrated(2015, kind=kind)).product for kind in kinds}
    svm = shelf.add(_calibrated(2015, kind=ProductKind.FLC, flavour=SVM)).product
    drizzled = _drizzled(2016, ONE)
    drizzled.product.kind = made
    best = ProductKind.FLC if made is ProductKind.DRC else ProductKind.FLT
    for order in itertools.permutations(files.values()):
        assert _of_best_kind(drizzled, order) == [files[best]]
    plain = [files[ProductKind.C0M], files[ProductKind.FLC]]
    other = ProductKind.FLC if made is ProductKind.DRC else ProductKind.C0M
    assert _of_best_kind(drizzled, plain) == [files[other]]
    both = [svm, files[ProductKind.FLC]]
    assert _of_best_kind(drizzled, both) == both


def test_a_product_is_behind_when_no_file_of_a_member_can_be_what_it_was_made_of(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: dict[int, ProductVersion] | None = None
    monkeypatch.setattr(membership, "_made_with", lambda *_: made)
    session: Any = None
    shelf = ProductSet()
    one, two = shelf.add(_calibrated(2015)), shelf.add(_calibrated(2015, TWO))
    files = {ONE: [one.product], TWO: [two.product]}
    drizzled = _drizzled(2016, ONE, TWO)
    assert not is_behind(session, drizzled, files)
    assert not is_behind(session, drizzled, {})
    assert is_behind(session, _drizzled(2014, ONE), files)
    aligned = accepted(one)
    assert is_behind(session, drizzled, files)
    svm = shelf.add(_calibrated(2015, flavour=SVM)).product
    assert is_behind(session, drizzled, {ONE: [one.product, svm]})
    other = ProductSet().add(_calibrated(2015, content="y")).product
    assert not is_behind(session, drizzled, {ONE: [one.product, other]})
    made = {1: aligned, 2: two}
    assert not is_behind(session, drizzled, files)
    made = {1: aligned, 2: two, 3: one}
    assert is_behind(session, drizzled, files)
    # An acceptance has left one alone, because it was redelivered.
    made, late = {2: two}, shelf.add(_calibrated(2019, "ibxl50icq"))
    with_late = _drizzled(2016, TWO, "ibxl50icq")
    assert is_behind(session, with_late, {"ibxl50icq": [late.product]})
