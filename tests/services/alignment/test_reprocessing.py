"""The archive delivers an exposure anew: how far it moved, and why."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from astropy.io import fits

from skydb.api.composition import Services
from skydb.domain.vocabulary import DiffCause, SkyDiffCause, SkyMethod
from skydb.errors import NotFoundError, UsageError
from skydb.services.comparison.dates import moment
from skydb.simulate.field import simulate_field
from skydb.simulate.plan import FieldPlan, SimDetector
from skydb.sky.outlines import displacement_of_outlines, vertices_deg
from skydb.store.scope import Scope
from tests.commands import LedgerDirectory
from tests.services.ledgers import SmallLedger, day

MOVED_MAS = 40.0
OLD, NEW = "ibxl50iaq", "ibxl51ibq"


def reprocess(image: Path, directory: Path, *, moved_mas: float = MOVED_MAS) -> Path:
    """A copy as a later pipeline would deliver it: other versions, moved to the north."""
    directory.mkdir(exist_ok=True)
    copy = Path(shutil.copy(image, directory))
    with fits.open(copy, mode="update") as hdus:
        hdus[0].header["IDCTAB"] = "iref$85d1536ai_idc.fits"
        is_acs = hdus[0].header["INSTRUME"].strip() == "ACS"
        newer = "10.4.0 (05-Jun-2024)" if is_acs else "3.7.2 (Apr-15-2024)"
        hdus[0].header["CAL_VER"] = newer
        for hdu in hdus:
            if hdu.name == "SCI":
                hdu.header["CRVAL2"] += moved_mas / 3_600_000
    return copy


@dataclass(frozen=True)
class Delivery:
    """A simulated exposure of which the archive has delivered another content."""

    services: Services
    image: Path

    @property
    def rootname(self) -> str:
        return self.image.name[:9]

    @property
    def in_force(self) -> list[int]:
        """The primary WCS of each content, in order."""
        rows = self.services.solutions.history(self.rootname)
        return [row["id"] for row in rows if row["wcs_key"] == " "]


@pytest.fixture(params=list(SimDetector), ids=str)
def delivered(request, tmp_path, sqlite_ledger_url) -> Delivery:
    """One chip, and two chips with lookup tables."""
    plan = FieldPlan(request.param, tiles=(1, 1), size=64, products=False)
    simulate_field(tmp_path / "field", plan)
    first, *others = sorted((tmp_path / "field").glob("*_fl?.fits"))
    services = Services.open(sqlite_ledger_url, tmp_path / "data")
    services.ingest.ingest([first, *others])
    services.ingest.ingest([reprocess(first, tmp_path / "new")])
    yield Delivery(services, first)
    services.close()


def test_a_reprocessing_is_measured_on_the_pixels_and_its_cause_is_named(
    delivered: Delivery,
) -> None:
    found = delivered.services.wcs_diff.diff(*delivered.in_force)
    assert found.median_mas == pytest.approx(MOVED_MAS, abs=0.01)
    assert found.max_mas == pytest.approx(MOVED_MAS, abs=0.01)
    assert (found.east_mas, found.north_mas) == pytest.approx((0.0, MOVED_MAS), abs=0.01)
    assert found.cause == [DiffCause.IDCTAB, DiffCause.SOFTWARE, DiffCause.INPUT]
    assert found.because["IDCTAB"][1] == "85d1536ai"


def test_the_list_of_what_was_delivered_anew_says_the_same_without_opening_a_file(
    delivered: Delivery,
) -> None:
    measured = delivered.services.wcs_diff.diff(*delivered.in_force)
    delivered.image.unlink()
    (row,) = delivered.services.comparison.deliveries.changes()
    assert (row.rootname, row.version_a, row.version_b) == (delivered.rootname, 1, 2)
    assert [row.solution_a, row.solution_b] == delivered.in_force
    assert row.median_mas == pytest.approx(MOVED_MAS, abs=0.01)
    assert row.rotation_deg == pytest.approx(measured.rotation_deg, abs=1e-5)
    assert row.cause == measured.cause
    assert row.because == measured.because


@pytest.fixture
def book(services_anywhere: Services) -> SmallLedger:
    """One exposure delivered three times and moved the last time, and one only once."""
    book = SmallLedger(services_anywhere)
    book.deliver(OLD, on=day("2019-04-30"))
    book.deliver(OLD, cal_ver="3.6.2", on=day("2021-06-01"))
    book.deliver(
        OLD, cal_ver="3.6.3", idctab="4af1533ai_idc.fits", shift_mas=25.0, on=day("2024-02-01")
    )
    book.deliver(NEW, on=day("2024-02-01"))
    return book


def test_the_newest_content_is_compared_with_the_one_before_only(book: SmallLedger) -> None:
    (row,) = book.services.comparison.deliveries.changes()
    assert (row.rootname, row.visit, row.version_a, row.version_b) == (OLD, "bxl50", 2, 3)
    assert row.median_mas == pytest.approx(25.0, abs=0.01)
    assert row.because["IDCTAB"] == ["w3m18525i", "4af1533ai"]
    assert row.because["software"] == [["3.6.2", None], ["3.6.3", None]]


def test_dates_visits_and_shifts_restrict_the_list(book: SmallLedger) -> None:
    changes = book.services.comparison.deliveries.changes
    arrived = day("2024-02-01")
    assert len(changes(since=arrived)) == 1
    assert changes(since=arrived + timedelta(seconds=1)) == []
    assert len(changes(Scope(visits=("bxl50",)), min_mas=20.0)) == 1
    assert changes(min_mas=30.0) == []
    assert changes(Scope(visits=("bxl51",))) == []
    with pytest.raises(NotFoundError, match="bxl77"):
        changes(Scope(visits=("bxl77",)))
    with pytest.raises(UsageError, match="no time zone"):
        changes(since=datetime(2024, 1, 1))


def test_the_number_of_statements_does_not_grow_with_the_number_of_exposures(
    services: Services,
) -> None:
    book = SmallLedger(services)
    counted = []
    for letters in ("a", "bcdefg"):
        for letter in letters:
            for shift_mas in (0.0, 10.0):
                book.deliver(f"ibxl50i{letter}q", shift_mas=shift_mas)
        with book.statements() as statements:
            found = services.comparison.deliveries.changes()
        counted.append((len(found), len(statements)))
    assert counted == [(1, 4), (7, 4)]


def test_a_sky_of_the_new_content_tells_the_old_one_the_reason(book: SmallLedger) -> None:
    names = {OLD: 1.0, NEW: 1.0}
    one = book.run(SkyMethod.LOCALMIN, names, on=day("2024-03-01"))
    book.deliver(OLD, idctab="4af1533ai_idc.fits", shift_mas=25.0, cal_ver="3.7.0")
    other = book.run(SkyMethod.LOCALMIN, names, on=day("2024-04-01"))
    rows = book.services.comparison.skies.runs([one, other])
    assert [row.cause for row in rows] == [[SkyDiffCause.CAL_VER, SkyDiffCause.INPUT], []]


def test_the_history_of_a_visit_has_all_its_files(book: SmallLedger) -> None:
    solutions = book.services.solutions
    rows = solutions.history(scope=Scope(visits=("bxl50",)))
    assert [row["rootname"] for row in rows] == [OLD] * 3
    assert len(solutions.history(f"{OLD}_flt.fits")) == 3
    for wrong in ((), (None, Scope())):
        with pytest.raises(UsageError, match="one name, or of a selection"):
            solutions.history(*wrong)
    with pytest.raises(NotFoundError, match="bxl77"):
        solutions.history(scope=Scope(visits=("bxl77",)))


def test_a_date_without_a_zone_is_utc() -> None:
    assert moment("2024-02-01") == datetime(2024, 2, 1, tzinfo=UTC)
    assert moment("2024-02-01T02:00+02:00") == datetime(2024, 2, 1, tzinfo=UTC)
    with pytest.raises(UsageError, match="Invalid date 'yesterday'"):
        moment("yesterday")


def test_outlines_that_cannot_be_compared_tell_nothing() -> None:
    square = "POLYGON ICRS 10 0 11 0 11 1 10 1"
    triangle = "POLYGON ICRS 10 0 11 0 11 1"
    for one, other in (
        ({1: square}, {1: None}),
        ({1: square}, {2: square}),
        ({1: square}, {1: triangle}),
        ({}, {}),
    ):
        assert displacement_of_outlines(one, other) is None
    at_rest = displacement_of_outlines({1: square}, {1: square})
    assert at_rest is not None and (at_rest.max_mas, at_rest.scale) == (0.0, 1.0)
    with pytest.raises(ValueError, match="is not a polygon"):
        vertices_deg("CIRCLE ICRS 10 0 1")


def test_the_command_answers_with_rows_and_history_takes_a_visit(
    tmp_path: Path, sqlite_template: Path
) -> None:
    shutil.copyfile(sqlite_template, tmp_path / "skydb.sqlite")
    ledger = LedgerDirectory(tmp_path)
    services = Services.open(ledger.url, tmp_path / "data")
    book = SmallLedger(services)
    for shift_mas in (0.0, 40.0):
        book.deliver(OLD, shift_mas=shift_mas)
    services.close()
    (row,) = ledger.json("align", "changes", "--visit", "bxl50", "--min-mas", 10)
    assert row["median_mas"] == pytest.approx(40.0, abs=0.01)
    assert row["cause"] == ["input content"]
    assert ledger.json("align", "changes", "--since", "2999-01-01") == []
    assert "40.0" in ledger("align", "changes").out
    assert len(ledger.json("align", "history", "--visit", "bxl50")) == 2
    assert ledger("align", "history").code == 2
    assert ledger("align", "changes", "--since", "soon").code == 2
