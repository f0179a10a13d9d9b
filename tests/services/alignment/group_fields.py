"""Small fields with a handful of catalogue stars in each exposure, among cosmic rays."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from astropy.io import fits
from astropy.table import QTable
from sqlalchemy import select

from skydb.api.composition import Services
from skydb.domain import AlignmentRun, Exposure, Product, ProductVersion
from skydb.simulate.field import simulate_field
from skydb.simulate.plan import FieldPlan, SimDetector
from skydb.simulate.truth import FieldTruth
from skydb.simulate.verify import pointing_error_mas

#: Two visits, both off by an arcsecond or two and by some hundredths of a degree.
PLAN = FieldPlan(
    detector=SimDetector.UVIS,
    tiles=(2, 1),
    dithers=3,
    size=256,
    seed=3,
    products=False,
    stars=14,
    cosmic_rays=True,
    jitter_mas=5.0,
    pointing_error_arcsec=(1.0, 2.0),
    roll_error_deg=0.05,
)


@dataclass(frozen=True)
class GroupField:
    """A simulated field and its truth."""

    directory: Path
    truth: FieldTruth

    @classmethod
    def simulated(cls, directory: Path) -> GroupField:
        return cls(directory, simulate_field(directory, PLAN))

    @property
    def exposures(self) -> list[Path]:
        return [self.directory / one.path for one in self.truth.exposures]

    def rootnames(self, visit: str) -> list[str]:
        return [one.rootname for one in self.truth.exposures if one.visit == visit]

    def catalog(self, path: Path, *, mirrored: bool = False) -> Path:
        """Gaia's catalogue or its mirror image."""
        table = QTable.read(self.directory / self.truth.catalog)
        if mirrored:
            table["ra"] = 2 * table["ra"].mean() - table["ra"]
        table.write(path, format="ascii.ecsv")
        return path

    def error_mas(self, services: Services, rootname: str) -> float:
        """Largest pointing error of an exposure as it is now."""
        return pointing_error_mas(self.truth, rootname, newest_file(services, rootname))


def newest_file(services: Services, rootname: str) -> Path:
    """The newest file of an exposure."""
    with services.context.store.reading() as session:
        query = (
            select(ProductVersion)
            .join(Product)
            .join(Exposure)
            .where(Exposure.rootname == rootname)
            .order_by(ProductVersion.id.desc())
        )
        return services.context.workspace.resolve(session.scalars(query).first().path)


def run_of(services: Services, run_id: int) -> AlignmentRun:
    """A run with what tests look at."""
    with services.context.store.reading() as session:
        run = session.get_one(AlignmentRun, run_id)
        _ = run.findings, run.known_catalog
        _ = [(one.catalog, one.version.product) for one in run.solutions]
        _ = [one.product.exposure for one in run.solutions]
        return run


def moved_exposure(path: Path, directory: Path, rootname: str) -> Path:
    """A copy of an exposure, as another exposure of a place a tenth of a degree away."""
    copy = directory / path.name.replace(path.name.split("_")[0], rootname)
    with fits.open(path) as hdus:
        for hdu in hdus:
            hdu.header["ROOTNAME"] = hdu.header["EXPNAME"] = rootname
            if hdu.name == "SCI":
                hdu.header["CRVAL2"] += 0.1
        hdus[0].header["FILENAME"] = copy.name
        hdus.writeto(copy)
    return copy
