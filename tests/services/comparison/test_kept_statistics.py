"""Statistics of what is kept of each visit are those of all values, whatever happened."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from skydb.api.composition import Services
from skydb.domain import SkyRun, Visit
from skydb.domain.base import utc_now
from skydb.domain.grouping import StatisticsBy
from skydb.domain.vocabulary import ActivityStatus, SkyMethod, SkyUnit
from skydb.errors import NotFoundError
from skydb.services.comparison import statistics, zeros
from skydb.services.comparison.statistics import SkyStatistics
from skydb.store import packed_queries, summaries
from skydb.store.scope import Scope
from tests.services.comparison.sky_definition import defined
from tests.services.ledgers import SmallLedger, day

NAMES = tuple(f"ibxl{visit}{n}i{filt}q" for visit in "567" for n in "01" for filt in "ab")
VISITS = ("bxl50", "bxl51", "bxl60", "bxl61", "bxl70", "bxl71")
METHODS = (*list(SkyMethod)[:4], SkyMethod.MATCH, SkyMethod.MATCH)

Dice = random.Random


@pytest.fixture
def book(services_anywhere: Services) -> SmallLedger:
    """Six visits of two exposures, each in a filter of its own."""
    book = SmallLedger(services_anywhere)
    for name in NAMES:
        book.deliver(name, filters={"a": "F160W", "b": "F110W"}[name[-2]])
    return book


def asked(
    book: SmallLedger, by: StatisticsBy, scope: Scope | None = None, *, replays: bool = False
) -> list[SkyStatistics]:
    try:
        return book.services.comparison.statistics.statistics(by, scope=scope, replays=replays)
    except NotFoundError:
        return []


# --- What happens ----------------------------------------------------------------------------


def runs(book: SmallLedger, dice: Dice) -> None:
    chips = dice.randrange(1, 3)
    skies = {
        name: [round(dice.uniform(0, 3), 2) for _ in range(chips)]
        for name in dice.sample(NAMES, dice.randrange(1, 7))
    }
    book.run(
        dice.choice(METHODS),
        skies,
        on=day(f"2019-05-{dice.randrange(1, 29):02}"),
        effective=dice.choice([None, None, SkyMethod.LOCALMIN]),
        group=dice.choice("ab"),
        unit=dice.choice([SkyUnit.ELECTRON_PER_S, SkyUnit.ELECTRON_PER_S, SkyUnit.ELECTRON]),
    )


def recalls(book: SmallLedger, dice: Dice) -> None:
    names = [f"jabc0{dice.randrange(1, 3)}{dice.randrange(1, 9)}aq" for _ in range(2)]
    skies = {name: round(dice.uniform(0, 3), 2) for name in names}
    book.logged_run(dice.choice(METHODS), skies, on=None, directory=f"{dice.random()}")


def changes_a_run(book: SmallLedger, dice: Dice) -> None:
    with book.services.context.store.writing() as session:
        known = session.scalars(select(SkyRun)).all()
        if known:
            _change(dice.choice(known), dice.choice(known), dice)
        session.commit()


def _change(run: SkyRun, other: SkyRun, dice: Dice) -> None:
    what = dice.randrange(4)
    if what == 0:
        run.deleted_at = None if run.deleted_at else utc_now()
    elif what == 1 and run is not other:
        run.replay_of_id = None if run.replay_of_id else other.id
    elif what == 2:
        run.status = dice.choice([ActivityStatus.SUCCEEDED, ActivityStatus.FAILED])
    else:
        run.started_at = dice.choice([None, day(f"2019-05-{dice.randrange(1, 29):02}")])


#: Statements by hand: no code of skydb takes part.
BY_HAND = (
    "UPDATE sky_values SET mdrizsky = mdrizsky + 0.5 WHERE exposure_id = {one}",
    "UPDATE sky_values SET mdrizsky = NULL WHERE exposure_id = {one} AND extver = 1",
    "UPDATE sky_values SET unit = 'electron' WHERE run_id IN (SELECT MIN(id) FROM sky_runs)",
    "UPDATE sky_values SET extver = 9 WHERE exposure_id = {one} AND extver = 1",
    "DELETE FROM sky_values WHERE exposure_id = {one}",
    "INSERT INTO sky_values (run_id, exposure_id, extver, mdrizsky, unit)"
    " SELECT MIN(id), {one}, 7, 2.5, 'electron/s' FROM sky_runs HAVING MIN(id) > 0",
    "UPDATE exposures SET filters = 'F160W' WHERE id = {one}",
    "UPDATE exposures SET detector = NULL WHERE id = {one}",
    "UPDATE exposures SET visit_id = (SELECT MAX(id) FROM visits) WHERE id = {one}",
    "UPDATE visits SET proposal_id = 777 WHERE id = {one}",
    "UPDATE visits SET number = '9x' WHERE id = {one}",
    "UPDATE sky_runs SET effective_method = NULL WHERE id IN (SELECT MIN(id) FROM sky_runs)",
    "UPDATE sky_runs SET downgraded = NOT downgraded WHERE downgraded IS NOT NULL",
    "UPDATE sky_runs SET group_id = (SELECT MIN(id) FROM sky_run_groups)",
    "DELETE FROM sky_values WHERE run_id IN (SELECT MIN(run_id) FROM sky_values)",
)


def by_hand(book: SmallLedger, dice: Dice) -> None:
    statement = dice.choice(BY_HAND).format(one=dice.randrange(1, len(NAMES) + 1))
    try:
        with book.services.context.store.engine.begin() as connection:
            connection.execute(text(statement))
    except IntegrityError:
        # It is not possible in this ledger.
        return


def counts(book: SmallLedger, dice: Dice) -> None:
    summaries.renew_all(book.services.context.store.engine)


ACTIONS: tuple[Callable[[SmallLedger, Dice], None], ...] = (
    *(runs, runs, runs, recalls, changes_a_run, changes_a_run),
    *(by_hand, by_hand, by_hand, counts, counts),
)


def differences(book: SmallLedger, dice: Dice) -> list[tuple[SkyStatistics, SkyStatistics]]:
    """Rows that are not as they should be: of everything, or of some visits."""
    by, replays = dice.choice(list(StatisticsBy)), dice.random() < 0.3
    with book.services.context.store.reading() as session:
        named = _visits(session)
        visits = dice.sample(sorted(named), 2) if dice.random() < 0.4 else []
        only = [named[visit] for visit in visits]
        right = defined(session, by, replays=replays, only=only)
    scope = Scope(visits=tuple(visits)) if visits else None
    found = asked(book, by, scope, replays=replays)
    return [
        pair for pair in zip(found, right, strict=len(found) == len(right)) if pair[0] != pair[1]
    ] or [(one, one) for one in (found + right if len(found) != len(right) else [])]


def _visits(session: Session) -> dict[str, int]:
    known = session.execute(select(Visit.program + Visit.number, Visit.id))
    return {label: key for label, key in known}


def as_in_a_survey(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have few packs and runs looked at as many are."""
    monkeypatch.setattr(zeros, "_FEW", 0)
    monkeypatch.setattr(statistics, "_FEW", 2)
    monkeypatch.setattr(statistics, "_FEWEST", 1)
    monkeypatch.setattr(statistics, "_CHIPS_TOGETHER", 3)
    monkeypatch.setattr(packed_queries, "_BATCH", 2)


@pytest.mark.parametrize("few", [300, 0])
def test_whatever_happens_statistics_are_those_of_all_values(
    book: SmallLedger, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    if not few:
        as_in_a_survey(monkeypatch)
    dice = random.Random(few)
    for _ in range(36):
        action = dice.choice(ACTIONS)
        action(book, dice)
        assert differences(book, dice) == [], action.__name__
    counts(book, dice)
    with book.services.context.store.reading() as session:
        assert summaries.differing(session.connection(), 1, 99) == []


def test_of_visits_that_did_not_change_no_value_is_read(book: SmallLedger) -> None:
    book.run(SkyMethod.LOCALMIN, dict.fromkeys(NAMES, 1.0), on=day("2019-04-30"))
    counts(book, Dice())
    with book.statements() as said:
        (row, _) = asked(book, StatisticsBy.FILTER)
    assert (row.key, row.chips, row.median) == ("F110W", 6, 1.0)
    assert not [one for one in said if "row_number" in one]


def test_a_value_makes_all_visits_of_its_run_uncertain(book: SmallLedger) -> None:
    book.run(SkyMethod.LOCALMIN, dict.fromkeys(NAMES, 1.0), on=day("2019-04-30"))
    book.run(SkyMethod.MATCH, dict.fromkeys(NAMES, 0.0), on=day("2019-04-30"))
    counts(book, Dice())
    others = (
        "UPDATE sky_values SET mdrizsky = 9 WHERE run_id = (SELECT MIN(id) FROM sky_runs)"
        " AND exposure_id NOT IN"
        " (SELECT id FROM exposures WHERE visit_id = (SELECT MIN(id) FROM visits))"
    )
    with book.services.context.store.engine.begin() as connection:
        connection.execute(text(others))
    with book.services.context.store.reading() as session:
        right = defined(session, StatisticsBy.VISIT)
    assert asked(book, StatisticsBy.VISIT) == right
    assert right[0].method_spread_max == 8.0


@pytest.mark.parametrize("seed", range(3))
def test_runs_of_match_are_on_one_zero_however_they_are_linked(
    book: SmallLedger, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    as_in_a_survey(monkeypatch)
    dice = random.Random(seed)
    zeros_seen = set()
    for _ in range(12):
        # Mostly of neighbours, so that some runs are linked by a third one, or by another filter.
        first = dice.randrange(len(NAMES) - 2)
        skies = {name: round(dice.uniform(0, 3), 2) for name in NAMES[first : first + 4]}
        run = book.run(SkyMethod.MATCH, skies, on=day(f"2019-05-{dice.randrange(1, 29):02}"))
        if dice.random() < 0.3:
            repeats_the_first(book, run)
        if dice.random() < 0.4:
            counts(book, dice)
        for _ in range(3):
            assert differences(book, dice) == []
        zeros_seen |= {row.zero.split()[0] for row in asked(book, StatisticsBy.FILTER)}
    assert zeros_seen == {"run", "apart,"}


def repeats_the_first(book: SmallLedger, run: int) -> None:
    with book.services.context.store.writing() as session:
        first = session.scalars(select(SkyRun).order_by(SkyRun.id)).first()
        if first and first.id != run:
            session.get_one(SkyRun, run).replay_of_id = first.id
        session.commit()


def test_a_run_that_repeats_another_is_put_on_its_zero_in_a_survey_too(
    book: SmallLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = book.run(SkyMethod.MATCH, dict.fromkeys(NAMES, 0.5), on=day("2019-05-01"))
    again = book.run(SkyMethod.MATCH, dict.fromkeys(NAMES[:4], 1.5), on=day("2019-05-02"))
    repeats_the_first(book, again)
    as_in_a_survey(monkeypatch)
    for scope in (None, Scope(visits=VISITS)):
        rows = asked(book, StatisticsBy.DETECTOR, scope, replays=True)
        assert [(row.zero, row.least, row.greatest) for row in rows] == [(f"run {first}", 0.5, 0.5)]


def test_packs_are_read_once(book: SmallLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    for names in (NAMES[:8], NAMES[4:]):
        book.run(SkyMethod.MATCH, dict.fromkeys(names, 0.5), on=day("2019-05-01"))
    counts(book, Dice())
    as_in_a_survey(monkeypatch)
    with book.statements() as said:
        assert asked(book, StatisticsBy.FILTER)
    assert len([one for one in said if "visit_skies" in one]) == 1
