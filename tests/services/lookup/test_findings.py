"""Findings: all of them, as the view has them."""

from __future__ import annotations

from sqlalchemy import text

from skydb.api.composition import Services
from skydb.domain import IngestActivity, Stamp
from skydb.domain.vocabulary import FindingKind


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
