"""The makers of a file."""

from __future__ import annotations

from enum import StrEnum


class Flavour(StrEnum):
    """Maker of a file: files of one exposure in several flavours have different WCS by design."""

    PIPELINE = "pipeline"
    """The archive's calibration (CALWF3, CALACS, ...) and its AstroDrizzle."""
    SVM = "svm"
    """HAP, single visit: ``hst_12812_50_...``."""
    MVM = "mvm"
    """HAP, several visits on a sky cell: ``hst_skycell-...``."""
    SKYDB = "skydb"
    """An acceptance or restoration of skydb."""
    USER = "user"
    """Anything else, recognised by keywords that its header lacks."""
