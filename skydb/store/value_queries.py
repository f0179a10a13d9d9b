"""Selects of sky values and of runs that were made again, behind lineages."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, contains_eager, joinedload

from skydb.domain import Exposure, SkyRun, SkyValue, VisitDrizzle


def values_select() -> Select[Any]:
    """Sky values with their runs and exposures."""
    return (
        select(SkyValue)
        .join(SkyValue.exposure)
        .options(joinedload(SkyValue.run), contains_eager(SkyValue.exposure))
    )


def values_of(session: Session, exposure_id: int) -> list[SkyValue]:
    """Skies of an exposure in runs that were not deleted, those of the newest run first."""
    asked = values_select().join(SkyRun, SkyRun.id == SkyValue.run_id)
    seen = asked.where(SkyValue.exposure_id == exposure_id, SkyRun.deleted_at.is_(None))
    return list(session.scalars(seen.order_by(SkyValue.run_id.desc(), SkyValue.extver)))


def replays_of(session: Session, run: SkyRun | VisitDrizzle) -> list[SkyRun | VisitDrizzle]:
    """Runs that repeat a run."""
    kind = type(run)
    return list(session.scalars(select(kind).where(kind.replay_of_id == run.id)))


def exposures_without_content(session: Session, run_id: int) -> list[str]:
    """List the exposures of a run whose file versions are unknown."""
    of_run = (SkyValue.run_id == run_id, SkyValue.version_id.is_(None))
    named = select(Exposure.rootname).join(SkyValue, SkyValue.exposure_id == Exposure.id)
    return sorted(session.scalars(named.where(*of_run).distinct()))
