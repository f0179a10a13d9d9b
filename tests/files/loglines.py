"""Logs of AstroDrizzle and TweakReg made up for tests, as versions 2 and 3 write them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from skydb.domain.vocabulary import SkyMethod
from skydb.files.shiftfile import ShiftRow

Skies = Mapping[tuple[str, int], str]

CHIPS = "Computing sky values requested image extensions (detector chips):"
OVERLAPS = "Computing differences in sky values in overlapping regions:"
GLOBAL = 'Computing "global" sky on requested image extensions (detector chips):'
HEADINGS = {
    SkyMethod.LOCALMIN: [CHIPS],
    SkyMethod.MATCH: [OVERLAPS],
    SkyMethod.GLOBALMIN_MATCH: [OVERLAPS, GLOBAL],
    SkyMethod.GLOBALMIN: [GLOBAL],
}
SKIES: Skies = {
    ("ibxl50clq_flt.fits", 1): "0.790000",
    ("ibxl50cqq_flt.fits", 1): "0.812345",
}


@dataclass
class DrizzleLog:
    """One run of AstroDrizzle; ``new`` as drizzlepac 3.6 and later log it."""

    method: str = "match"
    ran: SkyMethod | None = None
    skies: Skies = field(default_factory=lambda: dict(SKIES))
    clock: str = "14:15:{}"
    day: str = "30/04/2019"
    units: str = "COUNT-RATE"
    output: str = "f160w"
    sky: Mapping[str, str] = field(default_factory=dict)
    undetermined: Sequence[str] = ()
    separate: bool = False
    new: bool = False
    ends: bool = True

    def lines(self) -> list[str]:
        """The run with the remark before it and what AstroDrizzle prints after it."""
        body = [*self._start(), *self._sky(), *self._drizzle(), *self._end()]
        return [f"[INFO    ] {line}" if line else "" for line in body]

    @property
    def files(self) -> list[str]:
        return list(dict.fromkeys(name for name, _ in self.skies))

    def at(self, seconds: str) -> str:
        return f"{self.clock.format(seconds)} ({self.day})"

    def _step(self, name: str, what: str, seconds: str) -> str:
        shown = f"'{name}' {what}" if self.new else f" {name}  {what}"
        return f"==== Processing Step {shown} at {'' if self.new else ' '}{self.at(seconds)}"

    def _start(self) -> list[str]:
        lines = ["Setting up logfile :  astrodrizzle.log"]
        if not self.new:
            version = "2.2.6 (2018-11-02 15:37:13 -0400)"
            lines.append(f"AstroDrizzle Version {version} started at: {self.at('00.100')}")
        lines += ["Version Information", "--------------------"]
        lines.append("Python Version 3.6.8 (default, Dec 30 2018)")
        lines += ["drizzlepac Version -> 3.11.0 "] if self.new else []
        return [
            *lines,
            "numpy Version -> 1.15.4 ",
            self._step("Initialization", "started", "00.200"),
            f"Setting up output name: {self.output}_drz.fits",
            self._step("Initialization", "finished", "01.000"),
            *([] if self.new else ["USER INPUT PARAMETERS common to all Processing Steps:"]),
            f"\toutput :\t{self.output}_{self.method}",
            "\tinput :\t*flt.fits",
        ]

    def _sky(self) -> list[str]:
        parameters = {"skymethod": self.method, "skysub": "True", **self.sky}
        lines = [self._step("Subtract Sky", "started", "02.000")]
        lines += [] if self.new else ["USER INPUT PARAMETERS for Sky Subtraction Step:"]
        lines += [f"\t{name} :\t{value}" for name, value in parameters.items()]
        ran = self.ran or SkyMethod(self.method)
        if parameters["skysub"] == "True":
            lines += self._skymatch(ran)
        return [*lines, self._step("Subtract Sky", "finished", "03.000")]

    def _skymatch(self, ran: SkyMethod) -> list[str]:
        lines = ["***** skymatch started on 2019-04-30 14:15:02.1"]
        if ran is not SkyMethod(self.method):
            lines.append(f'Reverting sky computation to "localmin" from "{self.method}')
            lines.append("***** skymatch started on 2019-04-30 14:15:02.2")
        lines += ["      Version 1.0.2 (2019-03-07 00:54:44 -0500)"]
        lines += [f"   **  Input image: '{name}'" for name in self.files]
        for name, extver in self.skies:
            lines += [f"   *   Image: {name}", f"       EXT = 'SCI',{extver}"]
            lines += [f"             Data units type: {self.units}"]
        lines += [f"-----  {heading}  -----" for heading in HEADINGS[ran]]
        lines += [
            f"   *   Image '{name}['SCI',1]' SKY = None (undetermined)"
            for name in self.undetermined
        ]
        return [*lines, "***** skymatch ended on 2019-04-30 14:15:02.9"]

    def _drizzle(self) -> list[str]:
        lines = []
        for step in ("Separate Drizzle", "Final Drizzle") if self.separate else ("Final Drizzle",):
            lines.append(self._step(step, "started", "04.000"))
            for (name, extver), printed in self.skies.items():
                lines.append(f"-Drizzle input: {name}[sci,{extver}]")
                lines.append(f"Applying sky value of {printed} to {name}[sci,{extver}]")
        if self.separate:
            lines.append("Applying sky value of 0.790000 to blotted image ibxl50clq_sci1_blt.fits")
        return lines

    def _end(self) -> list[str]:
        if not self.ends:
            return []
        lines = [
            f"Writing out image to disk: {self.output}_{self.method}_drz_sci.fits",
            self._step("Final Drizzle", "finished", "08.500"),
        ]
        if not self.new:
            lines.append(
                f"AstroDrizzle Version 2.2.6 is finished processing at {self.at('09.500')}."
            )
        return [*lines, "   --------------------          --------------------",
                "Trailer file written to:  astrodrizzle.log"]  # fmt: skip


_FINDING = "USER INPUT PARAMETERS for finding sources for each input image:"
#: What TweakReg prints only when it writes a header.
WRITTEN = """WCSNAME  :  TWEAK
Updating WCSCORR table with new WCS solution "TWEAK\""""


def fitted(
    product: str,
    *,
    matches: int = 14,
    dx: str = "-0.2993",
    dy: str = "-0.3612",
    written: bool = True,
) -> str:
    """Lines of TweakReg for a good fit."""
    return f"""
Performing fit for: {product}
Matching sources from '{product}' with sources from reference image 'ibxl54030_drz.fits'
Found {matches + 1} matches for {product}...
Computed  rscale  fit for  {product} :
XSH: {dx}  YSH: {dy}    ROT: 359.9784605    SCALE: 1.000313
XRMS: 0.13    YRMS: 0.15
RMS_RA: 5.8e-06 (deg)   RMS_DEC: 4.1e-06 (deg)
Final solution based on  {matches}  objects.
....Updating header for {product}...
{WRITTEN if written else ""}
"""


def failed(product: str) -> str:
    """Lines of TweakReg for a fit that failed."""
    return f"""
Performing fit for: {product}
# Not enough matches (< 5) found for input image: {product}         #
"""


def tweakreg_log(
    *fits: str,
    products: Sequence[str] = (),
    clock: str = "14:15:02.73",
    ends: bool = True,
    updatehdr: str | None = "True",
) -> list[str]:
    """One run of TweakReg, to the plane of ibxl54030."""
    lines = [
        "Setting up logfile :  tweakreg.log",
        f"TweakReg Version 1.4.7(18-April-2018) started at: {clock} (30/04/2019) ",
        "Version Information",
        "numpy Version -> 1.15.4 ",
        "Finding shifts for: ",
        *(f"    {product}" for product in ("ibxl54030_drz.fits", *products)),
        "",
        *([_FINDING, f"\tupdatehdr :\t{updatehdr}"] if updatehdr else []),
        "derived from 'ibxl54030_drz.fits'",
        *(line for fit in fits for line in fit.strip().splitlines()),
        "Writing out shiftfile : shifts.txt",
        *(["Trailer file written to:  tweakreg.log"] if ends else []),
    ]
    return [f"[INFO    ] {line}" for line in lines]


def write_log(path: Path, *runs: Sequence[str], end: str = "\n") -> Path:
    """A log of several runs."""
    text = "".join(line + end for run in runs for line in run)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return path


def shift_file(rows: Iterable[ShiftRow]) -> str:
    """A shift file as TweakReg writes it, angles from 0 to 360."""
    lines = [
        "# frame: output",
        "# refimage: shifts_wcs.fits[wcs]",
        "# form: delta",
        "# units: pixels",
    ]
    for row in rows:
        dx, dy, rotation, scale, x_rms, y_rms = row.numbers
        lines.append(
            f"{row.filename}    {dx:.6f}  {dy:.6f}    {rotation % 360.0:.6f}     "
            f"{scale:.6f}   {x_rms:.6f}  {y_rms:.6f}"
        )
    return "\n".join(lines) + "\n"
