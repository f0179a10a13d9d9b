"""Four sky methods that run as asked for and find the sky that was put in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from skydb.domain.selftest import CheckResult
from skydb.domain.vocabulary import COMPUTED_METHODS, SkyMethod, Verdict
from skydb.drizzle.astrodrizzle import AstroDrizzle, DrizzleOutcome, ProductJob, SkyJob
from skydb.drizzle.runner import DrizzlepacRunner
from skydb.drizzle.settings import AstroDrizzleSettings
from skydb.services.selftest import cures
from skydb.services.selftest.fields import TinyField

#: Two methods of the same field agree to this part of the sky where theory says they must.
_EXACT = 1e-4


@dataclass(frozen=True)
class DrizzledField:
    """A field through AstroDrizzle: every method, and the product of its first visit."""

    methods: Mapping[SkyMethod, DrizzleOutcome]
    product: Path


def drizzle_field(runner: DrizzlepacRunner, field: TinyField, scratch: Path) -> DrizzledField:
    """Run the four methods and make one product, in one subprocess.

    Raises
    ------
    ToolError
        When AstroDrizzle crashed or made nothing.
    """
    settings = AstroDrizzleSettings(final_wcs=False, final_rot_deg=None)
    everything = ProductJob(tuple(field.exposures), "selftest", settings)
    jobs = [SkyJob(everything, method) for method in COMPUTED_METHODS]
    visit = ProductJob(tuple(field.first_visit), "product", AstroDrizzleSettings.pipeline())
    jobs.append(SkyJob(visit, SkyMethod.LOCALMIN))
    *methods, product = AstroDrizzle(runner).drizzle_all(jobs, scratch)
    return DrizzledField(dict(zip(COMPUTED_METHODS, methods, strict=True)), product.science)


def check_methods(field: TinyField, done: DrizzledField) -> CheckResult:
    """Check that every method that was asked for is the one that ran, by all sources."""
    check = f"sky methods {field.detector}"
    downgraded = [one for one in done.methods.values() if one.is_downgraded]
    if downgraded:
        names = ", ".join(f"{o.requested_method} ran as {o.effective_method}" for o in downgraded)
        first = downgraded[0]
        cause = cures.of_method(first.downgrade_reason or "no reason", first.versions)
        return CheckResult(check, Verdict.FAILED, f"{names}: {cause}")
    odd = [sentence for one in done.methods.values() for sentence in one.disagreements]
    if odd:
        return CheckResult(check, Verdict.FAILED, f"{'; '.join(odd)}; {cures.general()}")
    return CheckResult(check, Verdict.PASSED, f"{', '.join(done.methods)} ran as asked for.")


def check_values(field: TinyField, done: DrizzledField) -> CheckResult:
    """The values are those of the methods that were asked for, and near the truth."""
    check = f"sky values {field.detector}"
    values = {method: _values(outcome) for method, outcome in done.methods.items()}
    incomplete = [method for method, found in values.items() if not np.isfinite(found).all()]
    if incomplete:
        problem = f"{', '.join(incomplete)} left chips without a sky; {cures.general()}"
        return CheckResult(check, Verdict.FAILED, problem)
    truth = np.array([field.sky(sky.filename) for sky in done.methods[SkyMethod.MATCH].skies])
    problems = wrong_values(values, truth, field.sky_tolerance)
    if problems:
        return CheckResult(check, Verdict.FAILED, f"{'; '.join(problems)}; {cures.general()}")
    rms = _relative_rms(values[SkyMethod.MATCH], truth)
    return CheckResult(check, Verdict.PASSED, f"match is {rms:.4g} rms off the truth.")


def wrong_values(
    values: Mapping[SkyMethod, NDArray[np.float64]], truth: NDArray[np.float64], tolerance: float
) -> list[str]:
    """Find problems of the values of the four methods, chip by chip.

    Parameters
    ----------
    values : mapping of SkyMethod to ndarray, shape (N,)
        Sky of every chip.
    truth : ndarray, shape (N,)
        Sky that was put in, under a nebula that every method may take for sky.
    tolerance : float
        Largest rms of a matched sky against the truth, in the unit of both.
    """
    local, match = values[SkyMethod.LOCALMIN], values[SkyMethod.MATCH]
    both, lowest = values[SkyMethod.GLOBALMIN_MATCH], values[SkyMethod.GLOBALMIN]
    exact = _EXACT * float(np.abs(local).max())
    rms = _relative_rms(match, truth)
    checks = {
        f"match is {rms:.4g} rms off the truth, more than {tolerance:g}": rms <= tolerance,
        "globalmin+match is not match plus a constant": np.ptp(both - match) <= exact,
        "globalmin is not the lowest localmin": np.abs(lowest - local.min()).max() <= exact,
        "match is not relative to its lowest exposure": abs(match.min()) <= exact,
        "localmin and match differ by no more than a constant": np.ptp(local - match) > exact,
        "localmin is below the sky that was put in": (local >= truth - tolerance).all(),
    }
    return [problem for problem, is_fine in checks.items() if not is_fine]


def _values(outcome: DrizzleOutcome) -> NDArray[np.float64]:
    return np.array([np.nan if s.mdrizsky is None else s.mdrizsky for s in outcome.skies])


def _relative_rms(values: NDArray[np.float64], truth: NDArray[np.float64]) -> float:
    return float(np.std(values - truth))


def skipped(checks: Sequence[str], why: str) -> list[CheckResult]:
    """Checks that could not be made."""
    return [CheckResult(check, Verdict.FAILED, f"could not be checked: {why}") for check in checks]
