"""Columns of each table for display, and their format; programs get all columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from skydb.domain.vocabulary import COMPUTED_METHODS
from skydb.report.tables import Column, Tone

INGEST = (
    Column("path", wraps=True),
    Column("rootname", spare=2),
    Column.status(),
    Column("version", spare=1),
    Column("reason", wraps=True),
)
HEADERS = (
    Column("rootname"),
    Column("kind"),
    Column("asn_id", spare=1),
    Column("detector"),
    Column("filter"),
    Column("exptime_s"),
    Column("date_obs"),
    Column("bunit", spare=2),
)
#: The same exposures, and where they point: one table would be too wide.
POINTINGS = (
    Column("rootname"),
    Column("target", "TARGNAME", spare=1),
    Column("ra_targ_deg"),
    Column("dec_targ_deg"),
    Column("postarg1_arcsec", spare=2),
    Column("postarg2_arcsec", spare=2),
    Column("orientat_deg"),
)
WCS = (
    Column("filename"),
    Column("wcs_name"),
    Column("origin", spare=1),
    Column("nmatches"),
    Column("rms_ra_mas"),
    Column("rms_dec_mas"),
    Column("rms_ra_pix", spare=2),
    Column("rms_dec_pix", spare=2),
)
CATALOGS = (
    Column("name"),
    Column("service", spare=1),
    Column("sources"),
    Column("epoch"),
    Column("has_proper_motions", spare=2),
    Column("sources_without_motion", spare=3),
    Column("proper_motion_applied", spare=4),
    Column.alarm("truncated"),
    Column("sha256", wraps=True, spare=5),
)
SOURCES = (
    Column("source"),
    Column("source_id", spare=1),
    Column("ra_deg"),
    Column("dec_deg"),
    Column("mag"),
    Column("pm_ra_mas_yr", spare=2),
    Column("pm_dec_mas_yr", spare=2),
    Column("epoch", spare=3),
    Column("motion_applied", spare=4),
    Column("use"),
)
FITS = (
    Column("product"),
    Column.status(),
    Column("dx_pix", spare=3),
    Column("dy_pix", spare=3),
    Column("rotation_deg", spare=5),
    Column("scale", spare=6),
    Column("x_rms_pix", spare=7),
    Column("y_rms_pix", spare=7),
    Column("nmatches", spare=1),
    Column("rms_ra_mas", spare=2),
    Column("rms_dec_mas", spare=2),
    Column("fit_geometry", spare=4),
    Column("trust"),
    Column("why", wraps=True),
)
#: The same fits, beside the WCS that each product came with: one table would be too wide.
FITS_BESIDE = (
    Column("product"),
    Column("archive_wcs_name", spare=1),
    Column("archive_nmatches", spare=2),
    Column("archive_rms_ra_mas"),
    Column("archive_rms_dec_mas"),
    Column("rms_ra_mas"),
    Column("rms_dec_mas"),
)
#: Columns of fits of groups: the agreement of each exposure with the others.
FITS_OF_GROUPS = (
    Column("group", spare=3),
    Column("product"),
    Column("relative_pairs", spare=1),
    Column("relative_rms_mas"),
    Column("relative_east_mas"),
    Column("relative_north_mas"),
    Column("error_mas", spare=2),
    Column("trust_reason", wraps=True),
)
ACCEPTED = (
    Column("rootname"),
    Column("version"),
    Column("predicted_shift_mas"),
    Column("realised_shift_mas"),
    Column("residual_mas"),
    Column.status(),
)
HISTORY = (
    Column("id"),
    Column("product"),
    Column("version", spare=2),
    Column("wcs_key", spare=8),
    Column("wcs_name"),
    Column("origin", spare=1),
    Column.status(),
    Column("refcat", spare=5),
    Column("nmatches", spare=3),
    Column("rms_ra_mas", spare=4),
    Column("applied_at", spare=6),
    Column("superseded_by", spare=7),
)
WCS_DIFF = (
    Column("median_mas"),
    Column("max_mas"),
    Column("east_mas"),
    Column("north_mas"),
    Column("rotation_deg"),
    Column("scale", spare=1),
    Column("cause", wraps=True),
)
RESTORED = (
    Column("product"),
    Column("version", spare=2),
    Column("wcs_name", spare=1),
    Column("shift_mas"),
    Column("residual_mas"),
    Column.status(),
)
HEADERLET = (
    Column("headerlet", wraps=True),
    Column("rootname"),
    Column("wcs_name", spare=1),
    Column("hdr_name", wraps=True, spare=2),
    Column("residual_mas"),
)
SKY_RUNS = (
    Column("run"),
    Column("requested_method"),
    Column("effective_method"),
    Column.alarm("downgraded"),
    Column.status(),
    Column("seconds", spare=2),
    Column("reused", spare=1),
    Column("mosaic", wraps=True, spare=3),
)
#: Runs of several fields, each with the selection of its own.
SKY_RUNS_OF_FIELDS = (SKY_RUNS[0], Column("field", wraps=True), *SKY_RUNS[1:])
VISIT_DRIZZLES = (
    Column("visit", spare=4),
    Column("filter", spare=1),
    Column("product"),
    Column("version", spare=3),
    Column("run"),
    Column("method"),
    Column.status(),
    Column("seconds", spare=6),
    Column("reused", spare=5),
    Column("path", wraps=True, spare=2),
)
ADVICE = (
    Column("method"),
    Column("chosen"),
    Column("residual_rms", spare=1),
    Column("expected_rms", spare=2),
    Column("distance"),
    Column("sigma"),
    Column("unit"),
    Column("reason", wraps=True),
)
AUDIT = (
    Column("exposure_a"),
    Column("exposure_b"),
    Column("area_arcsec2", spare=1),
    Column("before"),
    Column("after"),
    Column("sigma"),
    Column("unit"),
    Column("island", spare=2),
)
AUDIT_CHIPS = (
    Column("exposure_a"),
    Column("chip_a"),
    Column("exposure_b"),
    Column("chip_b"),
    Column("area_arcsec2", spare=2),
    Column("before"),
    Column("after"),
    Column("sigma"),
    Column("unit"),
    Column("island", spare=1),
)
AUDIT_RANKING = (
    Column("run"),
    Column("engine", spare=2),
    Column("method"),
    Column.alarm("downgraded"),
    Column("rms"),
    Column("worst"),
    Column("pairs", spare=1),
    Column("unit"),
)
COMPARISON = (
    Column("rootname"),
    Column("extver"),
    Column("localmin"),
    Column("match"),
    Column("globalmin_match"),
    Column("globalmin"),
    Column("unit"),
)
COMPARISON_SIGMA = (
    Column("rootname"),
    Column("extver"),
    Column("localmin"),
    Column("localmin_sigma"),
    Column("match"),
    Column("match_sigma"),
    Column("globalmin_match"),
    Column("globalmin_match_sigma"),
    Column("globalmin"),
    Column("globalmin_sigma"),
    Column("unit"),
)
FINDINGS = (
    Column("activity"),
    Column("during"),
    Column("kind"),
    Column("subject", wraps=True),
    Column("message", wraps=True),
)
TRUTH = (
    Column("rootname"),
    Column("visit"),
    Column("sky"),
    Column("sky_unit"),
    Column("pointing_error_arcsec"),
    Column("roll_error_deg"),
    Column("path", wraps=True),
)
TRUTH_AUDIT = (
    Column("rootname"),
    Column("extver"),
    Column("sky_error"),
    Column("unit"),
    Column("cr_masked_pix"),
    Column("hit"),
    Column("found"),
    Column("completeness"),
    Column("completeness_on_sky"),
    Column("false_alarm_rate"),
)
MEASURED = (
    Column("what"),
    Column("measured"),
    Column("bar"),
    Column("unit"),
    Column("passed", false_tone=Tone.BAD),
)
PLANNED = (
    Column("filename", wraps=True),
    Column("kind", spare=2),
    Column("project", spare=1),
    Column("bytes"),
    Column.status(),
    Column("reason", wraps=True),
)
FETCHED = (
    Column("filename", wraps=True),
    Column.status(),
    Column("bytes"),
    Column("attempts", spare=3),
    Column("version", spare=2),
    Column("path", wraps=True, spare=1),
    Column("remark", wraps=True),
)
CHECKS = (
    Column("check", wraps=True),
    Column.status("verdict"),
    Column("detail", wraps=True),
)
HEADER_CHANGES = (
    Column("activity"),
    Column("filename"),
    Column("version_before"),
    Column("version_after"),
    Column("path", wraps=True),
)
SKY_CARDS = (
    Column("rootname"),
    Column("extver"),
    Column("mdrizsky"),
    Column("unit"),
    Column("status"),
    Column("path", wraps=True),
)
FOUND = (
    Column("rootname"),
    Column("product"),
    Column("extver"),
    Column("separation_deg"),
    Column("contains", spare=2),
    Column("detector", spare=3),
    Column("filter"),
    Column("proposal_id", spare=4),
    Column("wcs_name", spare=1),
)
COPIES = (
    Column("table"),
    Column("rows"),
    Column("checksum", wraps=True, spare=1),
    Column("verified"),
)
PRESETS = (
    Column("name"),
    Column("source", wraps=True),
    Column("options"),
    Column("author", spare=2),
    Column("made_at", spare=1),
)
PRESET_OPTIONS = (
    Column("name"),
    Column("value", format="", wraps=True),
    Column("tool", spare=1),
    Column("source", wraps=True),
)
#: Inputs that a run would use, of which one was chosen for every exposure.
CHOSEN_INPUTS = (
    Column("rootname"),
    Column("flavour"),
    Column("kind"),
    Column("version"),
    Column("wcs_name", spare=3),
    Column("alignment", spare=1),
    Column("reason", wraps=True),
    Column("flags", spare=2),
)
#: Inputs of which none was chosen.
INPUTS_THERE_ARE = (
    Column("rootname"),
    Column("flavour"),
    Column("kind"),
    Column("version"),
    Column("wcs_name", spare=1),
    Column("alignment"),
    Column("date_written", spare=2),
)
PICTURES = (Column("path", wraps=True), Column("shows", wraps=True))


def of_methods_that_ran(
    shown: tuple[Column, ...], rows: Sequence[Mapping[str, object]]
) -> tuple[Column, ...]:
    """Columns of a comparison for the methods that have a value, and for skies that a user gave.

    Parameters
    ----------
    shown : tuple of Column
        Those of all methods; the last one is the unit.
    rows : sequence of mapping
        The comparison.
    """
    names = {name for row in rows for name in row}
    given = [name for name in ("user", "none") if name in names]
    empty = {
        method.column
        for method in COMPUTED_METHODS
        if all(row.get(method.column) is None for row in rows)
    }
    ran = [one for one in shown[:-1] if one.name.removesuffix("_sigma") not in empty]
    return (*(ran if rows else shown[:-1]), *map(Column, given), shown[-1])


def with_reasons(fits: Iterable[Mapping[str, object]]) -> list[dict[str, object]]:
    """Rows of fits for :data:`FITS`: each with the reason for no fit, or for its trust."""
    return [{**row, "why": row["reason"] or row["trust_reason"]} for row in fits]
