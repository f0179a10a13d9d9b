"""Read-only queries of commands; each answer is a list of rows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, exists, func, or_, select, text
from sqlalchemy.orm import Session, aliased, selectinload

from skydb.domain import (
    AlignmentRun,
    AlignmentSolution,
    Exposure,
    Product,
    ProductVersion,
    ReferenceCatalog,
    SkyRun,
    SkyValue,
    Visit,
)
from skydb.domain.condition import Condition
from skydb.domain.trust import report_of
from skydb.domain.values import plate_scale_arcsec
from skydb.domain.vocabulary import ActivityStatus, ProductKind, SolutionOrigin
from skydb.errors import NotFoundError
from skydb.store.required import require_run
from skydb.store.rows import Row as Row
from skydb.store.scope import Scope, written_by

#: Keys that are asked for in a statement; of more, all are read.
_FEW = 5000

#: Quality of the exposure by its newest file version; its EXPTIME is the exposure's.
_CONDITION = tuple(part.name for part in fields(Condition) if part.name != "exptime_s")
_UNKNOWN = {name: None for name in _CONDITION if name != "exptime_s"}


#: Loads with sky runs all that :func:`sky_run_row` needs, in one statement each.
WITH_ROWS = (
    selectinload(SkyRun.findings),
    selectinload(SkyRun.values).selectinload(SkyValue.exposure).load_only(Exposure.rootname),
)


def _is_newest(as_of: date | None = None) -> ColumnElement[bool]:
    """Whether a version is the newest of its product, or was on a given day."""
    newer = aliased(ProductVersion)
    in_time = () if as_of is None else (written_by(as_of, newer),)
    # Looked up for each remaining version: at survey size these are few.
    return ~exists().where(
        newer.product_id == ProductVersion.product_id,
        newer.place > ProductVersion.place,
        *in_time,
    )


def headers(session: Session, scope: Scope | None = None) -> list[Row]:
    """The tutorial's table 1.1: one row per exposure and product, by its newest version."""
    wanted = scope or Scope()
    found = (
        select(Exposure, Visit, Product, ProductVersion)
        .join(Visit, Visit.id == Exposure.visit_id)
        .join(Product, Product.exposure_id == Exposure.id)
        # An exposure that is known from a log only has no file version.
        .outerjoin(
            ProductVersion,
            and_(ProductVersion.product_id == Product.id, _is_newest(wanted.as_of)),
        )
        .where(*wanted.conditions(session), *wanted.file_conditions())
        .order_by(Exposure.rootname, Product.filename)
    )
    return [
        {
            "rootname": exposure.rootname,
            "filename": product.filename,
            "kind": product.kind.value,
            "proposal_id": visit.proposal_id,
            "visit": visit.label,
            "asn_id": exposure.asn_id,
            "instrument": exposure.instrument,
            "detector": exposure.detector,
            "filter": exposure.filters,
            "exptime_s": exposure.exptime_s,
            "date_obs": exposure.date_obs,
            "expstart_mjd": exposure.expstart_mjd,
            "postarg1_arcsec": exposure.postarg1_arcsec,
            "postarg2_arcsec": exposure.postarg2_arcsec,
            "target": exposure.target_name,
            "ra_targ_deg": exposure.ra_targ_deg,
            "dec_targ_deg": exposure.dec_targ_deg,
            **({name: getattr(version, name) for name in _CONDITION} if version else _UNKNOWN),
        }
        for exposure, visit, product, version in session.execute(found)
    ]


def wcs_table(
    session: Session,
    kinds: Sequence[ProductKind] = (),
    products: Collection[int] | None = None,
    versions: Mapping[int, int] | None = None,
) -> list[Row]:
    """The tutorial's table 1.2: the active WCS of the newest version of every product.

    Parameters
    ----------
    session : Session
    kinds : sequence of ProductKind
        Only products of these kinds.
    products : collection of int, optional
        Only these, by key.
    versions : mapping of int to int, optional
        Number of the version to show of each product, instead of the newest.
    """
    if products is not None and not products:
        return []
    view, condition = "v_alignment_current", "WHERE 1 = 1"
    if versions is not None:
        view = "v_alignment_history"
        condition = (
            "WHERE h.version IS NOT NULL"
            " AND (h.status = 'applied' OR (h.status = 'recorded' AND h.wcs_key = ' '))"
        )
    if products is not None and len(products) <= _FEW:
        condition += f" AND h.product_id IN ({', '.join(str(int(key)) for key in products)})"
    of_visit = "(SELECT MIN(v.{0}) FROM exposures v WHERE v.visit_id = p.visit_id)"
    rows = session.execute(
        text(
            "SELECT h.product_id, h.product AS filename, h.version, h.rootname, p.kind,"
            " h.wcs_name, h.wcs_type,"
            " h.origin, h.status, h.nmatches, h.rms_ra_mas, h.rms_dec_mas,"
            f" COALESCE(e.instrument, {of_visit.format('instrument')}) AS instrument,"
            f" COALESCE(e.detector, {of_visit.format('detector')}) AS detector"
            f" FROM {view} h"
            " JOIN products p ON p.id = h.product_id"
            " LEFT JOIN exposures e ON e.id = p.exposure_id"
            f" {condition} ORDER BY h.product, h.id"
        )
    ).mappings()
    wanted = {kind.value for kind in kinds}
    found = [
        row
        for row in rows
        if (not wanted or row["kind"] in wanted)
        and (products is None or row["product_id"] in products)
        and (versions is None or versions.get(row["product_id"]) == row["version"])
    ]
    if versions is not None:
        # The one written last: an applied fit or the WCS that the file came with.
        found = list({row["product_id"]: row for row in found}.values())
    return [_with_pixels(row) for row in found]


def _with_pixels(row: Any) -> Row:  # noqa: ANN401 - a RowMapping of any columns
    scale = plate_scale_arcsec(row["instrument"] or "", row["detector"] or "")
    result = {name: value for name, value in row.items() if name != "product_id"}
    for axis in ("ra", "dec"):
        rms = row[f"rms_{axis}_mas"]
        result[f"rms_{axis}_pix"] = None if rms is None or not scale else rms / scale / 1000.0
    return result


def catalogs(session: Session) -> list[Row]:
    """Every reference catalogue."""
    found = session.scalars(select(ReferenceCatalog).order_by(ReferenceCatalog.id))
    return [catalog_row(catalog) for catalog in found]


def catalog_row(catalog: ReferenceCatalog) -> Row:
    """One reference catalogue as a row."""
    return {
        "name": catalog.name,
        "service": catalog.service.value,
        "sources": catalog.sources,
        "epoch": catalog.epoch,
        "epoch_asked": catalog.epoch_asked,
        "has_proper_motions": catalog.has_proper_motions,
        "proper_motion_applied": catalog.proper_motion_applied,
        "truncated": catalog.truncated,
        "without_motion": catalog.without_motion.value if catalog.without_motion else None,
        "mag_min": catalog.mag_min,
        "mag_max": catalog.mag_max,
        "sources_without_motion": catalog.sources_without_motion,
        "still_epoch": catalog.still_epoch,
        "motion_ra_mas_yr": catalog.motion_ra_mas_yr,
        "motion_dec_mas_yr": catalog.motion_dec_mas_yr,
        "sha256": catalog.sha256,
        "obtained_at": catalog.obtained_at.isoformat(),
        "path": catalog.path,
        "superseded_by": catalog.superseded_by.name if catalog.superseded_by else None,
        "findings": [finding.message for finding in catalog.activity.findings],
    }


def alignment(session: Session, run_id: int) -> list[Row]:
    """Fits of one alignment run, each with the WCS that its product had before.

    Raises
    ------
    NotFoundError
        When there is no such run.
    """
    run = require_run(session, AlignmentRun, run_id)
    archive = aliased(AlignmentSolution)
    # A WCS that skydb fitted, of the file or of a mosaic's members, is not the archive's.
    came_with = and_(archive.version_id == AlignmentSolution.version_id, archive.wcs_key == " ")
    of_others = archive.fit_scope.is_distinct_from("SKYDB")
    found = (
        select(AlignmentSolution, archive, Product.filename)
        .join(Product, Product.id == AlignmentSolution.product_id)
        .outerjoin(archive, and_(came_with, of_others, archive.origin == SolutionOrigin.ARCHIVE))
        .where(
            AlignmentSolution.activity_id == run_id,
            AlignmentSolution.origin == SolutionOrigin.TWEAKREG,
        )
        .order_by(AlignmentSolution.id)
    )
    rows = run.in_order(session.execute(found), lambda row: row[2])
    return [_fit_row(fit, old, name) for fit, old, name in rows]


def _fit_row(fit: AlignmentSolution, old: AlignmentSolution | None, product: str) -> Row:
    placed = fit.activity.parameters.get("catalog", {}).get(product, {})
    agreed = fit.activity.parameters.get("agreement", {}).get(product, {})
    return {
        "run": fit.activity_id,
        "solution": fit.id,
        "product": product,
        "rootname": fit.product.rootname,
        "status": fit.status.value,
        "reason": fit.reason,
        "dx_pix": fit.dx_pix,
        "dy_pix": fit.dy_pix,
        "rotation_deg": fit.rotation_deg,
        "scale": fit.scale,
        "x_rms_pix": fit.x_rms_pix,
        "y_rms_pix": fit.y_rms_pix,
        "nmatches": fit.nmatches,
        "rms_ra_mas": fit.rms_ra_mas,
        "rms_dec_mas": fit.rms_dec_mas,
        "fit_geometry": fit.fit_geometry,
        "refcat": fit.catalog.name if fit.catalog else None,
        "catalogs_tried": fit.activity.parameters.get("catalogs_tried", {}).get(product, []),
        "geometry_why": fit.activity.parameters.get("geometry_why", {}).get(product),
        "group": fit.group_name,
        "error_mas": agreed.get("error_mas"),
        "relative_pairs": agreed.get("pairs"),
        "relative_rms_mas": agreed.get("rms_mas"),
        "relative_east_mas": agreed.get("east_mas"),
        "relative_north_mas": agreed.get("north_mas"),
        "trust": fit.trust,
        "trust_reason": report_of(fit.trust_reasons).weakest,
        "catalog_sources": placed.get("sources"),
        "catalog_sources_on_it": placed.get("sources_on_it"),
        "catalog_covered_share": placed.get("covered_share"),
        "sources_without_motion": placed.get("without_motion"),
        "without_motion": placed.get("treatment"),
        "expected_displacement_mas": placed.get("displacement_mas"),
        "archive_wcs_name": old.wcs_name if old else None,
        "archive_nmatches": old.nmatches if old else None,
        "archive_rms_ra_mas": old.rms_ra_mas if old else None,
        "archive_rms_dec_mas": old.rms_dec_mas if old else None,
    }


def sky_run_row(run: SkyRun) -> Row:
    """One sky run as a row."""
    return {
        "run": run.id,
        "group": run.group_id,
        "engine": run.engine.value,
        "requested_method": run.requested_method.value if run.requested_method else None,
        "effective_method": run.effective_method.value if run.effective_method else None,
        "downgraded": run.downgraded,
        "per_chip": run.is_per_chip,
        "status": run.status.value,
        "error": run.error,
        "seconds": run.seconds,
        "mosaic": run.mosaic.science_path if run.mosaic else None,
        "weight": run.mosaic.weight_path if run.mosaic else None,
        "findings": [finding.sentence for finding in run.findings],
        "values": [_sky_value_row(value) for value in sorted(run.values, key=_chip_of)],
    }


def _sky_value_row(value: SkyValue) -> Row:
    return {
        "rootname": value.exposure.rootname,
        "extver": value.extver,
        "mdrizsky": value.mdrizsky,
        "mdrizsky_sigma": value.mdrizsky_sigma,
        "unit": value.unit.value if value.unit else None,
    }


def _chip_of(value: SkyValue) -> tuple[str, int]:
    return value.exposure.rootname, value.extver


def latest_group(session: Session) -> int:
    """Group of the newest sky run that succeeded, by its time of running.

    Raises
    ------
    NotFoundError
        When there is none.
    """
    newest = (
        select(SkyRun.group_id)
        .where(
            SkyRun.status == ActivityStatus.SUCCEEDED,
            SkyRun.deleted_at.is_(None),
            # A repetition is for comparison and replaces no run.
            SkyRun.replay_of_id.is_(None),
            # A run that is known from a product only has no method.
            SkyRun.effective_method.is_not(None),
        )
        .order_by(SkyRun.started_at.desc().nulls_last(), SkyRun.id.desc())
        .limit(1)
    )
    group = session.scalar(newest)
    if group is None:
        raise NotFoundError("No sky run has succeeded yet.", advice="Start with `skydb sky run`.")
    return group


def comparison(session: Session, group_id: int) -> list[Row]:
    """The tutorial's MDRIZSKY table of one group of runs."""
    statement = text(
        "SELECT * FROM v_sky_comparison WHERE group_id = :group ORDER BY rootname, extver"
    )
    rows = session.execute(statement, {"group": group_id}).mappings()
    return [labelled(row) for row in rows]


def labelled(row: Mapping[Any, Any]) -> Row:
    """A row of a view with its visit as one label, ``bxl50``, as all commands show it."""
    rest = {name: value for name, value in row.items() if name != "visit_label"}
    return {**rest, "visit": f"{row['program']}{row['visit']}"}


def runs_of_group(session: Session, group_id: int) -> list[SkyRun]:
    """The newest good run of each effective method of a group."""
    newest = (
        select(func.max(SkyRun.id))
        .where(
            SkyRun.group_id == group_id,
            SkyRun.status == ActivityStatus.SUCCEEDED,
            SkyRun.deleted_at.is_(None),
            SkyRun.replay_of_id.is_(None),
        )
        .group_by(SkyRun.effective_method)
    )
    ids = list(session.scalars(newest))
    found = select(SkyRun).where(SkyRun.id.in_(ids)).order_by(SkyRun.id)
    return list(session.scalars(found.options(*WITH_ROWS)))


def sky_values(session: Session, run_ids: Sequence[int]) -> list[Row]:
    """Values of some runs, as the view ``v_sky_values`` has them."""
    statement = text(
        "SELECT * FROM v_sky_values WHERE run_id IN :runs ORDER BY rootname, extver, run_id"
    ).bindparams(bindparam("runs", expanding=True))
    found = session.execute(statement, {"runs": list(run_ids)}).mappings()
    return [labelled(row) for row in found]


def accepted(session: Session, run_id: int) -> list[Row]:
    """Exposures that got a fit of an alignment run, with the shift they received."""
    fit = aliased(AlignmentSolution)
    applied = func.coalesce(AlignmentSolution.applied_version_id, AlignmentSolution.version_id)
    found = (
        select(AlignmentSolution, Exposure.rootname, ProductVersion.number)
        .outerjoin(fit, fit.id == AlignmentSolution.source_id)
        .join(ProductVersion, ProductVersion.id == applied)
        .join(Product, Product.id == ProductVersion.product_id)
        .join(Exposure, Exposure.id == Product.exposure_id)
        # Carried from a product, or of the exposure itself.
        .where(or_(fit.activity_id == run_id, AlignmentSolution.activity_id == run_id))
        .where(AlignmentSolution.predicted_shift_mas.is_not(None))
        .order_by(Exposure.rootname)
    )
    return [
        {
            "rootname": rootname,
            "version": number,
            "predicted_shift_mas": solution.predicted_shift_mas,
            "realised_shift_mas": solution.realised_shift_mas,
            "residual_mas": solution.residual_mas,
            "status": solution.status.value,
        }
        for solution, rootname, number in session.execute(found)
    ]
