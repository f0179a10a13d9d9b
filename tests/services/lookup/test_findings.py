"""Findings: all of them, as the view has them."""

from __future__ import annotations

from sqlalchemy import select, text

from skydb.api.composition import Services
from skydb.domain import Exposure, IngestActivity, Stamp
from skydb.domain.vocabulary import FindingKind
from skydb.store import coverage_queries
from tests.services.survey import Survey


def test_every_finding_is_listed_newest_first_and_is_that_of_the_view(
    services_anywhere: Services,
) -> None:
    services = services_anywhere
    with services.context.store.writing() as session:
        activity = IngestActivity({}, Stamp("somebody", "0.1.0"))
        session.add(activity)
        activity.start()
        for number in range(1501):
            activity.notice(FindingKind.REJECTED_FILE, f"{number}.fits", "It is no image.")
        activity.succeed()
        session.commit()
        run = activity.id
    rows = services.plain.findings()
    assert len(rows) == 1501
    assert (rows[0]["subject"], rows[-1]["subject"]) == ("1500.fits", "0.fits")
    assert services.plain.findings(run + 1) == []
    answer = services.plain.sql(
        "SELECT run_id, kind, subject, message FROM v_findings ORDER BY id DESC"
    )
    keys = ("run_id", "kind", "subject", "message")
    assert [tuple(row[key] for key in keys) for row in rows] == [tuple(r) for r in answer.rows]
    with services.context.store.reading() as session:
        asked = text("SELECT run_id, kind, status, tool_version, error FROM v_activities")
        assert [tuple(row) for row in session.execute(asked)] == [
            (run, "ingest", "succeeded", "skydb 0.1.0", None)
        ]


def test_a_withdrawn_flag_ends_the_finding_of_its_subject_alone(
    services_anywhere: Services,
) -> None:
    services = services_anywhere
    with services.context.store.writing() as session:
        survey = Survey(session)
        names = [survey.exposure("50", number).rootname for number in (1, 2)]
        survey.content(survey.drizzled(*session.scalars(select(Exposure))))
        session.commit()
    lines = [
        services.books.flag(name, "trail", "satellite", author="Ada")
        for name in (names[0], names[1], "bxl50")
    ]
    with services.context.store.writing() as session:
        run = IngestActivity({}, Stamp("somebody", "0.1.0"))
        session.add(run)
        run.start()
        for name in (*names, "ibxl50010_drz.fits"):
            run.notice(FindingKind.FLAGGED_INPUT, name, "flag trail by Ada: satellite")
        session.commit()

    def valid() -> set[str]:
        with services.context.store.reading() as session:
            return {row["subject"] for row in coverage_queries.all_findings(session)}

    assert valid() == {*names, "ibxl50010_drz.fits"}
    services.books.withdraw(lines[2]["id"], "looked at")
    services.books.withdraw(lines[0]["id"], "looked at")
    assert valid() == {names[1], "ibxl50010_drz.fits"}
    services.books.withdraw(lines[1]["id"], "looked at")
    assert valid() == set()
