"""Columns of what is known from logs only, to be written in bulk.

They are those of the entities, which a test holds; relations are left to the writer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from skydb.domain.activity import Stamp
from skydb.domain.base import utc_now
from skydb.domain.exposure import instrument_of
from skydb.domain.identity import logged_identity
from skydb.domain.jsontext import JsonText
from skydb.domain.values import Rootname
from skydb.domain.vocabulary import (
    ActivityKind,
    ActivityStatus,
    Engine,
    FindingKind,
    Flavour,
    KnownFrom,
    ProductKind,
    Retention,
    SkyMethod,
)

Columns = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Recalled:
    """A run older than the ledger, as a log describes it."""

    kind: ActivityKind
    parameters: Mapping[str, Any] | JsonText
    started_at: datetime | None
    finished_at: datetime | None
    tool_version: str | None
    error: str | None = None


def activity_columns(ran: Recalled, stamp: Stamp) -> Columns:
    """Columns of a run that was recalled, but for its environment and what imported it."""
    return {
        "kind": ran.kind,
        "status": ActivityStatus.FAILED if ran.error else ActivityStatus.SUCCEEDED,
        "agent": stamp.agent,
        "skydb_version": stamp.skydb_version,
        "parameters": ran.parameters,
        "tool_version": ran.tool_version,
        "created_at": utc_now(),
        "started_at": ran.started_at,
        "finished_at": ran.finished_at,
        "error": ran.error,
    }


def sky_run_columns(
    requested: SkyMethod | None, effective: SkyMethod | None, recipe_hash: str
) -> Columns:
    """Columns that a sky run has besides; ``downgraded`` is None where it is unknown."""
    is_known = requested is not None and effective is not None
    return {
        "engine": Engine.ASTRODRIZZLE,
        "requested_method": requested,
        "effective_method": effective,
        "downgraded": effective is not requested if is_known else None,
        "recipe_hash": recipe_hash,
        "retention": Retention.NORMAL,
    }


def group_columns(fingerprint: str, label: str) -> Columns:
    """Columns of a group of sky runs."""
    return {"fingerprint": fingerprint, "label": label}


def finding_columns(kind: FindingKind, subject: str, message: str) -> Columns:
    """Columns of a finding, but for its run."""
    return {"kind": kind, "subject": subject, "message": message, "noticed_at": utc_now()}


def visit_columns(name: Rootname) -> Columns:
    """Columns of the visit of an exposure."""
    return {"program": name.program, "number": name.visit_number}


def exposure_columns(name: Rootname) -> Columns:
    """Columns of an exposure, but for its visit.

    Raises
    ------
    ValueError
        When the first letter of its name stands for no imager of HST.
    """
    return {
        "rootname": name.text,
        "instrument": instrument_of(name),
        "known_from": KnownFrom.LOG,
    }


def product_columns(filename: str, kind: ProductKind) -> Columns:
    """Columns of a product, but for its visit and exposure."""
    return {
        "identity": logged_identity(filename),
        "filename": filename,
        "kind": kind,
        "flavour": Flavour.PIPELINE,
    }
