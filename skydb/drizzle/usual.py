"""Settings of TweakReg that are usual for what is fitted."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from skydb.domain.vocabulary import AlignmentRoad
from skydb.drizzle.settings import TweakRegSettings

#: Options that differ from the tutorial's. A pointing may be off by 2 arcsec; among lists of stars
#: alone, a wider search finds no more false peaks.
_USUAL: Mapping[AlignmentRoad, Mapping[str, object]] = MappingProxyType(
    {AlignmentRoad.EXPOSURES: {"searchrad": 2.5}}
)


def usual_settings(
    what: AlignmentRoad, options: Mapping[str, object] = MappingProxyType({})
) -> TweakRegSettings:
    """Settings for one kind of files, with what the user gives of them.

    Parameters
    ----------
    what : AlignmentRoad
        What is fitted.
    options : mapping
        Options of TweakReg by name; they win.

    Raises
    ------
    UsageError, NotFoundError
        As :class:`TweakRegSettings`.
    """
    return TweakRegSettings(extra={**_USUAL.get(what, {}), **options})
