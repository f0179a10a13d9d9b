"""MDRIZSKY in the headers of an exposure, as AstroDrizzle writes it, and its error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from skydb.errors import NotFoundError, UnreadableFileError

if TYPE_CHECKING:
    from astropy.io.fits import Header

#: Cards of a chip's sky (DrizzlePac Handbook, sky subtraction; the others are skydb's).
CARDS = ("MDRIZSKY", "SKYSIGMA", "SKYMETH", "SKYDBRUN")


@dataclass(frozen=True, slots=True)
class SkyCards:
    """The sky of one chip as cards of its header.

    Parameters
    ----------
    mdrizsky : float or None
        In the unit of BUNIT; None takes the card out.
    sigma : float or None
        Its error, in the same unit.
    method : str
        The method that ran.
    run : int
        Number of the run in its ledger.
    """

    mdrizsky: float | None
    sigma: float | None
    method: str
    run: int

    def put_into(self, header: Header) -> None:
        """Replace the cards of an earlier sky."""
        for name in CARDS:
            header.remove(name, ignore_missing=True, remove_all=True)
        if self.mdrizsky is None:
            return
        header["MDRIZSKY"] = (self.mdrizsky, "Sky value computed by AstroDrizzle or skydb")
        if self.sigma is not None:
            header["SKYSIGMA"] = (self.sigma, "Standard error of MDRIZSKY")
        header["SKYMETH"] = (self.method, "Sky method that ran")
        header["SKYDBRUN"] = (self.run, "Sky run in the ledger of skydb")


def write_sky_cards(path: Path, skies: Mapping[int, SkyCards]) -> None:
    """Put the sky of every chip into a copy of an exposure; pixels stay as they are.

    Parameters
    ----------
    path : Path
        The copy.
    skies : mapping of int to SkyCards
        By EXTVER of the science extension.

    Raises
    ------
    NotFoundError
        When the file has no science extension of such a number.
    UnreadableFileError
        When it cannot be opened.
    """
    from astropy.io import fits

    try:
        with fits.open(
            path, mode="update", memmap=False, uint=False, do_not_scale_image_data=True
        ) as hdus:
            for extver, cards in skies.items():
                if ("SCI", extver) not in hdus:
                    raise NotFoundError(f"{path.name} has no SCI,{extver}.")
                hdu = hdus["SCI", extver]
                cards.put_into(hdu.header)
                if "CHECKSUM" in hdu.header:
                    hdu.add_checksum(override_datasum=True)
    except OSError as error:
        raise UnreadableFileError(path, f"cannot be opened ({error})") from error
