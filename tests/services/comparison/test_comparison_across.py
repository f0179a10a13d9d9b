from __future__ import annotations

import pytest

from skydb.api.composition import Services
from skydb.domain.vocabulary import Engine, SkyDiffCause, SkyMethod, SkyUnit
from skydb.errors import NotFoundError, UsageError
from skydb.services.comparison.across import SkyChange
from skydb.store.scope import Scope
from tests.services.ledgers import SmallLedger, day

A, B, C = NAMES = ("ibxl50iaq", "ibxl50ibq", "ibxl51icq")
MATCH, LOCALMIN = SkyMethod.MATCH, SkyMethod.LOCALMIN
BEFORE, AFTER, LATER = day("2019-04-30"), day("2019-05-15"), day("2020-01-01")
NEWER = {"drizzlepac": "3.11.0", "numpy": "2.4.6"}


@pytest.fixture
def book(services: Services) -> SmallLedger:
    """Three exposures of two visits, on SQLite."""
    return with_exposures(services)


@pytest.fixture
def book_anywhere(services_anywhere: Services) -> SmallLedger:
    """The same, on SQLite and on PostgreSQL."""
    return with_exposures(services_anywhere)


def with_exposures(services: Services) -> SmallLedger:
    book = SmallLedger(services)
    for name in NAMES:
        book.deliver(name)
    return book


def skies(*values: float) -> dict[str, float]:
    return dict(zip(NAMES, values, strict=True))


def compared(book: SmallLedger, *runs: int) -> dict[str, SkyChange]:
    rows = book.services.comparison.skies.runs(runs)
    return {row.rootname: row for row in rows}


def test_a_level_in_two_runs_is_subtracted_chip_by_chip(book: SmallLedger) -> None:
    one = book.run(LOCALMIN, skies(1.0, 1.1, 1.2), on=BEFORE)
    other = book.run(LOCALMIN, skies(1.01, 1.1, 1.3), on=AFTER)
    rows = compared(book, one, other)
    assert [(row.value_a, row.value_b) for row in rows.values()] == [
        (1.0, 1.01), (1.1, 1.1), (1.2, 1.3)
    ]  # fmt: skip
    assert [row.difference for row in rows.values()] == pytest.approx([0.01, 0.0, 0.1])
    row = rows[A]
    assert (row.run_a, row.run_b, row.unit) == (one, other, "electron/s")
    assert (row.started_a, row.started_b) == (BEFORE.isoformat(), AFTER.isoformat())
    assert row.cause == []


def test_offsets_are_compared_after_the_constant_of_the_two_runs_is_taken_off(
    book: SmallLedger,
) -> None:
    one = book.run(MATCH, skies(0.0, 0.1, 0.2), on=BEFORE)
    other = book.run(MATCH, skies(0.5, 0.6, 0.72), on=AFTER)
    rows = compared(book, one, other)
    assert [row.difference for row in rows.values()] == pytest.approx([0.5, 0.5, 0.52])
    assert rows[A].offset == pytest.approx(0.5)
    relative = [row.difference_relative for row in rows.values()]
    assert relative == pytest.approx([0.0, 0.0, 0.02], abs=1e-12)
    assert all(row.is_relative for row in rows.values())


def test_the_constant_is_that_of_all_chips_whatever_is_asked_for(book: SmallLedger) -> None:
    one = book.run(MATCH, skies(0.0, 0.1, 0.2), on=BEFORE)
    other = book.run(MATCH, skies(0.5, 0.6, 0.72), on=AFTER)
    service = book.services.comparison.skies
    (row,) = service.runs([one, other], Scope(rootnames=(C,)))
    assert row.difference_relative == pytest.approx(0.02)


def test_a_single_common_chip_leaves_nothing_relative(book: SmallLedger) -> None:
    one = book.run(MATCH, {A: 0.0, B: 0.1}, on=BEFORE)
    other = book.run(MATCH, {B: 0.3, C: 0.0}, on=AFTER)
    rows = compared(book, one, other)
    assert (rows[B].difference, rows[B].difference_relative) == (pytest.approx(0.2), None)
    assert rows[A].remark == f"only in run {one}" and rows[A].run_b is None
    assert rows[C].remark == f"only in run {other}" and rows[C].run_a is None


def test_another_content_is_told_by_what_the_file_says_of_itself(
    book_anywhere: SmallLedger,
) -> None:
    book = book_anywhere
    one = book.run(LOCALMIN, skies(1.0, 1.1, 1.2), on=BEFORE)
    book.deliver(A, cal_ver="3.6.2", idctab="4af1533ai_idc.fits", shift_mas=40.0)
    book.deliver(B)
    other = book.run(LOCALMIN, skies(1.1, 1.1, 1.2), on=AFTER)
    rows = compared(book, one, other)
    cause = SkyDiffCause
    assert rows[A].cause == [cause.CAL_VER, cause.IDCTAB, cause.WCS, cause.INPUT]
    assert rows[A].because["CAL_VER"] == ["3.5.0", "3.6.2"]
    assert rows[A].wcs_shift_mas == pytest.approx(40.0, abs=0.01)
    assert (rows[A].version_a, rows[A].version_b) == (1, 2)
    assert rows[B].cause == [cause.INPUT]
    assert rows[B].wcs_shift_mas == pytest.approx(0.0, abs=1e-3)
    assert rows[C].cause == []


def test_other_exposures_matter_only_to_methods_that_look_at_them(book: SmallLedger) -> None:
    before = [book.run(m, {A: 1.0, B: 1.1}, on=BEFORE) for m in (LOCALMIN, MATCH)]
    book.deliver(A)
    after = [book.run(m, skies(1.0, 1.1, 1.2), on=AFTER) for m in (LOCALMIN, MATCH)]
    by_localmin = compared(book, before[0], after[0])
    by_match = compared(book, before[1], after[1])
    assert by_localmin[B].cause == []
    assert by_match[B].cause == [SkyDiffCause.EXPOSURES, SkyDiffCause.NEIGHBOURS]
    assert by_match[B].because["other exposures"] == [0, 1]
    assert by_match[A].cause == [SkyDiffCause.INPUT, SkyDiffCause.EXPOSURES]


def test_software_and_parameters_are_told_by_name(book: SmallLedger) -> None:
    one = book.run(LOCALMIN, skies(1, 1, 1), on=BEFORE, skyclip=5, final_rot=0.0)
    other = book.run(LOCALMIN, skies(1, 1, 1), on=AFTER, packages=NEWER, skyclip=3, final_rot=257.0)
    row = compared(book, one, other)[A]
    assert row.cause == [SkyDiffCause.SOFTWARE, SkyDiffCause.PARAMETERS]
    assert row.because["software"] == ["drizzlepac 3.10.0", "drizzlepac 3.11.0"]
    # The rotation of the mosaic is no parameter of the sky.
    assert row.because["parameters"] == [{"skyclip": 5}, {"skyclip": 3}]


def test_a_parameter_is_the_same_as_a_log_prints_it(book: SmallLedger) -> None:
    one = book.run(LOCALMIN, skies(1, 1, 1), on=BEFORE, resetbits="4096", skysub="True")
    other = book.run(LOCALMIN, skies(1, 1, 1), on=AFTER, resetbits=4096, skysub=True)
    assert compared(book, one, other)[A].cause == []


def test_how_a_mosaic_was_made_is_no_cause(book: SmallLedger) -> None:
    mosaic, own = {"mosaic": {"resetbits": 4096}}, {"engine": Engine.SKYDB, "group": "b"}
    one = book.run(LOCALMIN, skies(1, 1, 1), on=BEFORE, **own)
    other = book.run(LOCALMIN, skies(1, 1, 1), on=AFTER, **mosaic, **own)
    assert compared(book, one, other)[A].cause == []


def test_another_engine_is_a_cause(book: SmallLedger) -> None:
    one = book.run(LOCALMIN, skies(1, 1, 1), on=BEFORE)
    other = book.run(LOCALMIN, skies(1, 1, 1), on=AFTER, engine=Engine.SKYDB, recipe="x")
    row = compared(book, one, other)[A]
    assert SkyDiffCause.ENGINE in row.cause
    assert SkyDiffCause.PARAMETERS not in row.cause


def test_a_downgraded_run_is_named_and_an_offset_is_not_subtracted_from_a_level(
    book: SmallLedger,
) -> None:
    one = book.run(MATCH, skies(0.0, 0.1, 0.2), on=BEFORE)
    other = book.run(MATCH, skies(1.0, 1.1, 1.2), on=AFTER, effective=LOCALMIN)
    row = compared(book, one, other)[A]
    assert row.cause == [SkyDiffCause.DOWNGRADED]
    assert row.because["downgraded"] == [None, "localmin"]
    assert (row.difference, row.difference_relative) == (None, None)
    assert row.remark == "an offset and a level"


def test_values_in_other_units_are_not_subtracted(book: SmallLedger) -> None:
    one = book.run(LOCALMIN, skies(1, 1, 1), on=BEFORE)
    other = book.run(LOCALMIN, skies(500, 500, 500), on=AFTER, unit=SkyUnit.ELECTRON)
    row = compared(book, one, other)[A]
    assert (row.difference, row.unit) == (None, None)
    assert row.cause == [SkyDiffCause.UNIT]
    assert row.because["unit"] == ["electron/s", "electron"]


def test_no_value_is_no_zero(book: SmallLedger) -> None:
    one = book.run(MATCH, {A: None, B: 0.1, C: 0.2}, on=BEFORE)
    other = book.run(MATCH, skies(0.0, 0.1, 0.2), on=AFTER)
    row = compared(book, one, other)[A]
    assert (row.value_a, row.difference, row.remark) == (None, None, f"no value in run {one}")


def test_the_history_skips_a_downgraded_run_when_it_looks_for_the_one_before(
    book: SmallLedger,
) -> None:
    first = book.run(MATCH, skies(0.0, 0.1, 0.2), on=BEFORE)
    wrong = book.run(MATCH, skies(1.0, 1.1, 1.2), on=AFTER, effective=LOCALMIN)
    third = book.run(MATCH, skies(0.0, 0.1, 0.3), on=LATER)
    rows = book.services.comparison.skies.history(Scope(rootnames=(C,)))
    assert [(row.method, row.run_a, row.run_b) for row in rows] == [
        (MATCH, first, wrong), (MATCH, first, third)
    ]  # fmt: skip
    assert rows[1].difference_relative == pytest.approx(0.1)


def test_the_history_skips_a_run_without_a_value_when_it_looks_for_the_one_before(
    book: SmallLedger,
) -> None:
    one = book.run(LOCALMIN, skies(1.0, 1.1, 1.2), on=BEFORE)
    other = book.run(LOCALMIN, {**skies(1.0, 1.1, 1.2), A: None}, on=AFTER)
    last = book.run(LOCALMIN, skies(1.5, 1.1, 1.2), on=LATER)
    rows = book.services.comparison.skies.history()
    assert [(row.run_a, row.run_b, row.difference) for row in rows if row.rootname == A] == [
        (one, other, None), (one, last, 0.5)
    ]  # fmt: skip
    assert {(row.run_a, row.run_b) for row in rows if row.rootname == B} == {
        (one, other), (other, last)
    }  # fmt: skip


def test_the_history_is_in_the_order_in_which_runs_ran_not_in_that_of_their_rows(
    book_anywhere: SmallLedger,
) -> None:
    book = book_anywhere
    native = book.run(LOCALMIN, skies(1, 1, 1), on=LATER, unit=None)
    april = book.logged_run(LOCALMIN, skies(1.0, 1.1, 1.2), on=BEFORE)
    may = book.logged_run(LOCALMIN, skies(1.2, 1.1, 1.2), on=AFTER)
    rows = book.services.comparison.skies.history(Scope(rootnames=(A,)))
    assert [(row.run_a, row.run_b) for row in rows] == [(april, may), (may, native)]
    assert rows[0].difference == pytest.approx(0.2)
    assert rows[0].remark == "unit unknown"
    assert rows[0].cause == [] and rows[0].version_a is None
    # The version of what ran is known; which content a log's run had is not.
    assert rows[1].cause == [SkyDiffCause.SOFTWARE]


@pytest.mark.parametrize(("dx_pix", "told"), [(None, "1 failed"), (0.9, "1 applied")])
def test_what_the_logs_of_two_directories_aligned_before_is_a_cause_for_overlaps(
    book: SmallLedger, dx_pix: float | None, told: str
) -> None:
    runs: dict[SkyMethod, list[int]] = {MATCH: [], LOCALMIN: []}
    fits = []
    for directory, on, shift_pix in (("april", BEFORE, 0.3), ("may", AFTER, dx_pix)):
        fit = {"on": on, "directory": directory, "dx_pix": shift_pix}
        fits.append(book.logged_fit("ibxl50030_drz.fits", **fit))
        for method, found in runs.items():
            found.append(book.logged_run(method, skies(1, 2, 3), on=on, directory=directory))
    assert compared(book, *runs[LOCALMIN])[A].cause == []
    row = compared(book, *runs[MATCH])[A]
    assert row.cause == [SkyDiffCause.ALIGNMENT]
    assert row.because["alignment"] == [f"run {fits[0]}: 1 applied", f"run {fits[1]}: {told}"]


def test_alignments_that_came_out_alike_or_later_are_no_cause(book: SmallLedger) -> None:
    runs = []
    for directory, on in (("april", BEFORE), ("may", AFTER)):
        book.logged_fit("ibxl50030_drz.fits", on=on, directory=directory, dx_pix=0.3)
        book.logged_fit("ibxl50030_drz.fits", on=LATER, directory=directory, dx_pix=0.1 * on.month)
        runs.append(book.logged_run(MATCH, skies(1, 2, 3), on=on, directory=directory))
    assert compared(book, *runs)[A].cause == []


def test_two_groups_are_compared_method_by_method(book_anywhere: SmallLedger) -> None:
    book = book_anywhere
    for method in (LOCALMIN, MATCH):
        book.run(method, skies(9, 9, 9), on=BEFORE, group="april")
        book.run(method, skies(1, 2, 3), on=BEFORE, group="april")
        book.run(method, skies(2, 3, 4), on=AFTER, group="may")
    rows = book.services.comparison.skies.groups(*_groups(book))
    assert len(rows) == 6
    assert {row.difference for row in rows} == {1.0}
    assert {row.method for row in rows} == {LOCALMIN, MATCH}


def _groups(book: SmallLedger) -> tuple[int, int]:
    rows = book.services.plain.sql("SELECT DISTINCT group_id FROM v_sky_values").rows
    april, may = sorted(group_id for (group_id,) in rows)
    return april, may


def test_what_is_not_there_is_said(book: SmallLedger) -> None:
    service = book.services.comparison.skies
    one = book.run(LOCALMIN, skies(1, 1, 1), on=BEFORE)
    other = book.run(MATCH, skies(0, 0, 0), on=BEFORE)
    with pytest.raises(NotFoundError, match="no sky values of run 999"):
        service.runs([one, 999])
    with pytest.raises(UsageError, match="No two of the runs"):
        service.runs([one, other])
    with pytest.raises(NotFoundError, match="The ledger has no ibxl99zzq"):
        service.history(Scope(rootnames=("ibxl99zzq",)))
    with pytest.raises(NotFoundError, match="Unknown visit 'bxl77'"):
        service.history(Scope(visits=("bxl77",)))
    with pytest.raises(NotFoundError, match="Group 999"):
        service.groups(999, 998)


def test_a_visit_and_a_proposal_restrict_the_history(book_anywhere: SmallLedger) -> None:
    book = book_anywhere
    for on in (BEFORE, AFTER):
        book.run(LOCALMIN, skies(1, 1, 1), on=on)
    service = book.services.comparison.skies
    assert [row.rootname for row in service.history(Scope(visits=("bxl51",)))] == [C]
    assert len(service.history(Scope(proposal_id=12812))) == 3
    assert len(service.history()) == 3


@pytest.mark.parametrize("is_first", [True, False])
def test_a_package_that_only_one_environment_has_is_told(book: SmallLedger, is_first: bool) -> None:
    more = {**NEWER, "stcal": "1.9.0"}
    packages = (more, NEWER) if is_first else (NEWER, more)
    one, other = (
        book.run(LOCALMIN, skies(1, 1, 1), on=day, packages=found)
        for day, found in zip((BEFORE, AFTER), packages, strict=True)
    )
    row = compared(book, one, other)[A]
    said = ["stcal 1.9.0", "no stcal"]
    assert row.because["software"] == (said if is_first else said[::-1])
