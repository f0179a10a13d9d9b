from __future__ import annotations

import pytest
from sqlalchemy import select

from skydb.api.composition import Services
from skydb.domain import Exposure
from skydb.domain.vocabulary import SkyMethod
from skydb.errors import NotFoundError, UsageError
from skydb.services.comparison.timeline import Quantity, TimePoint
from skydb.store.scope import Scope
from tests.ledgers import interface_of
from tests.services.ledgers import SmallLedger, day
from tests.services.survey import Survey

A, B = "ibxl50iaq", "ibxl50ibq"
LOCALMIN, MATCH = SkyMethod.LOCALMIN, SkyMethod.MATCH
DELIVERED, BEFORE, AGAIN, AFTER = (
    day(text) for text in ("2019-01-01", "2019-04-30", "2021-01-01", "2021-05-15")
)


@pytest.fixture
def book(services_anywhere: Services) -> SmallLedger:
    """One of two exposures delivered anew between two runs."""
    book = SmallLedger(services_anywhere)
    for name in (A, B):
        book.deliver(name, on=DELIVERED)
    book.run(LOCALMIN, {A: 1.0, B: 1.1}, on=BEFORE)
    book.deliver(A, cal_ver="3.6.2", shift_mas=40.0, on=AGAIN)
    book.run(LOCALMIN, {A: 1.2, B: 1.1}, on=AFTER)
    return book


def points(book: SmallLedger, scope: Scope, quantity: Quantity) -> list[TimePoint]:
    found = book.services.comparison.timeline.timeline(scope)
    return [point for point in found if point.quantity is quantity]


def test_the_skies_of_an_exposure_are_in_order_of_time_with_the_content_measured(
    book: SmallLedger,
) -> None:
    found = points(book, Scope(rootnames=(A,)), Quantity.SKY)
    assert [(p.at, p.value, p.version) for p in found] == [
        (BEFORE.isoformat(), 1.0, 1), (AFTER.isoformat(), 1.2, 2)
    ]  # fmt: skip
    assert [p.label for p in found] == [
        f"CAL_VER {version}, IDCTAB w3m18525i_idc.fits" for version in ("3.5.0", "3.6.2")
    ]
    assert {(p.unit, p.method, p.subject) for p in found} == {("electron/s", LOCALMIN, A)}


def test_a_new_content_shows_how_far_the_pointing_moved(book: SmallLedger) -> None:
    (shift,) = points(book, Scope(visits=("bxl50",)), Quantity.SHIFT)
    assert (shift.subject, shift.at, shift.unit) == (A, AGAIN.isoformat(), "mas")
    assert shift.value == pytest.approx(40.0, abs=0.01)


def test_a_visit_has_all_its_exposures(book: SmallLedger) -> None:
    found = points(book, Scope(visits=("bxl50",)), Quantity.SKY)
    assert [p.subject for p in found] == [A, B, A, B]


def test_a_run_of_a_log_is_in_its_place_and_one_without_a_date_has_none(
    book: SmallLedger,
) -> None:
    book.logged_run(LOCALMIN, {A: 0.9}, on=day("2019-02-01"))
    book.logged_run(MATCH, {A: 0.0}, on=None)
    undated, first, *_ = points(book, Scope(rootnames=(A,)), Quantity.SKY)
    assert (undated.at, undated.method, undated.version) == (None, MATCH, None)
    assert (first.value, first.is_imported, first.tool_version) == (
        0.9, True, "AstroDrizzle 2.2.6"
    )  # fmt: skip


def test_nothing_and_everything_are_refused(book: SmallLedger) -> None:
    timeline = book.services.comparison.timeline.timeline
    with pytest.raises(UsageError, match="of an exposure or of a visit"):
        timeline(Scope())
    with pytest.raises(NotFoundError, match="ibxl99zzq"):
        timeline(Scope(rootnames=("ibxl99zzq",)))


def test_the_python_interface_has_a_table_for_each_question(book: SmallLedger) -> None:
    db = interface_of(book.services)
    assert len(db.sky.timeline(exposure=A)) == 3
    changed = db.sky.changes(history=True, visit="bxl50")
    assert list(changed["difference"].value) == pytest.approx([0.2, 0.0])
    assert list(changed.table["cause"]) == ['["CAL_VER", "WCS", "input content"]', "[]"]
    assert list(db.sky.stats("visit")["median"].value) == pytest.approx([1.15])
    (moved,) = db.align.changes(since="2020-01-01")
    assert moved.median_mas == pytest.approx(40.0, abs=0.01)
    asked = db.sql("SELECT DISTINCT run_id FROM v_sky_values ORDER BY run_id")
    assert len(db.sky.changes(*(row.run_id for row in asked))) == 2


def test_its_plots_are_against_the_times_that_are_asked_for(book: SmallLedger) -> None:
    db = interface_of(book.services)
    labels = {
        against: db.sky.timeline(visit="bxl50", against=against).plot().axes[-1].get_xlabel()
        for against in ("observed", "processed")
    }
    assert len(set(labels.values())) == 2
    with pytest.raises(UsageError, match="Unknown times 'written'"):
        db.sky.timeline(visit="bxl50", against="written")


def test_every_point_has_the_date_of_observation_of_its_exposure(book: SmallLedger) -> None:
    with book.services.context.store.writing() as session:
        exposure = session.scalars(select(Exposure).where(Exposure.rootname == A)).one()
        exposure.expstart_mjd = 56566.25
        session.commit()
    found = book.services.comparison.timeline.timeline(Scope(visits=("bxl50",)))
    dates = {(point.subject, point.observed) for point in found}
    assert (A, "2013-10-01T06:00:00+00:00") in dates
    assert {subject for subject, observed in dates if observed is None} <= {B}


def test_a_product_is_as_old_as_its_first_exposure(services_anywhere: Services) -> None:
    with services_anywhere.context.store.writing() as session:
        survey = Survey(session)
        late, early = (survey.exposure("50", number) for number in (1, 2))
        late.expstart_mjd, early.expstart_mjd = 56567.0, 56566.25
        product = survey.drizzled(late, early)
        session.flush()
        survey.fit(survey.content(product), survey.catalog("gaia"))
        session.commit()
    found = services_anywhere.comparison.timeline.timeline(Scope(visits=("bxl50",)))
    assert {point.observed for point in found} == {"2013-10-01T06:00:00+00:00"}
