"""The newest findings, as many as are asked for."""

from skydb.domain import IngestActivity
from skydb.domain.vocabulary import FindingKind
from skydb.store import finding_queries
from skydb.store.unit_of_work import Store
from tests.domain.entities import STAMP


def test_all_findings_are_given_the_newest_first(store: Store) -> None:
    with store.writing() as session:
        activity = IngestActivity({}, STAMP)
        activity.start()
        session.add(activity)
        for number in range(1001):
            activity.notice(FindingKind.CATALOG, "gaia", f"{number}")
        session.commit()
    with store.reading() as session:
        told = [int(row["message"]) for row in finding_queries.findings(session)]
        assert told == list(range(1000, -1, -1))
