"""What the ledger knows against inputs: notes, flags, and products of newer files."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session

from skydb.api.composition import Services
from skydb.domain import BookEntry, Product, ProductVersion
from skydb.domain.guards import Flag, GuardPolicy
from skydb.domain.vocabulary import EntryKind, FindingKind, Flavour, ProductKind
from skydb.services.intake import guards
from skydb.services.intake.guards import book_remarks, guarded_inputs
from tests.domain.shelves import chosen
from tests.services.survey import Survey

ONE, TWO = "ibxl5001q", "ibxl5002q"


@pytest.fixture
def session(services: Services) -> Iterator[Session]:
    with services.context.store.writing() as session:
        yield session


@pytest.fixture
def survey(session: Session) -> Survey:
    return Survey(session)


@pytest.fixture
def pair(survey: Survey) -> tuple[ProductVersion, ProductVersion]:
    """Two exposures of a visit."""
    one, two = (survey.content(survey.exposure("50", number)) for number in (1, 2))
    return one, two


def remarked(subject: object, kind: EntryKind, text: str, label: str | None = None) -> BookEntry:
    return BookEntry(subject, kind, "somebody", text, label)  # type: ignore[arg-type]


@pytest.mark.parametrize("batch", [500, 1, 2])
def test_notes_and_flags_are_those_of_the_exposure_its_files_and_its_visit(
    session: Session,
    survey: Survey,
    pair: tuple[ProductVersion, ...],
    monkeypatch: pytest.MonkeyPatch,
    batch: int,
) -> None:
    monkeypatch.setattr(guards, "_BATCH", batch)
    one, two = pair
    elsewhere = survey.content(survey.exposure("51", 1))
    note, flag, purge = EntryKind.NOTE, EntryKind.FLAG, EntryKind.PURGE
    remarked(one.product.exposure, note, "a star is bright")
    remarked(two.product, flag, "a trail", "satellite")
    remarked(one.product.visit, flag, "lost lock", "guiding")
    remarked(one.product.visit, note, "a visit is only noted")
    remarked(one.product, flag, "it is dismissed", "ignore:quality")
    remarked(one.product, flag, "it does not begin so", "to-ignore:")
    remarked(two.product.exposure, purge, "it is neither a note nor a flag")
    remarked(two.product.exposure, flag, "it was wrong").withdraw("somebody", "it is not")
    session.flush()
    guiding = "flag guiding by somebody: lost lock"
    assert book_remarks(session, chosen(one, two, elsewhere)) == {
        ONE: [
            "note by somebody: a star is bright",
            guiding,
            "flag to-ignore: by somebody: it does not begin so",
        ],
        TWO: ["flag satellite by somebody: a trail", guiding],
    }
    drizzled = survey.content(survey.drizzled(*(v.product.exposure for v in pair if v.exposure)))
    assert book_remarks(session, chosen(drizzled)) == {drizzled.subject: [guiding]}


def _made(survey: Survey, product: Product, cal_ver: str | None) -> ProductVersion:
    version = survey.content(product)
    version.cal_ver = cal_ver
    survey.session.flush()
    return version


def _stale(session: Session, *versions: ProductVersion) -> list[Flag]:
    """Flags on files of which the archive has made a product of newer ones."""
    found = guarded_inputs(session, chosen(*versions), GuardPolicy())
    old = [flag for flag in found if flag.guard is FindingKind.STALE_INPUT]
    return [flag for flag in old if flag.message.endswith("Fetch it.")]


def test_a_product_that_was_made_with_a_newer_calibration_shows_that_inputs_are_old(
    session: Session, survey: Survey, pair: tuple[ProductVersion, ...]
) -> None:
    one, two = pair
    one.cal_ver = two.cal_ver = "3.5.0"
    exposures = [version.exposure for version in pair if version.exposure]
    product = survey.drizzled(*exposures)
    assert _stale(session, one, two) == []
    for cal_ver in ("3.4.9", "3.5.0", None):
        _made(survey, product, cal_ver)
        assert _stale(session, one, two) == []
    newer = _made(survey, product, "3.6.0")
    newest, older = _made(survey, product, "3.10.1"), _made(survey, product, "3.9.0")
    found = _stale(session, two, one)
    assert [flag.subject for flag in found] == [ONE, TWO]
    assert found[0].message == (
        f"{newest.reference} was made with CAL_VER 3.10.1, {one.reference} has 3.5.0: a newer "
        "archive version of it exists. Fetch it."
    )
    two.cal_ver = "3.7.0"
    newer.cal_ver, newest.cal_ver, older.cal_ver = "3.6.7", "3.6.5", None
    (flag,) = _stale(session, one, two)
    assert flag.subject == ONE
    assert flag.message.startswith(f"{newer.reference} was made with CAL_VER 3.6.7, ")
    # Nothing is newer than what is not known.
    one.cal_ver = None
    session.flush()
    assert _stale(session, one) == []


@pytest.mark.parametrize("is_first", [True, False])
def test_a_product_of_other_exposures_shows_nothing_of_these(
    session: Session, survey: Survey, pair: tuple[ProductVersion, ...], *, is_first: bool
) -> None:
    one, other = pair[0], survey.content(survey.exposure("51", 1))
    one.cal_ver = other.cal_ver = "3.5.0"
    assert one.exposure and other.exposure
    for exposure in (one.exposure, other.exposure) if is_first else (other.exposure, one.exposure):
        product = survey.drizzled(exposure)
        _made(survey, product, "3.6.0" if exposure is other.exposure else "3.5.0")
    assert _stale(session, one) == []
    assert [flag.subject for flag in _stale(session, one, other)] == [other.subject]


@pytest.mark.parametrize("odd", ["flavour", "kind", "derived", "not newest", "not a member"])
def test_other_files_and_products_show_nothing(
    session: Session, survey: Survey, pair: tuple[ProductVersion, ...], odd: str
) -> None:
    one, two = pair
    assert one.exposure and two.exposure
    if odd == "not newest":
        survey.content(one.exposure, date="2024-01-01")
    one.cal_ver = "3.5.0"
    product = survey.drizzled(two.exposure if odd == "not a member" else one.exposure)
    made = _made(survey, product, "3.6.0")
    if odd == "flavour":
        product.flavour = Flavour.SVM
    elif odd == "kind":
        product.kind = ProductKind.HLET
    elif odd == "derived":
        made.derived_from = two
    session.flush()
    session.expire_all()
    assert _stale(session, one) == []
