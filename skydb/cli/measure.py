"""Figures of a ledger against the simulated truth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from skydb.api.ledger import Ledger
    from skydb.api.results import Result
    from skydb.simulate.plan import FieldPlan
    from skydb.simulate.truth import FieldTruth

Row = dict[str, Any]

#: Largest rms of ``match`` against the injected sky on whole detectors, in the image's unit.
_SKY_BARS = {"IR": 0.001, "UVIS": 2.0, "WFC": 2.0}
_WHOLE_IR_PIX = 1014
_POINTING_BAR_MAS = 1.5


def measure_against_truth(
    ledger: Ledger, runs: Result, accepted: Result, truth: FieldTruth, plan: FieldPlan
) -> list[Row]:
    """Figures measured from the ledger and its files, each with its bar.

    A bar holds for whole detectors. On a small infrared one, where noise is what limits,
    it is wider by the root of the ratio of the sides; two-chip fields have room to spare.
    """
    factor = (_WHOLE_IR_PIX / (plan.size or _WHOLE_IR_PIX)) ** 0.5 if plan.detector == "IR" else 1
    effective = {run["effective_method"] for run in runs}
    downgraded = sum(bool(run["downgraded"]) for run in runs)
    residual = max((row["residual_mas"] for row in accepted), default=float("inf"))
    return [
        _sky_row(ledger, truth, factor * _SKY_BARS[plan.detector]),
        *_pointing_rows(ledger, truth, factor * _POINTING_BAR_MAS),
        _row("worst residual of TweakBack", residual, 2.0, "mas", residual <= 2.0),
        _row("distinct sky methods", len(effective), 4, "", len(effective) == 4),
        _row("sky runs downgraded", downgraded, 0, "", downgraded == 0),
    ]


def _sky_row(ledger: Ledger, truth: FieldTruth, bar: float) -> Row:
    from skydb.simulate.verify import sky_error

    values = {(row["rootname"], row["extver"]): row["match"] for row in ledger.sky.compare()}
    what = "rms of match against injected sky"
    if None in values.values():
        return _row(what, None, bar, "", passed=False)
    error = sky_error(truth, values, relative=True)
    return _row(what, error.rms, bar, error.unit.value, error.rms <= bar)


def _pointing_rows(ledger: Ledger, truth: FieldTruth, bar: float) -> list[Row]:
    from skydb.simulate.verify import pointing_error_mas

    files = ledger.inspect.paths()
    after = [pointing_error_mas(truth, file.rootname, Path(file.path)) for file in files]
    before = [1000.0 * exposure.pointing_error_arcsec for exposure in truth.exposures]
    return [
        _row("worst pointing error as simulated", max(before), None, "mas", passed=True),
        _row("worst pointing error after accept", max(after), bar, "mas", max(after) <= bar),
    ]


def _row(what: str, measured: float | None, bar: float | None, unit: str, passed: bool) -> Row:
    return {"what": what, "measured": measured, "bar": bar, "unit": unit, "passed": passed}
