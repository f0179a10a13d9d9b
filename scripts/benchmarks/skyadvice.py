"""Whether ``sky advise`` names the right method: 40 fields whose skies are known.

The error of a method is the rms of MDRIZSKY less the sky that was put in, over all chips.
Of ``match``, whose values are relative, the mean of all differences is taken off first: one
for the whole field, islands included. Where the sky has a gradient, what a constant leaves
of it is part of the error of every method.

The method that is named is right when its error is the smallest of the four, or larger by no
more than its own sigma (rms of ``mdrizsky_sigma``). That none will do is right when the
smallest error is more than three sigmas of its method and a tenth of the noise of a pixel.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from scripts.benchmarks.simulated import simulated_ledger
from scripts.benchmarks.timing import Result
from skydb.api.composition import Services
from skydb.domain.vocabulary import COMPUTED_METHODS, SkyMethod
from skydb.services.skies.measure_overlaps import MeasureOverlaps
from skydb.services.skies.recipe import selected_inputs
from skydb.simulate.plan import FieldKind, FieldPlan, SimDetector
from skydb.simulate.truth import FieldTruth
from skydb.sky.advice import PIXEL_NOISE_ALLOWED, SIGMAS_ALLOWED, Advice
from skydb.sky.evidence import SkyEvidence
from skydb.sky.methods import Measures, sky_of

_FIELDS, _TARGET, _FIRST_SEED = 40, 38, 2001
_SIZE_PIX = {SimDetector.IR: 128, SimDetector.UVIS: 192, SimDetector.WFC: 192}
_SMALL = {"islands": 2, "tiles": (2, 1)}

#: What makes the plan of each kind of field.
KINDS: Mapping[str, Mapping[str, Any]] = {
    "blank": {"kind": FieldKind.BLANK},
    "sparse": {"kind": FieldKind.SPARSE},
    "nebula": {"kind": FieldKind.NEBULA},
    "galaxy": {"kind": FieldKind.GALAXY},
    "crowded": {"kind": FieldKind.CROWDED},
    "islands": {"kind": FieldKind.SPARSE, **_SMALL},
    "islands, nebula": {"kind": FieldKind.NEBULA, **_SMALL},
    "matched": {"kind": FieldKind.MATCHED},
    "gradient": {"kind": FieldKind.GRADIENT},
    "cosmic rays": {"kind": FieldKind.SPARSE, "cosmic_rays": True},
}


@dataclass(frozen=True)
class JudgedField:
    """The advice on one field, and the true error of every method.

    Parameters
    ----------
    name : str
        Kind, detector and seed.
    advice : Advice
    errors, sigmas : mapping of SkyMethod to float
        In the unit of the images.
    pixel_noise : float
        In the same unit.
    """

    name: str
    advice: Advice
    errors: Mapping[SkyMethod, float]
    sigmas: Mapping[SkyMethod, float]
    pixel_noise: float

    @property
    def nearest(self) -> SkyMethod:
        """The method nearest the truth."""
        return min(self.errors, key=lambda method: self.errors[method])

    @property
    def is_right(self) -> bool:
        """Whether the method named is the nearest, or within its sigma of it."""
        return self.would_be_right(self.advice.chosen)

    def would_be_right(self, method: SkyMethod | None) -> bool:
        """Whether it would be right to name this method, or None that none will do."""
        best = self.errors[self.nearest]
        if method is None:
            allowed = PIXEL_NOISE_ALLOWED * self.pixel_noise
            return best > max(SIGMAS_ALLOWED * self.sigmas[self.nearest], allowed)
        return self.errors[method] <= best + self.sigmas[method]


def measure(workdir: Path, repeats: int) -> list[Result]:
    """Advice on 40 fields: all kinds and detectors in turn, each with a seed of its own."""
    kinds, detectors = list(KINDS), list(SimDetector)
    found = []
    for number in range(_FIELDS):
        turn, place = divmod(number, len(kinds))
        plan = plan_of(kinds[place], detectors[(turn + place) % 3], _FIRST_SEED + number)
        found.append(judged(workdir / str(plan.seed), kinds[place], plan))
    _show(found)
    return [_result(found)]


def plan_of(kind: str, detector: SimDetector, seed: int, **more: Any) -> FieldPlan:  # noqa: ANN401
    """A small field of a kind, aligned to 20 mas."""
    plan = FieldPlan(
        detector,
        (3, 2),
        size=_SIZE_PIX[detector],
        seed=seed,
        products=False,
        one_frame=True,
        pointing_error_arcsec=(0.0, 0.02),
        roll_error_deg=0.0,
    )
    return replace(plan, **{**KINDS[kind], **more})


def judged(directory: Path, kind: str, plan: FieldPlan) -> JudgedField:
    """Simulate a field, take advice in a ledger of its own, and compare with the truth."""
    with simulated_ledger(directory, plan) as (services, truth):
        advice = services.advise.advise().advice
        measures = _measures(services)
    errors = {method: _error(method, measures, truth) for method in COMPUTED_METHODS}
    noise = SkyEvidence(measures).pixel_noise / measures.chips[0].brightness_per_unit
    return JudgedField(
        f"{kind} {plan.detector} {plan.seed}",
        advice,
        {method: error for method, (error, _) in errors.items()},
        {method: sigma for method, (_, sigma) in errors.items()},
        noise,
    )


def _measures(services: Services) -> Measures:
    from skydb.services.intake import Selection

    inputs = selected_inputs(services.context, Selection(), read_files=False)
    return MeasureOverlaps(services.context).ensure(list(inputs.version_ids.values()))


def _error(method: SkyMethod, measures: Measures, truth: FieldTruth) -> tuple[float, float]:
    """Error of a method, and its sigma."""
    skies = sky_of(method, measures).of_chips(measures.chips)
    known = {key: sky for key, sky in skies.items() if sky is not None}
    off = np.array([sky.value - truth.exposure(key[0]).sky for key, sky in known.items()])
    if method.is_relative:
        off -= off.mean()
    slopes = [one.sky_gradient or (0.0, 0.0) for one in truth.exposures]
    # Variance of a plane over a rectangle about its middle.
    left = float(np.mean(np.sum(np.square(slopes), axis=1))) / 12
    sigmas = np.array([sky.sigma for sky in known.values()])
    return float(np.sqrt(np.mean(off**2) + left)), float(np.sqrt(np.mean(sigmas**2)))


def _result(found: Sequence[JudgedField]) -> Result:
    right = sum(one.is_right for one in found)
    always = {
        str(method): sum(one.would_be_right(method) for one in found)
        for method in (*COMPUTED_METHODS, None)
    }
    return {
        "name": f"methods named rightly, of {len(found)} fields",
        "target": f">= {_TARGET}",
        "ratio": float(right),
        "if_always": always,
        "passed": right >= _TARGET,
        "note": "whoever always names one method is right as often as `if_always` says",
    }


def _show(found: Sequence[JudgedField]) -> None:
    methods = COMPUTED_METHODS
    table = Table("field", "named", "nearest", "right", *(f"{m} (sigma)" for m in methods))
    for one in found:
        cells = [f"{one.errors[m]:.2g} ({one.sigmas[m]:.1g})" for m in methods]
        right = "yes" if one.is_right else "NO"
        table.add_row(one.name, str(one.advice.chosen or "none"), one.nearest, right, *cells)
    Console(width=160).print(table)
    named = Counter(str(one.advice.chosen or "none") for one in found)
    Console().print(", ".join(f"{name}: {count}" for name, count in named.most_common()))
