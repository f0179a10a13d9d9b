"""What a ledger says, against the truth that was simulated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skydb.domain.vocabulary import COMPUTED_METHODS, SkyMethod

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skydb.api.composition import Services
    from skydb.simulate.plan import FieldPlan
    from skydb.simulate.truth import FieldTruth

Row = dict[str, Any]

#: Largest rms of ``match`` against the injected sky on whole detectors, in the image's unit.
_SKY_BARS = {"IR": 0.001, "UVIS": 2.0, "WFC": 2.0}
_WHOLE_IR_PIX = 1014
_POINTING_BAR_MAS = 1.5


def measure_against_truth(services: Services, truth: FieldTruth, plan: FieldPlan) -> list[Row]:
    """Figures measured from the ledger and its files, each with its bar.

    A bar holds for whole detectors. On a small infrared one, where noise is what limits,
    it is wider by the root of the ratio of the sides; two-chip fields have room to spare.
    """
    factor = (_WHOLE_IR_PIX / (plan.size or _WHOLE_IR_PIX)) ** 0.5 if plan.detector == "IR" else 1
    runs = services.questions.current_sky_runs()
    effective = {run["effective_method"] for run in runs}
    downgraded = sum(bool(run["downgraded"]) for run in runs)
    return [
        _sky_row(services, truth, factor * _SKY_BARS[plan.detector]),
        *_pointing_rows(services, truth, factor * _POINTING_BAR_MAS),
        _row(
            "distinct sky methods", len(effective), len(COMPUTED_METHODS), "", len(effective) == 4
        ),
        _row("sky runs downgraded", downgraded, 0, "", downgraded == 0),
    ]


def _sky_row(services: Services, truth: FieldTruth, bar: float) -> Row:
    from skydb.simulate.verify import sky_error

    rows = services.questions.comparison()
    column = SkyMethod.MATCH.column
    values = {(row["rootname"], row["extver"]): row[column] for row in rows}
    if None in values.values():
        return _row("rms of match against injected sky", None, bar, "", passed=False)
    error = sky_error(truth, values, relative=True)
    what = "rms of match against injected sky"
    return _row(what, error.rms, bar, error.unit.value, error.rms <= bar)


def _pointing_rows(services: Services, truth: FieldTruth, bar: float) -> list[Row]:
    from skydb.services.intake import Selection
    from skydb.simulate.verify import pointing_error_mas

    paths = services.exposure_paths(Selection())
    after = [pointing_error_mas(truth, name, path) for name, path in paths.items()]
    before = [1000.0 * exposure.pointing_error_arcsec for exposure in truth.exposures]
    shifts = _residuals(services)
    return [
        _row("worst pointing error as simulated", max(before), None, "mas", passed=True),
        _row("worst pointing error after accept", max(after), bar, "mas", max(after) <= bar),
        _row("worst residual of TweakBack", max(shifts), 2.0, "mas", max(shifts) <= 2.0),
    ]


def _residuals(services: Services) -> Sequence[float]:
    run = services.questions.latest_alignment()
    rows = services.questions.accepted(run) if run is not None else []
    return [row["residual_mas"] for row in rows] or [float("inf")]


def _row(what: str, measured: float | None, bar: float | None, unit: str, passed: bool) -> Row:
    return {"what": what, "measured": measured, "bar": bar, "unit": unit, "passed": passed}
