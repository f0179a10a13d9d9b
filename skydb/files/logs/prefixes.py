"""Prefixes of lines that are in no list: of loggers, schedulers, pagers and people.

One line that drizzlepac is known to print shows what stands before it. What changes from line
to line in such a prefix (times, counters, levels, names of modules) is learned as that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")

#: Lines that drizzlepac prints from their first character on: of the beginning of a run, which
#: any text may precede, and others.
_BEGINS = (
    r"(?:AstroDrizzle|TweakReg) Version \S.*started at"
    r"|==== Processing Step .*Initialization.*started +at"
    r"|Version Information *$|Setting up logfile ?:|AstroDrizzle log file: "
)
_GOES_ON = (
    r"==== Processing Step |USER INPUT PARAMETERS |\t\w+ :\t|\*{3,} skymatch (?:started|ended) on "
    r"|-----  ?[A-Z].*?  ?-----|-?Drizzle input: \S+\[sci,|Applying sky value of [-+\d]"
    r"|Finding shifts for: *$|Performing fit for: \S+ *$|Matching sources from '"
    r"|Found \d+ matches for |Computed +\w+ +fit +for +\S|XSH: +\S+ +YSH: |(?:FIT )?XRMS: +\S"
    r"|RMS_RA: +\S+ \(|Final solution based on +\d|Trailer file written to"
    r"|(?:AstroDrizzle Version \S+ is finished processing)"
)
_ANCHOR = re.compile(rf"(?P<begins>{_BEGINS})|{_GOES_ON}")
#: One of these is in every line that has an anchor, with a colon or without: to look for them
#: costs little.
_WORDS = ("sion Info", "Applying s", "Matching s", "matches f", "Final sol", "-----  ")
_WORDS_WITH_COLON = (
    *("ersion ", "==== Proc", "Setting up l", "log file:", "USER INP", " :\t", "fit ", "XSH: "),
    *("XRMS: ", "RMS_RA", "skymatch ", "le input", "railer file", "shifts for", *_WORDS),
)
_LONGEST = 160
_LEVEL = "|".join(LEVELS)
_TOKEN = re.compile(
    rf"(?P<level>\b(?:{_LEVEL})\b)|(?P<digits>\d+)"
    r"|(?P<name>[^\W\d]\w*(?:[.\-]\w+)*)|(?P<blanks> +)|(?P<other>.)",
    re.DOTALL,
)
#: Level that drizzlepac's own logger prints: it is taken off by itself.
_OWN_LEVEL = re.compile(rf"\[(?:{_LEVEL}) *(?::[\w.]+)?\] ?$")
#: Prefixes of loggers have one of these; sentences that precede a quotation do not.
_LOOKS_PRINTED = re.compile(rf"\d|\b(?:{_LEVEL})\b|[:;#>|\]}}+\t%-] *$|^\s*$|\w\.\w")
_CLOCK = re.compile(rf"\d:\d\d|\b(?:{_LEVEL})\b")
_ENDS_WELL = re.compile(r"[\s:>|\]})+%\-#;]$")
_DATES = re.compile(
    r"(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec|mon|tue|wed|thu|fri|sat|sun)"
    r"(?:uary|ruary|ch|il|ust|ember|ober|day|sday|nesday|rsday|urday)?",
    re.IGNORECASE,
)
_WIDEST = 60
_NAME = r"[^\W\d][\w.\-]*"


@dataclass(frozen=True, slots=True)
class Prefix:
    """Text before the lines of a log.

    Parameters
    ----------
    pattern : str
        Regular expression of it.
    begins : bool
        Whether it was seen at the beginning of a run, before which nothing of it can be lost.
    """

    pattern: str
    begins: bool


def prefix_of(line: str) -> Prefix | None:
    """Find the text before a line that drizzlepac is known to print; None when there is none."""
    if not _may_have_anchor(line):
        return None
    found = _ANCHOR.search(line)
    if found is None or not 0 < found.start() <= _LONGEST:
        return None
    text, begins = line[: found.start()], found["begins"] is not None
    if not begins and not (_LOOKS_PRINTED.search(text) and _ENDS_WELL.search(text)):
        return None
    return Prefix(pattern_of(_OWN_LEVEL.sub("", text) or text), begins)


def _may_have_anchor(line: str) -> bool:
    """Whether one of the words is in a line that every anchor has."""
    words = _WORDS_WITH_COLON if ":" in line else _WORDS
    for word in words:  # noqa: SIM110  # It is asked of many lines, and `any` takes twice as long.
        if word in line:
            return True
    return False


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str


def pattern_of(text: str) -> str:
    """Regular expression of a prefix and of those that other lines have in its place."""
    tokens = [_Token(found.lastgroup or "", found[0]) for found in _TOKEN.finditer(text)]
    is_clocked = _CLOCK.search(text) is not None
    last = tokens[-1:]
    padded = tokens[-2:] if len(tokens) > 1 and last[0].kind == "blanks" else []
    if padded and padded[0].kind == "digits" and tokens[-3:-2] and tokens[-3].kind == "blanks":
        padded = []  # A number that is filled at its beginning.
    if padded and (found := _padded(*padded)):
        return "".join(_patterns(tokens[:-2], is_clocked=is_clocked)) + found
    # Blanks at the end of a line that has nothing else may be cut.
    ending = f"(?: {{{len(last[0].text)}}}|$)" if last[0].kind == "blanks" else None
    body = tokens[:-1] if ending else tokens
    return "".join(_patterns(body, is_clocked=is_clocked)) + (ending or "")


def _patterns(tokens: list[_Token], *, is_clocked: bool) -> Iterator[str]:
    if tokens and tokens[0].kind == "digits":
        yield " *"
    for before, token in pairwise([_Token("begin", ""), *tokens]):
        opens = before.text in ("", "[", "(", "{")
        if token.kind == "blanks":
            yield " *" if opens or len(token.text) > 1 else " +"
        elif token.kind == "digits":
            yield r" *\d+" if before.text == "[" else r"\d+"
        elif token.kind == "level":
            yield f"(?:{_LEVEL})"
            # Within brackets a level is padded at its end.
        elif token.kind == "name":
            yield _name(token.text, is_clocked=is_clocked)
        else:
            yield (" *" if before.kind == "level" else "") + re.escape(token.text)


def _name(text: str, *, is_clocked: bool) -> str:
    """Names of modules and days change from line to line, and those of programs do not."""
    if text.lower() in ("am", "pm"):
        return "[AaPp][Mm]"
    if _DATES.fullmatch(text):
        return r"[^\W\d]+"
    if re.fullmatch(r"[IWEF]\d{4}", text):
        return r"[IWEF]\d+"
    if "." in text:
        return _NAME
    if is_clocked and text.isalpha() and len(text) > 1:
        return _NAME
    return re.sub(r"\d+", r"\\d+", re.escape(text))


def _padded(word: _Token, blanks: _Token) -> str | None:
    """Regular expression of a word that is filled with blanks to a width, then the text begins."""
    count, width = len(blanks.text), len(word.text) + len(blanks.text)
    if word.kind == "level":
        lengths = {one: count if count == 1 else max(width - len(one), 1) for one in LEVELS}
        return "(?:" + "|".join(f"{one}(?: {{{n}}}|$)" for one, n in lengths.items()) + ")"
    if count == 1 or width > _WIDEST or word.kind not in ("name", "digits"):
        return None
    one, rest = (r"[^\W\d]", r"[\w.\-]") if word.kind == "name" else (r"\d", r"\d")
    forms = [f"{one}{rest}{{{n}}} {{{width - n - 1}}}" for n in range(width - 1)]
    return "(?:" + "|".join([*forms, f"{one}{rest}{{{width - 1},}} "]) + ")"
