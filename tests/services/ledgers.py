"""Small ledgers made of entities: exposures, deliveries and sky runs at given dates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import event, select
from sqlalchemy.orm import Session

from skydb.api.composition import Services
from skydb.domain import (
    AlignmentRun,
    AlignmentSolution,
    Environment,
    Exposure,
    HistoryImport,
    IngestActivity,
    Product,
    ProductVersion,
    SkyRun,
    SkyRunGroup,
    SkyValue,
    Stamp,
    Visit,
)
from skydb.domain.fingerprint import fingerprint
from skydb.domain.values import FileFacts, Rootname, SkyLevel, WcsFacts, WcsName
from skydb.domain.vocabulary import (
    Engine,
    LinkRole,
    ProductKind,
    SkyMethod,
    SkyUnit,
    SolutionStatus,
)
from tests.domain.entities import CHIP, facts_of
from tests.logged import logged_fit, logged_product, recall, recall_values
from tests.versions import recorded

DRIZZLEPAC = {"drizzlepac": "3.10.0", "numpy": "2.4.6"}
E_PER_S = SkyUnit.ELECTRON_PER_S


@dataclass(frozen=True)
class SmallLedger:
    """Writes rows as the services would, without their work."""

    services: Services

    @contextmanager
    def statements(self) -> Iterator[list[str]]:
        """Statements to the database meanwhile."""
        said: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            if statement.startswith(("SELECT", "WITH")):
                said.append(statement)

        engine = self.services.context.store.engine
        event.listen(engine, "before_cursor_execute", note)
        try:
            yield said
        finally:
            event.remove(engine, "before_cursor_execute", note)

    def deliver(
        self,
        rootname: str,
        *,
        cal_ver: str = "3.5.0",
        idctab: str = "w3m18525i_idc.fits",
        shift_mas: float = 0.0,
        extvers: Sequence[int] = (1,),
        on: datetime | None = None,
        **facts: Any,
    ) -> int:
        """A new content of an exposure from the archive, moved to the north; its version."""
        with self.services.context.store.writing() as session:
            activity = IngestActivity({}, Stamp("somebody", "0.1.0"))
            session.add(activity)
            version = _version(session, rootname, cal_ver, idctab, shift_mas, facts)
            wcs = WcsFacts(" ", WcsName.parse("IDC_w3m18525i"), _chips(extvers, shift_mas))
            solution = AlignmentSolution.found(version, activity, wcs)
            activity.generate(version, LinkRole.INGESTED)
            if on is not None:
                version.recorded_at = solution.recorded_at = on
            session.flush()
            session.commit()
            return version.id

    def run(
        self,
        method: SkyMethod,
        skies: Mapping[str, float | Sequence[float] | None],
        *,
        on: datetime,
        effective: SkyMethod | None = None,
        group: str = "a",
        unit: SkyUnit | None = E_PER_S,
        packages: Mapping[str, str] = DRIZZLEPAC,
        engine: Engine = Engine.ASTRODRIZZLE,
        **parameters: Any,
    ) -> int:
        """A sky run of the newest content of some exposures."""
        with self.services.context.store.writing() as session:
            stamp = Stamp("somebody", "0.1.0", _environment(session, packages))
            document = {engine.value: {"skystat": "median", **parameters}, "inputs": []}
            run = SkyRun(
                _group(session, group), method, document, stamp,
                recipe_hash="e" * 64, engine=engine,
            )  # fmt: skip
            session.add(run)
            run.start()
            inputs = {name: _newest(session, name) for name in skies}
            run.finish(_levels(skies, unit), inputs, effective or method)
            run.started_at = on
            session.flush()
            session.commit()
            return run.id

    def logged_run(
        self,
        method: SkyMethod,
        skies: Mapping[str, float],
        *,
        on: datetime | None,
        group: str = "log",
        tool_version: str = "AstroDrizzle 2.2.6",
        directory: str = "here",
    ) -> int:
        """A run of which only a log tells, of exposures that may be known from it alone."""
        with self.services.context.store.writing() as session:
            stamp = Stamp("somebody", "0.1.0")
            brought = HistoryImport({}, stamp)
            steps = {"Sky": {"skystat": "median"}, "Final Drizzle": {"bits": directory}}
            document = {"astrodrizzle": steps, "log": {"directory": directory}}
            run = SkyRun(_group(session, group), method, document, stamp, recipe_hash="f" * 64)
            session.add_all([brought, run])
            recall(run, brought, on, on, tool_version)
            levels = _levels(skies, None)
            recall_values(
                run, [SkyValue(_logged(session, one.rootname), one) for one in levels], method
            )
            session.flush()
            session.commit()
            return run.id

    def logged_fit(
        self, product: str, *, on: datetime, directory: str, dx_pix: float | None
    ) -> int:
        """A fit of which only a log tells; one without a shift failed."""
        status = SolutionStatus.FAILED if dx_pix is None else SolutionStatus.APPLIED
        with self.services.context.store.writing() as session:
            stamp = Stamp("somebody", "0.1.0")
            brought = HistoryImport({}, stamp)
            run = AlignmentRun("gaia", {"log": {"directory": directory}}, stamp)
            session.add_all([brought, run])
            recall(run, brought, on, on, "TweakReg 1.4.7")
            same = select(Product).where(Product.filename == product)
            visit = _visit(session, Rootname(product[:9]), None)
            drizzled = session.scalar(same) or logged_product(product, ProductKind.DRZ, visit)
            fit = logged_fit(drizzled, run, WcsName.parse("TWEAK"), status)
            fit.dx_pix = dx_pix
            session.add(fit)
            session.flush()
            session.commit()
            return run.id


def day(text: str) -> datetime:
    """Noon UTC of a day."""
    return datetime.fromisoformat(f"{text}T12:00").replace(tzinfo=UTC)


def _levels(
    skies: Mapping[str, float | Sequence[float] | None], unit: SkyUnit | None
) -> list[SkyLevel]:
    chips = {name: list(sky) if isinstance(sky, Sequence) else [sky] for name, sky in skies.items()}
    return [
        SkyLevel(name, extver, sky, unit)
        for name, values in chips.items()
        for extver, sky in enumerate(values, 1)
    ]


def _version(
    session: Session,
    rootname: str,
    cal_ver: str,
    idctab: str,
    shift_mas: float,
    facts: Mapping[str, Any],
) -> ProductVersion:
    product = _product(session, rootname, facts)
    number = len(product.versions) + 1
    content = fingerprint({"of": rootname, "number": number, "shift": shift_mas})
    file = FileFacts(
        path=Path(f"{rootname}_flt.fits"),
        kind=ProductKind.FLT,
        size_bytes=2880,
        facts=facts_of(rootname),
        solutions=(),
        sha256=content,
        cal_ver=cal_ver,
        idctab=idctab,
    )
    return recorded(product, file, f"{number}/{file.path}", is_managed=False)


def _product(session: Session, rootname: str, facts: Mapping[str, Any]) -> Product:
    name = f"{rootname}_flt.fits"
    known = session.scalar(select(Product).where(Product.filename == name))
    if known is not None:
        return known
    header = replace(facts_of(rootname), **facts)
    visit = _visit(session, header.rootname, header.proposal_id)
    product = logged_product(name, ProductKind.FLT, visit, Exposure(visit, header))
    session.add(product)
    return product


def _visit(session: Session, rootname: Rootname, proposal_id: int | None) -> Visit:
    program, number = rootname.program, rootname.visit_number
    same = select(Visit).where(Visit.program == program, Visit.number == number)
    visit = session.scalar(same) or Visit(program, number, proposal_id)
    session.add(visit)
    return visit


def _logged(session: Session, rootname: str) -> Exposure:
    known = session.scalar(select(Exposure).where(Exposure.rootname == rootname))
    name = Rootname(rootname)
    exposure = known or Exposure(_visit(session, name, None), name)
    session.add(exposure)
    return exposure


def _chips(extvers: Sequence[int], shift_mas: float) -> tuple[Any, ...]:
    north_deg = shift_mas / 3_600_000
    polygon = tuple((ra, dec + north_deg) for ra, dec in CHIP.polygon_deg)
    crval = (CHIP.crval_deg[0], CHIP.crval_deg[1] + north_deg)
    moved = replace(CHIP, crval_deg=crval, polygon_deg=polygon)
    return tuple(replace(moved, extver=extver) for extver in extvers)


def _group(session: Session, name: str) -> SkyRunGroup:
    key = name.ljust(64, "0")
    same = select(SkyRunGroup).where(SkyRunGroup.fingerprint == key)
    return session.scalar(same) or SkyRunGroup(key, name)


def _environment(session: Session, packages: Mapping[str, str]) -> Environment:
    made = Environment("3.11.7", "linux", packages)
    same = select(Environment).where(Environment.fingerprint == made.fingerprint)
    return session.scalar(same) or made


def _newest(session: Session, rootname: str) -> ProductVersion:
    product = session.scalar(select(Product).where(Product.filename == f"{rootname}_flt.fits"))
    assert product is not None
    return product.latest
