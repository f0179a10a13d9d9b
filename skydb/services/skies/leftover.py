"""Components of the error of a run, from the pixels or, without them, from the ledger."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, replace

from skydb.domain.overlap import ChipKey
from skydb.domain.units import Conversion
from skydb.errors import FileRejectedError, NotFoundError
from skydb.services.core import Context
from skydb.services.skies.measure_cells import MeasureCells
from skydb.services.skies.measure_overlaps import Outlines
from skydb.sky.cells import CellLevel
from skydb.sky.components import Component, Decomposition, Kind, decompose
from skydb.sky.levels import SkyStatistic
from skydb.sky.methods import Measures, times
from skydb.sky.residuals import AuditUnit, residuals
from skydb.sky.samples import reaches_of, samples_of_cells, samples_of_overlaps
from skydb.sky.singles import name_of, singled
from skydb.store.queries import Row


@dataclass(frozen=True)
class Leftover:
    """Error of a run, by its components.

    Parameters
    ----------
    found : Decomposition
        Components.
    unit : str
        Of their values.
    chips : tuple of dict
        Residuals of pairs of chips.
    why_coarse : str
        Reason why it was measured from whole overlaps, in which a gradient hardly shows;
        empty when it was measured from cells.
    """

    found: Decomposition = field(default_factory=Decomposition)
    unit: str = ""
    chips: tuple[Row, ...] = ()
    why_coarse: str = ""

    @property
    def worst(self) -> Component | None:
        """The most significant component; None when nothing significant is left."""
        return self.found.worst


@dataclass(frozen=True)
class CellLevels:
    """Levels in cells of the exposures of one run, in the unit of its skies."""

    context: Context
    statistic: SkyStatistic
    version_ids: Collection[int]
    conversions: Mapping[str, Conversion]

    def of(self, outlines: Outlines, measures: Measures) -> list[CellLevel]:
        """Measure them.

        Raises
        ------
        NotFoundError, FileRejectedError
            When a file is gone, or not what is on record.
        """
        measure = MeasureCells(self.context, self.statistic)
        found = measure.levels(self.version_ids, outlines, measures.islands)
        return [self._converted(one) for one in found]

    def _converted(self, one: CellLevel) -> CellLevel:
        conversion = self.conversions.get(one.chip[0])
        return replace(one, level=times(one.level, conversion)) if conversion else one


def leftover_of(
    cells: CellLevels,
    measures: Measures,
    skies: Mapping[ChipKey, float | None],
    unit: AuditUnit,
) -> Leftover:
    """Name what is left, from cells, or from overlaps when files are gone."""
    chips = tuple(_chip_rows(measures, skies, unit))
    why = ""
    try:
        levels = cells.of(dict(measures.outlines), measures)
        samples = samples_of_cells(levels, measures, skies, unit)
    except (NotFoundError, FileRejectedError) as error:
        samples, why = [], str(error).splitlines()[0]
    if not samples:
        why = why or "no cell of the sky lies on two exposures as a whole."
    samples += samples_of_overlaps(measures, skies, unit, samples)
    return Leftover(decompose(samples, reaches_of(measures)), unit.name, chips, why)


def left_columns(left: Leftover) -> Row:
    """Make the columns of the error that all rows of an audit have."""
    worst = left.worst
    return {
        "component": worst.kind.value if worst else None,
        "component_exposure": worst.exposure if worst else None,
        "component_chip": worst.chip if worst else None,
        "component_value": worst.value if worst else None,
        "component_sigma": worst.sigma if worst else None,
        "component_significance": worst.significance if worst else None,
        "component_pa_deg": worst.pa_deg if worst else None,
        "component_or": ", ".join(worst.alternatives) if worst else None,
        "components": "; ".join(_named(one) for one in left.found.components) or None,
    }


def left_sentences(left: Leftover) -> list[str]:
    """Describe the error in sentences, also when it is not significant."""
    found = left.found
    said = [_sentence(one, left.unit) for one in found.components]
    if not said and found.best is not None:
        said = [
            "nothing significant is left of an exposure, a chip or a gradient: the largest is "
            f"{found.best.significance:.1f} sigma."
        ]
    if left.why_coarse and found.samples:
        said.append(f"gradients within an overlap were not looked for: {left.why_coarse}")
    return said


def _named(one: Component) -> str:
    """A component in few words."""
    whose = one.exposure or "every exposure"
    chip = "" if one.chip is None else f"[{one.chip}]"
    return f"{one.kind} {whose}{chip} {one.value:+.4g} ({one.significance:.1f} sigma)"


def _sentence(one: Component, unit: str) -> str:
    size = f"{one.value:+.4g} {unit} ({one.significance:.1f} sigma)"
    beside = f" As good a fit: {', '.join(one.alternatives)}." if one.alternatives else ""
    whose = one.exposure or "every exposure"
    if one.kind is Kind.EXPOSURE:
        return f"an exposure is off: {whose} lies {size} from the others.{beside}"
    if one.kind is Kind.CHIP:
        return (
            f"a chip is off: chip {one.chip} of {whose} lies {size} from the rest of it; one sky "
            f"for all chips cannot remove that, --per-chip can.{beside}"
        )
    return (
        f"a gradient is left: {size} across {whose}, rising towards position angle "
        f"{one.pa_deg:.0f} degrees; no constant can remove it.{beside}"
    )


def _chip_rows(
    measures: Measures, skies: Mapping[ChipKey, float | None], unit: AuditUnit
) -> list[Row]:
    """Residuals of all pairs of chips."""
    chip_of = {name_of(chip.key): chip.key for chip in measures.chips}
    named = {(name_of(key), key[1]): sky for key, sky in skies.items()}
    rows = []
    for one in residuals(singled(measures), named, unit):
        (first, a), (second, b) = chip_of[one.exposure_a], chip_of[one.exposure_b]
        names = {"exposure_a": first, "chip_a": a, "exposure_b": second, "chip_b": b}
        rows.append({**asdict(one), **names})
    return rows
