"""Every list of columns that skydb prints, and rows of ordinary lengths for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from skydb.domain.columns import ColumnKind
from skydb.report import (
    columns,
    columns_books,
    columns_comparison,
    columns_history,
    columns_report,
    columns_runs,
    lineage,
)
from skydb.report.tables import Column

_MODULES = (
    columns, columns_books, columns_comparison, columns_history, columns_report, columns_runs,
    lineage,
)  # fmt: skip

#: Texts as they are in a survey of WFC3 and ACS, by column.
_TEXTS = {
    "rootname": "ibxl50clq", "exposure_a": "ibxl50clq", "exposure_b": "ibxl50cmq",
    "product": "ibxl50clq_flt.fits", "filename": "ibxl50clq_flt.fits",
    "path": "archive/ibxl50/ibxl50clq/ibxl50clq_flt.fits", "visit": "bxl50", "program": "bxl",
    "wcs_name": "IDC_w3m18525i-FIT_REL_GAIAeDR3", "archive_wcs_name": "IDC_w3m18525i-GSC240",
    "hdr_name": "ibxl50clq_flt_IDC_w3m18525i-FIT_REL_GAIAeDR3-hlet.fits",
    "filter": "F814W;CLEAR2L", "detector": "WFC3/UVIS", "method": "globalmin+match",
    "requested_method": "globalmin+match", "effective_method": "globalmin+match",
    "unit": "electron/s", "sky_unit": "electron/s", "bunit": "ELECTRONS/S",
    "status": "succeeded", "run_status": "interrupted", "verdict": "within-tolerance",
    "mosaic": "runs/12/mosaic_globalmin+match_drz.fits", "kind": "alignment",
    "subject": "ibxl50clq_flt.fits", "target": "NGC2024-FIELD-1",
    "refcat": "gaia-dr3-ibxl50", "name": "gaia-dr3-ibxl50", "origin": "tweakback",
    "source_id": "5853498713190525696", "recipe_hash": "0f3a9c0d51b2",
    "replay_recipe_hash": "0f3a9c0d51b2", "environment_fingerprint": "0f3a9c0d51b2",
    "replay_environment_fingerprint": "0f3a9c0d51b2", "sha256": "0f3a" * 16,
    "checksum": "0f3a" * 16, "date_obs": "2013-10-24", "began_on": "2019-04-30",
    "ended_on": "2019-05-30", "asn_id": "IBXL50010", "tool_version": "AstroDrizzle 2.2.6",
    "zero": "run 7", "log": "logs/2014/astrodrizzle.log", "rule": "never-matched",
    "alignment": "solution:31", "flavour": "pipeline", "role": "science", "trust_reason":
    "few sources were matched", "fit_geometry": "rscale", "source": "12345",
    "quantity": "sky", "package": "drizzlepac", "service": "gaia-dr3", "author": "mk",
    "table": "alignment_solutions", "wcs_key": "A", "key": "bxl50", "engine": "astrodrizzle",
    "headerlet": "headerlets/ibxl50clq_hlet.fits", "field": "bxl50-f160w", "use": "yes",
    "what": "mosaic", "project": "CALWF3", "label": "ignore:never-matched", "island": "1",
    "during": "sky-run", "group": "bxl50-f160w", "shows": "residuals of ibxl50clq_flt.fits",
    "value": "0.0642", "usual": "minmed", "alternative": "flt", "date_written": "2019-04-30",
    "wcs_name_a": "IDC_w3m18525i", "worker": "astro7:12345", "agent": "mk", "problem":
    "missing-file", "command": "skydb sky run --visit bxl50",
}  # fmt: skip

#: Numbers, by column; others are of their kind.
_NUMBERS = {
    "run": 1234, "run_a": 1234, "run_b": 1235, "id": 12345, "proposal_id": 13364,
    "expected_rms": 0.00123, "bytes": 168_122_880, "freed_bytes": 168_122_880,
    "residual_mas": 0.0123, "seconds": 123.4, "sources": 12345, "extver": 2, "version": 2,
    "ra_deg": 85.2512345, "dec_deg": -69.4512345, "ra_targ_deg": 85.251234,
    "dec_targ_deg": -69.451234, "mag": 18.25, "epoch": 2016.0, "exptime_s": 1199.2,
    "orientat_deg": -123.456, "scale": 1.00001234, "rows": 92719, "significance": -12.3,
    "localmin": 1.234567, "match": 0.123456, "globalmin_match": 1.123456, "globalmin": 1.012345,
    "value_a": 1.234567, "value_b": 1.234567, "activity": 12345, "max_mas": 1234.567,
    "median_mas": 1234.567, "nmatches": 123, "difference": 0.000123, "value": 0.123456,
}  # fmt: skip

_SENTENCE = "few sources were matched, 4 where 10 are wanted, and the shift is large"


def column_lists() -> Iterator[tuple[str, tuple[Column, ...]]]:
    """Every list of columns of the report, by its name."""
    for module in _MODULES:
        for name, found in vars(module).items():
            if isinstance(found, tuple) and found and isinstance(found[0], Column):
                yield f"{module.__name__.rpartition('.')[2]}.{name}", found
    for name, (_, found) in columns_runs.PARTS.items():
        yield f"columns_runs.{name}", found


def ordinary_row(shown: Sequence[Column]) -> dict[str, object]:
    """A row with a value of ordinary length in every column."""
    return {
        **{column.unit_beside: "electron/s" for column in shown if column.unit_beside},
        **{column.name: _ordinary(column) for column in shown},
    }


def _ordinary(column: Column) -> object:
    name, kind = column.name, column.registered.kind
    is_number = kind in (ColumnKind.NUMBER, ColumnKind.INTEGER) or column.format
    if name in _NUMBERS and is_number:
        return _NUMBERS[name]
    if kind is ColumnKind.TIME:
        return datetime(2026, 1, 31, 12, 0, 1, tzinfo=UTC)
    if kind is ColumnKind.BOOLEAN:
        return True
    if is_number:
        return 12 if kind is ColumnKind.INTEGER else 0.1234
    return _TEXTS.get(name, _SENTENCE if column.wraps else "ordinary")
