"""Rows of what is known from logs: those that the entities would give."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from skydb.domain import AlignmentRun, Exposure, Finding, Product, SkyRun, SkyRunGroup, Visit
from skydb.domain.activity import Activity
from skydb.domain.base import Base
from skydb.domain.identity import logged_identity
from skydb.domain.logged import (
    Columns,
    Recalled,
    activity_columns,
    exposure_columns,
    finding_columns,
    group_columns,
    product_columns,
    sky_run_columns,
    visit_columns,
)
from skydb.domain.values import Rootname
from skydb.domain.vocabulary import (
    ActivityKind,
    ActivityStatus,
    FindingKind,
    Flavour,
    ProductKind,
    SkyMethod,
)
from tests.domain.entities import STAMP, ingest

WHEN = datetime(2019, 4, 30, 14, 5, tzinfo=UTC)
NAME = Rootname("ibxl50clq")
MOMENTS = ("created_at", "noticed_at")


def given_to(entity: Base, table: str) -> Columns:
    """Values that an entity has for the columns of a table, but for the moment of its making."""
    columns = Base.metadata.tables[table].columns.keys()
    values = {name: getattr(entity, name) for name in columns}
    return {name: one for name, one in values.items() if one is not None and name not in MOMENTS}


def known_of(columns: Columns) -> Columns:
    return {n: value for n, value in columns.items() if value is not None and n not in MOMENTS}


def columns_of(run: Activity, kind: ActivityKind, error: str | None) -> tuple[Columns, Columns]:
    """Columns of the activities that are prepared, and those that the entity and its log give."""
    times = {"started_at": WHEN, "finished_at": WHEN + timedelta(seconds=3)}
    ran = Recalled(kind, run.parameters, *times.values(), "Tool 2", error)
    status = ActivityStatus.FAILED if error else ActivityStatus.SUCCEEDED
    said = {"kind": kind, "status": status, "tool_version": "Tool 2", "error": error, **times}
    return known_of(activity_columns(ran, STAMP)), known_of(given_to(run, "activities") | said)


@pytest.mark.parametrize("error", [None, "It broke."])
def test_an_alignment_run_has_the_columns_of_its_entity(error: str | None) -> None:
    run = AlignmentRun("gaia.cat", {"a": 1}, STAMP)
    prepared, given = columns_of(run, ActivityKind.ALIGNMENT, error)
    assert prepared == given
    assert given_to(run, "alignment_runs") == {"reference": "gaia.cat"}


@pytest.mark.parametrize("error", [None, "It broke."])
@pytest.mark.parametrize(
    ("requested", "effective", "downgraded"),
    [
        (None, None, None),
        (None, SkyMethod.LOCALMIN, None),
        (SkyMethod.MATCH, None, None),
        (SkyMethod.MATCH, SkyMethod.MATCH, False),
        (SkyMethod.MATCH, SkyMethod.LOCALMIN, True),
    ],
)
def test_a_sky_run_has_the_columns_of_its_entity_and_a_downgrade_that_is_known(
    requested: SkyMethod | None,
    effective: SkyMethod | None,
    downgraded: bool | None,
    error: str | None,
) -> None:
    run = SkyRun(SkyRunGroup("f", "label"), requested, {"a": 1}, STAMP, recipe_hash="r")
    prepared, given = columns_of(run, ActivityKind.SKY_RUN, error)
    assert prepared == given
    own = sky_run_columns(requested, effective, "r")
    said = {"effective_method": effective, "downgraded": downgraded}
    assert own["downgraded"] is downgraded
    assert known_of(own) == known_of(given_to(run, "sky_runs") | said)


def test_what_a_log_names_has_the_columns_of_its_entities() -> None:
    visit = Visit(NAME.program, NAME.visit_number)
    exposure = Exposure(visit, NAME)
    name, identity = "ibxl50clq_flt.fits", logged_identity("ibxl50clq_flt.fits")
    product = Product(identity, name, ProductKind.FLT, Flavour.PIPELINE, visit, exposure)
    assert visit_columns(NAME) == given_to(visit, "visits")
    assert exposure_columns(NAME) == given_to(exposure, "exposures")
    assert product_columns(product.filename, product.kind) == given_to(product, "products")


def test_an_exposure_of_no_imager_is_refused_as_its_entity_is() -> None:
    with pytest.raises(ValueError, match="is not of a known instrument"):
        exposure_columns(Rootname("xbxl50clq"))


def test_a_group_has_the_columns_of_its_entity() -> None:
    assert group_columns("f", "label") == given_to(SkyRunGroup("f", "label"), "sky_run_groups")


def test_a_finding_has_the_columns_of_its_entity() -> None:
    told = (FindingKind.WEAK_FIT, "a_flt.fits", "6 matches")
    assert known_of(finding_columns(*told)) == given_to(Finding(ingest(), *told), "findings")
