"""Rows of what is known from logs: those that the entities would give."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from skydb.domain import AlignmentRun, Exposure, Finding, Product, SkyRun, SkyRunGroup, Visit
from skydb.domain.activity import Activity
from skydb.domain.base import Base
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
from skydb.domain.sky import said_of_downgrade
from skydb.domain.values import Rootname
from skydb.domain.vocabulary import ActivityKind, FindingKind, ProductKind, SkyMethod
from tests.domain.entities import STAMP, ingest

WHEN = datetime(2019, 4, 30, 14, 5, tzinfo=UTC)
NAME = Rootname("ibxl50clq")
MOMENTS = ("created_at", "noticed_at")
METHODS = [None, SkyMethod.MATCH, SkyMethod.LOCALMIN]


def given_to(entity: Base, table: str) -> Columns:
    """Values that an entity has for the columns of a table, but for the moment of its making."""
    columns = Base.metadata.tables[table].columns.keys()
    values = {name: getattr(entity, name) for name in columns}
    return {name: one for name, one in values.items() if one is not None and name not in MOMENTS}


def known_of(columns: Columns) -> Columns:
    return {n: value for n, value in columns.items() if value is not None and n not in MOMENTS}


def recalled(run: Activity, kind: ActivityKind, error: str | None) -> tuple[Columns, Columns]:
    """Columns of the activities that an entity gives, and those that are prepared."""
    run.recall(ingest(), WHEN, WHEN + timedelta(seconds=3), "Tool 2", error)
    given = given_to(run, "activities")
    ran = Recalled(
        kind, run.parameters, run.started_at, run.finished_at, run.tool_version, run.error
    )
    return given, known_of(activity_columns(ran, STAMP))


@pytest.mark.parametrize("error", [None, "It broke."])
def test_an_alignment_run_has_the_columns_of_its_entity(error: str | None) -> None:
    run = AlignmentRun("gaia.cat", {"a": 1}, STAMP)
    given, prepared = recalled(run, ActivityKind.ALIGNMENT, error)
    assert prepared == given | {"kind": ActivityKind.ALIGNMENT}
    assert given_to(run, "alignment_runs") == {"reference": "gaia.cat"}


@pytest.mark.parametrize("error", [None, "It broke."])
@pytest.mark.parametrize("requested", METHODS)
@pytest.mark.parametrize("effective", METHODS)
def test_a_sky_run_has_the_columns_and_the_finding_of_its_entity(
    requested: SkyMethod | None, effective: SkyMethod | None, error: str | None
) -> None:
    run = SkyRun(SkyRunGroup("f", "label"), requested, {"a": 1}, STAMP, recipe_hash="r")
    given, prepared = recalled(run, ActivityKind.SKY_RUN, error)
    run.recall_values((), effective)
    own = sky_run_columns(requested, effective, "r")
    assert prepared == given | {"kind": ActivityKind.SKY_RUN}
    assert known_of(own) == given_to(run, "sky_runs")
    said = [said_of_downgrade(requested, effective)] if own["downgraded"] else []
    assert [finding.message for finding in run.findings] == said


def test_what_a_log_names_has_the_columns_of_its_entities() -> None:
    visit = Visit(NAME.program, NAME.visit_number)
    exposure = Exposure(visit, NAME)
    product = Product.logged("ibxl50clq_flt.fits", ProductKind.FLT, visit, exposure)
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
