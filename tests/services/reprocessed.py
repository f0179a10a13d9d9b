"""A visit as an archive has it before and after it calibrated anew, in files of a few pixels."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from astropy.io import fits

from skydb.api.composition import Services
from skydb.errors import SkydbError
from skydb.services.alignment.accept import AcceptService
from skydb.services.alignment.align import AlignService
from tests.services.tools import CENTRE_DEG, Toolbox, write_exposure, write_product

OLD = {"CAL_VER": "3.4.2 (Apr-21-2017)", "IDCTAB": "iref$w3m18525i_idc.fits", "DATE": "2017-06-01"}
NEW = {"CAL_VER": "3.7.1 (Oct-18-2023)", "IDCTAB": "iref$7ah1533ai_idc.fits", "DATE": "2023-12-15"}
OLD_NAME, NEW_NAME = "IDC_w3m18525i", "IDC_7ah1533ai"
#: How far north the new WCS lies of the old one.
MOVED_DEG = 40.0 / 3.6e6
FLT1, FLT2, DRZ = "flt1", "flt2", "drz"
PIECES = (FLT1, FLT2, DRZ)


@dataclass(frozen=True)
class Reprocessed:
    """Two deliveries of the two exposures of a visit and their product.

    Parameters
    ----------
    home : Path
        Where the files are written.
    visit : str
        Two characters.
    """

    home: Path
    visit: str = "50"

    @property
    def members(self) -> tuple[str, str]:
        return f"ibxl{self.visit}iaq", f"ibxl{self.visit}ibq"

    @property
    def product(self) -> str:
        return f"ibxl{self.visit}010_drz.fits"

    def old(self) -> dict[str, Path]:
        return self._write("old", OLD, OLD_NAME, 0.0)

    def new(self) -> dict[str, Path]:
        return self._write("new", NEW, NEW_NAME, MOVED_DEG)

    def _write(
        self, name: str, cards: dict[str, str], wcs_name: str, north_deg: float
    ) -> dict[str, Path]:
        home = self.home / name / self.visit
        if home.exists():
            return self._paths(home)
        centre = CENTRE_DEG[0], CENTRE_DEG[1] + north_deg
        told = {**cards, "ASN_ID": f"IBXL{self.visit}010"}
        for rootname in self.members:
            path = write_exposure(home, rootname, centre_deg=centre, wcs_name=wcs_name, **told)
            _brighten(path, int(name == "new") + int(self.visit))
        drizzled = write_product(home, self.product, self.members, wcs_name, **told)
        with fits.open(drizzled, "update") as hdus:
            hdus["SCI"].header["CRVAL2"] = centre[1]
            hdus["HDRTAB"] = _table(self.members, cards, wcs_name)
        return self._paths(home)

    def _paths(self, home: Path) -> dict[str, Path]:
        names = (*(f"{rootname}_flt.fits" for rootname in self.members), self.product)
        return dict(zip(PIECES, (home / name for name in names), strict=True))


def _brighten(path: Path, by: float) -> None:
    with fits.open(path, "update") as hdus:
        hdus["SCI"].data = hdus["SCI"].data + np.float32(by)


def _table(members: Sequence[str], cards: dict[str, str], wcs_name: str) -> fits.BinTableHDU:
    count = len(members)
    columns = [
        fits.Column("ROOTNAME", "9A", array=list(members)),
        fits.Column("EXTVER", "K", array=np.ones(count, int)),
        fits.Column("WCSNAME", "64A", array=[wcs_name] * count),
        fits.Column("CAL_VER", "32A", array=[cards["CAL_VER"]] * count),
        fits.Column("IDCTAB", "32A", array=[cards["IDCTAB"]] * count),
    ]
    return fits.BinTableHDU.from_columns(columns, name="HDRTAB")


@dataclass
class Follower:
    """Does what `todo` says, word by word, as far as alignment goes.

    Parameters
    ----------
    services : Services
    tools : Toolbox
    archive : mapping of str to list of Path
        What a fetch of an observation brings.
    """

    services: Services
    tools: Toolbox
    archive: dict[str, list[Path]] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)

    def due(self) -> list[tuple[str, str]]:
        """Commands with their rules, skies left out."""
        rows = self.services.todo.todo()
        return [(row["command"], row["rule"]) for row in rows if " sky run " not in row["command"]]

    def follow(self, rounds: int = 6) -> int:
        """Do everything that is due until nothing is, or nothing new is said; the rounds done."""
        before: list[tuple[str, str]] = []
        for done in range(rounds):
            due = self.due()
            if not due or due == before:
                return done
            before = due
            for command, _ in due:
                self.do(command)
        return rounds

    def do(self, command: str) -> None:
        self.said.append(command)
        words = shlex.split(command)
        context = self.services.context
        try:
            match words[1:]:
                case ["align", "run", "--refcat", refcat, *products]:
                    AlignService(context, self.tools).run(refcat, products)
                case ["align", "accept", run]:
                    AcceptService(context, self.tools).accept(int(run))
                case ["fetch", "--obs-id", observation, *_]:
                    self.services.ingest.ingest(self.archive.get(observation, []))
                case _:
                    raise AssertionError(f"what is {command}?")
        except SkydbError as refused:
            self.said.append(f"refused: {refused}")
