"""The pipeline's drizzled product of each visit, and what that run leaves in the exposures."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from skydb.drizzle.astrodrizzle import AstroDrizzle, ProductJob
from skydb.drizzle.runner import DrizzlepacRunner
from skydb.drizzle.settings import AstroDrizzleSettings
from skydb.errors import ToolError
from skydb.interruption import litter
from skydb.simulate.detectors import Detector

#: Products made by one subprocess: enough to share its start, few enough to show progress.
_BATCH = 9
#: Flag of what driz_cr finds (``crbit``).
_DQ_DRIZ_CR = 4096
#: Values of the archive's products for the fit of their members.
_FIT_CARDS = ("RMS_RA", "RMS_DEC", "NMATCHES", "CRDER1", "CRDER2", "FITGEOM")


class ProductMaker(Protocol):
    """Makes drizzled products below a scratch directory.

    Each product lies beside the copies of its exposures in which AstroDrizzle has
    written its sky.
    """

    def make_products(self, jobs: Sequence[ProductJob], scratch: Path) -> list[Path]:
        """Science file of each job."""
        ...


@dataclass(frozen=True, slots=True)
class Association:
    """Exposures that the archive combines, and the rootname of the product."""

    asn_id: str
    exposures: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The archive's drizzling of a simulated field.

    Parameters
    ----------
    maker : ProductMaker
        Function that drizzles; by default the real AstroDrizzle.
    rejects : bool
        Whether it looks for cosmic rays where an association has several exposures, and
        leaves its flag on what it finds, as the archive's does.
    """

    detector: Detector
    maker: ProductMaker
    rejects: bool = False

    @classmethod
    def real(cls, detector: Detector, *, rejects: bool = False) -> Pipeline:
        """The pipeline with the real AstroDrizzle."""
        return cls(detector, AstroDrizzle(DrizzlepacRunner()), rejects)

    def product_name(self, association: Association) -> str:
        """``<asn>_drz.fits`` or ``<asn>_drc.fits``."""
        return f"{association.asn_id}_{self.detector.product_kind}.fits"

    def run(
        self,
        associations: Sequence[Association],
        directory: Path,
        say: Callable[[str], None],
    ) -> list[Path]:
        """Drizzle the exposures of each association into ``directory``.

        The exposures keep the MDRIZSKY of this run, as in the archive, so that a second
        measurement of the sky must handle it.

        Raises
        ------
        ToolError
            When AstroDrizzle fails.
        """
        made = []
        for start in range(0, len(associations), _BATCH):
            batch = associations[start : start + _BATCH]
            say(f"drizzling visits {start + 1}-{start + len(batch)} of {len(associations)}")
            with (
                # Within the draft of the field, with which it goes if this process is killed.
                tempfile.TemporaryDirectory(prefix="skydb-simulate-", dir=directory) as scratch,
                litter(Path(scratch)),
            ):
                try:
                    made += self._run_batch(batch, directory, Path(scratch).resolve())
                except ToolError as error:
                    raise _with_kept_log(error, directory) from error
        return made

    def _run_batch(
        self, associations: Sequence[Association], directory: Path, scratch: Path
    ) -> list[Path]:
        jobs = [ProductJob(one.exposures, one.asn_id, self._settings(one)) for one in associations]
        products = self.maker.make_products(jobs, scratch)
        kept = []
        for association, product in zip(associations, products, strict=True):
            for path in association.exposures:
                _copy_sky(product.parent / path.name, path)
                if self._rejects(association):
                    _copy_flags(product.parent / path.name, path)
            target = directory / self.product_name(association)
            shutil.move(product, target)
            _describe(target, association)
            kept.append(target)
        return kept

    def _rejects(self, association: Association) -> bool:
        return self.rejects and len(association.exposures) > 1

    def _settings(self, association: Association) -> AstroDrizzleSettings:
        settings = AstroDrizzleSettings.pipeline(extra={"context": True})
        return replace(settings, reject_cosmic_rays=self._rejects(association))


def _with_kept_log(error: ToolError, directory: Path) -> ToolError:
    """The error with its log saved from the scratch directory."""
    kept = None
    if error.log is not None and error.log.exists():
        kept = Path(shutil.copy(error.log, directory / "products.log"))
    return ToolError(error.tool, "could not make the products", log=kept)


def _copy_sky(processed: Path, original: Path) -> None:
    """Carry MDRIZSKY from the pipeline's copy of an exposure to the exposure."""
    from astropy.io import fits

    with fits.open(processed) as source, fits.open(original, mode="update") as target:
        for hdu in target:
            if hdu.name == "SCI":
                hdu.header["MDRIZSKY"] = source["SCI", hdu.ver].header["MDRIZSKY"]


def _copy_flags(processed: Path, original: Path) -> None:
    """Carry the flags of cosmic rays from the pipeline's copy of an exposure to the exposure."""
    from astropy.io import fits

    with fits.open(processed) as source, fits.open(original, mode="update") as target:
        for hdu in target:
            if hdu.name == "DQ":
                hdu.data |= source["DQ", hdu.ver].data & _DQ_DRIZ_CR


def _describe(product: Path, association: Association) -> None:
    """Add what the archive's products say and AstroDrizzle leaves out.

    The date is that of the exposures' processing, of which the product is a part, and
    what is said of the fit is what the first exposure says.
    """
    from astropy.io import fits

    with fits.open(association.exposures[0]) as hdus:
        date, member = hdus[0].header["DATE"], hdus["SCI", 1].header
        fit = [member.cards[card] for card in _FIT_CARDS if card in member]
    with fits.open(product, mode="update") as hdus:
        hdus[0].header["DATE"] = date
        hdus[0].header["FILENAME"] = product.name
        hdus[0].header["ROOTNAME"] = association.asn_id
        hdus[0].header["ASN_ID"] = association.asn_id.upper()
        science = hdus["SCI", 1].header
        science["ROOTNAME"] = association.asn_id
        science.extend(fit, update=True)
