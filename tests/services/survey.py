"""Ledgers of a few rows, made of entities: whatever a survey may have done to its exposures."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select
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
    Exposure,
    HistoryImport,
    IngestActivity,
    Mosaic,
    Product,
    ProductVersion,
    ReferenceCatalog,
    SkyRun,
    SkyRunGroup,
    SkyValue,
    Stamp,
    Visit,
)
from skydb.domain.base import utc_now
from skydb.domain.values import (
    FileFacts,
    FitParameters,
    FitQuality,
    Realised,
    Rootname,
    SkyLevel,
)
from skydb.domain.vocabulary import (
    DownloadStatus,
    Engine,
    LinkRole,
    ProductKind,
    SkyMethod,
    SkyUnit,
    SolutionStatus,
    Verdict,
)
from tests.domain.entities import facts_of, wcs
from tests.logged import logged_product, recall, recall_values

FIT = FitParameters(0.4, -0.2, 0.0, 1.0, 0.02, 0.02)


@dataclass
class Survey:
    """Adds rows to a session; every name follows from the two characters of a visit."""

    session: Session
    agent: str = "somebody"
    contents: int = 0
    visits: dict[str, Visit] = field(default_factory=dict)
    environments: dict[Verdict, Environment] = field(default_factory=dict)

    def stamp(self, verdict: Verdict = Verdict.PASSED) -> Stamp:
        """Make the stamp of an environment with this verdict."""
        if verdict not in self.environments:
            self.environments[verdict] = self._environment(verdict)
        return Stamp(self.agent, "0.1.0", self.environments[verdict])

    def _environment(self, verdict: Verdict) -> Environment:
        environment = Environment("3.11", "Linux", {"verdict": verdict.value})
        same = Environment.fingerprint == environment.fingerprint
        known = self.session.scalar(select(Environment).where(same))
        if known is not None:
            return known
        if verdict is not Verdict.UNCHECKED:
            environment.record_verdict(verdict)
        self.session.add(environment)
        return environment

    def exposure(self, visit: str, number: int = 1, *, detector: str = "IR") -> Exposure:
        rootname = f"ibxl{visit}{number:02}q"
        facts = replace(facts_of(rootname), detector=detector, asn_id=f"IBXL{visit.upper()}010")
        if visit not in self.visits:
            self.visits[visit] = Visit.of(facts)
        exposure = Exposure(self.visits[visit], facts)
        self.session.add(exposure)
        self.session.flush()
        return exposure

    def logged(self, visit: str) -> Exposure:
        """One that only a log names."""
        exposure = Exposure(Visit("bxl", visit), Rootname(f"ibxl{visit}01q"))
        self.session.add(exposure)
        return exposure

    def content(
        self, of: Exposure | Product, *, idctab: str | None = None, date: str | None = None
    ) -> ProductVersion:
        """A new content from the archive."""
        product = of if isinstance(of, Product) else self.product(of)
        version = self._version(product, idctab, date)
        activity = IngestActivity({}, self.stamp())
        activity.start()
        self.session.add(activity)
        activity.generate(version, LinkRole.INGESTED)
        solution = AlignmentSolution.found(version, activity, wcs())
        earlier = [
            one for v in product.versions[:-1] for one in (*v.solutions, *v.applied_solutions)
        ]
        solution.supersede(earlier)
        activity.succeed()
        self.session.flush()
        return version

    def product(self, exposure: Exposure) -> Product:
        name = f"{exposure.rootname}_flt.fits"
        known = self.session.scalar(select(Product).where(Product.filename == name))
        if known is None:
            known = logged_product(name, ProductKind.FLT, exposure.visit, exposure)
            self.session.add(known)
            self.session.flush()
        return known

    def drizzled(self, *exposures: Exposure) -> Product:
        """The association of exposures, without content."""
        visit = exposures[0].visit
        product = logged_product(f"ibxl{visit.number}010_drz.fits", ProductKind.DRZ, visit)
        product.name_members(tuple(exposure.rootname for exposure in exposures))
        self.session.add(product)
        return product

    def catalog(self, name: str) -> ReferenceCatalog:
        activity = CatalogImport({}, self.stamp())
        self.session.add(activity)
        catalog = ReferenceCatalog(
            name,
            CatalogService.FILE,
            activity=activity,
            sources=100,
            sha256="c" * 64,
            path=f"catalogs/{name}.ecsv",
            epoch=2016.0,
            has_proper_motions=True,
        )
        self.session.add(catalog)
        self.session.flush()
        return catalog

    def fit(
        self,
        version: ProductVersion,
        catalog: ReferenceCatalog,
        *,
        nmatches: int = 60,
        trust: float = 0.9,
        failed: bool = False,
        replay_of: int | None = None,
        group: AlignmentSolution | None = None,
    ) -> AlignmentSolution:
        """A fit that waits for review, or failed; of the group of another fit, when given."""
        parameters = {} if replay_of is None else {"replay_of": replay_of}
        if group is not None:
            assert isinstance(group.activity, AlignmentRun)
            run = group.activity
        else:
            run = AlignmentRun(catalog, parameters, self.stamp())
            self.session.add(run)
            run.start()
        if failed:
            fit = AlignmentSolution.failed_fit(version, run, catalog, wcs(), "no match")
        else:
            quality = FitQuality(nmatches, 4.0, 5.0, "rscale")
            solved = wcs("TWEAK", quality=quality)
            fit = AlignmentSolution.propose(version, run, catalog, solved, FIT)
            fit.trust = trust
        if group is not None:
            group.group_name = fit.group_name = "body"
        if group is None:
            run.succeed()
        self.session.flush()
        return fit

    def align(
        self,
        version: ProductVersion,
        catalog: ReferenceCatalog,
        drizzled: ProductVersion | None = None,
        verdict: Verdict = Verdict.PASSED,
    ) -> ProductVersion:
        """The exposure aligned as part of a product: a new content of it."""
        source = self.fit(drizzled or version, catalog)
        run = source.activity
        assert isinstance(run, AlignmentRun)
        acceptance = Acceptance(run, {}, self.stamp(verdict))
        self.session.add(acceptance)
        acceptance.start()
        source.status = SolutionStatus.APPLIED if drizzled else SolutionStatus.REJECTED
        aligned = self._version(
            version.product, version.idctab, version.date_written, derived_from=version
        )
        acceptance.use(version)
        acceptance.generate(aligned, LinkRole.ALIGNED)
        carried = AlignmentSolution.carried(aligned, acceptance, wcs("IDC_x-FIT_SKYDB_g"), source)
        carried.verify(Realised(50.0, 50.0, 0.0))
        carried.supersede(s for v in version.product.versions for s in v.solutions)
        acceptance.succeed()
        self.session.flush()
        return aligned

    def sky(
        self,
        versions: Sequence[ProductVersion],
        method: SkyMethod = SkyMethod.MATCH,
        effective: SkyMethod | None = None,
        verdict: Verdict = Verdict.PASSED,
        *,
        sky: float | None = 0.5,
        replay_of: SkyRun | None = None,
    ) -> SkyRun:
        """A good run on contents of exposures, each of two chips."""
        names = sorted(version.sha256 for version in versions)
        fingerprint = hashlib.sha256("".join(names).encode()).hexdigest()
        group = self._group(fingerprint, "a field")
        run = SkyRun(group, method, {}, self.stamp(verdict), recipe_hash="e" * 64)
        self.session.add(run)
        run.start()
        inputs = {_rootname(version): version for version in versions}
        levels = [
            SkyLevel(name, extver, sky, SkyUnit.ELECTRON_PER_S if sky is not None else None)
            for name in inputs
            for extver in (1, 2)
        ]
        for version in versions:
            run.use(version)
        run.finish(levels, inputs, effective or method)
        if replay_of is not None:
            run.repeat(replay_of)
        self.session.flush()
        return run

    def interrupted_then_repeated(self, visit: str) -> SkyRun:
        """A run that was told to stop, and the same once more, to its end."""
        return self.interrupted(visit, repeated=True)

    def interrupted(self, visit: str, *, repeated: bool = False) -> SkyRun:
        """A run that was told to stop."""
        version = self.content(self.exposure(visit))
        recipe = hashlib.sha256(f"interrupted {version.sha256}".encode()).hexdigest()
        group = SkyRunGroup(recipe, "a field")
        first, again = (
            SkyRun(group, SkyMethod.MATCH, {}, self.stamp(), recipe_hash=recipe) for _ in range(2)
        )
        for run in (first, again) if repeated else (first,):
            self.session.add(run)
            run.start()
            run.use(version)
            self.session.flush()
        first.interrupt("It was interrupted by SIGTERM.")
        if repeated:
            level = SkyLevel(_rootname(version), 1, 0.5, SkyUnit.ELECTRON_PER_S)
            again.finish([level], {_rootname(version): version}, SkyMethod.MATCH)
        self.session.flush()
        return first

    def _group(self, fingerprint: str, label: str) -> SkyRunGroup:
        asked = select(SkyRunGroup).where(SkyRunGroup.fingerprint == fingerprint)
        return self.session.scalar(asked) or SkyRunGroup(fingerprint, label)

    def remembered(
        self,
        exposure: Exposure,
        method: SkyMethod = SkyMethod.MATCH,
        verdict: Verdict = Verdict.UNCHECKED,
    ) -> SkyRun:
        """A run of which only a log tells."""
        reader = HistoryImport({}, self.stamp())
        self.session.add(reader)
        group = self._group(f"{exposure.rootname}{method:x<55}", "from a log")
        run = SkyRun(
            group, method, {}, Stamp(self.agent, "0.1.0"), recipe_hash="d" * 64,
            engine=Engine.ASTRODRIZZLE,
        )  # fmt: skip
        self.session.add(run)
        long_ago = utc_now() - timedelta(days=2000)
        recall(run, reader, long_ago, long_ago, "AstroDrizzle 2.2.6")
        run.environment = self.stamp(verdict).environment
        level = SkyLevel(exposure.rootname, 1, 0.7, SkyUnit.ELECTRON_PER_S)
        recall_values(run, [SkyValue(exposure, level)], method)
        self.session.flush()
        return run

    def download(self, version: ProductVersion, when: datetime) -> Download:
        activity = DownloadActivity({}, self.stamp())
        self.session.add(activity)
        self.session.flush()
        row = Download(activity.id, f"mast:HST/{version.filename}")
        row.version = version
        self.session.add(row)
        row.finish(DownloadStatus.COMPLETE, 2880, version.sha256, version.path)
        row.started_at = when
        return row

    def mosaic(self, run: SkyRun, root: Path, age: timedelta = timedelta()) -> Mosaic:
        """Two small files below a data root, of a run that ended so long ago."""
        names = [f"runs/{run.id}/f160w_{part}.fits" for part in ("sci", "wht")]
        for name in names:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(b"x" * 1000)
        mosaic = Mosaic(
            names[0], names[1], science_sha256="a" * 64, weight_sha256="b" * 64,
            naxis_pix=(10, 10), size_bytes=2000,
        )  # fmt: skip
        run.keep_mosaic(mosaic)
        run.finished_at = utc_now() - age
        self.session.flush()
        return mosaic

    def _version(
        self,
        product: Product,
        idctab: str | None,
        date: str | None,
        derived_from: ProductVersion | None = None,
    ) -> ProductVersion:
        self.contents += 1
        facts = FileFacts(
            path=Path(product.filename),
            kind=product.kind,
            size_bytes=2880,
            facts=facts_of(f"{product.filename[:9]}"),
            solutions=(wcs(),),
            sha256=f"{self.contents:064x}",
            idctab=idctab,
            date_written=date,
        )
        version = product.add_version(facts, derived_from=derived_from)
        version.see_at(
            f"in/{product.filename}/{self.contents}.fits", is_managed=derived_from is not None
        )
        self.session.flush()
        return version


def _rootname(version: ProductVersion) -> str:
    assert version.product.exposure is not None
    return version.product.exposure.rootname
