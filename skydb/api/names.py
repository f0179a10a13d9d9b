"""Names of the columns of results, where there is no row to have them from.

A test compares them with the rows of a ledger that has some.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass

HEADERS = (
    *("rootname", "filename", "kind", "proposal_id", "visit", "asn_id", "instrument", "detector"),
    *("filter", "exptime_s", "date_obs", "expstart_mjd", "postarg1_arcsec", "postarg2_arcsec"),
    *("target", "ra_targ_deg", "dec_targ_deg", "quality", "expflag", "fgslock", "guideact"),
    *("mtflag", "scan_typ", "ngoodpix", "gain", "bunit", "orientat_deg"),
)
WCS = (
    *("filename", "version", "rootname", "kind", "wcs_name", "wcs_type", "origin", "status"),
    *("nmatches", "rms_ra_mas", "rms_dec_mas", "instrument", "detector"),
    *("rms_ra_pix", "rms_dec_pix"),
)
CATALOGS = (
    *("name", "service", "sources", "epoch", "epoch_asked", "has_proper_motions"),
    *("proper_motion_applied", "truncated", "without_motion", "mag_min", "mag_max"),
    *("sources_without_motion", "still_epoch", "motion_ra_mas_yr", "motion_dec_mas_yr"),
    *("sha256", "obtained_at", "path", "superseded_by", "findings", "stored_path"),
)
SOURCES = (
    *("source", "source_id", "ra_deg", "dec_deg", "mag", "pm_ra_mas_yr", "pm_dec_mas_yr"),
    *("epoch", "motion_applied", "use"),
)
DUE = (
    *("rule", "subject", "reason", "since", "command", "exposure", "visit", "rootname"),
    *("product", "target", "detector", "filter", "method", "refcat", "observation", "run"),
    *("proposal_id", "count"),
)
_COUNTS = (
    *("downloaded", "aligned", "matched", "flags", "flagged", "downgraded", "stale", "logged"),
    "last_activity_at",
)
#: Of the states of exposures, by the word that they are counted by.
STATUS = {
    "visit": ("visit", "proposal_id", "target_name", "exposures", *_COUNTS, "program"),
    "program": ("program", "proposal_id", "visits", "exposures", *_COUNTS),
}
ENTRIES = (
    *("visit", "id", "kind", "label", "subject", "author", "reason", "made_at"),
    *("withdrawn_at", "withdrawn_by", "withdrawn_why", "rootname", "product", "run_id"),
    *("solution_id", "proposal_id", "product_id"),
)
DELIVERIES = ("name", "began_on", "ended_on", "what", "author")
FINDINGS = ("run_id", "activity", "during", "kind", "subject", "message", "noticed_at")


def names_of(kind: type) -> tuple[str, ...]:
    """Names of the fields of a dataclass."""
    assert is_dataclass(kind)
    return tuple(field.name for field in fields(kind))
