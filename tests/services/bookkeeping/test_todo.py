"""Due work: each rule applies where it should, and not where it was settled."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from skydb.api.composition import Services
from skydb.domain import IngestActivity
from skydb.domain.base import utc_now
from skydb.domain.todo import TodoRule
from skydb.domain.trust import TRUST_FLOOR
from skydb.domain.vocabulary import SkyMethod, Verdict
from skydb.errors import NotFoundError
from skydb.store.engine import open_engine, resolve_url
from skydb.store.scope import Scope
from tests.cli.tree import called
from tests.services.bookkeeping.waiting import (
    NEW,
    OLD,
    failed_then_fitted,
    fitted,
    waiting,
    waiting_of_a_group,
    waiting_of_a_product_of_older_files,
    waiting_of_its_own_file,
)
from tests.services.survey import Survey

pytestmark = pytest.mark.alternating

IN_WINDOW = datetime(2020, 1, 15, 12, tzinfo=UTC)
Make = Callable[[Survey, str], object]


def never_aligned(survey: Survey, visit: str) -> object:
    exposure = survey.exposure(visit)
    survey.content(survey.drizzled(exposure))
    return survey.content(exposure)


def never_aligned_nor_drizzled(survey: Survey, visit: str) -> object:
    return survey.content(survey.exposure(visit))


def aligned(survey: Survey, visit: str) -> object:
    version = survey.content(survey.exposure(visit))
    return survey.align(version, survey.catalog(f"catalogue-{visit}"))


def known_from_a_log(survey: Survey, visit: str) -> object:
    return survey.remembered(survey.logged(visit))


def aligned_then_delivered(survey: Survey, visit: str) -> object:
    exposure = survey.exposure(visit)
    survey.align(survey.content(exposure), survey.catalog(f"catalogue-{visit}"))
    return survey.content(exposure)


def aligned_delivered_and_aligned_again(survey: Survey, visit: str) -> object:
    exposure, catalog = survey.exposure(visit), survey.catalog(f"catalogue-{visit}")
    survey.align(survey.content(exposure), catalog)
    return survey.align(survey.content(exposure), catalog)


def matched(survey: Survey, visit: str, **how: object) -> object:
    exposure = survey.exposure(visit)
    return survey.sky([survey.content(exposure)], **how)  # type: ignore[arg-type]


def matched_then_delivered(survey: Survey, visit: str) -> object:
    exposure = survey.exposure(visit)
    version = survey.content(exposure)
    for method in (SkyMethod.MATCH, SkyMethod.LOCALMIN):
        survey.sky([version], method)
    return survey.content(exposure)


def matched_again(survey: Survey, visit: str) -> object:
    exposure = survey.exposure(visit)
    survey.sky([survey.content(exposure)])
    return survey.sky([survey.content(exposure)])


def matched_in_a_bad_environment_then_a_good_one(survey: Survey, visit: str) -> object:
    version = survey.content(survey.exposure(visit))
    survey.sky([version], verdict=Verdict.FAILED)
    return survey.sky([version])


def aligned_in_a_bad_environment(survey: Survey, visit: str) -> object:
    version = survey.content(survey.exposure(visit))
    catalog = survey.catalog(f"catalogue-{visit}")
    return survey.align(version, catalog, verdict=Verdict.FAILED)


def aligned_to_what_was_superseded_twice(survey: Survey, visit: str) -> object:
    exposure = survey.exposure(visit)
    drizzled = survey.content(survey.drizzled(exposure))
    old, middle, new = (survey.catalog(f"{age}-{visit}") for age in ("old", "middle", "new"))
    survey.align(survey.content(exposure), old, drizzled)
    middle.supersede(old)
    new.supersede(middle)
    return new


def aligned_again_to_the_new_one(survey: Survey, visit: str) -> object:
    old, new = survey.catalog(f"old-{visit}"), survey.catalog(f"new-{visit}")
    version = survey.align(survey.content(survey.exposure(visit)), old)
    new.supersede(old)
    return survey.align(version, new)


def with_an_old_idctab(survey: Survey, visit: str) -> object:
    later = survey.exposure(visit, 2, detector="UVIS")
    survey.content(later, idctab=NEW, date="2023-05-05")
    return survey.content(
        survey.exposure(visit, detector="UVIS"), idctab=OLD, date="2015-01-01T10:00:00"
    )


def with_an_old_idctab_of_another_detector(survey: Survey, visit: str) -> object:
    return survey.content(survey.exposure(visit), idctab=OLD, date="2015-01-01")


def with_an_old_idctab_and_without_a_date(survey: Survey, visit: str) -> object:
    return survey.content(survey.exposure(visit, detector="UVIS"), idctab=OLD)


def written_in_bad_days(survey: Survey, visit: str) -> object:
    return survey.content(survey.exposure(visit), date="2020-02-29T23:00:00")


def fetched_in_bad_days(survey: Survey, visit: str) -> object:
    version = survey.content(survey.exposure(visit), date="2018-01-01")
    return survey.download(version, IN_WINDOW)


def fetched_again_after_bad_days(survey: Survey, visit: str) -> object:
    exposure = survey.exposure(visit)
    survey.download(survey.content(exposure, date="2020-01-15"), IN_WINDOW)
    return survey.content(exposure, date="2020-03-01")


def downgraded(survey: Survey, visit: str) -> object:
    version = survey.content(survey.exposure(visit))
    return survey.sky([version], SkyMethod.MATCH, SkyMethod.LOCALMIN)


def downgraded_then_repeated(survey: Survey, visit: str) -> object:
    version = survey.content(survey.exposure(visit))
    survey.sky([version], SkyMethod.MATCH, SkyMethod.LOCALMIN)
    return survey.sky([version], SkyMethod.MATCH)


def downgraded_then_deleted(survey: Survey, visit: str) -> object:
    run = downgraded(survey, visit)
    return run.delete("somebody", "a trial")  # type: ignore[attr-defined]


def downgraded_then_replayed(survey: Survey, visit: str) -> object:
    run = downgraded(survey, visit)
    return survey.sky([run.used[0].version], SkyMethod.MATCH, replay_of=run)  # type: ignore[attr-defined]


def matched_then_replayed_in_a_bad_environment(survey: Survey, visit: str) -> object:
    run = matched(survey, visit)
    version = run.used[0].version  # type: ignore[attr-defined]
    return survey.sky([version], verdict=Verdict.FAILED, replay_of=run)  # type: ignore[arg-type]


def weak_then_replayed(survey: Survey, visit: str) -> object:
    fit = fitted(survey, visit, nmatches=11)
    assert fit.catalog and fit.known_version  # type: ignore[attr-defined]
    again = survey.fit(fit.known_version, fit.catalog, nmatches=11, replay_of=fit.activity_id)  # type: ignore[attr-defined]
    again.reject("a repetition")
    return again


@dataclass(frozen=True)
class Case:
    """A visit in which something was done, and what the rule says of it."""

    rule: TodoRule
    make: Make
    reason: str = ""
    command: str = ""

    @property
    def is_due(self) -> bool:
        return bool(self.reason)


R = TodoRule
MATCH = "sky run --method match --proposal 12812 --target HORSEHEAD --detector IR --filter F160W"
CASES = (
    Case(R.NOT_ALIGNED, never_aligned, "its WCS is IDC_w3m18525i.", "align run --refcat"),
    Case(R.NOT_ALIGNED, aligned), Case(R.NOT_ALIGNED, known_from_a_log),
    Case(R.NOT_ALIGNED, waiting),
    Case(R.NOT_ALIGNED, never_aligned_nor_drizzled, "no drizzled product of its newest file",
         "fetch --obs-id ibxl{v}010 --proposal 12812 --refresh"),
    Case(R.FIT_WAITING, waiting, "1 of its fits wait for review", "skydb align accept "),
    Case(R.FIT_WAITING, aligned),
    Case(R.FIT_WAITING, waiting_of_its_own_file, "1 of its fits wait", "skydb align accept "),
    Case(R.NOT_ALIGNED, waiting_of_its_own_file),
    Case(R.FIT_WAITING, waiting_of_a_product_of_older_files, "It leaves 1 exposures, of which",
         "skydb align accept "),
    Case(R.NOT_ALIGNED, waiting_of_a_product_of_older_files, "no drizzled product", "fetch"),
    Case(R.FIT_WAITING, lambda s, v: waiting_of_a_product_of_older_files(s, v, left=2)),
    Case(R.FIT_WAITING, waiting_of_a_group, "2 of its fits wait", "skydb align accept "),
    Case(R.FIT_WAITING, lambda s, v: waiting_of_a_group(s, v, is_redelivered=True)),
    Case(R.FIT_FAILED, lambda s, v: fitted(s, v, failed=True), "failed: no match.",
         "align run --refcat catalogue-{v} ibxl{v}010_drz.fits"),
    Case(R.FIT_FAILED, failed_then_fitted),
    Case(R.WEAK_FIT, lambda s, v: fitted(s, v, trust=0.49),
         "The newest fit is weak; trust 0.49, the floor is 0.5.", "align show"),
    Case(R.WEAK_FIT, lambda s, v: fitted(s, v, nmatches=11),
         "11 matches, rscale wants 12.", "align show"),
    Case(R.WEAK_FIT, lambda s, v: fitted(s, v, nmatches=12, trust=TRUST_FLOOR)),
    Case(R.WEAK_FIT, weak_then_replayed, "11 matches, rscale wants 12.", "align show"),
    Case(R.ALIGNMENT_OUTDATED, aligned_then_delivered,
         "Version 3 is of a newer archive version than version 2,", "fetch --obs-id"),
    Case(R.ALIGNMENT_OUTDATED, aligned_delivered_and_aligned_again),
    Case(R.SKY_OUTDATED, matched_then_delivered,
         "The sky by localmin, match is of version 1; there is a newer one.",
         "sky run --method localmin,match --proposal 12812"),
    Case(R.SKY_OUTDATED, matched_again),
    Case(R.SKY_OUTDATED, known_from_a_log),
    Case(R.ENVIRONMENT_FAILED, lambda s, v: matched(s, v, verdict=Verdict.FAILED),
         "The sky by match of 1 of its IR F160W exposures comes from an environment that the"
         " self-test has failed.", f"{MATCH} --force"),
    Case(R.ENVIRONMENT_FAILED, aligned_in_a_bad_environment, "The alignment of 1 of its",
         "align run"),
    Case(R.ENVIRONMENT_FAILED, matched_in_a_bad_environment_then_a_good_one),
    Case(R.ENVIRONMENT_FAILED, lambda s, v: matched(s, v, verdict=Verdict.UNCHECKED)),
    Case(R.ENVIRONMENT_FAILED, matched_then_replayed_in_a_bad_environment),
    Case(R.ENVIRONMENT_UNCHECKED, lambda s, v: matched(s, v, verdict=Verdict.UNCHECKED),
         "was not checked.", "skydb doctor"),
    Case(R.ENVIRONMENT_UNCHECKED, matched),
    Case(R.ENVIRONMENT_UNCHECKED, known_from_a_log),
    Case(R.CATALOGUE_SUPERSEDED, aligned_to_what_was_superseded_twice,
         "It is aligned to old-{v}, which was superseded by new-{v}.",
         "align run --refcat new-{v} ibxl{v}010_drz.fits"),
    Case(R.CATALOGUE_SUPERSEDED, aligned_again_to_the_new_one),
    Case(R.IDCTAB_SUPERSEDED, with_an_old_idctab,
         f"It has IDCTAB {OLD}; other files of WFC3/UVIS have the newer {NEW}.",
         "fetch --obs-id ibxl{v}010 --proposal 12812 --refresh"),
    Case(R.IDCTAB_SUPERSEDED, with_an_old_idctab_of_another_detector),
    Case(R.IDCTAB_SUPERSEDED, with_an_old_idctab_and_without_a_date, "have the newer", "fetch"),
    Case(R.BAD_DELIVERY, written_in_bad_days,
         "Version 1 was written on 2020-02-29 (mast-astrometry-2020): ",
         "fetch --obs-id ibxl{v}010"),
    Case(R.BAD_DELIVERY, fetched_in_bad_days, "Version 1 was fetched in those days", "--refresh"),
    Case(R.BAD_DELIVERY, fetched_again_after_bad_days),
    Case(R.NEVER_MATCHED, lambda s, v: matched(s, v, method=SkyMethod.LOCALMIN),
         "It has no sky by match.", MATCH),
    Case(R.NEVER_MATCHED, lambda s, v: matched(s, v, method=SkyMethod.GLOBALMIN_MATCH)),
    Case(R.NEVER_MATCHED, lambda s, v: s.logged(v)),
    Case(R.NEVER_MATCHED, lambda s, v: matched(s, v, sky=None),
         "no other exposure that shares sky with it. Where none will come, `skydb books", MATCH),
    Case(R.DOWNGRADED, downgraded, "was to do match and did localmin", f"{MATCH} --force"),
    Case(R.DOWNGRADED, downgraded_then_repeated), Case(R.DOWNGRADED, downgraded_then_deleted),
    Case(R.DOWNGRADED, downgraded_then_replayed, "was to do match", "--force"),
    Case(R.INTERRUPTED, Survey.interrupted_then_repeated),
    Case(R.INTERRUPTED, Survey.interrupted, "was interrupted before it was done", MATCH),
)  # fmt: skip


def _visit(case: Case) -> str:
    """Two characters for each case."""
    return f"{CASES.index(case):02}"


def _began(survey: Survey, hours: float) -> IngestActivity:
    activity = IngestActivity({}, survey.stamp())
    survey.session.add(activity)
    activity.start()
    activity.started_at = utc_now() - timedelta(hours=hours)
    survey.session.flush()
    return activity


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def seeded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[
    tuple[Services, dict[str, int]]
]:  # fmt: skip
    """A ledger with one visit for every case, and three ingests that are running."""
    url, drop = _new_ledger(request, tmp_path_factory.mktemp("todo"))
    services = Services.open(url, tmp_path_factory.mktemp("data"))
    with services.context.store.writing() as session:
        survey = Survey(session)
        for case in CASES:
            case.make(survey, _visit(case))
        running = {"late": _began(survey, 6.5).id, "busy": _began(survey, 5.5).id}
        session.commit()
    yield services, running
    services.close()
    drop()


def _new_ledger(request: pytest.FixtureRequest, home: Path) -> tuple[str, Callable[[], None]]:
    if request.param == "sqlite":
        path = home / "ledger.sqlite"
        path.write_bytes(request.getfixturevalue("sqlite_template").read_bytes())
        return f"sqlite:///{path}", lambda: None
    server = request.getfixturevalue("postgres_server")
    name = server.create_database(request.getfixturevalue("postgres_template"))
    return server.url(name), lambda: server.drop_database(name)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{_visit(case)}-{case.rule}")
def test_a_rule_fires_where_something_is_due_and_nowhere_else(
    seeded: tuple[Services, dict[str, int]], case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    # All visits are of one field, in which a sky run would be refused: test_following_todo.py.
    monkeypatch.setattr("skydb.services.bookkeeping.refused.refusals", lambda *_: {})
    rows = seeded[0].todo.due(Scope(visits=(label := f"bxl{_visit(case)}",)), case.rule)
    reason, command = (text.format(v=_visit(case)) for text in (case.reason, case.command))
    assert len(rows) == case.is_due
    for row in rows:
        assert reason in row["reason"] and command in row["command"]
        assert (row["visit"], datetime.fromisoformat(row["since"]).tzinfo) == (label, UTC)


def test_what_has_run_for_hours_is_due_and_what_has_just_begun_is_not(
    seeded: tuple[Services, dict[str, int]],
) -> None:
    services, running = seeded
    (row,) = services.todo.due(rule=TodoRule.LEFT_RUNNING)
    assert row["subject"] == f"run:{running['late']}"
    assert row["reason"] == "This ingest of somebody has not ended for hours."
    assert f"runs abandon {running['late']}" in row["command"]


def test_every_rule_was_seen_to_fire(seeded: tuple[Services, dict[str, int]]) -> None:
    assert set(seeded[0].todo.due_counts()) == set(TodoRule)


def test_every_command_is_one_that_skydb_has(seeded: tuple[Services, dict[str, int]]) -> None:
    rows = seeded[0].todo.due()
    assert len(rows) == sum(seeded[0].todo.due_counts().values()) > len(TodoRule)
    for command in {row["rule"]: row["command"] for row in rows}.values():
        assert called(shlex.split(command)[1:]).help


def test_one_row_is_shown_for_each_command_with_all_that_it_settles(
    seeded: tuple[Services, dict[str, int]],
) -> None:
    todo = seeded[0].todo
    rows, due = todo.todo(), todo.due()
    commands = [row["command"] for row in rows]
    assert len(set(commands)) == len(commands) < len(due)
    assert set(commands) == {row["command"] for row in due}
    assert sum(row["count"] for row in rows) == len(due)


def test_a_proposal_restricts_and_a_visit_that_is_none_is_wrong_usage(
    seeded: tuple[Services, dict[str, int]],
) -> None:
    todo = seeded[0].todo
    nothing = (Scope(proposal_id=1), Scope(visits=("bxl99",)), Scope(("ibxl99zzq",)))
    for scope, ask in [(one, ask) for one in nothing for ask in (todo.due, todo.status)]:
        with pytest.raises(NotFoundError, match="here: "):
            ask(scope=scope)
    ours = todo.due(Scope(proposal_id=12812))
    assert {row["proposal_id"] for row in ours} == {12812}
    assert len(ours) == len(todo.due()) - 1
    with pytest.raises(NotFoundError, match="Unknown visit 'bxl'"):
        todo.due(Scope(visits=("bxl",)))


def test_what_is_due_of_one_visit_is_found_by_indexes_alone(services: Services) -> None:
    question = "EXPLAIN QUERY PLAN SELECT * FROM v_todo WHERE program = 'bxl' AND visit = '00'"
    with services.context.store.reading() as session:
        plan = [row[3] for row in session.execute(text(question))]
    # Small tables and what is made of them; and all activities, for which still run.
    small = {"k", "h", "w", "a", "d", "t", "named", "seen", "i", "mine"}
    scanned = {step.split()[1] for step in plan if step.startswith("SCAN")}
    assert scanned <= small


def test_what_restricts_has_the_type_of_its_table_or_postgresql_would_look_at_everything(
    postgres_ledger_url: str,
) -> None:
    engine = open_engine(resolve_url(postgres_ledger_url))
    inspector = inspect(engine)
    viewed, tabled = (
        {one["name"]: type(one["type"]) for one in inspector.get_columns(name)}
        for name in ("v_todo", "visits")
    )
    engine.dispose()
    same = {"proposal_id": "proposal_id", "program": "program", "visit": "number"}
    assert all(viewed[ours] is tabled[theirs] for ours, theirs in same.items())
