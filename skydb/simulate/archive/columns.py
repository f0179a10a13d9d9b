"""Columns of MAST's answers (CAOM field descriptions), with the types that MAST names."""

from __future__ import annotations

from typing import Any

#: A column: name and type.
Columns = tuple[tuple[str, str], ...]

OBSERVATION_COLUMNS: Columns = (
    ("intentType", "string"),
    ("obs_collection", "string"),
    ("provenance_name", "string"),
    ("instrument_name", "string"),
    ("project", "string"),
    ("filters", "string"),
    ("wavelength_region", "string"),
    ("target_name", "string"),
    ("target_classification", "string"),
    ("obs_id", "string"),
    ("s_ra", "float"),
    ("s_dec", "float"),
    ("proposal_id", "string"),
    ("proposal_pi", "string"),
    ("obs_title", "string"),
    ("dataproduct_type", "string"),
    ("calib_level", "int"),
    ("t_min", "float"),
    ("t_max", "float"),
    ("t_exptime", "float"),
    ("em_min", "float"),
    ("em_max", "float"),
    ("t_obs_release", "float"),
    ("proposal_type", "string"),
    ("sequence_number", "int"),
    ("s_region", "string"),
    ("jpegURL", "string"),
    ("dataURL", "string"),
    ("dataRights", "string"),
    ("mtFlag", "boolean"),
    ("srcDen", "float"),
    ("obsid", "string"),
    ("objID", "string"),
)

PRODUCT_COLUMNS: Columns = (
    ("obsID", "string"),
    ("obs_collection", "string"),
    ("dataproduct_type", "string"),
    ("obs_id", "string"),
    ("description", "string"),
    ("type", "string"),
    ("dataURI", "string"),
    ("productType", "string"),
    ("productGroupDescription", "string"),
    ("productSubGroupDescription", "string"),
    ("productDocumentationURL", "string"),
    ("project", "string"),
    ("prvversion", "string"),
    ("proposal_id", "string"),
    ("productFilename", "string"),
    ("size", "int"),
    ("parent_obsid", "string"),
    ("dataRights", "string"),
    ("calib_level", "int"),
    ("filters", "string"),
)

#: The one column of an answer to ``COUNT_BIG(*)``.
COUNT_COLUMNS: Columns = (("Column1", "int"),)

#: Columns that hold several values in one text.
SEPARATORS = {"filters": ";"}


def column_config(columns: Columns) -> dict[str, Any]:
    """Make the answer of ``columnsconfig``: the searches that each column allows."""
    return {name: _entry(name, kind) for name, kind in columns}


def _entry(name: str, kind: str) -> dict[str, Any]:
    vot = {"string": "char", "float": "double", "int": "int", "boolean": "boolean"}[kind]
    entry = {"text": name, "type": kind, "vot.datatype": vot}
    return {**entry, "separator": SEPARATORS[name]} if name in SEPARATORS else entry
