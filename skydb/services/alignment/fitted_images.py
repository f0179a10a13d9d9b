"""skydb's own sources in a fitted image, and the catalogue around them.

A drizzled product is one rectified image. An exposure has one or two chips with distortion and
cosmic rays: its sources are the stars of every chip, each put on the sky by the whole WCS.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from skydb.domain.trust import FitCheck
from skydb.drizzle.starlists import ChipStars, StarFinder
from skydb.files.catalog import CatalogTable
from skydb.files.images import Image, Mask, read_exposed
from skydb.files.products import read_hstwcs
from skydb.files.reader import read_facts
from skydb.sky import fit_trust as measure
from skydb.sky.chip_regions import ChipOutline, regions_of
from skydb.sky.chip_trust import CATALOG, PRODUCT, ChipSources, Comparison, check_chips, with_chips
from skydb.sky.skypixels import pixels_of_sky

if TYPE_CHECKING:
    from astropy.wcs import WCS

Floats = NDArray[np.float64]


class FittedImage(Protocol):
    """An image with its fit."""

    @property
    def sighting(self) -> measure.Sighting:
        """Sources that skydb finds, where the fit puts them."""
        ...

    def cross_match(self, table: CatalogTable) -> FitCheck:
        """Compare these sources with a catalogue, in the area of the image."""
        ...


def read_fitted(
    path: Path, original: Path, finder: StarFinder, outlines: Sequence[ChipOutline] = ()
) -> FittedImage:
    """A file whose primary WCS is a fit, drizzled or a single exposure.

    Parameters
    ----------
    path : Path
        The file.
    original : Path
        A file with the same pixels, in which the stars of an exposure may be known already.
    finder : StarFinder
        Finds them.
    outlines : sequence of ChipOutline, optional
        Of the chips of all members of a drizzled product.
    """
    if read_facts(path).kind.is_drizzled:
        return FittedProduct.read(path, outlines)
    return FittedExposure(read_hstwcs(path), finder.chips(original))


@dataclass(frozen=True)
class FittedProduct:
    """A rectified image with its fit."""

    image: Image
    exposed: Mask
    wcs: WCS
    outlines: Sequence[ChipOutline] = ()

    @classmethod
    def read(cls, path: Path, outlines: Sequence[ChipOutline] = ()) -> FittedProduct:
        """Read a drizzled product."""
        image, exposed = read_exposed(path)
        return cls(image, exposed, next(iter(read_hstwcs(path).values())), outlines)

    @cached_property
    def sighting(self) -> measure.Sighting:
        """Sources that skydb finds, where the fit puts them."""
        return measure.sight(self.image, self.exposed, self.wcs)

    def cross_match(self, table: CatalogTable) -> FitCheck:
        """Compare these sources with the catalogue, in the area of the image.

        Those that only one chip of the members can have seen must agree by themselves.
        """
        inside = measure.catalog_inside(table.radec_deg, self.exposed, self.wcs)
        pooled = _compared(self.sighting, inside)
        return with_chips(pooled, check_chips(self._of_chips(inside), PRODUCT))

    def _of_chips(self, catalog_deg: Floats) -> list[ChipSources]:
        seen = self.sighting
        regions = regions_of(self.outlines, self.exposed.shape)
        found = []
        for number, mask in sorted(regions.items()):
            only = mask & self.exposed
            stars, sources = (
                radec[_falls_on(only, self.wcs, radec)] for radec in (seen.radec_deg, catalog_deg)
            )
            area = float(only.sum()) * seen.scale_arcsec**2
            if len(stars) and area > 0:
                name = f"chip {number} of its members"
                one = ChipSources(number, stars, sources, area, seen.scale_arcsec, name)
                found.append(one)
        return found


@dataclass(frozen=True)
class FittedExposure:
    """The chips of an exposure with their fit, and the stars of each."""

    chips: Mapping[int, WCS]
    stars: Mapping[int, ChipStars]

    @cached_property
    def sighting(self) -> measure.Sighting:
        """Stars of all chips, where the fit puts them."""
        scales = [_scale_arcsec(wcs) for wcs in self.chips.values()]
        area = sum(
            self.stars[extver].clear.size * scale**2
            for extver, scale in zip(self.chips, scales, strict=True)
        )
        radec = np.vstack([self._places[extver] for extver in self.chips])
        return measure.Sighting(radec, float(area), float(np.mean(scales)))

    @cached_property
    def _places(self) -> dict[int, Floats]:
        """Positions (N, 2) of the stars of each chip."""
        return {
            extver: np.asarray(wcs.all_pix2world(self.stars[extver].stars.xy_pix, 1))
            if len(self.stars[extver].stars)
            else np.empty((0, 2))
            for extver, wcs in self.chips.items()
        }

    def cross_match(self, table: CatalogTable) -> FitCheck:
        """Compare these stars with the catalogue, in the area of all chips.

        Only catalogue sources on clear pixels count, because saturated stars are not found.
        Every chip must agree by itself.
        """
        chips = self._sources(table.radec_deg)
        pooled = _compared(self.sighting, np.vstack([chip.catalog_deg for chip in chips]))
        return with_chips(pooled, check_chips(chips))

    def check_chips(self, radec_deg: Floats, kind: Comparison = CATALOG) -> FitCheck | None:
        """Compare each chip with positions of a catalogue; None when no chip contradicts."""
        return check_chips(self._sources(radec_deg), kind)

    def _sources(self, radec_deg: Floats) -> list[ChipSources]:
        return [
            ChipSources(
                extver,
                self._places[extver],
                measure.catalog_inside(radec_deg, self.stars[extver].clear, wcs),
                float(self.stars[extver].clear.size) * _scale_arcsec(wcs) ** 2,
                _scale_arcsec(wcs),
            )
            for extver, wcs in self.chips.items()
        ]


def _falls_on(mask: Mask, wcs: WCS, radec_deg: Floats) -> Mask:
    """Mark the positions within an image that fall on the pixels of a mask."""
    pixels = np.rint(pixels_of_sky(wcs, radec_deg, 0)).astype(int)
    ny, nx = mask.shape
    return np.asarray(mask[pixels[:, 1].clip(0, ny - 1), pixels[:, 0].clip(0, nx - 1)])


def _compared(seen: measure.Sighting, inside: np.ndarray) -> FitCheck:
    found = measure.compare(seen.radec_deg, inside, seen.area_arcsec2, seen.scale_arcsec)
    return measure.check_cross_match(found)


def _scale_arcsec(wcs: WCS) -> float:
    return 3600.0 * float(np.sqrt(abs(np.linalg.det(wcs.pixel_scale_matrix))))
