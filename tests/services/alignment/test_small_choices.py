"""Choice of exposures and products by their names, on rows that were made by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy.orm import Session

from skydb.api.composition import Services
from skydb.domain import AlignmentRun, HeaderWrite, Product, ProductVersion, VisitDrizzle
from skydb.domain.choice import Unfitted
from skydb.domain.processmark import Fate
from skydb.domain.vocabulary import Flavour, LinkRole, ProductKind, SkyMethod
from skydb.errors import NotFoundError, StateError, UsageError
from skydb.services.alignment import accepting
from skydb.services.alignment.accepting import beginning, run_of
from skydb.services.alignment.exposures import choose_exposures
from skydb.services.alignment.header_writes import _writes_since
from skydb.services.alignment.membership import _made_with, drizzled_of, member_products
from skydb.services.alignment.products import _files_of, choose_products
from skydb.services.intake import Selection
from tests.services.survey import Survey

ONE, TWO, OTHER = "ibxl5001q", "ibxl5002q", "ibxl5101q"
DRZ = "ibxl50010_drz.fits"


@pytest.fixture
def session(services: Services) -> Iterator[Session]:
    with services.context.store.writing() as session:
        yield session


@pytest.fixture
def survey(session: Session) -> Survey:
    return Survey(session)


@pytest.fixture
def versions(survey: Survey) -> dict[str, ProductVersion]:
    """Two archive versions and an aligned one of an exposure, one of others, and products."""
    one, two, other = (survey.exposure(*place) for place in (("50", 1), ("50", 2), ("51", 1)))
    catalog = survey.catalog("gaia")
    old = survey.content(one, date="2019-01-01")
    new = survey.content(one, date="2021-01-01")
    found = {"old": old, "new": new, "aligned": survey.align(new, catalog)}
    found |= {"two": survey.content(two, date="2020-01-01")}
    found |= {"other": survey.content(other, date="2020-01-01")}
    drizzled = survey.drizzled(one, two)
    found |= {"drz": survey.content(drizzled, date="2019-06-01")}
    found |= {"drz 2": survey.content(drizzled, date="2021-06-01")}
    return found


def exposures(session: Session, *names: str, **wanted: object) -> dict[str, tuple[int, str]]:
    """Number of the version and reason, by the file."""
    found = choose_exposures(session, names, Selection(**wanted))  # type: ignore[arg-type]
    assert [one.rootname for one in found] == sorted(one.rootname for one in found)
    return {one.version.filename: (one.version.number, one.reason) for one in found}


def test_an_exposure_is_named_with_its_version_or_by_the_rule(
    session: Session, versions: dict[str, ProductVersion]
) -> None:
    name = f"{ONE}_flt.fits"
    product, version = versions["old"].product.id, versions["new"].id
    rule = exposures(session, ONE)[name]
    assert rule[0] == 3 and rule[1].startswith(f"matches {ONE}; ")
    assert {number for number, _ in exposures(session).values()} == {3, 1}
    assert list(exposures(session)) == [f"{n}_flt.fits" for n in (ONE, TWO, OTHER)]
    for named, number in (
        (name, 3), (f"{name}@2", 2), (f"{name}@1", 1), (f"{name}@3", 3), (f"{ONE}@1", 1),
        (f"product:{product}", 3), (f"version:{version}", 2),
    ):  # fmt: skip
        found = exposures(session, named)
        assert list(found) == [name]
        assert found[name][0] == number
        assert found[name][1].startswith(f"named as {named}; ")
    assert exposures(session, name, flavour=Flavour.SKYDB)[name][0] == 3
    assert exposures(session, name, as_of=date(2020, 1, 1))[name][0] == 1
    assert list(exposures(session, "bxl50", TWO)) == [name, f"{TWO}_flt.fits"]
    assert list(exposures(session, "ibxl5?01q_flt.fits")) == [name, f"{OTHER}_flt.fits"]
    with pytest.raises(NotFoundError):
        exposures(session, name, visits=("bxl51",))
    with pytest.raises(NotFoundError, match="no ibxl5101q"):
        exposures(session, rootnames=(OTHER,), visits=("bxl50",))
    with pytest.raises(NotFoundError, match="ibxl99zzq to leave out"):
        exposures(session, exclude=("ibxl99zzq",))


@pytest.mark.parametrize("name", [DRZ, f"{DRZ}@1", "*_drz.fits", "product:{}", "version:{}"])
def test_a_drizzled_product_is_no_exposure(
    session: Session, versions: dict[str, ProductVersion], name: str
) -> None:
    drizzled = versions["drz"]
    named = name.format(drizzled.id if name.startswith("version") else drizzled.product.id)
    with pytest.raises(UsageError) as caught:
        exposures(session, named)
    assert caught.value.what.startswith(f"{named} is a drizzled product (drz); ")
    assert caught.value.advice == (
        f"Name its exposures ({ONE}, {TWO}), or leave out --what exposures."
    )


def test_of_an_exposure_without_a_file_none_can_be_fitted(
    session: Session, survey: Survey, versions: dict[str, ProductVersion]
) -> None:
    bare = survey.product(survey.exposure("52", 1))
    for choose in (choose_exposures, choose_products):
        with pytest.raises(NotFoundError) as caught:
            choose(session, [bare.filename])
        assert caught.value.what == f"The ledger has no file of {bare.filename}."
    with pytest.raises(NotFoundError):
        exposures(session, "ibxl5201q")


def test_two_exposure_files_of_one_name_are_not_told_apart_by_it(
    session: Session, survey: Survey, versions: dict[str, ProductVersion]
) -> None:
    twins = [
        survey.content(_twin(survey, versions["two"].product, flavour))
        for flavour in (Flavour.SVM, Flavour.MVM)
    ]
    name = twins[0].filename
    with pytest.raises(UsageError, match=f"Several products are called {name}"):
        exposures(session, name)
    keys = [f"product:{version.product.id}" for version in twins]
    with pytest.raises(UsageError) as caught:
        exposures(session, *keys)
    assert caught.value.advice == "Fit them one at a time."
    assert list(exposures(session, keys[1])) == [name]


def _twin(
    survey: Survey, product: Product, flavour: Flavour, name: str = "", *members: str
) -> Product:
    """A product of the same exposures or of others, of another flavour or name."""
    with survey.session.no_autoflush:
        made = Product(
            f"twin {name or flavour} of {product.identity}", name or product.filename, product.kind,
            flavour, product.visit, product.exposure,
        )  # fmt: skip
        made.name_members(members or tuple(one.rootname for one in product.members))
        survey.session.add(made)
    survey.session.flush()
    return made


def products(session: Session, *names: str, **wanted: object) -> dict[str, tuple[int, str]]:
    found = choose_products(session, names, Selection(**wanted))  # type: ignore[arg-type]
    return {one.version.filename: (one.version.number, one.reason) for one in found}


def passed_over(session: Session, *names: str) -> dict[str, tuple[str, ...]]:
    return {one.version.reference: one.passed_over for one in choose_products(session, names)}


def test_a_product_is_named_with_its_version_or_by_the_rule(
    session: Session, versions: dict[str, ProductVersion]
) -> None:
    product, version = versions["drz"].product.id, versions["drz"].id
    assert products(session)[DRZ][0] == 2
    rule = products(session, "ibxl50*_drz.fits")[DRZ]
    assert rule[0] == 2 and rule[1].startswith("matches ibxl50*_drz.fits; ")
    for named, number in (
        (DRZ, 2), (f"{DRZ}@1", 1), (f"product:{product}", 2), (f"version:{version}", 1)
    ):  # fmt: skip
        assert products(session, named) == {DRZ: (number, f"named as {named}")}
    assert products(session, DRZ, as_of=date(2020, 1, 1))[DRZ][0] == 1
    assert products(session, DRZ, f"{DRZ}@2") == {DRZ: (2, f"named as {DRZ}@2")}
    with pytest.raises(NotFoundError):
        products(session, DRZ, visits=("bxl51",))
    with pytest.raises(NotFoundError, match="to leave out"):
        products(session, exclude=("ibxl99zzq",))


@pytest.mark.parametrize("name", [ONE, f"{ONE}_flt.fits", f"{OTHER}_flt.fits", "product:1"])
def test_a_single_exposure_is_no_drizzled_product(
    session: Session, survey: Survey, versions: dict[str, ProductVersion], name: str
) -> None:
    survey.content(_twin(survey, versions["drz"].product, Flavour.SVM, "ibxl50aaa_drz.fits"))
    with pytest.raises(UsageError) as caught:
        products(session, name)
    assert caught.value.what == (
        f"{name} is a single exposure (flt); `skydb align run` fits drizzled products."
    )
    of = "a DRZ or DRC" if name.startswith(OTHER) else (
        f"{DRZ} or ibxl50aaa_drz.fits, which it is a member of"
    )  # fmt: skip
    assert caught.value.advice == f"Name {of}, or fit the exposure itself with --what exposures."


def test_other_versions_and_products_of_the_same_exposures_are_passed_over(
    session: Session, survey: Survey, versions: dict[str, ProductVersion]
) -> None:
    assert passed_over(session) == {f"{DRZ}@2": (f"pipeline drz {DRZ}@1",)}
    twin = _twin(survey, versions["drz"].product, Flavour.SVM, "ibxl50svm_drz.fits")
    assert passed_over(session) == {f"{DRZ}@2": (f"pipeline drz {DRZ}@1",)}
    survey.content(twin)
    survey.content(twin, date="2022-01-01")
    headerlet = _twin(survey, versions["drz"].product, Flavour.USER, "ibxl50hle_hlet.fits")
    headerlet.kind = ProductKind.HLET
    survey.content(headerlet)
    assert passed_over(session)[f"{DRZ}@2"] == (
        f"pipeline drz {DRZ}@1",
        "svm drz ibxl50svm_drz.fits@2",
    )
    both = passed_over(session, "ibxl50svm_drz.fits", f"{DRZ}@1")
    assert both == {
        "ibxl50svm_drz.fits@2": ("svm drz ibxl50svm_drz.fits@1",),
        f"{DRZ}@1": (f"pipeline drz {DRZ}@2",),
    }
    aligned = survey.align(versions["drz 2"], survey.catalog("other"))
    assert passed_over(session, f"version:{aligned.id}") == {
        aligned.reference: (f"pipeline drz {DRZ}@1", "svm drz ibxl50svm_drz.fits@2")
    }


def test_a_product_that_shares_one_exposure_is_passed_over_and_one_of_others_is_not(
    session: Session, survey: Survey, versions: dict[str, ProductVersion]
) -> None:
    exposure = versions["other"].product.exposure
    assert exposure is not None
    unrelated = survey.content(survey.drizzled(exposure))
    sharing = _twin(survey, versions["drz"].product, Flavour.SVM, "ibxl50svm_drz.fits")
    sharing.members[:] = [one for one in sharing.members if one.rootname == TWO]
    survey.content(sharing)
    assert passed_over(session, DRZ) == {
        f"{DRZ}@2": (f"pipeline drz {DRZ}@1", "svm drz ibxl50svm_drz.fits@1")
    }
    assert passed_over(session, unrelated.filename) == {unrelated.reference: ()}
    assert passed_over(session, sharing.filename) == {
        "ibxl50svm_drz.fits@1": (f"pipeline drz {DRZ}@2",)
    }


def test_products_of_a_flavour_that_is_named_need_no_exposures_of_it(
    session: Session, survey: Survey, versions: dict[str, ProductVersion]
) -> None:
    twin = _twin(survey, versions["drz"].product, Flavour.SVM, "ibxl50svm_drz.fits")
    survey.content(twin, date="2022-01-01")
    found = products(session, flavour=Flavour.SVM)
    assert list(found) == ["ibxl50svm_drz.fits"]
    assert found["ibxl50svm_drz.fits"][1] == (
        "flavour svm was named, of whose exposures no file is there"
    )
    with pytest.raises(NotFoundError):
        products(session, flavour=Flavour.SVM, as_of=date(2020, 1, 1))


def test_files_of_members_are_those_of_the_exposures_that_are_named(
    session: Session, survey: Survey, versions: dict[str, ProductVersion]
) -> None:
    early, late = (survey.exposure("49", number) for number in (1, 2))
    files = [survey.content(one) for one in (early, late)]
    middle = versions["two"].product
    alone = survey.content(survey.drizzled(early))
    found = _files_of(session, [versions["drz"].product])
    assert set(found) == {versions["new"].product, middle}
    assert _files_of(session, [alone.product]) == [files[0].product]
    both = _files_of(session, [alone.product, versions["drz"].product])
    assert both == sorted({*found, files[0].product}, key=lambda one: one.id)


def test_an_acceptance_begins_with_all_files_that_it_concerns(
    session: Session, survey: Survey, versions: dict[str, ProductVersion]
) -> None:
    run = survey.fit(versions["drz"], survey.catalog("two mass")).activity
    used = [versions[name] for name in ("drz", "new", "two")]
    begin = beginning(run.id, [], None, [one.id for one in used])
    acceptance = begin(session, survey.stamp())
    assert acceptance.alignment_run is run
    assert acceptance.parameters == {"run": run.id, "solutions": [], "force_why": None}
    assert [link.version for link in acceptance.used] == used


def test_members_of_a_product_are_the_exposures_that_it_names(
    session: Session, survey: Survey, versions: dict[str, ProductVersion]
) -> None:
    survey.content(survey.exposure("49", 1))
    found = member_products(session, versions["drz"])
    assert {name: [one.filename for one in several] for name, several in found.items()} == {
        ONE: [f"{ONE}_flt.fits"], TWO: [f"{TWO}_flt.fits"]
    }  # fmt: skip
    exposure = versions["other"].product.exposure
    assert exposure is not None
    later = survey.content(survey.drizzled(exposure))
    assert list(member_products(session, later)) == [OTHER]
    assert set(member_products(session, versions["drz"])) == {ONE, TWO}
    twin = _twin(survey, versions["drz"].product, Flavour.SVM, "ibxl50svm_drz.fits")
    assert member_products(session, survey.content(twin)) == {}


def test_a_product_that_skydb_drizzled_was_made_of_what_its_last_maker_used(
    session: Session, survey: Survey, versions: dict[str, ProductVersion]
) -> None:
    first, second = versions["drz"], versions["drz 2"]
    assert drizzled_of(session, first) is None
    for made, used in (
        (first, ("two",)), (first, ("old", "two")), (second, ("new", "two")), (second, ("aligned",))
    ):  # fmt: skip
        maker = VisitDrizzle(
            first.product.visit, ("F160W", "IR"), SkyMethod.MATCH, {}, survey.stamp(),
            recipe_hash="a" * 64,
        )  # fmt: skip
        session.add(maker)
        for name in used:
            maker.use(versions[name])
        maker.use(versions["other"], LinkRole.INGESTED)
        maker.generate(made, LinkRole.SCIENCE)
        session.flush()
    one, two = (versions[name].product_id for name in ("old", "two"))
    assert drizzled_of(session, first) == {one: versions["old"], two: versions["two"]}
    assert drizzled_of(session, second) == {one: versions["aligned"]}
    assert drizzled_of(session, versions["other"]) is None
    assert _made_with(session, first) == drizzled_of(session, first)
    # Nor was what came from outside after it.
    later = survey.content(first.product, date="2023-01-01")
    assert drizzled_of(session, later) is None
    # What an acceptance made belongs with what else it made.
    assert _made_with(session, versions["aligned"]) == {one: versions["aligned"]}


def test_headers_are_written_for_the_run_that_was_accepted_and_since_then(
    session: Session, survey: Survey, versions: dict[str, ProductVersion]
) -> None:
    runs = [survey.fit(versions[name], survey.catalog(name)).activity for name in ("old", "two")]
    early = HeaderWrite({"run": runs[0].id}, survey.stamp())
    session.add(early)
    session.flush()
    acceptance = beginning(runs[0].id, [], None, [])(session, survey.stamp())
    session.add(acceptance)
    session.flush()
    writes = [HeaderWrite({"run": run.id}, survey.stamp()) for run in (*runs, runs[0])]
    session.add_all(writes)
    session.flush()
    assert _writes_since(session, acceptance) == [writes[0], writes[2]]


@pytest.mark.parametrize("fate", list(Fate))
def test_a_run_that_may_go_on_is_not_reviewed(
    session: Session, survey: Survey, fate: Fate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accepting.Fates, "of_activity", lambda *_: fate)
    run = AlignmentRun(survey.catalog("gaia"), {}, survey.stamp())
    session.add(run)
    run.start()
    session.flush()
    if fate is Fate.DEAD:
        assert run_of(session, run.id) is run
    else:
        with pytest.raises(StateError, match=f"Alignment run {run.id} is running"):
            run_of(session, run.id)
    run.succeed()
    assert run_of(session, run.id) is run
    with pytest.raises(NotFoundError, match="no alignment run 99"):
        run_of(session, 99)


def test_products_of_common_exposures_are_not_fitted_together(
    session: Session, survey: Survey, versions: dict[str, ProductVersion]
) -> None:
    drizzled = versions["drz"].product
    part = _twin(survey, drizzled, drizzled.flavour, "ibxl50011_drz.fits")
    survey.content(part)
    with pytest.raises(UsageError) as caught:
        products(session, drizzled.filename, part.filename)
    assert caught.value.what == (
        f"{drizzled.filename} and ibxl50011_drz.fits have {ONE}, {TWO} in common, and an "
        "exposure gets one fit."
    )
    assert list(products(session, part.filename)) == [part.filename]
    assert len(products(session)) == len(products(session, drizzled.filename))


def test_selected_exposures_that_no_product_of_a_run_has_are_named(
    session: Session, survey: Survey, versions: dict[str, ProductVersion]
) -> None:
    drizzled, third = versions["drz"].product, survey.exposure("50", 3)
    survey.content(third)
    name, first = third.rootname, versions["new"].product.exposure
    assert first is not None
    first.filters = "F110W"
    newest = _twin(survey, drizzled, drizzled.flavour, "ibxl50011_drz.fits", TWO, name)
    survey.content(newest)

    def unfitted(*names: str, **wanted: object) -> list[Unfitted]:
        found = choose_products(session, names, Selection(**wanted))  # type: ignore[arg-type]
        return [left for one in found for left in one.unfitted]

    left = [Unfitted(DRZ, (TWO,), (ONE,))]
    assert unfitted() == unfitted(visits=("bxl50",)) == left
    assert unfitted(filter="F160W") == unfitted(newest.filename) == []
    survey.content(_twin(survey, drizzled, drizzled.flavour, "ibxl50012_drz.fits", ONE))
    assert unfitted() == []
