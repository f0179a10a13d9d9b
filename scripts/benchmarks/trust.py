"""Whether trust tells right fits from wrong ones: 240 random fields whose pointing is known.

Every field has a detector, a number of stars (5 to 500), pointing errors up to 2 arcsec and 0.1
degree, cosmic rays or none, a date between 2010 and 2020, and a road of its own. In a fifth of the
fields the catalogue is wrong: mirrored, of other stars, or its positions are 0.3 to 3 arcsec off,
each star by itself; there is nothing right in such a fit.

All proposals are accepted by force and measured on the pixels against the truth, so that it
is known of each whether it was right, whatever trust said. A fit is right when its exposures
are within three times the fit's own error at the corner of the exposure, or 2 mas where there
are 50 matches or more; with fewer, half a pixel is too much in any case.
"""

from __future__ import annotations

import json
import shutil
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from string import ascii_lowercase, digits
from typing import Any

import numpy as np
from astropy.table import QTable, vstack
from rich.console import Console
from rich.table import Table

from scripts.benchmarks.simulated import new_ledger
from scripts.benchmarks.timing import Result
from skydb.api.composition import Services
from skydb.domain.fit import MATCHES_WANTED
from skydb.domain.trust import PARAMETERS_FITTED, TRUST_FLOOR
from skydb.domain.vocabulary import AlignmentRoad, SolutionStatus
from skydb.simulate.field import simulate_field
from skydb.simulate.plan import FieldPlan, SimDetector
from skydb.simulate.truth import FieldTruth
from skydb.simulate.verify import pointing_error_mas

_FIELDS, _FIRST_SEED, _TOGETHER = 240, 7001, 20
_SIZE_PIX = {SimDetector.IR: (128, 192, 256), SimDetector.UVIS: (256, 384), SimDetector.WFC: (256,)}
_PIXEL_MAS = {SimDetector.IR: 128.0, SimDetector.UVIS: 39.6, SimDetector.WFC: 50.0}
#: Distance of a corner of a square over the root mean square distance of its points.
_CORNER = 3.0**0.5
#: Pixels that a star needs for itself.
_ROOM_PIX = 120
_LETTERS = digits + ascii_lowercase
_MANY_STARS, _MANY_STARS_MAS = 50, 2.0
_WRONG = ("mirrored", "other stars", "scattered")
_REFUSED_ALLOWED = 0.02


@dataclass(frozen=True)
class Case:
    """One field to be fitted.

    Parameters
    ----------
    plan : FieldPlan
    road : AlignmentRoad
    catalog : str
        ``right``, or what is wrong with it.
    """

    plan: FieldPlan
    road: AlignmentRoad
    catalog: str


@dataclass(frozen=True)
class Judged:
    """One fit, what trust said and what is true.

    Parameters
    ----------
    case : Case
    subject : str
        What was fitted.
    nmatches : int
    trust : float or None
        None when there was no fit.
    reason : str
        The weakest witness, or why there was no fit.
    error_mas, allowed_mas : float
        Largest error over the pixels after the fit, and the error that a right fit may have.
    """

    case: Case
    subject: str
    nmatches: int
    trust: float | None
    reason: str
    error_mas: float
    allowed_mas: float

    @property
    def is_right(self) -> bool:
        """Whether the exposures are where they should be."""
        return self.case.catalog == "right" and self.error_mas <= self.allowed_mas

    @property
    def is_accepted(self) -> bool:
        """Whether it would have been accepted without force."""
        return self.trust is not None and self.trust >= TRUST_FLOOR

    @property
    def outcome(self) -> str:
        """The cell of the table that it belongs to."""
        if self.trust is None:
            return "no fit"
        said = "accepted" if self.is_accepted else "refused"
        return f"{said}, {'right' if self.is_right else 'wrong'}"


def measure(workdir: Path, repeats: int, fields: int = _FIELDS) -> list[Result]:
    """Fit all fields, some at a time, print the table, and count the two errors."""
    found: list[Judged] = []
    for first in range(0, fields, _TOGETHER):
        road = list(AlignmentRoad)[first // _TOGETHER % 3]
        seeds = range(_FIRST_SEED + first, _FIRST_SEED + min(first + _TOGETHER, fields))
        found += _kept(workdir, first, [case_of(seed, road) for seed in seeds])
    _show(found)
    fits = _each_once(found)
    return [_accepted_and_wrong(fits), _refused_though_right(fits)]


def _each_once(found: Sequence[Judged]) -> list[Judged]:
    """Fits, of which a rigid body is one: it is accepted or refused as a whole."""
    fits: dict[tuple[int, str], Judged] = {}
    for one in found:
        is_body = one.case.road is AlignmentRoad.GROUP
        subject = one.outcome if is_body else one.subject
        fits.setdefault((one.case.plan.seed, subject), one)
    return list(fits.values())


def _kept(workdir: Path, first: int, cases: Sequence[Case]) -> list[Judged]:
    """Fits of some fields, from an earlier start in the same directory (``--keep``) if there."""
    kept = workdir / f"judged-{first}.json"
    if not kept.exists():
        rows = [
            asdict(one) | {"case": one.case.plan.seed}
            for one in judged(workdir / str(first), cases)
        ]
        kept.write_text(json.dumps(rows))
    fields = {case.plan.seed: case for case in cases}
    return [Judged(**row | {"case": fields[row["case"]]}) for row in json.loads(kept.read_text())]


def case_of(seed: int, road: AlignmentRoad) -> Case:
    """The field of a seed."""
    rng = np.random.default_rng(seed)
    detector = list(SimDetector)[int(rng.integers(3))]
    size = int(rng.choice(_SIZE_PIX[detector]))
    most = min(500, size * size // _ROOM_PIX)
    plan = FieldPlan(
        detector,
        (1, 1),
        program=f"b{_LETTERS[seed // 36 % 36]}{_LETTERS[seed % 36]}",
        proposal_id=10000 + seed,
        ra_deg=float(seed * 7 % 360),
        dec_deg=float(rng.uniform(-60.0, 60.0)),
        dithers=int(rng.integers(2, 5)),
        size=size,
        seed=seed,
        products=road is AlignmentRoad.DRIZZLED,
        stars=int(np.exp(rng.uniform(np.log(5), np.log(most)))),
        nebula=0.0 if rng.random() < 0.5 else None,
        start_date=date(int(rng.integers(2010, 2021)), int(rng.integers(1, 13)), 10),
        pointing_error_arcsec=(0.0, 2.0),
        roll_error_deg=float(rng.uniform(0.0, 0.05)),
        jitter_mas=0.0 if road is not AlignmentRoad.EXPOSURES else 10.0,
        cosmic_rays=bool(rng.random() < 0.5),
    )
    catalog = "right" if rng.random() < 0.8 else str(rng.choice(_WRONG))
    return Case(plan, road, catalog)


def judged(directory: Path, cases: Sequence[Case]) -> list[Judged]:
    """Simulate fields of one road, fit them in one run, accept all by force, and measure."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    truths = [_simulated(directory / str(case.plan.seed), case) for case in cases]
    services = new_ledger(directory)
    try:
        services.ingest.ingest([directory])
        catalog = directory / "catalog.ecsv"
        vstack([_catalog(directory / str(case.plan.seed), case) for case in cases]).write(catalog)
        services.refcat.import_file(catalog, 2016.0, "gaia")
        run = _fitted(services, cases[0].road)
        if any(row["status"] == "proposed" for row in services.solutions.fits(run)):
            services.accept.accept(run, force_why="measured against the truth")
        fields = {
            case.plan.program: (case, truth) for case, truth in zip(cases, truths, strict=True)
        }
        return [
            _judged(services, *fields[row["product"][1:4]], row)
            for row in services.solutions.fits(run)
        ]
    finally:
        services.close()
        shutil.rmtree(directory)


def _fitted(services: Services, road: AlignmentRoad) -> int:
    """A run of one road over all files."""
    if road is AlignmentRoad.GROUP:
        return services.align_groups.run("gaia")
    return services.align.run("gaia", what=road)


def _simulated(directory: Path, case: Case) -> FieldTruth:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return simulate_field(directory, case.plan)


def _catalog(field: Path, case: Case) -> QTable:
    """The catalogue of a field, made wrong where it is to be."""
    table = QTable.read(field / "gaia.ecsv")
    ra, dec = table["ra"].to_value("deg"), table["dec"].to_value("deg")
    rng = np.random.default_rng(case.plan.seed + 1)
    if case.catalog == "mirrored":
        ra = 2 * ra.mean() - ra
    elif case.catalog == "other stars":
        ra, dec = (rng.uniform(one.min(), one.max(), len(one)) for one in (ra, dec))
    elif case.catalog == "scattered":
        off = rng.uniform(0.3, 3.0, len(ra)) / 3600.0
        angle = rng.uniform(0.0, 2 * np.pi, len(ra))
        ra = ra + off * np.cos(angle) / np.cos(np.radians(dec))
        dec = dec + off * np.sin(angle)
    table["ra"], table["dec"] = ra * table["ra"].unit, dec * table["dec"].unit
    # Numbers of the sources are of each field.
    return table[[name for name in table.colnames if name != "source_id"]]


def _judged(services: Services, case: Case, truth: FieldTruth, row: dict[str, Any]) -> Judged:
    errors = [
        pointing_error_mas(truth, rootname, path)
        for rootname, path in _moved(services, row["solution"])
    ]
    has_fit = row["status"] != SolutionStatus.FAILED and bool(errors)
    return Judged(
        case,
        row["product"],
        row["nmatches"] or 0,
        row["trust"] if has_fit else None,
        row["reason"] or row["trust_reason"] or "" if not has_fit else row["trust_reason"] or "",
        max(errors, default=float("nan")),
        _allowed_mas(case, row) if has_fit else 0.0,
    )


def _moved(services: Services, solution: int) -> Iterator[tuple[str, Path]]:
    """Exposures that a fit has moved, with their new files."""
    answer = services.plain.sql(
        "SELECT e.rootname, l.path FROM alignment_solutions s"
        " JOIN product_versions v ON v.id = COALESCE(s.applied_version_id, s.version_id)"
        " JOIN products p ON p.id = v.product_id JOIN exposures e ON e.id = p.exposure_id"
        " JOIN file_locations l ON l.version_id = v.id"
        f" WHERE s.id = {solution} AND s.applied_version_id IS NOT NULL"
        f" OR s.source_id = {solution} AND s.status = 'applied'"
    )
    for rootname, path in answer.rows:
        yield rootname, services.context.workspace.resolve(path)


def _allowed_mas(case: Case, row: dict[str, Any]) -> float:
    """Three sigma of a fit at a corner, for stars all over a square.

    A shift leaves the roll as it was; how large that is, the RMS tells.
    """
    matches = max(row["nmatches"], 1)
    parameters = PARAMETERS_FITTED[row["fit_geometry"]]
    rms = float(np.hypot(row["rms_ra_mas"] or 0.0, row["rms_dec_mas"] or 0.0))
    leverage, left = (1.0, _CORNER * rms) if parameters == 2 else (4.0, 0.0)
    sigma = rms * float(np.sqrt(leverage / max(matches - parameters / 2, 1.0)))
    pixel = _PIXEL_MAS[case.plan.detector]
    allowed = max(3.0 * sigma + left, 0.02 * pixel)
    return min(allowed, 0.5 * pixel) if matches < _MANY_STARS else max(allowed, _MANY_STARS_MAS)


def _accepted_and_wrong(found: Sequence[Judged]) -> Result:
    wrong = [one for one in found if one.outcome == "accepted, wrong"]
    return {
        "name": f"fits accepted though wrong, of {len(found)}",
        "target": "0",
        "ratio": float(len(wrong)),
        "passed": not wrong,
    }


def _refused_though_right(found: Sequence[Judged]) -> Result:
    right = [one for one in found if one.trust is not None and one.is_right]
    refused = sum(not one.is_accepted for one in right)
    share = refused / max(len(right), 1)
    return {
        "name": f"fits refused though right, of {len(right)} that were right",
        "target": f"<= {_REFUSED_ALLOWED:.0%}",
        "ratio": share,
        "passed": share <= _REFUSED_ALLOWED,
        "note": "few_matches says how many of them had fewer matches than a shift wants",
        "few_matches": sum(
            not one.is_accepted and one.nmatches < MATCHES_WANTED["shift"] for one in right
        ),
    }


def _show(found: Sequence[Judged]) -> None:
    outcomes = ("accepted, right", "refused, wrong", "refused, right", "accepted, wrong", "no fit")
    table = Table("road", "catalogue", *outcomes)
    counts = Counter((one.case.road, one.case.catalog, one.outcome) for one in found)
    for road in AlignmentRoad:
        for catalog in ("right", *_WRONG):
            cells = [str(counts[road, catalog, outcome]) for outcome in outcomes]
            table.add_row(road.value, catalog, *cells)
    Console(width=140).print(table)
    odd = [one for one in found if one.outcome in ("accepted, wrong", "refused, right")]
    for one in odd:
        plan = one.case.plan
        Console(width=200).print(
            f"{one.outcome}: {one.case.road} {one.case.catalog} {plan.detector} {plan.size} pix,"
            f" seed {plan.seed}, {plan.stars} stars, {one.subject}: {one.nmatches} matches, trust"
            f" {one.trust:.2f} ({one.reason}), {one.error_mas:.2f} mas off, {one.allowed_mas:.2f}"
            " allowed"
        )
