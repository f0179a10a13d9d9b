"""Errors of skies that AstroDrizzle found: skydb measures the same levels beside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock

from skydb.domain.overlap import ChipKey
from skydb.domain.vocabulary import SkyMethod
from skydb.drizzle.settings import AstroDrizzleSettings
from skydb.errors import FileRejectedError, NotFoundError, StoreError, UsageError
from skydb.services.core import Context
from skydb.services.skies.engines.statistic import sky_why_not, statistic_of
from skydb.services.skies.measure_overlaps import MeasureOverlaps
from skydb.services.skies.recipe import RunInputs
from skydb.sky.methods import Measures, sky_of

#: Methods of one field end at about the same time; the first measures for all.
_MEASURING = Lock()


@dataclass(frozen=True)
class Errors:
    """Standard deviations of skies, in the unit of the image, or why there are none.

    Parameters
    ----------
    sigmas : mapping of ChipKey to float
    why_not : str or None
        Of skies that were computed and could not be measured beside.
    """

    sigmas: Mapping[ChipKey, float]
    why_not: str | None


@dataclass(frozen=True)
class ErrorsBeside:
    """Standard deviations of the skies of a run that another tool computes.

    Parameters
    ----------
    context : Context
    drizzle : AstroDrizzleSettings
        Of which the parameters of the sky say how levels are taken.
    """

    context: Context
    drizzle: AstroDrizzleSettings

    def of(self, method: SkyMethod, inputs: RunInputs) -> Errors:
        """Sigma of MDRIZSKY of every chip, in the unit of its image.

        There are none where the skies are given, or taken in a way that skydb does not know
        and the user asked for. When the exposures cannot be measured, the run stays valid
        and the reason is reported.
        """
        if not method.is_computed or sky_why_not(self.drizzle):
            return Errors({}, None)
        try:
            measures = self._measures(inputs).converted(inputs.conversions)
        except (FileRejectedError, NotFoundError, UsageError) as error:
            return Errors({}, str(error))
        skies = sky_of(method, measures).of_chips(measures.chips)
        return Errors({key: sky.sigma for key, sky in skies.items() if sky is not None}, None)

    def _measures(self, inputs: RunInputs) -> Measures:
        overlaps = MeasureOverlaps(self.context, statistic_of(self.drizzle))
        with _MEASURING:
            try:
                return overlaps.ensure(inputs.version_ids.values())
            except StoreError:
                # Another process has kept the same measurements in between.
                return overlaps.ensure(inputs.version_ids.values())
