"""The manners of old logs, each made of one and the same run.

A manner is a version of drizzlepac (``DrizzleManner``, ``tweakreg``) and a way in which its
lines were kept (``WRAPPINGS``): a log file, a console, a notebook, a trailer.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from skydb.domain.vocabulary import COMPUTED_METHODS, SkyMethod
from tests.files.loglines import HEADINGS

Skies = Mapping[tuple[str, int], float]
SKIES: Skies = {("jcdm04a1q_flc.fits", 1): 31.998991, ("jcdm04a1q_flc.fits", 2): 31.998991,
                ("jcdm04a3q_flc.fits", 1): 30.263409, ("jcdm04a3q_flc.fits", 2): 30.5}  # fmt: skip


@dataclass(frozen=True)
class DrizzleManner:
    """Lines of one version of AstroDrizzle; ``console`` leaves out those of its log only."""

    version: str
    method: SkyMethod = SkyMethod.LOCALMIN
    console: bool = False
    day: str = "08/01/2019"
    skies: tuple[tuple[tuple[str, int], float], ...] = tuple(SKIES.items())

    @property
    def release(self) -> tuple[int, ...]:
        return tuple(map(int, self.version.split(".")))

    @property
    def has_banner(self) -> bool:
        """Since 3.11 the line is only for those who debug."""
        return self.release < (3, 11)

    def lines(self) -> list[str]:
        return [*self._start(), *self._sky(), *self._drizzle(), *self._end()]

    def _at(self, seconds: str, blanks: str = " ") -> str:
        return f"at{blanks}06:10:{seconds} ({self.day})"

    def _step(self, name: str, what: str, seconds: str) -> list[str]:
        if self.release >= (3, 6):
            return ["", f"==== Processing Step '{name}' {what} {self._at(seconds)}"]
        return [f"==== Processing Step  {name}  {what}  {self._at(seconds, '  ')}", ""]

    def _start(self) -> list[str]:
        built = {"2.1.17": "(13-June-2017)", "2.2.6": " (2018-11-02 15:37:13 -0400)"}
        lines = [] if self.console else ["Setting up logfile :  astrodrizzle.log"]
        if (3, 5, 1) <= self.release < (3, 11):
            lines.append("AstroDrizzle log file: astrodrizzle.log")
        if self.has_banner:
            made = built.get(self.version, "")
            at = self._at("51.9").replace("at ", "at: ")
            lines += [f"AstroDrizzle Version {self.version}{made} started {at}", ""]
        if not self.console or not self.has_banner:
            lines += ["Version Information", "-" * 20]
            lines += self._python()
            lines += ["numpy Version -> 1.15.4 ", "astropy Version -> 3.1.1 "]
        return [*lines, *self._step("Initialization", "started", "52.1"),
                *self._step("Initialization", "finished", "53.0")]  # fmt: skip

    def _python(self) -> list[str]:
        if self.release >= (3,):
            named = [f"drizzlepac Version -> {self.version} "] if not self.has_banner else []
            return ["Python Version 3.11.13 | packaged by conda-forge | [Clang 18.1.8 ]", *named]
        return ["Python Version [GCC 4.2.1 (clang-602.0.53)]", "3.6.6 | packaged (default, Jul 26)"]

    def _sky(self) -> list[str]:
        lines = self._step("Subtract Sky", "started", "55.0")
        if not self.console:
            lines += ["USER INPUT PARAMETERS for Sky Subtraction Step:"]
            lines += [f"\tskymethod :\t{self.method}", "\tskysub :\tTrue", "\tskyuser :\t"]
        lines += [f"***** skymatch started on 2019-01-08 06:10:55.4 ({self.day})"]
        lines += ["      Version 0.9.15 (2018-07-03 21:07:36 -0400)", "", *self._listed()]
        lines += self._computed()
        return [*lines, "***** skymatch ended on 2019-01-08 06:10:57.8",
                *self._step("Subtract Sky", "finished", "58.0")]  # fmt: skip

    def _listed(self) -> list[str]:
        lines = ["-----  Input file list:  -----"]
        for name in self.images:
            lines += ["", f"   **  Input image: '{name}'"]
            lines += [f"       EXT: 'SCI',{n};\tMASK: m_sci{n}.fits[0]" for n in self.chips(name)]
        lines += ["-----  Data->Brightness conversion parameters for input files:  -----"]
        for name in self.images:
            lines.append(f"   *   Image: {name}")
            for n in self.chips(name):
                lines += [f"       EXT = 'SCI',{n}", "             Data units type: COUNTS"]
        return lines

    @property
    def images(self) -> list[str]:
        return list(dict.fromkeys(name for (name, _), _ in self.skies))

    def chips(self, name: str) -> list[int]:
        return [extver for (one, extver), _ in self.skies if one == name]

    def _id(self, name: str) -> str:
        return f"{name}['SCI',{','.join(map(str, self.chips(name)))}]"

    def _computed(self) -> list[str]:
        headings = [f"-----  {heading}  -----" for heading in HEADINGS[self.method]]
        told = {
            SkyMethod.LOCALMIN: self._of_localmin,
            SkyMethod.GLOBALMIN: self._of_globalmin,
            SkyMethod.MATCH: self._of_match,
            SkyMethod.GLOBALMIN_MATCH: self._of_match,
        }[self.method]
        lines = [headings[0], "", *told()]
        if self.method is SkyMethod.GLOBALMIN_MATCH:
            lines += [headings[1], '   "Global" sky value: 30.1 (brightness units)']
            lines += ["    Final (match+global) sky [image units] for:"]
            lines += [f"    # {name}['SCI',{n}]:   {sky!r}" for (name, n), sky in self.skies]
        return lines

    def _of_localmin(self) -> list[str]:
        lines = []
        for name in self.images:
            lines += [f"   *   Image:   '{self._id(name)}'  --  SKY = 37.7569 (brightness units)"]
            lines += ["       Sky change (data units):", *self._changes(name)]
        return lines

    def _of_globalmin(self) -> list[str]:
        lines = ['    "Global" sky value: 37.7569 (brightness units)']
        for name in self.images:
            lines.append(f"    Computed sky change (data units) for image {self._id(name)}:")
            lines += self._changes(name)
        return lines

    def _of_match(self) -> list[str]:
        lines = []
        for name in self.images:
            lines += [f"   *   Image '{self._id(name)}' SKY = 37.7569 [brightness units]"]
            lines += ["       Updating sky of image extension(s) [data units]:"]
            lines += [line.partition("   NEW")[0].replace("- EXT", "-  EXT")
                      for line in self._changes(name)]  # fmt: skip
        return lines

    def _changes(self, name: str) -> list[str]:
        return [
            f"      - EXT = 'SCI',{n}   delta(MDRIZSKY) = {sky:G}   NEW MDRIZSKY = {sky:G}"
            for (one, n), sky in self.skies
            if one == name
        ]

    def _drizzle(self) -> list[str]:
        lines = []
        for step in ("Separate Drizzle", "Final Drizzle"):
            lines += self._step(step, "started", "59.0")
            if not self.console:
                for (name, n), sky in self.skies:
                    lines.append(f"-Drizzle input: {name}[sci,{n}]")
                    lines.append(f"Applying sky value of {sky:.6f} to {name}[sci,{n}]")
            lines += ["Writing out image to disk: f606w_drc.fits"]
            lines += self._step(step, "finished", "59.5")
        return lines

    def _end(self) -> list[str]:
        lines = []
        if self.has_banner:
            blanks, stop = ("  ", "!") if self.version.startswith("2.1") else (" ", ".")
            at = self._at("59.9", blanks)
            lines = ["", f"AstroDrizzle Version {self.version} is finished processing {at}{stop}"]
        lines += ["", "   --------------------          --------------------",
                  "            Subtract Sky          3.2053 sec.",
                  "                   Total          63.1580 sec."]  # fmt: skip
        last = (
            "No trailer file saved..."
            if self.console
            else "Trailer file written to:  astrodrizzle.log"
        )
        return [*lines, last]


#: Every manner of AstroDrizzle, by its name.
DRIZZLES: dict[str, DrizzleManner] = {
    f"{version} {method}{' console' if console else ''}": DrizzleManner(version, method, console)
    for version in ("2.1.17", "2.2.6", "3.1.3", "3.1.8", "3.5.1", "3.6.2", "3.10.0", "3.11.0")
    for method in COMPUTED_METHODS
    for console in (False, True)
}  # fmt: skip


@dataclass(frozen=True)
class TweakRegManner:
    """Lines of one version of TweakReg for a run with two fits, or none."""

    version: str
    updatehdr: bool = False
    verbose: bool = False
    geometry: str = "rscale"
    failed: bool = False
    day: str = "08/01/2019"

    images = ("j9irw3fwq_flc.fits", "j9irw4b1q_flc.fits", "j9irw5kaq_flc.fits")
    shifts: ClassVar = {
        "j9irw4b1q_flc.fits": (10.98, -10.0005),
        "j9irw5kaq_flc.fits": (-9.6614, -29.8731),
    }

    def lines(self) -> list[str]:
        built = "(18-April-2018)" if self.version == "1.4.7" else ""
        lines = [
            "Setting up logfile :  tweakreg.log",
            f"TweakReg Version {self.version}{built} started at: 06:09:27.230 ({self.day}) ",
            *("", "Version Information", "--------------------"),
            "Python Version 3.11.13 | packaged by conda-forge", "numpy Version -> 1.15.4 ", "",
            "USER INPUT PARAMETERS common to all Processing Steps:",
            f"\tinput :\t{list(self.images)}", "\trunfile :\ttweakreg.log", "",
            "Finding shifts for: ", *(f"    {image}" for image in self.images), "",
            "USER INPUT PARAMETERS for finding sources for each input image:",
            "\tthreshold :\t4.0", f"\tupdatehdr :\t{self.updatehdr}", "",
            "derived from 'j9irw3fwq_flc.fits'",
            "USER INPUT PARAMETERS for finding sources for the reference image (not used):",
            "\tupdatehdr :\tFalse", "",
            "USER INPUT PARAMETERS for matching sources:", "\tsearchrad :\t1.0", "",
        ]  # fmt: skip
        for image, shift in self.shifts.items():
            lines += ["", "====================", f"Performing fit for: {image}", ""]
            reference = f"with sources from reference image '{self.images[0]}'"
            lines += [f"Matching sources from '{image}' {reference}"]
            lines += self._failed(image) if self.failed else self._fitted(image, *shift)
        lines += ["Writing out shiftfile : shifts.txt", "Trailer file written to:  tweakreg.log"]
        return lines

    def _failed(self, image: str) -> list[str]:
        said = f"# Not enough matches (< 15) found for input image: {image}        #"
        return ["#" * 80, "# WARNING:" + " " * 68 + "#", said, "#" * 80]

    def _fitted(self, image: str, dx: float, dy: float) -> list[str]:
        lines = [
            f"Found 680 matches for {image}...", 'Performing "rscale" fit',
            f"Computed  {self.geometry}  fit for  {image} : ",
        ]  # fmt: skip
        lines += {
            "shift": [f"XSH: {dx:.4f}  YSH: {dy:.4f}"],
            "rscale": [f"XSH: {dx:.4f}  YSH: {dy:.4f}    ROT: 359.9995778    SCALE: 1.000002"],
            "general": [f"XSH: {dx:.4f}  YSH: {dy:.4f}    PROPER ROT: 0.00466695482    ",
                        "<ROT>: 0.00466695482  SKEW: 0.0003    ROT_X: 0.0044  ROT_Y: 0.0048",
                        "<SCALE>: 1.00008863  SCALE_X: 1.000080363  SCALE_Y: 1.000096898"],
        }[self.geometry]  # fmt: skip
        fit = "FIT " if self.version >= "3" else ""
        lines += [f"{fit}XRMS: 0.74    {fit}YRMS: 0.663", ""]
        lines += ["FIT RMSE: 0.99    FIT MAE: 0.8", ""] if fit else []
        lines += ["RMS_RA: 9.8e-06 (deg)   RMS_DEC: 8.5e-08 (deg)", ""]
        lines += ["Final solution based on  680  objects."]
        quote, dots = ("'", " ...") if self.version >= "3" else ("", "...")
        lines += [f"....Updating header for {quote}{image}{quote}{dots}"]
        lines += [f"Processing {image}['SCI',1]", f"Updating header for {image}[1]"]
        lines += ["    with WCS of", "WCSNAME  :  TWEAK"] if self.verbose or self.updatehdr else []
        if self.updatehdr:
            lines += ['    Writing out new WCS to alternate WCS: "B"']
            lines += ['Updating WCSCORR table with new WCS solution "TWEAK"']
        return lines


#: Every manner of TweakReg, by its name.
TWEAKREGS: dict[str, TweakRegManner] = {
    f"{version} {geometry} updatehdr={updatehdr}": TweakRegManner(
        version, updatehdr, verbose, geometry
    )
    for version in ("1.4.7", "3.1.3", "3.6.2", "3.10.0", "3.11.0")
    for geometry in ("shift", "rscale", "general")
    for updatehdr, verbose in ((False, True), (False, False), (True, True))
}


def levels(lines: Sequence[str]) -> str:
    return "".join(f"[INFO    ] {line}\n" for line in lines)


def loggers(lines: Sequence[str]) -> str:
    return "".join(f"INFO:drizzlepac.util:{line}\n" for line in lines)


def doubled(lines: Sequence[str]) -> str:
    """Each line with the name of its logger, and once more without it."""
    return "".join(f"INFO:drizzlepac.util:{line}\n{line}\n" for line in lines)


def doubled_backwards(lines: Sequence[str]) -> str:
    return "".join(f"{line}\nINFO:drizzlepac.util:{line}\n" for line in lines)


def doubled_in_blocks(lines: Sequence[str]) -> str:
    """All lines of standard error, then all of standard output."""
    return loggers(lines) + bare(lines)


def stamped(lines: Sequence[str]) -> str:
    stamp = "2019-01-08 06:10:51,{:03} - drizzlepac.util - INFO - {}\n"
    return "".join(stamp.format(n % 1000, line) for n, line in enumerate(lines))


def passed_on(lines: Sequence[str]) -> str:
    """A log whose lines a logger of the user has passed on, levels and all."""
    stamp = "2019-01-08 06:09:27,{:03} INFO drizzlepac: [INFO    ] {}\n"
    return "".join(stamp.format(n % 1000, line) for n, line in enumerate(lines))


def piped(lines: Sequence[str]) -> str:
    """A prefix that nobody has seen before."""
    return "".join(f"worker-7 | {n} > {line}\n" for n, line in enumerate(lines))


def hap(lines: Sequence[str]) -> str:
    return "".join(f"2019008061051 INFO src=drizzlepac.util- {line}\n" for line in lines)


def traced(lines: Sequence[str]) -> str:
    """Trailer of runastrodriz for those who debug."""
    return "".join(f"[INFO:drizzlepac.util] {line}\n" for line in lines)


def bare(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def coloured(lines: Sequence[str]) -> str:
    return "".join(f"\x1b[32m{line}\x1b[0m\n" for line in lines)


def spaced(lines: Sequence[str]) -> str:
    """Add a blank line after every line, as wrapped consoles of 2017 do."""
    return "".join(f"{line}\n\n" for line in lines)


def notebook(lines: Sequence[str]) -> str:
    """A notebook that printed them, beside a cell that did not."""
    pieces = [f"{line}\n" for line in lines]
    cell = {
        "cell_type": "code",
        "execution_count": 7,
        "metadata": {"execution": {"iopub.execute_input": "2019-01-08T11:10:51.000Z"}},
        "source": ["AstroDrizzle('*flc.fits')"],
        "outputs": [
            {"output_type": "stream", "name": "stdout", "text": pieces[:9]},
            {"output_type": "stream", "name": "stdout", "text": "".join(pieces[9:])},
        ],
    }
    text = {"cell_type": "markdown", "metadata": {}, "source": ["AstroDrizzle Version 9"]}
    return json.dumps({"cells": [text, cell], "metadata": {}, "nbformat": 4}, indent=1)


#: Ways in which lines were kept: how the file is called, and its content.
WRAPPINGS: dict[str, tuple[str, Callable[[Sequence[str]], bytes]]] = {
    "levels": ("run.log", lambda lines: levels(lines).encode()),
    "CRLF": ("run.log", lambda lines: levels(lines).replace("\n", "\r\n").encode()),
    "gzip": ("run.log.gz", lambda lines: gzip.compress(levels(lines).encode())),
    "UTF-16": ("run.log", lambda lines: levels(lines).encode("utf-16")),
    "loggers": ("run.txt", lambda lines: loggers(lines).encode()),
    "doubled": ("run.txt", lambda lines: doubled(lines).encode()),
    "doubled backwards": ("run.txt", lambda lines: doubled_backwards(lines).encode()),
    "doubled in blocks": ("run.txt", lambda lines: doubled_in_blocks(lines).encode()),
    "stamped": ("run.out", lambda lines: stamped(lines).encode()),
    "passed on": ("run.out", lambda lines: passed_on(lines).encode()),
    "piped": ("run.out", lambda lines: piped(lines).encode()),
    "hap": ("run.log", lambda lines: hap(lines).encode()),
    "trailer": ("jcdm04a1q.tra", lambda lines: levels(lines).encode()),
    "traced": ("jcdm04a1q.tra", lambda lines: traced(lines).encode()),
    "bare": ("run.txt", lambda lines: bare(lines).encode()),
    "coloured": ("run.txt", lambda lines: coloured(lines).encode()),
    "spaced": ("run.txt", lambda lines: spaced(lines).encode()),
    "notebook": ("run.ipynb", lambda lines: notebook(lines).encode()),
    "doubled notebook": (
        "run.ipynb",
        lambda lines: notebook(doubled(lines).splitlines()).encode(),
    ),
}
