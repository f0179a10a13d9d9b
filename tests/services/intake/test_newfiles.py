"""Files that are all new are recorded by rows, which are those that entities would have made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import DateTime, select
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeDecorator

from skydb.api.composition import Services
from skydb.domain import Exposure, IngestActivity, Visit
from skydb.domain.entities import Base
from skydb.domain.values import FileFacts, Rootname
from skydb.domain.vocabulary import ProductKind
from skydb.errors import RowRefusedError
from skydb.services.intake.newfiles import NewFilesRecorder, recorder_of
from skydb.services.intake.recorder import FileRecorder, IngestOutcome, Recorder
from skydb.store.registry import Registry
from tests.domain.entities import CHIP, STAMP, file_of, wcs

A, B = "ibxl50iaq_flt.fits", "ibxl50ibq_flt.fits"
OUTLINE = ((10.0, 20.0), (10.01, 20.0), (10.01, 20.01), (10.0, 20.01))


def batch() -> list[FileFacts]:
    """Two files of one exposure, a product, and a file with a headerlet, a flaw and a doubt."""
    outlined = replace(wcs(), chips=(replace(CHIP, polygon_deg=OUTLINE, ccdchip=2), CHIP))
    outlined = replace(outlined, chips=(outlined.chips[0], replace(CHIP, extver=2)))
    headerlet = replace(wcs("IDC_b"), key="", hdr_name="h")
    first = file_of(A, "a" * 64, outlined, replace(wcs("OPUS"), key="O"))
    other = file_of(B, "b" * 64)
    moved = replace(other.facts, proposal_id=1, target_name="ELSEWHERE", exptime_s=float("nan"))
    return [
        first,
        replace(first, path=Path("ibxl50iaq_flc.fits"), kind=ProductKind.FLC, sha256="c" * 64),
        replace(
            file_of("ibxl50010_drz.fits", "d" * 64),
            kind=ProductKind.DRZ,
            members=("ibxl50iaq", "ibxl50ibq", "ibxl50iaq"),
        ),
        replace(other, facts=moved, headerlets=(headerlet,), flaws=("Odd.",), doubts=("Old.",)),
    ]


def rows_of(session: Session) -> dict[str, list[dict[str, Any]]]:
    """Rows of all tables but for times."""
    found = {}
    for table in Base.metadata.sorted_tables:
        kinds = {c: c.type.impl if isinstance(c.type, TypeDecorator) else c.type for c in table.c}
        kept = [column for column, kind in kinds.items() if not isinstance(kind, DateTime)]
        asked = select(*kept).order_by(*table.primary_key.columns)
        found[table.name] = [dict(row) for row in session.execute(asked).mappings()]
    return found


@pytest.fixture
def session(services: Services) -> Iterator[Session]:
    with services.context.store.writing() as session:
        yield session


@pytest.fixture
def activity(session: Session) -> IngestActivity:
    activity = IngestActivity({}, STAMP)
    session.add(activity)
    session.flush()
    return activity


def recorded(
    services: Services, session: Session, kind: Callable[..., Recorder], files: Sequence[FileFacts]
) -> tuple[list[IngestOutcome], dict[str, list[dict[str, Any]]]]:
    """Outcomes and rows of files that one recorder has recorded, which are rolled back."""
    workspace = services.context.workspace
    activity = IngestActivity({}, STAMP)
    session.add(activity)
    session.flush()
    paths = {one.path: workspace.relative(one.path) for one in files}
    recorder = kind(activity, Registry(session, files, [*paths.values()]), paths)
    outcomes = [recorder.record(one, is_managed=True) for one in files]
    recorder.finish(session)
    session.flush()
    rows = rows_of(session)
    session.rollback()
    session.expunge_all()
    return outcomes, rows


def test_rows_are_those_of_entities(services: Services, session: Session) -> None:
    by_entities = recorded(services, session, FileRecorder, batch())
    by_rows = recorded(services, session, NewFilesRecorder, batch())
    assert by_rows == by_entities
    counts = {name: len(rows) for name, rows in by_rows[1].items()}
    wanted = {"exposures": 2, "products": 4, "product_members": 2, "file_locations": 4}
    wanted |= {"alignment_solutions": 7, "chip_solutions": 9, "findings": 3, "visits": 1}
    assert counts == {**counts, **wanted}


def test_a_batch_of_new_files_is_recorded_by_rows(
    services: Services, session: Session, activity: IngestActivity
) -> None:
    recorder = recorder_of(session, activity, services.context.workspace, batch())
    assert isinstance(recorder, NewFilesRecorder)


def _as_another(file: FileFacts, **changes: object) -> FileFacts:
    return replace(file, path=Path(f"x/{file.path.name}"), sha256="e" * 64, **changes)


@pytest.mark.parametrize(
    "second",
    [
        file_of(A, "a" * 64),
        _as_another(file_of(A)),
        replace(file_of(B, "a" * 64), path=Path("b.fits")),
        replace(file_of(B, "e" * 64), path=Path(A)),
        _as_another(
            replace(file_of(A), kind=ProductKind.FLC, facts=replace(file_of(A).facts, detector="X"))
        ),
        _as_another(
            replace(
                file_of(A), kind=ProductKind.FLC, facts=replace(file_of(A).facts, expstart_mjd=5e4)
            )
        ),
        _as_another(
            replace(file_of(A), kind=ProductKind.FLC, facts=replace(file_of(A).facts, asn_id="x"))
        ),
    ],
    ids=["same file", "version", "content", "path", "detector", "start", "more facts"],
)
@pytest.mark.parametrize("is_on_record", [True, False])
def test_files_that_touch_what_is_on_record_or_each_other_are_entities(
    services: Services,
    session: Session,
    activity: IngestActivity,
    second: FileFacts,
    is_on_record: bool,
) -> None:
    workspace, first = services.context.workspace, file_of(A, "a" * 64)
    files = [first, second]
    if is_on_record:
        before = recorder_of(session, activity, workspace, [first])
        before.record(first, is_managed=False)
        before.finish(session)
        files = [second]
    assert isinstance(recorder_of(session, activity, workspace, files), FileRecorder)


def test_an_exposure_that_a_log_named_is_an_entity(
    services: Services, session: Session, activity: IngestActivity
) -> None:
    session.add(Exposure(Visit("bxl", "50"), Rootname("ibxl50iaq")))
    session.flush()
    recorder = recorder_of(session, activity, services.context.workspace, [file_of(A)])
    assert isinstance(recorder, FileRecorder)


def test_a_value_without_room_is_refused_with_its_column(
    services: Services, session: Session
) -> None:
    facts = replace(file_of(A).facts, target_name="T" * 65)
    with pytest.raises(RowRefusedError, match="target_name of exposures has 65 characters"):
        recorded(services, session, NewFilesRecorder, [replace(file_of(A), facts=facts)])
