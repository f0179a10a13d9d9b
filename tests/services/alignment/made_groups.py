"""A fitter of groups that finds no stars: every fit is as good as a test wants it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from astropy.io import fits

from skydb.drizzle.groupoutcome import BodyOutcome, Evidence, Member, Reference
from skydb.drizzle.starlists import StarFinder
from skydb.drizzle.tweakreg import FitStatus, ProductFit
from skydb.errors import SkydbError
from skydb.sky.bodies import Choice
from skydb.sky.fit_trust import Agreement
from skydb.sky.relative import Consistency

SHIFT_DEG = 1e-5
NUMBERS = {"dx_pix": 0.28, "dy_pix": 0.0, "rotation_deg": 0.0, "scale": 1.0,
           "x_rms_pix": 0.02, "y_rms_pix": 0.03, "rms_ra_mas": 2.6, "rms_dec_mas": 3.8}  # fmt: skip


@dataclass
class MadeFits:
    """In place of :class:`skydb.drizzle.groupfit.GroupFitter`.

    Parameters
    ----------
    weights : mapping of (str, int) to int
        Matches of a group to the catalogue of a number, 40 where not given; 0 for no fit.
    errors : mapping of str to SkydbError
        Groups that cannot be fitted at all.
    resting : str, optional
        The visit that stays when visits are aligned to each other.
    """

    weights: dict[tuple[str, int], int] = field(default_factory=dict)
    errors: dict[str, SkydbError] = field(default_factory=dict)
    resting: str = "bxl50"
    choose: Choice | None = None
    finder: StarFinder = field(default_factory=StarFinder)
    asked: list[tuple[str, int, list[str]]] = field(default_factory=list)

    def __call__(self, runner: object, choose: Choice) -> MadeFits:
        self.choose = choose
        return self

    def fit(
        self, name: str, members: Sequence[Member], reference: Reference, scratch: Path
    ) -> list[BodyOutcome]:
        number = int(scratch.name)
        self.asked.append((name, number, [one.rootname for one in members]))
        assert reference.file.read_text().count("\n") >= len(reference.radec_deg)
        if name in self.errors:
            raise self.errors[name]
        return [self._body(name, members, self.weights.get((name, number), 40), scratch)]

    def align(self, name: str, members: Sequence[Member], scratch: Path) -> list[BodyOutcome]:
        visits = sorted({one.visit for one in members} - {self.resting})
        bodies = [[one for one in members if one.visit == visit] for visit in visits]
        return [
            self._body(f"{name}/{visit}", body, 30, scratch, self.resting)
            for visit, body in zip(visits, bodies, strict=True)
        ]

    def _body(
        self,
        name: str,
        members: Sequence[Member],
        weight: int,
        scratch: Path,
        resting: str | None = None,
    ) -> BodyOutcome:
        rootnames = [one.rootname for one in members]
        made = [self._fit(name, one.path, weight, scratch) for one in members]
        told = Evidence(
            weight + 2, weight, weight + 1, 0.01, dict.fromkeys(rootnames, 0.02),
            dict.fromkeys(rootnames, 1.5), Agreement(30, 30, 0.1, 0.01, 0.005), "votes",
        )  # fmt: skip
        agreement = dict.fromkeys(rootnames, Consistency(20, 3.0, 0.0, 0.0, 0.0, 1))
        evidence = told if weight and resting is None else None
        return BodyOutcome(
            name, tuple(members), tuple(made), agreement, (), evidence, resting, 128.0
        )

    def _fit(self, name: str, path: Path, weight: int, scratch: Path) -> ProductFit:
        log, match_file = scratch / "group.log", scratch / f"{path.stem}.match"
        log.write_text(f"{name}\n")
        told: dict[str, Any] = {"reason": "no stars", "group": name}
        status = FitStatus.FAILED
        if weight:
            assert self.choose is not None
            match_file.write_text(f"matches of {path.stem}\n")
            told = {**NUMBERS, "nmatches": weight, "fitted_copy": _moved(path, scratch),
                    "match_file": match_file, "group": name}  # fmt: skip
            status = FitStatus.FITTED
        geometry = self.choose(weight, is_turned=False) if self.choose else ""
        return ProductFit(path, status, log, "IDC_a", geometry, 30, **told)


def _moved(path: Path, scratch: Path) -> Path:
    copy = Path(shutil.copy(path, scratch))
    with fits.open(copy, "update") as hdus:
        for hdu in hdus:
            if hdu.name == "SCI":
                hdu.header["CRVAL1"] += SHIFT_DEG
    return copy
