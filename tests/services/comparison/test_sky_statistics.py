from __future__ import annotations

import numpy as np
import pytest

from skydb.api.composition import Services
from skydb.domain import SkyRun
from skydb.domain.grouping import StatisticsBy
from skydb.domain.vocabulary import FindingKind, SkyMethod, SkyUnit
from skydb.errors import NotFoundError
from skydb.services.comparison.statistics import SkyStatistics
from skydb.store.scope import Scope
from tests.services.comparison.sky_definition import robust_scatter
from tests.services.ledgers import SmallLedger, day

LOCALMIN, MATCH, GLOBALMIN = SkyMethod.LOCALMIN, SkyMethod.MATCH, SkyMethod.GLOBALMIN
FIRST, SECOND = ("ibxl50iaq", "ibxl50ibq"), ("ibxl51icq", "ibxl51idq", "ibxl51ieq")
NAMES = (*FIRST, *SECOND)
BEFORE, AFTER = day("2019-04-30"), day("2019-05-15")


@pytest.fixture
def book(services: Services) -> SmallLedger:
    return with_exposures(services)


@pytest.fixture
def book_anywhere(services_anywhere: Services) -> SmallLedger:
    return with_exposures(services_anywhere)


def with_exposures(services: Services) -> SmallLedger:
    """Two exposures of one visit, and three of another one in another filter."""
    book = SmallLedger(services)
    for name in FIRST:
        book.deliver(name)
    for name in SECOND:
        book.deliver(name, filters="F110W")
    return book


def skies(*values: float) -> dict[str, float]:
    return dict(zip(NAMES, values, strict=True))


def by_key(
    book: SmallLedger, by: StatisticsBy = StatisticsBy.VISIT, method: SkyMethod | None = LOCALMIN
) -> dict[str, SkyStatistics]:
    rows = book.services.comparison.statistics.statistics(by, method)
    return {row.key: row for row in rows}


def test_every_visit_has_a_row_with_its_median_and_robust_scatter(
    book_anywhere: SmallLedger,
) -> None:
    book_anywhere.run(LOCALMIN, skies(1.0, 1.2, 2.0, 2.1, 9.0), on=BEFORE)
    rows = by_key(book_anywhere)
    assert list(rows) == ["bxl50", "bxl51"]
    one, other = rows.values()
    assert (one.exposures, one.chips, one.median) == (2, 2, pytest.approx(1.1))
    assert (other.least, other.median, other.greatest) == (2.0, 2.1, 9.0)
    assert other.scatter == pytest.approx(1.4826 * 0.1, rel=1e-3)
    assert (other.unit, other.runs, other.method_spread) == ("electron/s", 1, None)


def test_chips_are_counted_beside_exposures(book: SmallLedger) -> None:
    book.run(LOCALMIN, {FIRST[0]: [1.0, 1.1], FIRST[1]: [1.2, 1.3]}, on=BEFORE)
    row = by_key(book)["bxl50"]
    assert (row.exposures, row.chips) == (2, 4)


def test_the_newest_value_of_a_chip_counts_by_the_date_of_its_run(
    book_anywhere: SmallLedger,
) -> None:
    book_anywhere.run(LOCALMIN, skies(5, 5, 5, 5, 5), on=AFTER)
    book_anywhere.run(LOCALMIN, skies(1, 1, 1, 1, 1), on=BEFORE)
    row = by_key(book_anywhere)["bxl50"]
    assert (row.median, row.chips, row.runs) == (5.0, 2, 2)


def test_a_repetition_counts_no_second_time(book: SmallLedger) -> None:
    one = book.run(LOCALMIN, skies(1, 1, 1, 1, 1), on=BEFORE)
    again = book.run(LOCALMIN, skies(5, 5, 5, 5, 5), on=AFTER)
    with book.services.context.store.writing() as session:
        session.get_one(SkyRun, again).repeat(session.get_one(SkyRun, one))
        session.commit()
    row = by_key(book)["bxl50"]
    assert (row.median, row.runs) == (1.0, 1)


def test_units_are_never_mixed(book: SmallLedger) -> None:
    book.run(LOCALMIN, {FIRST[0]: 1.0}, on=BEFORE)
    book.run(LOCALMIN, {FIRST[1]: 500.0}, on=BEFORE, unit=SkyUnit.ELECTRON, group="b")
    rows = book.services.comparison.statistics.statistics(StatisticsBy.VISIT)
    assert [(row.unit, row.median) for row in rows] == [("electron", 500.0), ("electron/s", 1.0)]


def test_filters_detectors_and_proposals_tell_rows_apart(book_anywhere: SmallLedger) -> None:
    book_anywhere.run(LOCALMIN, skies(1, 1, 2, 2, 2), on=BEFORE)
    filters = by_key(book_anywhere, StatisticsBy.FILTER)
    assert {key: row.median for key, row in filters.items()} == {"F110W": 2.0, "F160W": 1.0}
    assert list(by_key(book_anywhere, StatisticsBy.DETECTOR)) == ["IR"]
    assert list(by_key(book_anywhere, StatisticsBy.PROPOSAL)) == ["12812"]


def test_what_only_a_log_tells_of_is_unknown_and_counted_as_imported(
    book_anywhere: SmallLedger,
) -> None:
    book_anywhere.logged_run(LOCALMIN, {"jabc01aaq": 3.0, "jabc01abq": 4.0}, on=None)
    for by in (StatisticsBy.FILTER, StatisticsBy.DETECTOR, StatisticsBy.PROPOSAL):
        (row,) = by_key(book_anywhere, by).values()
        assert (row.key, row.unit, row.imported_runs) == ("unknown", "unknown", 1)
    assert by_key(book_anywhere)["abc01"].median == 3.5


def test_downgraded_runs_stand_with_the_method_that_ran(book: SmallLedger) -> None:
    book.run(LOCALMIN, skies(1, 1, 1, 1, 1), on=BEFORE)
    book.run(MATCH, skies(1, 1, 1, 1, 1), on=AFTER, effective=LOCALMIN)
    row = by_key(book)["bxl50"]
    assert (row.runs, row.downgraded_runs) == (2, 1)
    assert by_key(book, method=MATCH) == {}


def test_offsets_of_several_runs_have_a_scatter_and_no_level(book: SmallLedger) -> None:
    book.run(MATCH, {FIRST[0]: 0.0, SECOND[0]: 0.1, SECOND[1]: 0.1}, on=BEFORE, group="a")
    one_run = by_key(book, method=MATCH)["bxl50"]
    assert (one_run.median, one_run.scatter) == (0.0, None)
    book.run(MATCH, {FIRST[1]: 7.0, SECOND[2]: 7.0}, on=BEFORE, group="b")
    row = by_key(book, method=MATCH)["bxl50"]
    assert (row.median, row.least, row.greatest) == (None, None, None)
    # 0.1 below the median of the one run, at that of the other.
    assert row.scatter == pytest.approx(robust_scatter(np.array([-0.1, 0.0])))


def test_the_spread_of_methods_is_what_is_left_without_the_constant_of_each_run(
    book_anywhere: SmallLedger,
) -> None:
    book = book_anywhere
    book.run(MATCH, skies(0.0, 0.1, 0.2, 0.3, 0.4), on=BEFORE)
    book.run(LOCALMIN, skies(1.0, 1.1, 1.2, 1.3, 1.9), on=BEFORE)
    rows = by_key(book)
    assert rows["bxl50"].method_spread == pytest.approx(0.0, abs=1e-12)
    assert rows["bxl51"].method_spread_max == pytest.approx(0.5)
    book.run(GLOBALMIN, skies(1, 1, 1, 1, 1), on=BEFORE)
    assert by_key(book)["bxl50"].method_spread == pytest.approx(0.15)
    # The constant is that of the whole run, whatever is asked for.
    (row,) = book.services.comparison.statistics.statistics(
        StatisticsBy.VISIT, MATCH, Scope(visits=("bxl51",))
    )
    assert (row.key, row.method_spread_max) == ("bxl51", pytest.approx(0.7))


def test_methods_of_other_inputs_are_not_set_against_each_other(book: SmallLedger) -> None:
    book.run(MATCH, skies(0, 1, 2, 3, 4), on=BEFORE, group="a")
    book.run(LOCALMIN, skies(9, 1, 5, 3, 4), on=AFTER, group="b")
    assert by_key(book)["bxl50"].method_spread is None


def test_no_value_and_no_exposure_is_said(book: SmallLedger) -> None:
    service = book.services.comparison.statistics
    with pytest.raises(NotFoundError, match=r"There are no sky values\."):
        service.statistics(StatisticsBy.VISIT)
    with pytest.raises(NotFoundError, match="Unknown visit 'bxl77'"):
        service.statistics(StatisticsBy.VISIT, scope=Scope(visits=("bxl77",)))


def split_in_islands(book: SmallLedger, run_id: int, *, is_allowed: bool = False) -> None:
    with book.services.context.store.writing() as session:
        run = session.get_one(SkyRun, run_id)
        if is_allowed:
            run.note_islands(2)
        else:
            said = "2 groups of exposures share no sky"
            run.notice(FindingKind.ISLANDS, f"run {run_id}", said)
        session.commit()


@pytest.mark.parametrize("is_allowed", [False, True])
def test_values_of_islands_that_share_no_sky_are_mixed_in_no_median(
    book_anywhere: SmallLedger, is_allowed: bool
) -> None:
    run = book_anywhere.run(MATCH, skies(0.0, 1.0, 0.0, 0.5, 0.25), on=BEFORE)
    assert by_key(book_anywhere, StatisticsBy.DETECTOR, MATCH)["IR"].zero == f"run {run}"
    split_in_islands(book_anywhere, run, is_allowed=is_allowed)
    row = by_key(book_anywhere, StatisticsBy.DETECTOR, MATCH)["IR"]
    assert (row.chips, row.zero, row.is_of_islands) == (5, f"islands of run {run}", True)
    assert (row.median, row.scatter, row.least, row.greatest) == (None, None, None, None)


def test_a_run_of_islands_stays_apart_from_others(book: SmallLedger) -> None:
    split_in_islands(book, book.run(MATCH, skies(0.0, 1.0, 9.0, 9.5, 9.25), on=BEFORE))
    book.run(MATCH, dict(list(skies(3.0, 4.0, 0, 0, 0).items())[:2]), on=AFTER)
    row = by_key(book, StatisticsBy.DETECTOR, MATCH)["IR"]
    assert (row.median, row.scatter, row.zero) == (None, None, "apart, 2 runs, with islands")


def test_a_least_level_that_is_of_one_island_is_named(book: SmallLedger) -> None:
    method = SkyMethod.GLOBALMIN_MATCH
    run = book.run(method, skies(0.0, 1.0, 0.0, 0.5, 0.25), on=BEFORE)
    split_in_islands(book, run)
    row = by_key(book, StatisticsBy.DETECTOR, method)["IR"]
    assert (row.median, row.zero) == (0.25, f"absolute, with islands of run {run}")
    assert not row.is_of_islands
