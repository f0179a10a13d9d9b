"""Table of the lines of AstroDrizzle and TweakReg, in all versions from 2.1.17 to 3.11.

Only this table differs between versions: a row for each form of a line, and no code that
asks for a version. A row is looked up by the first word of a line (``events``), so other
lines cost little.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from typing import NamedTuple


class LoggedTask(StrEnum):
    """Task of drizzlepac that made a run."""

    ASTRODRIZZLE = "AstroDrizzle"
    TWEAKREG = "TweakReg"


class What(Enum):
    """Meaning of a line."""

    __hash__ = object.__hash__  # It is looked up for every line.

    BANNER = auto()
    LOG_NAMED = auto()
    VERSIONS_FOLLOW = auto()
    PACKAGE = auto()
    PYTHON = auto()
    PARAMETER = auto()
    PARAMETERS_GIVEN = auto()
    SECTION = auto()
    TRAILER = auto()
    TRACEBACK = auto()
    EXCEPTION = auto()
    REASON = auto()
    # AstroDrizzle
    STEP = auto()
    OUTPUT = auto()
    WRITTEN = auto()
    STATIC_MASK = auto()
    SKYMATCH = auto()
    ALONE = auto()
    SKYPAC = auto()
    HEADING = auto()
    REVERTING = auto()
    INPUT_IMAGE = auto()
    INPUT_CHIP = auto()
    UNITS_OF = auto()
    UNITS_CHIP = auto()
    UNITS = auto()
    SKY_OF = auto()
    SKY_CHANGE = auto()
    FINAL_SKIES = auto()
    FINAL_SKY = auto()
    DRIZZLING = auto()
    APPLIED = auto()
    ADDED = auto()
    USED_IMAGE = auto()
    REFERENCE_SKY = auto()
    FINISHED = auto()
    BROKEN = auto()
    BROKEN_AT = auto()
    TOTAL_TIME = auto()
    # TweakReg
    PRODUCTS = auto()
    PRODUCT = auto()
    OMITTED = auto()
    FRAME = auto()
    SOURCES = auto()
    FIT = auto()
    MATCHING = auto()
    IDENTITY = auto()
    MATCHED = auto()
    NOT_FITTED = auto()
    GEOMETRY = auto()
    SHIFT = auto()
    SCALE = auto()
    RMS_PIX = auto()
    RMS_SKY = auto()
    OBJECTS = auto()
    UPDATING = auto()
    RECORDED = auto()
    KEPT = auto()
    WCS_NAMED = auto()
    WCS_WRITTEN = auto()
    SHIFT_FILE = auto()
    UNREAD = auto()
    """A line that should be one of these and is not."""


#: Meanings that are asked about for every line: Python looks up a member of an enumeration slowly.
PARAMETER, SECTION, STEP = What.PARAMETER, What.SECTION, What.STEP
EXCEPTION, PYTHON = What.EXCEPTION, What.PYTHON


class Event(NamedTuple):
    """A line with a meaning; ``groups`` are the parts of it that the pattern names."""

    what: What
    task: LoggedTask | None
    number: int
    groups: tuple[str, ...]
    text: str
    has_logger: bool


@dataclass(frozen=True)
class Pattern:
    """One form of a line.

    Parameters
    ----------
    what : What
    words : str
        First words of such lines, separated by blanks.
    regex : str
        Matched at the beginning of the line, after blanks and ornaments.
    task : LoggedTask or None
        The task that says so; None when both do.
    demand : str
        A line with this text and one of the words must match a pattern; if it does not, it
        is damaged, and that is reported.
    """

    what: What
    words: str
    regex: str
    task: LoggedTask | None = None
    demand: str = ""


_A, _T = LoggedTask.ASTRODRIZZLE, LoggedTask.TWEAKREG
_TIME = r"(\d\S*) \((\d\S*)\)"
_CHIP = r"(\S+?)\[sci,(\d{1,3})\] *$"

PATTERNS: tuple[Pattern, ...] = (
    # Lines of both tasks.
    Pattern(
        What.BANNER,
        "AstroDrizzle TweakReg",
        r"(AstroDrizzle|TweakReg) Version (\S+?) ?(?:\((.*?)\) ?)?started at: (\S+) \((\S+)\)",
        demand="started at",
    ),
    Pattern(  # The time is damaged: a run begins all the same.
        What.BANNER,
        "AstroDrizzle TweakReg",
        r"(AstroDrizzle|TweakReg) Version (\S*).*?started at()()()",
    ),
    Pattern(What.LOG_NAMED, "Setting", r"Setting up logfile ?: *(\S*)"),
    Pattern(What.LOG_NAMED, "AstroDrizzle", r"AstroDrizzle log file: *(\S*)"),  # 3.5.1 to 3.10
    Pattern(What.LOG_NAMED, "No", r"No trailer file created()"),
    Pattern(What.VERSIONS_FOLLOW, "Version", r"Version Information"),
    Pattern(What.PYTHON, "Python", r"Python Version (?:(\d+\.\d+\.\w+)\b)?"),
    Pattern(
        What.SECTION,
        "USER",
        r"USER INPUT PARAMETERS (?:for|common to all) (.+?):",
        demand="USER INPUT PARAMETERS",
    ),
    Pattern(What.PARAMETERS_GIVEN, "INPUT_DICT", r"INPUT_DICT: *(\{.*\})"),  # 2.1
    Pattern(What.TRAILER, "Trailer", r"Trailer file written to: *(\S*)"),
    Pattern(What.TRAILER, "No", r"No trailer file saved()"),
    Pattern(What.TRACEBACK, "Traceback", r"Traceback \(most recent call last\)"),
    Pattern(What.REASON, "Quitting", r"(Quitting as a result of user request \(Ctrl-C\))", _T),
    Pattern(
        What.REASON, "WARNING Fewer No",
        r"(?:WARNING: )?((?:Fewer than two|No images) .*? ?for alignment\. Quitting\.\.\.)",
        _T,
    ),
    Pattern(
        What.REASON, "WARNING Not",
        r"(?:WARNING: )?(Not enough (?:reference )?sources .*)",
        _T,
    ),
    Pattern(What.REASON, "No", r"(No filenames matching input .* were found)", _T),
    Pattern(What.REASON, "No", r"(No valid (?:input files|images) found(?: for processing)?)", _A),
    Pattern(What.REASON, "Problem", r"(Problem with input parameters)"),
    # AstroDrizzle, from its first line to its last.
    Pattern(
        What.STEP,
        "Processing Step",
        r"(?:Processing )?Step +'?(.+?)'? +(started|finished|was [\w ]+?) +at +(\S+) \((\S+)\)",
        _A,
        demand="==== Processing Step",
    ),
    Pattern(What.OUTPUT, "Setting", r"Setting up output name: (\S+)", _A),
    Pattern(What.WRITTEN, "Writing", r"Writing out (?:image )?to disk: +(\S+)", _A),
    Pattern(What.STATIC_MASK, "Saving", r"Saving static mask to disk: (\S+)", _A),
    Pattern(What.SKYMATCH, "skymatch", r"skymatch (started|ended) on (.+)", _A),
    Pattern(What.ALONE, "skymatch", r"skymatch: Need at least 2 images for sky matching", _A),
    Pattern(What.SKYPAC, "Version", r"Version (\d\S*)", _A),
    Pattern(
        What.REVERTING, "Reverting",
        r'Reverting sky computation to "(.+?)" from "(.+?)"?$',
        _A,
    ),
    Pattern(What.INPUT_IMAGE, "Input", r"Input image: '(.+?)'", _A),
    Pattern(What.INPUT_CHIP, "EXT", r"EXT: (?:'\w+',)?(\d{1,3})\b", _A),
    Pattern(What.UNITS_OF, "Image", r"Image: (\S+)$", _A),
    Pattern(What.UNITS_CHIP, "EXT", r"EXT = (?:'\w+',)?(\d{1,3})$", _A),
    Pattern(What.UNITS, "Data", r"Data units type: (\S+)", _A),
    # localmin names the image before the skies of its chips; match does so without a colon.
    Pattern(
        What.SKY_OF,
        "Image",
        r"Image:? +'(\S+?)\[.*?' +(?:-- +)?SKY = (\S+)",
        _A,
        demand="SKY =",
    ),
    Pattern(
        What.SKY_OF, "Computed",
        r"Computed sky change \(data units\) for image (\S+?)\[.*():",
        _A,
    ),
    Pattern(
        What.SKY_CHANGE,
        "EXT",
        r"EXT = (?:'\w+',)?(\d{1,3}) +delta\((\w+)\) = (\S+)(?: +NEW \2 = (?:OLD \2 = )?(\S+))?",
        _A,
        demand="delta(",
    ),
    Pattern(What.FINAL_SKIES, "Final", r"Final \(match\+global\) sky", _A),
    Pattern(What.DRIZZLING, "Drizzle", rf"(?i:Drizzle input: {_CHIP})", _A),
    # To a blotted image a sky is added, not subtracted: it is left out.
    Pattern(What.ADDED, "Applying", r"Applying sky value of (\S+) to blotted image", _A),
    Pattern(
        What.APPLIED,
        "Applying",
        rf"(?i:Applying sky value of (\S+) to {_CHIP})",
        _A,
        demand="sky value of",
    ),
    Pattern(
        What.USED_IMAGE, "Blot",
        r"(?i:Blot: creating blotted image: +(\S+?)\[sci,(\d{1,3})\])",
        _A,
    ),
    Pattern(  # Scaled by the exposure time: no MDRIZSKY. 2.1 prints two blanks and no quotes.
        What.REFERENCE_SKY,
        "reference",
        r"reference sky value for image +'?(\S+?)'? +is +(\S+)",
        _A,
        demand="sky value for image",
    ),
    Pattern(  # 2.1 prints two blanks before the time.
        What.FINISHED,
        "AstroDrizzle",
        rf"AstroDrizzle Version \S+ is finished processing(?: at +{_TIME})?",
        _A,
        demand="AstroDrizzle Version",
    ),
    Pattern(
        What.BROKEN, "AstroDrizzle",
        rf"AstroDrizzle Version .*?encountered a problem(?:.*?{_TIME})?",
        _A,
    ),
    Pattern(
        What.BROKEN_AT, "at terminated Processing",
        rf"(?:Processing )?(?:terminated )?(?:at )?{_TIME}",
        _A,
    ),
    Pattern(What.TOTAL_TIME, "Total", r"Total +[\d.]+ sec", _A),
    # TweakReg.
    Pattern(What.PRODUCTS, "Finding", r"Finding shifts for: *$", _T),
    Pattern(  # It is matched all the same, after the fits, and nothing is fitted.
        What.OMITTED, "WARNING Image",
        r"(?:WARNING: )?Image '(.+?)' will not be aligned since it contains (fewer .* sources)",
        _T,
    ),
    Pattern(What.FRAME, "derived", r"derived from '(.+?)'", _T),
    Pattern(
        What.SOURCES,
        "FINAL",
        r"FINAL number of objects in image '(.+?)': (\d{1,9}) *$",
        _T,
        demand="FINAL number of objects",
    ),
    Pattern(What.FIT, "Performing", r"Performing fit for: +(\S+)", _T, demand="Performing fit for"),
    Pattern(
        What.MATCHING,
        "Matching",
        r"Matching sources from '(.+?)' with sources from reference (?:image|catalog) '(.+?)'",
        _T,
    ),
    Pattern(  # TweakReg 1.0 and 1.1
        What.MATCHING, "Matching",
        r"Matching sources from +([^' ]\S*) +with sources from reference (?:image|catalog) +(\S+)",
        _T,
    ),
    Pattern(What.IDENTITY, "NO", r"NO fit performed for reference image: (\S+)", _T),
    Pattern(What.MATCHED, "Found", r"Found (\d{1,8}) matches for (\S+?)\.\.\.", _T),
    Pattern(
        What.NOT_FITTED, "Not",
        r"(Not enough matches .*? found for input image:?)(?: (\S+))?",
        _T,
    ),
    Pattern(What.GEOMETRY, "Computed", r"Computed +(\w{1,16}) +fit for +(\S+)", _T),
    Pattern(
        What.SHIFT,
        "XSH",
        r"XSH: (\S+) +YSH: (\S+)(?: +(?:PROPER )?ROT: (\S+))?(?: +SCALE: (\S+))?",
        _T,
        demand="XSH",
    ),
    Pattern(What.SCALE, "SCALE", r"SCALE>: (\S+)", _T, demand="SCALE>"),
    Pattern(
        What.RMS_PIX, "XRMS FIT",
        r"(?:FIT )?XRMS: (\S+) +(?:FIT )?YRMS: (\S+)", _T, demand="XRMS",
    ),
    Pattern(
        What.RMS_SKY,
        "RMS_RA",
        r"RMS_RA: (\S+) \((deg|mas)\) +RMS_DEC: (\S+) \((deg|mas)\)",
        _T,
        demand="RMS_RA",
    ),
    Pattern(
        What.OBJECTS,
        "Final",
        r"Final solution based on +(\d{1,8}) +objects",
        _T,
        demand="Final solution based",
    ),
    # Printed whether updatehdr is on or not, so that it only names the next header.
    Pattern(What.UPDATING, "Updating", r"Updating header for '?(\S+?)'?(?: *\.\.\.|\[\d+\]|$)", _T),
    Pattern(What.UPDATING, "Processing", r"Processing (\S+?)\[.*\]$", _T),
    Pattern(What.RECORDED, "Initializing", r"Initializing new WCSCORR table for +(\S+)", _T),
    # Of an image that was not fitted: the table that is updated next is not that of the last fit.
    Pattern(What.KEPT, "Saving", r"Saving Primary WCS to alternate WCS:", _T),  # until 3.0
    Pattern(
        What.WCS_WRITTEN, "Updating",
        r'Updating WCSCORR table with new WCS solution "(.+?)"',
        _T,
    ),
    Pattern(What.WCS_NAMED, "WCSNAME", r"WCSNAME +: +(.+?) *$", _T),
    Pattern(What.SHIFT_FILE, "Writing", r"Writing out shiftfile ?: *(\S+)", _T),
)  # fmt: skip
