"""Plans of a fetch: what would be fetched, and what is here."""

import dataclasses
from pathlib import Path

import pytest
from sqlalchemy import text

from skydb.api.composition import Services
from skydb.domain.vocabulary import FetchStatus
from skydb.simulate.archive import LoopbackArchive
from tests.archive.fixtures import FILES, FLT, archive, content_of, server
from tests.services.intake.test_fetch import ALL, ONE, QUICK, services

pytestmark = pytest.mark.alternating

__all__ = ["archive", "server", "services"]


def test_a_plan_records_nothing(archive: LoopbackArchive, services: Services) -> None:
    plan = services.fetch.plan(ALL, QUICK)
    assert plan.total_bytes == sum(len(content_of(archive, f"{n}_flt.fits")) for n in FILES)
    assert {file.status for file in plan.files} == {FetchStatus.PLANNED}
    with services.context.store.reading() as session:
        assert session.execute(text("SELECT id FROM activities")).all() == []


def test_a_plan_knows_what_is_here(archive: LoopbackArchive, services: Services) -> None:
    services.fetch.fetch(ONE, QUICK)
    plan = services.fetch.plan(ALL, QUICK)
    here = {file.filename: file for file in plan.files if file.status is FetchStatus.CACHED}
    sizes = {f"{name}_flt.fits": len(content_of(archive, f"{name}_flt.fits")) for name in FILES}
    assert set(here) == {name for name in sizes if name.startswith("ibxl50")}
    assert plan.total_bytes == sum(size for name, size in sizes.items() if name not in here)
    again = services.fetch.plan(ALL, dataclasses.replace(QUICK, refresh=True))
    assert {file.status for file in again.files} == {FetchStatus.PLANNED}
    Path(str(here[FLT].path)).write_bytes(b"cut")
    cut = services.fetch.plan(ALL, QUICK)
    assert next(one for one in cut.files if one.filename == FLT).status is FetchStatus.PLANNED
