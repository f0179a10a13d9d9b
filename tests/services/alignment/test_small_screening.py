"""Checks of fits and flags of products, on rows: whom an acceptance lets through, and why not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy.orm import Session

from skydb.api.composition import Services
from skydb.domain import Acceptance, AlignmentSolution, ProductVersion
from skydb.domain.choice import ChosenInput, Unfitted
from skydb.domain.condition import Condition
from skydb.domain.guards import GUARDS, Flag
from skydb.domain.motion import MotionRecord
from skydb.domain.trust import FitCheck, TrustReport
from skydb.domain.vocabulary import FindingKind, TrustComponent
from skydb.drizzle.tweakreg import FitStatus, ProductFit
from skydb.errors import NotFoundError, StateError
from skydb.services.alignment import guards, screening
from skydb.services.alignment.align import require_there
from skydb.services.alignment.screening import FittedFile, screen
from skydb.sky.fit_trust import Sighting
from tests.domain.entities import wcs
from tests.domain.shelves import ProductSet, delivery
from tests.services.survey import Survey

GOOD, BAD = 0.9, 0.2


@pytest.fixture
def session(services: Services) -> Iterator[Session]:
    with services.context.store.writing() as session:
        yield session


@pytest.fixture
def survey(session: Session) -> Survey:
    return Survey(session)


def report(score: float) -> TrustReport:
    return TrustReport((FitCheck(TrustComponent.CROSS_MATCH, score, "few stars"),))


def begun(survey: Survey, *fits: AlignmentSolution) -> int:
    """An acceptance of the run of some fits that is running."""
    acceptance = Acceptance(fits[0].activity, {}, survey.stamp())  # type: ignore[arg-type]
    survey.session.add(acceptance)
    acceptance.start()
    survey.session.flush()
    return acceptance.id


@pytest.fixture
def fits(survey: Survey) -> list[AlignmentSolution]:
    """Two fits of a group and one by itself, of one run."""
    versions = [survey.content(survey.exposure("50", number)) for number in (1, 2, 3)]
    gaia = survey.catalog("gaia")
    one = survey.fit(versions[0], gaia)
    other = survey.fit(versions[1], gaia, group=one)
    alone = survey.fit(versions[2], gaia, group=one)
    alone.group_name = None
    return [one, other, alone]


@pytest.mark.parametrize(
    ("scores", "chosen", "doubted"),
    [
        ((GOOD, GOOD, GOOD), {0, 1, 2}, 0),
        ((GOOD, BAD, GOOD), {0, 2}, 1),
        ((GOOD, GOOD, BAD), {0, 1}, 1),
        ((BAD, BAD, GOOD), {2}, 2),
        ((BAD, GOOD, BAD), None, 2),
        ((BAD, BAD, BAD), None, 3),
    ],
)
def test_fits_that_are_trusted_are_accepted_and_others_when_the_user_insists(
    services: Services,
    survey: Survey,
    fits: list[AlignmentSolution],
    monkeypatch: pytest.MonkeyPatch,
    scores: tuple[float, ...],
    chosen: set[int] | None,
    doubted: int,
) -> None:
    acceptance_id, keys = begun(survey, *fits), [fit.id for fit in fits]
    names = [fit.version.filename for fit in fits]
    survey.session.commit()
    known = {key: report(score) for key, score in zip(keys, scores, strict=True)}
    installed = {key: Path(f"{key}.fits") for key in keys}
    monkeypatch.setattr(
        screening, "_confirm", lambda _, key, path, __: {installed[key]: known[key]}[path]
    )

    def findings(kind: FindingKind) -> list[str]:
        with services.context.store.reading() as session:
            told = session.get_one(Acceptance, acceptance_id).findings
            return sorted(one.subject for one in told if one.kind is kind)

    def subjects(*bad: int) -> list[str]:
        return sorted(names[number] for number in bad)

    bad = [number for number, score in enumerate(scores) if score == BAD]
    if chosen is None:
        with pytest.raises(StateError) as caught:
            screen(services.context, acceptance_id, installed, None)
        said = " ".join(screening._sentence(f"{keys[n]}.fits", report(BAD)) for n in bad)
        assert caught.value.what == f"No fit was accepted. {said}"
    else:
        found = screen(services.context, acceptance_id, installed, None)
        assert found == {keys[number] for number in chosen}
    assert findings(FindingKind.LOW_TRUST) == subjects(*bad)
    assert len(bad) == doubted
    assert screen(services.context, acceptance_id, installed, "seen by eye") == set(keys)
    assert findings(FindingKind.FORCED) == subjects(*bad)


def test_a_group_is_confirmed_by_what_is_kept_and_a_file_by_its_stars(
    services: Services,
    survey: Survey,
    fits: list[AlignmentSolution],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for fit in fits:
        fit.record_trust(TrustReport((
            FitCheck(TrustComponent.MATCHES, 0.8, "many"), *report(0.7).checks,
            FitCheck(TrustComponent.RMS, 0.6, "small"),
        )))  # fmt: skip
    group, alone = fits[0].id, fits[2].id
    fits[2].nmatches = 6
    survey.session.commit()
    asked: list[Any] = []

    def read(*told: Any) -> Any:
        asked.append(told[:2])
        return SimpleNamespace(
            cross_match=lambda table: FitCheck(TrustComponent.CROSS_MATCH, 0.4, f"of {table}")
        )

    usable = SimpleNamespace(at=lambda epoch: SimpleNamespace(table=f"table at {epoch}"))
    monkeypatch.setattr(screening, "read_fitted", read)
    monkeypatch.setattr(screening.UsableCatalog, "of", lambda *_: usable)
    monkeypatch.setattr(screening, "mean_epochs", lambda _, versions: [2012.5])

    def scores(key: int) -> dict[str, float | None]:
        found = screening._confirm(services.context, key, Path("copy.fits"), {})
        return {one.component.value: one.score for one in found.checks}

    assert scores(group) == {"matches": 0.8, "cross-match": 0.7, "rms": 0.6}
    assert asked == []
    # The geometry wants twelve matches, of which a quarter is had: half as much as is enough.
    assert scores(alone) == {"matches": 0.25, "cross-match": 0.4, "rms": 0.6}
    assert asked == [(Path("copy.fits"), Path("copy.fits"))]
    (check,) = (
        one for one in screening._confirm(services.context, alone, Path("copy.fits"), {}).checks
        if one.component is TrustComponent.CROSS_MATCH
    )  # fmt: skip
    assert check.reason == "of table at 2012.5"
    fits[2].catalog = None
    fits[2].nmatches = None
    survey.session.commit()
    assert scores(alone) == {"matches": 0.0, "cross-match": 0.7, "rms": 0.6}
    assert len(asked) == 2


def fitted(**told: Any) -> FittedFile:
    path = Path("in/ibxl50010_drz.fits")
    told = {"nmatches": 30, "x_rms_pix": 0.05, "y_rms_pix": 0.3, "fitted_copy": Path("copy.fits"),
            "fit_geometry": "rscale", **told}  # fmt: skip
    made = ProductFit(path, FitStatus.FITTED, Path("t.log"), "IDC_a", catalog_sources=40, **told)
    return FittedFile(made, path, wcs(), MotionRecord(40, 0, None, None))


def test_a_fit_is_checked_by_its_own_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    cross_match = FitCheck(TrustComponent.CROSS_MATCH, 0.9, "stars")
    sighting = Sighting(SimpleNamespace(), 900.0, 0.05)  # type: ignore[arg-type]
    asked: list[Any] = []

    def archive(*told: Any) -> FitCheck:
        asked.append(told)
        return FitCheck(TrustComponent.ARCHIVE, 0.3, "far off")

    monkeypatch.setattr(FittedFile, "_looked_at", (sighting, cross_match))
    monkeypatch.setattr(screening, "check_archive", archive)
    monkeypatch.setattr(screening, "matches_before_clipping", lambda *told: {
        (Path("t.log"), "ibxl50010_drz.fits"): 60}[told])  # fmt: skip

    def checks(**told: Any) -> dict[str, tuple[float | None, str]]:
        return {
            one.component.value: (one.score, one.reason)
            for part in fitted(**told).own_checks
            for one in part
        }

    found = checks()
    assert list(found) == ["matches", "rms", "jackknife", "clipped", "cross-match", "archive",
                           "motion"]  # fmt: skip
    assert found["matches"] == (1.0, "30 matches, the geometry wants 12")
    assert found["rms"][1].startswith("residuals of 0.311 pix")
    assert found["jackknife"][0] is None
    assert "30 of 60" in found["clipped"][1]
    assert asked == [(wcs(), Path("in/ibxl50010_drz.fits"), Path("copy.fits"), 0.05)]
    # The larger of the two counts.
    assert checks(x_rms_pix=0.4)["rms"][1].startswith("residuals of 0.414 pix")
    for geometry, wanted in (("shift", 5), ("rshift", 5), ("odd", 12), ("general", 25)):
        said = checks(fit_geometry=geometry)["matches"][1]
        assert said == f"30 matches, the geometry wants {wanted}"


def test_a_fit_is_looked_at_once_with_the_very_catalogue_that_it_was_fitted_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[Any] = []

    def read(*told: Any) -> Any:
        asked.append(told)
        return SimpleNamespace(sighting="seen", cross_match=lambda table: f"compared with {table}")

    monkeypatch.setattr(screening, "read_fitted", read)
    monkeypatch.setattr(
        screening, "read_catalog", lambda path, *, epoch_year: f"{path.name} at {epoch_year}"
    )
    one: Any = fitted(catalog_file=Path("home/gaia.cat"))
    assert one.sighting == "seen"
    assert one.cross_match == "compared with gaia.cat at None"
    assert asked == [(Path("copy.fits"), one.original, one.finder, one.outlines)]
    for missing in ("catalog_file", "fitted_copy"):
        with pytest.raises(AssertionError):
            _ = fitted(**{"catalog_file": Path("gaia.cat"), missing: None}).sighting


def flags(version: ProductVersion) -> list[tuple[FindingKind, str, str]]:
    file: Any = None
    session: Any = None
    found = [
        *guards._redelivered(session, version, file),
        *guards._never_moved(session, version, file),
        *guards._aligned_since(session, version, file),
        *guards._members_gone_wrong(session, version),
    ]
    return [(one.guard, one.subject, one.message) for one in found]


def test_members_that_are_newer_aligned_or_bad_are_told_of_their_product(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shelf = ProductSet()
    names = ("ibxl50iaq", "ibxl50ibq", "ibxl50icq", "ibxl50idq")
    members = {name: shelf.add(delivery(name)) for name in names}
    drizzled = shelf.add(delivery("ibxl50iaq", name="ibxl50010_drz.fits"))
    drizzled.product.name_members(names[:3])
    newer: Mapping[str, str] = {}
    moved: Mapping[str, str] = {}
    late: Mapping[str, str] = {}
    monkeypatch.setattr(guards, "redelivered_members", lambda *_: newer)
    monkeypatch.setattr(guards, "aligned_since", lambda *_: moved)
    monkeypatch.setattr(guards, "members_never_moved", lambda *_: late)
    monkeypatch.setattr(guards, "anew", lambda _: "Make it again")
    known = {name: [one.product] for name, one in members.items()}
    monkeypatch.setattr(guards, "member_products", lambda *_: known)
    assert flags(drizzled) == []
    newer = {"ibxl50ibq": "of 2020", "ibxl50iaq": "of 2021"}
    moved = {"ibxl50ibq": "b@2", "ibxl50iaq": "a@3"}
    bad, empty = Condition(quality="it was lost"), Condition(quality="no star", exptime_s=0.0)
    assert empty.has_no_signal and not bad.has_no_signal
    members["ibxl50icq"].condition, members["ibxl50idq"].condition = bad, empty
    subject, stale = drizzled.subject, FindingKind.STALE_INPUT
    found = flags(drizzled)
    assert [one[:2] for one in found] == [
        (stale, subject), (stale, subject), (FindingKind.QUALITY, "ibxl50icq")
    ]  # fmt: skip
    assert found[0][2] == (
        "2 of its 3 members have a newer archive version (ibxl50ibq, ibxl50iaq) than it was made "
        "of (of ibxl50ibq: of 2020); a fit of it does not move them. Make it again."
    )
    assert found[1][2].startswith(
        "2 of its 3 members were aligned after it was made (a@3, b@2); a fit of it starts"
    )
    assert found[2][2] == f"{'; '.join(bad.complaints)} (a member of {drizzled.filename})."
    newer, moved, late = {}, {}, {"ibxl50ibq": "it is late.", "ibxl50iaq": "it is later."}
    assert flags(drizzled)[0] == (
        stale,
        subject,
        "a fit of it does not move 2 of its 3 members (ibxl50ibq, ibxl50iaq); of ibxl50ibq: it is "
        "late.",
    )


def test_exposures_without_a_fit_are_a_flag_of_the_product_that_is_fitted() -> None:
    version = ProductSet().add(delivery("ibxl50iaq", name="ibxl50010_drz.fits"))
    left = Unfitted("ibxl50020_drz.fits", ("ibxl50icq",), ("ibxl50idq", "ibxl50ieq"))
    (flag,) = guards._not_fitted([ChosenInput(version, "", unfitted=(left,))])
    assert (flag.guard, flag.subject) == (FindingKind.NOT_FITTED, version.subject)
    assert flag.guard in GUARDS
    assert flag.message == (
        "ibxl50020_drz.fits is not fitted, because both have ibxl50icq and an exposure gets one "
        "fit: there is none for ibxl50idq, ibxl50ieq. Fit ibxl50020_drz.fits by its name "
        "afterwards, or its exposures with `skydb align run --what exposures`."
    )
    assert list(guards._not_fitted([ChosenInput(version, "")])) == []


def test_what_was_said_of_a_member_is_a_flag_of_the_product_once(
    session: Session, survey: Survey, monkeypatch: pytest.MonkeyPatch
) -> None:
    exposures = [survey.exposure("50", number) for number in (1, 2)]
    versions = [survey.content(one) for one in exposures]
    other = survey.content(survey.exposure("51"))
    drizzled = survey.content(survey.drizzled(*exposures))
    asked: dict[str, Any] = {}
    twice = Flag(FindingKind.STALE_INPUT, drizzled.subject, "it is old")

    def remarks(_: Session, subjects: Mapping[str, Any]) -> dict[str, list[str]]:
        asked.update(subjects)
        return {name: ["a note", "another"] for name in subjects}

    for name in ("_redelivered", "_never_moved", "_aligned_since", "_members_gone_wrong"):
        monkeypatch.setattr(guards, name, lambda *_: [twice])
    monkeypatch.setattr(guards, "remarks_on", remarks)
    chosen: Any = ChosenInput(drizzled, "")
    monkeypatch.setattr(guards, "stale_input", lambda _: [twice])
    found = guards.product_flags(session, [chosen], {drizzled.id: None})  # type: ignore[dict-item]
    assert found == [
        twice, *(Flag(FindingKind.FLAGGED_INPUT, drizzled.subject, text)
                 for text in ("a note", "another"))
    ]  # fmt: skip
    (about,) = asked.values()
    assert about.exposures == {one.id for one in exposures}
    assert about.products == {drizzled.product_id, *(one.product_id for one in versions)}
    assert other.product_id not in about.products
    assert about.visits == {exposures[0].visit_id}


def test_every_catalogue_of_a_list_has_to_be_there_before_a_run(
    services: Services, survey: Survey
) -> None:
    survey.catalog("gaia")
    survey.session.commit()
    require_there(services.context, ("gaia",))
    for names in (("gaia", "nowhere"), ("nowhere", "gaia")):
        with pytest.raises(NotFoundError, match="nowhere"):
            require_there(services.context, names)
