"""A selection is divided into fields: by visit, target or proposal, and always by optics."""

from __future__ import annotations

from pathlib import Path

import pytest

from skydb.api.composition import Services
from skydb.domain.grouping import Division
from skydb.domain.vocabulary import Engine, SkyMethod
from skydb.errors import NotFoundError
from skydb.services.intake.fields import fields_of
from skydb.services.intake.selection import Selection
from tests.services.survey import Survey
from tests.services.tools import write_exposure

NAMES = ("ibxl50iaq", "ibxl50ibq", "ibxl51iaq")


@pytest.fixture
def ledger(services: Services, tmp_path: Path) -> Services:
    services.ingest.ingest([write_exposure(tmp_path / "in", name) for name in NAMES])
    return services


def fields(services: Services, division: Division, **wanted: object) -> list[Selection]:
    with services.context.store.reading() as session:
        return fields_of(session, Selection(**wanted), division)  # type: ignore[arg-type]


def test_exposures_of_each_visit_are_a_field(ledger: Services) -> None:
    found = fields(ledger, Division.VISIT)
    assert [one.visits for one in found] == [("bxl50",), ("bxl51",)]
    assert {(one.proposal_id, one.detector, one.filter) for one in found} == {
        (12812, "IR", "F160W")
    }
    assert [one.target for one in found] == [None, None]


def test_exposures_of_one_target_or_proposal_are_one_field(ledger: Services) -> None:
    (target,) = fields(ledger, Division.TARGET)
    assert (target.target, target.visits) == ("HORSEHEAD", ())
    (proposal,) = fields(ledger, Division.PROPOSAL)
    assert (proposal.target, proposal.visits, proposal.proposal_id) == (None, (), 12812)


def test_what_was_selected_stays_selected(ledger: Services) -> None:
    (one,) = fields(ledger, Division.VISIT, visits=("bxl51",), exclude=(NAMES[0],))
    assert (one.visits, one.exclude) == (("bxl51",), (NAMES[0],))
    with pytest.raises(NotFoundError):
        fields(ledger, Division.VISIT, proposal_id=1)


def test_exposures_of_two_detectors_are_two_fields_and_those_of_a_log_none(
    services: Services,
) -> None:
    with services.context.store.writing() as session:
        survey = Survey(session)
        for visit, detector in (("52", "IR"), ("50", "IR"), ("51", "UVIS"), ("50", "UVIS")):
            survey.exposure(visit, len(detector), detector=detector)
        survey.exposure("52", 9)
        survey.logged("53")
        session.commit()

    def found(division: Division) -> list[tuple[object, ...]]:
        return [
            (one.proposal_id, one.detector, one.filter, one.visits, one.target)
            for one in fields(services, division)
        ]

    of_visits = [("IR", "bxl50"), ("IR", "bxl52"), ("UVIS", "bxl50"), ("UVIS", "bxl51")]
    assert found(Division.VISIT) == [
        (12812, detector, "F160W", (visit,), None) for detector, visit in of_visits
    ]
    assert found(Division.TARGET) == [
        (12812, detector, "F160W", (), "HORSEHEAD") for detector in ("IR", "UVIS")
    ]
    assert found(Division.PROPOSAL) == [
        (12812, detector, "F160W", (), None) for detector in ("IR", "UVIS")
    ]


def test_a_field_that_is_refused_is_named_and_none_runs(services: Services) -> None:
    with services.context.store.writing() as session:
        survey = Survey(session)
        survey.content(survey.exposure("50"))
        session.commit()
    fields = [Selection(visits=("bxl50",), detector="UVIS")]
    with pytest.raises(NotFoundError, match=r"^Field of visit bxl50, UVIS: ") as caught:
        services.sky().run([SkyMethod.MATCH], fields=fields, engine=Engine.SKYDB, mosaic=False)
    assert caught.value.advice.endswith("No field was run: correct this one, or exclude it.")
    assert str(caught.value) == f"{caught.value.what} {caught.value.advice}"
    with pytest.raises(NotFoundError, match=r"^(?!Field)"):
        services.sky().run([SkyMethod.MATCH], fields[0], engine=Engine.SKYDB, mosaic=False)
