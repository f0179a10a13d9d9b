"""Headers of the user's files by rules that need no file: which activity writes which of them."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy.orm import Session

from skydb.api.composition import Services
from skydb.domain import Acceptance
from skydb.domain.vocabulary import ActivityStatus, LinkRole, SolutionStatus
from skydb.errors import NotFoundError, StateError
from skydb.services.alignment import header_writes
from skydb.services.alignment.accept import AcceptService
from skydb.services.alignment.header_writes import (
    HeaderService,
    _accepted_versions,
    _last_acceptance,
)
from tests.domain.shelves import ProductSet, accepted, delivery
from tests.services.survey import Survey

LEFT, WRITTEN = ActivityStatus.INTERRUPTED, ActivityStatus.SUCCEEDED


@pytest.fixture
def session(services: Services) -> Iterator[Session]:
    with services.context.store.writing() as session:
        yield session


def write(number: int, status: ActivityStatus, *restored_by: int | None) -> Any:
    backups = [SimpleNamespace(restored_by_id=one) for one in restored_by]
    return SimpleNamespace(id=number, status=status, backups=backups)


FIRST, LAST = write(3, WRITTEN, 9), write(7, LEFT)
DONE, BACK, PARTLY = write(8, WRITTEN, None, None), write(8, WRITTEN, 9), write(8, WRITTEN, 9, None)


@pytest.mark.parametrize(
    ("writes", "waits", "is_forced", "expected"),
    [
        ([], False, False, "recorded"),
        ([], True, False, None),
        ([FIRST, LAST], False, False, "recorded"),
        ([FIRST, LAST], True, False, "recorded"),
        # Who insists on fits that wait wants them accepted first.
        ([FIRST, LAST], True, True, None),
        ([FIRST, LAST], False, True, "recorded"),
        ([DONE, LAST], False, False, "recorded"),
        ([LAST, DONE], False, False, "activity 8 has written"),
        ([LAST, DONE], True, False, None),
        ([LAST, BACK, PARTLY], False, False, "activity 8 has written"),
        ([LAST, BACK], False, False, "recorded"),
        ([DONE, BACK], False, False, "recorded"),
        *(([DONE, write(9, status)], False, False, "recorded") for status in ActivityStatus),
        *(
            ([DONE, write(9, status)], True, False, None if status is WRITTEN else "recorded")
            for status in ActivityStatus
        ),
    ],
)
def test_headers_are_written_again_where_they_were_not_or_were_taken_back(
    services: Services,
    monkeypatch: pytest.MonkeyPatch,
    writes: list[Any],
    waits: bool,
    is_forced: bool,
    expected: str | None,
) -> None:
    status = SolutionStatus.PROPOSED if waits else SolutionStatus.APPLIED
    solutions = [SimpleNamespace(status=SolutionStatus.REJECTED), SimpleNamespace(status=status)]
    acceptance = SimpleNamespace(alignment_run=SimpleNamespace(solutions=solutions))
    monkeypatch.setattr(header_writes, "_last_acceptance", lambda _, run: {5: acceptance}.get(run))
    monkeypatch.setattr(header_writes, "_writes_since", lambda *_: writes)
    monkeypatch.setattr(header_writes, "recorded_outcomes", lambda one: ["recorded", one])
    service = HeaderService(services.context)
    assert service._accepted_before(4, is_forced=is_forced) is None
    if expected in (None, "recorded"):
        found = service._accepted_before(5, is_forced=is_forced)
        assert found == (None if expected is None else ["recorded", acceptance])
        return
    with pytest.raises(StateError) as caught:
        service._accepted_before(5, is_forced=is_forced)
    assert caught.value.what == (
        f"The fits of run 5 are accepted, and {expected} the headers of your files."
    )
    assert caught.value.advice == "`skydb restore-headers 8` takes that back."


def test_the_last_acceptance_of_a_run_that_ended_well_counts(session: Session) -> None:
    survey = Survey(session)
    version = survey.content(survey.exposure("50"))
    runs = [survey.fit(version, survey.catalog(name)).activity for name in ("a", "b")]

    def accept(number: int, *, is_good: bool = True) -> Acceptance:
        made = Acceptance(runs[number], {}, survey.stamp())  # type: ignore[arg-type]
        session.add(made)
        made.start()
        made.succeed() if is_good else made.fail("it was lost")
        session.flush()
        return made

    assert _last_acceptance(session, runs[0].id) is None
    accept(0)
    last, other = accept(0), accept(1)
    accept(0, is_good=False)
    assert _last_acceptance(session, runs[0].id) is last
    newer = accept(0)
    assert _last_acceptance(session, runs[0].id) is newer
    assert _last_acceptance(session, runs[1].id) is other


def test_exposures_come_before_products_of_the_acceptances_of_a_run(session: Session) -> None:
    survey = Survey(session)
    exposures = [survey.exposure("50", number) for number in (1, 2)]
    drizzled = survey.content(survey.drizzled(*exposures))
    versions = [survey.content(one) for one in exposures]
    runs = [survey.fit(drizzled, survey.catalog(name)).activity for name in ("a", "b")]
    made = []
    for number, version in ((0, versions[1]), (1, drizzled), (0, drizzled), (0, versions[0])):
        acceptance = Acceptance(runs[number], {}, survey.stamp())  # type: ignore[arg-type]
        session.add(acceptance)
        acceptance.start()
        acceptance.use(version)
        made.append(survey.align(version, survey.catalog(f"c{len(made)}")))
        acceptance.generate(made[-1], LinkRole.ALIGNED)
        session.flush()
    assert _accepted_versions(session, runs[0].id) == [made[0], made[3], made[2]]
    assert _accepted_versions(session, runs[1].id) == [made[1]]


def test_every_file_of_the_user_with_the_same_pixels_is_written_from_one_version(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = ProductSet()
    old, new = (
        shelf.add(delivery("ibxl50iaq", date_written=f"{year}-01-01")) for year in (2015, 2019)
    )
    earlier, after = accepted(new), accepted(new)
    for number, version in enumerate((old, new, earlier, after), start=1):
        version.id = number
    paths = {old: ["old"], new: ["a", "b"], earlier: ["c"], after: ["d"]}
    asked: list[Any] = []
    monkeypatch.setattr(
        header_writes, "own_paths", lambda _, version: list(map(Path, paths[version]))
    )
    monkeypatch.setattr(header_writes, "require_content", lambda *told: asked.append(told))
    monkeypatch.setattr(header_writes, "checked_path", lambda _, version: Path(f"v{version.id}"))
    service = HeaderService(services.context)
    pairs = service._pairs_of(after)
    source = Path("v4")
    assert [(one.path, one.before_id, one.after_id, one.after_path) for one in pairs] == [
        (Path("a"), 2, 4, source), (Path("b"), 2, 4, source), (Path("c"), 3, 4, source)
    ]  # fmt: skip
    assert {one.after_sha256 for one in pairs} == {after.sha256}
    assert asked == [(Path("a"), new), (Path("b"), new), (Path("c"), earlier)]
    monkeypatch.setattr(header_writes, "_accepted_versions", lambda *_: [after, new])
    assert [one.path.name for one in service._pairs(6)] == ["a", "b", "c", "c", "d"]
    paths.update({version: [] for version in paths})
    with pytest.raises(NotFoundError, match="No file that run 6 has moved is a file of yours"):
        service._pairs(6)


@pytest.mark.parametrize("was_accepted", [True, False])
def test_a_write_that_fails_says_that_the_fits_are_accepted(
    services: Services, monkeypatch: pytest.MonkeyPatch, was_accepted: bool
) -> None:
    def fail(*_: object) -> Any:
        raise OSError(errno.EROFS, "Read-only file system", "ibxl50iaq_flt.fits")

    before = [] if was_accepted else None
    monkeypatch.setattr(HeaderService, "_accepted_before", lambda *_, is_forced: before)
    monkeypatch.setattr(HeaderService, "_beginning", lambda _, begun: begun.append(7))
    monkeypatch.setattr(AcceptService, "accept", lambda *_, force_why, then: [])
    monkeypatch.setattr(HeaderService, "_write", fail)
    with pytest.raises(OSError, match="Read-only") as refused:
        HeaderService(services.context).accept(6)
    (note,) = refused.value.__notes__
    assert "fits of run 6 are accepted" in note
    assert "`skydb align accept 6 --write-headers`" in note


def test_a_place_that_is_gone_for_good_can_be_taken_out_of_the_ledger(tmp_path: Path) -> None:
    version = ProductSet().add(delivery("ibxl50iaq"))
    with pytest.raises(NotFoundError, match=r"ibxl50iaq_flt\.fits is gone") as refused:
        header_writes._require_there(tmp_path / "ibxl50iaq_flt.fits", version)
    assert "`skydb fsck --repair`" in refused.value.advice
