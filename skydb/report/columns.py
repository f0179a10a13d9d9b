"""Columns of each table for display, and their format; programs get all columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from skydb.report.tables import Column, Tone

INGEST = (
    Column("path", wraps=True),
    Column("rootname"),
    Column.status(),
    Column("version"),
    Column("reason", wraps=True),
)
HEADERS = (
    Column("rootname"),
    Column("kind"),
    Column("asn_id", "association", spare=1),
    Column("detector"),
    Column("filter"),
    Column("exptime_s", "exposure", "s", ".1f"),
    Column("date_obs", "date"),
    Column("bunit", "BUNIT", spare=2),
)
#: The same exposures, and where they point: one table would be too wide.
POINTINGS = (
    Column("rootname"),
    Column("target", "TARGNAME"),
    Column("ra_targ_deg", "RA_TARG", "deg", ".6f"),
    Column("dec_targ_deg", "DEC_TARG", "deg", ".6f"),
    Column("postarg1_arcsec", "POSTARG1", "arcsec", ".2f"),
    Column("postarg2_arcsec", "POSTARG2", "arcsec", ".2f"),
    Column("orientat_deg", "ORIENTAT", "deg", ".3f"),
)
WCS = (
    Column("filename"),
    Column("wcs_name", "WCSNAME"),
    Column("origin", spare=1),
    Column("nmatches", "matches"),
    Column("rms_ra_mas", "RMS RA", "mas", ".1f"),
    Column("rms_dec_mas", "RMS Dec", "mas", ".1f"),
    Column("rms_ra_pix", "RMS RA", "pix", ".3f", spare=2),
    Column("rms_dec_pix", "RMS Dec", "pix", ".3f", spare=2),
)
CATALOGS = (
    Column("name"),
    Column("service", spare=1),
    Column("sources"),
    Column("epoch", format=".3f"),
    Column("has_proper_motions", "proper motions", spare=2),
    Column("sources_without_motion", "without", spare=3),
    Column("proper_motion_applied", "applied by service", spare=4),
    Column.alarm("truncated"),
    Column("sha256", "SHA-256", wraps=True, spare=5),
)
SOURCES = (
    Column("source"),
    Column("source_id", "name"),
    Column("ra_deg", "RA", "deg", ".7f"),
    Column("dec_deg", "Dec", "deg", ".7f"),
    Column("mag", format=".2f"),
    Column("pm_ra_mas_yr", "motion RA", "mas/yr", ".2f"),
    Column("pm_dec_mas_yr", "motion Dec", "mas/yr", ".2f"),
    Column("epoch", format=".3f"),
    Column("motion_applied", "moved"),
    Column("use"),
)
FITS = (
    Column("product"),
    Column.status(),
    Column("dx_pix", "dx", "pix", ".3f"),
    Column("dy_pix", "dy", "pix", ".3f"),
    Column("rotation_deg", "rotation", "deg", ".4f", spare=4),
    Column("scale", format=".6f", spare=5),
    Column("x_rms_pix", "RMS x", "pix", ".3f", spare=3),
    Column("y_rms_pix", "RMS y", "pix", ".3f", spare=3),
    Column("nmatches", "matches"),
    Column("rms_ra_mas", "RMS RA", "mas", ".1f", spare=1),
    Column("rms_dec_mas", "RMS Dec", "mas", ".1f", spare=1),
    Column("fit_geometry", "geometry", spare=2),
    Column("trust", format=".2f"),
    Column("why", "weakest check, or why there is no fit", wraps=True),
)
#: The same fits, beside the WCS that each product came with: one table would be too wide.
FITS_BESIDE = (
    Column("product"),
    Column("archive_wcs_name", "archive's WCSNAME"),
    Column("archive_nmatches", "its matches"),
    Column("archive_rms_ra_mas", "its RMS RA", "mas", ".1f"),
    Column("archive_rms_dec_mas", "its RMS Dec", "mas", ".1f"),
    Column("rms_ra_mas", "RMS RA", "mas", ".1f"),
    Column("rms_dec_mas", "RMS Dec", "mas", ".1f"),
)
#: Columns of fits of groups: the agreement of each exposure with the others.
FITS_OF_GROUPS = (
    Column("group"),
    Column("product"),
    Column("relative_pairs", "stars shared"),
    Column("relative_rms_mas", "their RMS", "mas", ".1f"),
    Column("relative_east_mas", "moved east", "mas", ".1f"),
    Column("relative_north_mas", "moved north", "mas", ".1f"),
    Column("error_mas", "error of the fit", "mas", ".2f"),
    Column("trust_reason", "weakest check", wraps=True),
)
ACCEPTED = (
    Column("rootname"),
    Column("version"),
    Column("predicted_shift_mas", "predicted", "mas", ".2f"),
    Column("realised_shift_mas", "realised", "mas", ".2f"),
    Column("residual_mas", "residual", "mas", ".3f"),
    Column.status(),
)
HISTORY = (
    Column("id"),
    Column("product"),
    Column("version", spare=2),
    Column("wcs_key", "key", spare=8),
    Column("wcs_name", "WCSNAME"),
    Column("origin", spare=1),
    Column.status(),
    Column("refcat", "catalogue", spare=5),
    Column("nmatches", "matches", spare=3),
    Column("rms_ra_mas", "RMS RA", "mas", ".1f", spare=4),
    Column.time("applied_at", "applied", spare=6),
    Column("superseded_by", "superseded by", spare=7),
)
WCS_DIFF = (
    Column("median_mas", "median", "mas", ".3f"),
    Column("max_mas", "largest", "mas", ".3f"),
    Column("east_mas", "east", "mas", ".3f"),
    Column("north_mas", "north", "mas", ".3f"),
    Column("rotation_deg", "rotation", "deg", ".6f"),
    Column("scale", format=".8f"),
    Column("cause", wraps=True),
)
RESTORED = (
    Column("product"),
    Column("version"),
    Column("wcs_name", "WCSNAME"),
    Column("shift_mas", "shift", "mas", ".2f"),
    Column("residual_mas", "residual", "mas", ".5f"),
    Column.status(),
)
HEADERLET = (
    Column("headerlet", wraps=True),
    Column("rootname"),
    Column("wcs_name", "WCSNAME"),
    Column("hdr_name", "HDRNAME", wraps=True),
    Column("residual_mas", "residual", "mas", ".2g"),
)
SKY_RUNS = (
    Column("run"),
    Column("requested_method", "requested"),
    Column("effective_method", "effective"),
    Column.alarm("downgraded"),
    Column.status(),
    Column("seconds", format=".1f"),
    Column("reused"),
    Column("mosaic", wraps=True),
)
VISIT_DRIZZLES = (
    Column("visit"),
    Column("filter"),
    Column("product"),
    Column("version"),
    Column("run"),
    Column("method"),
    Column.status(),
    Column("seconds", format=".1f"),
    Column("reused"),
    Column("path", wraps=True),
)
ADVICE = (
    Column("method"),
    Column("chosen"),
    Column("residual_rms", "residual", format=".3g"),
    Column("expected_rms", "expected", format=".3g"),
    Column("error", "distance", format=".3g"),
    Column("sigma", format=".2g"),
    Column("unit"),
    Column("reason", wraps=True),
)
AUDIT = (
    Column("exposure_a", "exposure a"),
    Column("exposure_b", "exposure b"),
    Column("area_arcsec2", "area", "arcsec²", ".1f"),
    Column("before", format=".5f"),
    Column("after", format=".5f"),
    Column("sigma", format=".5f"),
    Column("unit"),
    Column("island"),
)
AUDIT_CHIPS = (
    AUDIT[0],
    Column("chip_a", "chip a"),
    AUDIT[1],
    Column("chip_b", "chip b"),
    *AUDIT[2:],
)
AUDIT_RANKING = (
    Column("run"),
    Column("engine"),
    Column("method"),
    Column.alarm("downgraded"),
    Column("rms", format=".5f"),
    Column("worst", format=".5f"),
    Column("pairs"),
    Column("unit"),
)
COMPARISON = (
    Column("rootname"),
    Column("extver"),
    Column("localmin", format=".6f"),
    Column("match", format=".6f"),
    Column("globalmin_match", "globalmin+match", format=".6f"),
    Column("globalmin", format=".6f"),
    Column("unit"),
)
COMPARISON_SIGMA = (
    Column("rootname"),
    Column("extver"),
    Column("localmin", format=".6f"),
    Column("localmin_sigma", "sigma", format=".2g"),
    Column("match", format=".6f"),
    Column("match_sigma", "sigma", format=".2g"),
    Column("globalmin_match", "globalmin+match", format=".6f"),
    Column("globalmin_match_sigma", "sigma", format=".2g"),
    Column("globalmin", format=".6f"),
    Column("globalmin_sigma", "sigma", format=".2g"),
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
    Column("sky", format=".4f"),
    Column("sky_unit", "unit"),
    Column("pointing_error_arcsec", "pointing error", "arcsec", ".3f"),
    Column("roll_error_deg", "roll error", "deg", ".4f"),
    Column("path", wraps=True),
)
TRUTH_AUDIT = (
    Column("rootname"),
    Column("extver"),
    Column("sky_error", "sky error", format="+.5f"),
    Column("unit"),
    Column("cr_masked_pix", "masked"),
    Column("hit"),
    Column("found"),
    Column("completeness", format=".3f"),
    Column("completeness_on_sky", "away from stars", format=".3f"),
    Column("false_alarm_rate", "false alarms", format=".5f"),
)
MEASURED = (
    Column("what"),
    Column("measured", format=".3g"),
    Column("bar", format=".3g"),
    Column("unit"),
    Column("passed", false_tone=Tone.BAD),
)
PLANNED = (
    Column("filename", wraps=True),
    Column("kind"),
    Column("project"),
    Column("bytes"),
    Column.status(),
    Column("reason", wraps=True),
)
FETCHED = (
    Column("filename", wraps=True),
    Column.status(),
    Column("bytes"),
    Column("attempts"),
    Column("version"),
    Column("path", wraps=True),
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
    Column("version_before", "version before"),
    Column("version_after", "version after"),
    Column("path", wraps=True),
)
SKY_CARDS = (
    Column("rootname"),
    Column("extver"),
    Column("mdrizsky", "MDRIZSKY", "", ".6f"),
    Column("unit"),
    Column("status"),
    Column("path", wraps=True),
)
FOUND = (
    Column("rootname"),
    Column("product"),
    Column("extver"),
    Column("separation_deg", "separation", "deg", ".5f"),
    Column("contains", "holds all", spare=2),
    Column("detector", spare=3),
    Column("filter"),
    Column("proposal_id", "proposal", spare=4),
    Column("wcs_name", "WCSNAME", spare=1),
)
COPIES = (
    Column("table"),
    Column("rows"),
    Column("checksum", wraps=True),
    Column("verified"),
)


def with_given_skies(
    shown: tuple[Column, ...], rows: Iterable[Mapping[str, object]]
) -> tuple[Column, ...]:
    """Columns of a comparison, and those of skies that a user gave where there are any.

    Parameters
    ----------
    shown : tuple of Column
        The last one is the unit.
    rows : iterable of mapping
        The comparison.
    """
    there = {name for row in rows for name in row}
    given = [name for name in ("user", "none") if name in there]
    return (*shown[:-1], *(Column(name, format=".6f") for name in given), shown[-1])
