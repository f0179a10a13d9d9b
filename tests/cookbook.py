"""The ledger that docs/sql-cookbook.md asks its questions of: small, and known by heart."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy.orm import Session

from skydb.domain import (
    Acceptance,
    AlignmentRun,
    AlignmentSolution,
    CatalogImport,
    CatalogService,
    Download,
    DownloadActivity,
    Environment,
    Mosaic,
    Product,
    ProductVersion,
    ReferenceCatalog,
    SkyRun,
    SkyRunGroup,
    Stamp,
)
from skydb.domain.values import FitParameters, FitQuality, SkyLevel, WcsFacts, WcsName
from skydb.domain.vocabulary import DownloadStatus, SkyMethod, SkyUnit, Verdict
from tests.services.footprints import Observatory, box, facts_of, wcs_of

LOCALMIN, MATCH = SkyMethod.LOCALMIN, SkyMethod.MATCH
FILTERS = {"ibxl50aaq": "F160W", "ibxl50abq": "F160W", "ibxl51aaq": "F110W"}
PLACES = {
    "ibxl50aaq": (85.25, -2.46),
    "ibxl50abq": (85.27, -2.46),
    "ibxl51aaq": (85.40, -2.46),
}
STARTS_MJD = {"ibxl50aaq": 56244.5, "ibxl50abq": 56244.75, "ibxl51aaq": 56310.25}


def day(year: int, month: int, number: int) -> datetime:
    """Noon of a day."""
    return datetime(year, month, number, 12, tzinfo=UTC)


class Cookbook:
    """Fills a ledger: three exposures, calibrated twice, aligned, and run with four methods.

    Parameters
    ----------
    session : Session
        A transaction that is committed by whoever opened it.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.sky = Observatory(session)
        self.good = Environment("3.11.7", "linux", {"drizzlepac": "3.11.0"})
        self.bad = Environment("3.11.7", "linux", {"drizzlepac": "3.11.0", "other": "1.4.0"})
        self.good.record_verdict(Verdict.PASSED)
        self.bad.record_verdict(Verdict.FAILED)
        session.add_all([self.good, self.bad])
        self.products: dict[str, Product] = {}

    def fill(self) -> None:
        """Everything."""
        old = self._expose()
        self._download(old)
        self._align()
        first = SkyRunGroup("1" * 64, "before")
        self._run(first, LOCALMIN, old, (1.30, 1.32, 0.80), day(2026, 1, 10), megabytes=100)
        self._run(first, MATCH, old, (0.07, 0.08, 0.00), day(2026, 1, 10), megabytes=100)
        self._run(first, SkyMethod.GLOBALMIN_MATCH, old, (0.87, 0.88, 0.80), day(2026, 1, 10),
                  megabytes=100, purged=True)  # fmt: skip
        new = {name: version.product.versions[-1] for name, version in old.items()}
        second = SkyRunGroup("2" * 64, "after")
        self._run(second, LOCALMIN, new, (1.35, 1.325, 0.80), day(2026, 2, 20), megabytes=50)
        self._run(second, MATCH, {"ibxl50aaq": new["ibxl50aaq"]}, (1.35,), day(2026, 3, 1),
                  effective=LOCALMIN, environment=self.bad)  # fmt: skip

    def _expose(self) -> dict[str, ProductVersion]:
        old = {}
        for name, place in PLACES.items():
            product = self.sky.expose(
                name, wcs_of(box(place)), filters=FILTERS[name], expstart_mjd=STARTS_MJD[name]
            )
            product.versions[0].cal_ver, product.versions[0].idctab = "3.1", "w3m18525i"
            self.sky.file(product, product.exposure.as_facts, wcs_of(box(place)), cal_ver="3.5",
                          idctab="w3m18525i")  # fmt: skip
            old[name] = product.versions[0]
            self.products[name] = product
        return old

    def _download(self, old: dict[str, ProductVersion]) -> None:
        when = {"ibxl50aaq": day(2024, 5, 1), "ibxl51aaq": day(2020, 1, 15)}
        activity = DownloadActivity({}, Stamp("somebody", "0.1.0", self.good))
        self.session.add(activity)
        self.session.flush()
        for name, moment in when.items():
            download = Download(activity.id, f"mast:HST/product/{name}_flt.fits")
            download.finish(DownloadStatus.COMPLETE, 10_000, old[name].sha256, old[name].path)
            download.version, download.started_at = old[name], moment
            self.session.add(download)

    def _align(self) -> None:
        stamp = Stamp("somebody", "0.1.0", self.good)
        gaia = ReferenceCatalog(
            "gaia", CatalogService.GAIA, activity=CatalogImport({}, stamp), sources=400,
            sha256="c" * 64, path="catalogs/gaia.ecsv", epoch=2016.0, has_proper_motions=True,
        )  # fmt: skip
        run = AlignmentRun(gaia, {}, stamp)
        self.session.add(run)
        self.session.flush()
        acceptance = Acceptance(run, {}, stamp)
        fits = {"ibxl50010": (("ibxl50aaq", "ibxl50abq"), 40, 5.0),
                "ibxl51010": (("ibxl51aaq",), 5, 31.2)}  # fmt: skip
        for name, (members, matches, rms) in fits.items():
            quality = FitQuality(matches, rms, rms - 1.0, "rscale")
            wcs = wcs_of(box(PLACES[members[0]], 0.1))
            product = self.sky.drizzle(name, members, wcs)
            fitted = WcsFacts(" ", WcsName.parse("TWEAK"), wcs.chips, quality=quality)
            fit = AlignmentSolution.propose(
                product.versions[0], run, gaia, fitted, FitParameters(0.4, -0.2, 0.0, 1.0, 0.1, 0.1)
            )
            fit.fitted_at = day(2026, 1, 20)
            fit.accept(self.sky.file(product, facts_of(name)), WcsName.parse("IDC_x-FIT_SKYDB"))
            fit.supersede(product.versions[0].solutions[:1])
            for member in members:
                self._carry(member, fit, acceptance)

    def _carry(self, rootname: str, fit: AlignmentSolution, acceptance: Acceptance) -> None:
        product = self.products[rootname]
        wcs = wcs_of(box(PLACES[rootname]), name="IDC_x-FIT_SKYDB")
        version = self.sky.file(product, product.exposure.as_facts, cal_ver="3.5")
        carried = AlignmentSolution.carried(version, acceptance, wcs, fit)
        carried.supersede(s for v in product.versions[:-1] for s in v.solutions)

    def _run(
        self,
        group: SkyRunGroup,
        method: SkyMethod,
        inputs: dict[str, ProductVersion],
        levels: tuple[float, ...],
        started_at: datetime,
        *,
        effective: SkyMethod | None = None,
        environment: Environment | None = None,
        megabytes: int = 0,
        purged: bool = False,
    ) -> None:
        stamp = Stamp("somebody", "0.1.0", environment or self.good)
        run = SkyRun(group, method, {}, stamp, recipe_hash=f"{method}")
        self.session.add(run)
        run.start()
        found = [SkyLevel(name, 1, level, SkyUnit.ELECTRON_PER_S)
                 for name, level in zip(inputs, levels, strict=True)]  # fmt: skip
        run.finish(found, inputs, effective or method, "the package lacks a method")
        run.started_at = started_at
        if megabytes:
            mosaic = Mosaic("sci", "wht", science_sha256="d" * 64, weight_sha256="e" * 64,
                            naxis_pix=(10, 10), size_bytes=megabytes * 1_000_000)  # fmt: skip
            mosaic.purged_at = started_at if purged else None
            run.keep_mosaic(mosaic)
