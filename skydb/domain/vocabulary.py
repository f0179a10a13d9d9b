"""The closed vocabularies of skydb: a state is never a bare string.

Values are what the database stores and what JSON shows, so they are only ever
added to.
"""

from __future__ import annotations

from enum import StrEnum

from skydb.domain.activitystatus import ActivityStatus as ActivityStatus
from skydb.domain.findings import FindingKind as FindingKind
from skydb.domain.flavour import Flavour as Flavour
from skydb.domain.growing import GrowingVocabulary as GrowingVocabulary


class SkyMethod(StrEnum):
    """Source of the sky of a run.

    The first four are AstroDrizzle's ``skymethod`` (DrizzlePac Handbook, sky subtraction) and
    can be asked for; the others are what a run is found to be of by its options.
    """

    LOCALMIN = "localmin"
    """Each exposure its own lowest chip level."""
    MATCH = "match"
    """Levels equalised in the overlaps, relative to one image."""
    GLOBALMIN_MATCH = "globalmin+match"
    """``match`` plus the lowest level of all."""
    GLOBALMIN = "globalmin"
    """The lowest level of all, for every exposure."""
    USER = "user"
    """Values of a header keyword or of a file."""
    NONE = "none"
    """No sky is subtracted."""

    @property
    def is_computed(self) -> bool:
        """Whether the values are computed from the pixels."""
        return self not in (SkyMethod.USER, SkyMethod.NONE)

    @property
    def column(self) -> str:
        """Name of this method as a table column: ``globalmin_match`` for ``globalmin+match``."""
        return self.value.replace("+", "_")

    @property
    def is_relative(self) -> bool:
        """Whether values are offsets from one image instead of levels."""
        return self is SkyMethod.MATCH

    @property
    def needs_overlap(self) -> bool:
        """Whether exposures that overlap nothing get no value of their own."""
        return "match" in self.value


#: The methods that can be asked for, each a column where methods are compared.
COMPUTED_METHODS = tuple(method for method in SkyMethod if method.is_computed)


class SkyStat(StrEnum):
    """AstroDrizzle's ``skystat``: what a sky level is of its clipped pixels."""

    MEDIAN = "median"
    MEAN = "mean"
    MODE = "mode"


class KnownFrom(GrowingVocabulary):
    """Source from which the ledger knows an exposure."""

    HEADER = "header"
    """A file of it was read."""
    LOG = "log"
    """Only the log of a run names it, so that most facts are missing."""


class Engine(GrowingVocabulary):
    """Program that computed a sky run."""

    ASTRODRIZZLE = "astrodrizzle"
    SKYDB = "skydb"


class ProductKind(GrowingVocabulary):
    """Kind of a file, by the suffix of its name (HST data handbooks)."""

    FLT = "flt"
    """Calibrated exposure."""
    FLC = "flc"
    """Calibrated exposure, corrected for charge-transfer efficiency."""
    CRJ = "crj"
    """Cosmic-ray rejected combination of one pointing."""
    CRC = "crc"
    """Cosmic-ray rejected combination of FLCs."""
    DRZ = "drz"
    """Drizzled combination of FLTs."""
    DRC = "drc"
    """Drizzled combination of FLCs."""
    C0M = "c0m"
    """Calibrated WFPC2 exposure."""
    CAL = "cal"
    """Calibrated NICMOS exposure."""
    MOS = "mos"
    """Combined NICMOS image of an association."""
    SX2 = "sx2"
    """Rectified STIS image."""
    HLET = "hlet"
    """Headerlet: a WCS without pixels."""

    @property
    def is_drizzled(self) -> bool:
        """Whether the product combines exposures on a rectified grid."""
        return self in (ProductKind.DRZ, ProductKind.DRC)

    @property
    def is_combined(self) -> bool:
        """Whether the product is made of several exposures and so is none itself."""
        return self.is_drizzled or self in (ProductKind.CRJ, ProductKind.CRC, ProductKind.MOS)


class SkyUnit(GrowingVocabulary):
    """Unit of an image (BUNIT) and so of its MDRIZSKY."""

    ELECTRON_PER_S = "electron/s"
    ELECTRON = "electron"
    COUNT_PER_S = "count/s"
    COUNT = "count"


class WcsKind(GrowingVocabulary):
    """Meaning of a WCSNAME (DrizzlePac Handbook, section 4.5)."""

    PIPELINE = "pipeline"
    """OPUS: telescope pointing, no distortion."""
    DISTORTION = "distortion"
    """``IDC_xxx``: telescope pointing with distortion, not aligned."""
    A_PRIORI = "a-priori"
    """``IDC_xxx-GSC240``, ``-HSC30``: guide-star coordinates corrected."""
    FIT = "fit"
    """``IDC_xxx-FIT_...``: measured against a catalogue."""
    USER = "user"
    """Any other name, such as TWEAK."""


class SolutionOrigin(GrowingVocabulary):
    """Source of an AlignmentSolution."""

    ARCHIVE = "archive"
    """Read from the header of a file as it came."""
    TWEAKREG = "tweakreg"
    """Fitted by TweakReg to a reference catalogue."""
    TWEAKBACK = "tweakback"
    """A drizzled product's fit carried to one of its exposures."""
    RESTORED = "restored"
    """An earlier solution written again."""
    HEADERLET = "headerlet"
    """Read from a headerlet: a file of its own, or a HDRLET extension."""


class TrustComponent(GrowingVocabulary):
    """A check of a fit (``docs/trust.md``)."""

    MATCHES = "matches"
    """Matched sources against the degrees of freedom of the geometry."""
    RMS = "rms"
    """Scatter of the residuals against the centroid error."""
    JACKKNIFE = "jackknife"
    """How far the shift moves when one match is left out."""
    CLIPPED = "clipped"
    """Share of the matches that had to be left out of the fit."""
    CROSS_MATCH = "cross-match"
    """Sources that skydb itself finds, against the catalogue."""
    NEIGHBOURS = "neighbours"
    """Sources that two products of one run have in common."""
    ARCHIVE = "archive"
    """The archive's own fit to Gaia, when it is a good one."""
    MOTION = "motion"
    """How far sources without a proper motion may be from their places."""


class DiffCause(StrEnum):
    """Possible cause of a difference of two solutions of one image."""

    IDCTAB = "IDCTAB"
    """Another distortion model."""
    CATALOGUE = "catalogue"
    """Another reference catalogue, or none."""
    EPOCH = "epoch"
    """Positions of the catalogue at another epoch."""
    SOFTWARE = "software"
    """Another calibration pipeline or tool, or another version of it."""
    INPUT = "input content"
    """Another file version."""
    PARAMETERS = "parameters"
    """Other parameters of the fit."""


class SkyDiffCause(StrEnum):
    """Possible cause of a difference of two sky values of one chip."""

    CAL_VER = "CAL_VER"
    """Another calibration pipeline made the exposure."""
    IDCTAB = "IDCTAB"
    """Another distortion model."""
    WCS = "WCS"
    """The exposure points elsewhere."""
    INPUT = "input content"
    """Another file version."""
    ALIGNMENT = "alignment"
    """What was aligned before, in the directory of a run's log, came out otherwise."""
    SOFTWARE = "software"
    """Another version of the tool, or of a package that it uses."""
    PARAMETERS = "parameters"
    """Other parameters of the sky."""
    EXPOSURES = "other exposures"
    """The runs were of different sets of exposures."""
    NEIGHBOURS = "content of other exposures"
    """Another file version of exposures that it was measured with."""
    ENGINE = "engine"
    """AstroDrizzle, or skydb itself."""
    DOWNGRADED = "downgraded"
    """Another method than the one asked for really ran."""
    UNIT = "unit"
    """The values are in different units."""


class SolutionStatus(StrEnum):
    """Life of an AlignmentSolution; supersession is a link, not a state."""

    RECORDED = "recorded"
    """Found in a header."""
    PROPOSED = "proposed"
    """Fitted and waiting for review."""
    APPLIED = "applied"
    """Accepted, written to a new version and verified."""
    REJECTED = "rejected"
    """Reviewed and refused."""
    FAILED = "failed"
    """No usable fit, or what was applied is not what was predicted."""


class ActivityKind(GrowingVocabulary):
    """Discriminator of Activity."""

    INGEST = "ingest"
    SIMULATE = "simulate"
    DOWNLOAD = "download"
    CATALOG = "catalog"
    ALIGNMENT = "alignment"
    ACCEPTANCE = "acceptance"
    SKY_RUN = "sky-run"
    SELF_TEST = "self-test"
    IMPORT = "import"
    OVERLAP = "overlap"
    RESTORATION = "restoration"
    HEADER_WRITE = "header-write"
    HEADER_RESTORE = "header-restore"
    REPAIR = "repair"
    DRIZZLE = "drizzle"


class AlignmentRoad(StrEnum):
    """Kind of fit of an alignment run."""

    DRIZZLED = "drizzled"
    """Drizzled products; an acceptance carries the fit to their members."""
    EXPOSURES = "exposures"
    """Single exposures, each by itself."""
    GROUP = "group"
    """Exposures that are moved together, as one rigid body."""


class IngestStatus(StrEnum):
    """Result of ingest for one file."""

    NEW = "new"
    KNOWN = "known"
    NEW_VERSION = "new-version"
    COMPANION = "companion"
    """It belongs to another file, with which it is read."""
    REJECTED = "rejected"


class SkyCardStatus(StrEnum):
    """Result for the sky of one chip in the header of one of the user's files."""

    WRITTEN = "written"
    NO_VALUE = "no-value"
    """The run has none; the header has none either now."""
    LEFT = "left"
    """The file was not written to."""


class DownloadStatus(StrEnum):
    """Outcome of one attempt to fetch one product."""

    COMPLETE = "complete"
    CACHED = "cached"
    FAILED = "failed"
    CORRUPT = "corrupt"


class FetchStatus(StrEnum):
    """Result of a fetch for one file, over all attempts."""

    PLANNED = "planned"
    """Chosen and not fetched: a dry run."""
    COMPLETE = "complete"
    """Fetched."""
    CACHED = "cached"
    """Here already."""
    FAILED = "failed"
    """Could not be had."""
    CORRUPT = "corrupt"
    """Came, and cannot be used."""
    REJECTED = "rejected"
    """Not asked for, because of its name."""


class LinkRole(GrowingVocabulary):
    """Role of a version that an activity used or generated (W3C PROV roles)."""

    SCIENCE = "science"
    REFERENCE = "reference"
    ALIGNED = "aligned"
    MOSAIC = "mosaic"
    INGESTED = "ingested"
    LEFT_OUT = "left-out"
    """Selected, but without signal: no tool was given it."""


class Verdict(StrEnum):
    """Result of the self-test of an environment."""

    UNCHECKED = "unchecked"
    PASSED = "passed"
    FAILED = "failed"


class Retention(StrEnum):
    """Retention of a sky run."""

    NORMAL = "normal"
    """Everything, until somebody decides otherwise."""
    PINNED = "pinned"
    """Everything, and nothing may be purged."""
    METRICS_ONLY = "metrics-only"
    """The values; the mosaics may go."""


class EntryKind(GrowingVocabulary):
    """Kind of a note or decision."""

    NOTE = "note"
    FLAG = "flag"
    """Something is wrong with the subject, until the flag is withdrawn."""
    PIN = "pin"
    UNPIN = "unpin"
    METRICS_ONLY = "metrics-only"
    PURGE = "purge"
    """Pixels were deleted; rows stay."""
    DELETE = "delete"
    """The run is hidden from the views; rows stay."""
    UNDELETE = "undelete"


class AttemptOutcome(StrEnum):
    """End of one attempt of a worker at an activity."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    LOST = "lost"
    """The worker went away."""
    INTERRUPTED = "interrupted"
    """It was stopped by a signal."""


class ReplayVerdict(StrEnum):
    """Result of the comparison of a run with the one that it repeats."""

    IDENTICAL = "identical"
    INCOMPLETE = "incomplete"
    """What could be compared is identical, but not everything was there."""
    WITHIN_TOLERANCE = "within-tolerance"
    DIFFERENT = "different"
