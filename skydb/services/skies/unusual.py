"""Parameters of a run that differ from the defaults."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from skydb.domain import AlignmentRun, SkyRun
from skydb.domain.vocabulary import AlignmentRoad, Engine
from skydb.drizzle.presets import flags_of
from skydb.drizzle.settings import AstroDrizzleSettings
from skydb.drizzle.usual import usual_settings
from skydb.errors import NotFoundError, UsageError
from skydb.services.core import Context
from skydb.services.skies.engines.own import statistic_settings
from skydb.services.skies.engines.statistic import statistic_of
from skydb.services.skies.presets import DEFAULT, PresetService
from skydb.services.skies.recipe import mode_of
from skydb.services.skies.wishes import Wishes
from skydb.store.queries import Row

#: Parameters that are kept beside those of a tool, and are shown elsewhere.
_NOT_PARAMETERS = frozenset(
    {"inputs", "products", "epochs", "refcat", "log", "evidence", "members"}
)
#: Defaults of parameters beside those of a tool.
_USUAL_OTHERWISE = {"group_by": "visit", "fitgeometry": None}
#: Parameters are compared one by one, those in here too.
_NESTED = ("mosaic", "statistic", "options", "imagefindcfg")


def departures(context: Context, run: SkyRun | AlignmentRun) -> list[Row]:
    """List parameters of a run that differ from its preset, or from the defaults.

    A run that is known from a log only has nothing to compare with: all that the log has.

    Parameters
    ----------
    context : Context
    run : SkyRun or AlignmentRun
        In an open session.

    Returns
    -------
    list of dict
        ``name``, ``value``, ``usual`` (None where there is none) and ``source``: what the
        usual value is of, None for what has no usual value.
    """
    tool = run.engine.value if isinstance(run, SkyRun) else "tweakreg"
    given = _leaves(run.parameters.get(tool))
    source, usual = _usual(context, run)
    rest = {
        name: value
        for name, value in run.parameters.items()
        # Checks of the inputs and of the catalogue are not requests.
        if name not in (*_NOT_PARAMETERS, tool) and not isinstance(value, Mapping)
        if value != _USUAL_OTHERWISE.get(name)
    }
    differing = [
        _row(name, given.get(name), usual.get(name), source)
        for name in dict.fromkeys([*given, *usual])
        if given.get(name) != usual.get(name)
    ]
    return [*differing, *(_row(name, value, None, None) for name, value in rest.items())]


def _row(name: str, value: object, usual: object, source: str | None) -> Row:
    return {"name": name, "value": value, "usual": usual, "source": source}


def _leaves(document: object, within: str = "") -> dict[str, object]:
    """Parameters of a document, those of the parts that are compared one by one taken out."""
    found: dict[str, object] = {}
    for name, value in document.items() if isinstance(document, Mapping) else ():
        if name in _NESTED and isinstance(value, Mapping):
            found |= _leaves(value, within if name == "mosaic" else f"{name}.")
        else:
            found[f"{within}{name}"] = value
    return found


def _usual(context: Context, run: SkyRun | AlignmentRun) -> tuple[str, dict[str, object]]:
    if run.imported_by_id is not None:
        return "its log", {}
    if isinstance(run, AlignmentRun):
        # Groups are not fitted by TweakReg.
        road = run.what or AlignmentRoad.DRIZZLED
        is_group = road is AlignmentRoad.GROUP
        return DEFAULT, {} if is_group else _leaves(usual_settings(road).as_parameters())
    for name in _presets(run):
        try:
            return name, _leaves(_settings(context, run, name))
        except (NotFoundError, UsageError):
            # A preset that was taken away since, or one that has nothing for the detector.
            continue
    return "unknown", {}


def _presets(run: SkyRun) -> Iterator[str]:
    named = run.parameters.get("preset")
    if isinstance(named, str):
        yield named
    yield DEFAULT


def _settings(context: Context, run: SkyRun, preset: str) -> Mapping[str, object]:
    """Settings of the same run with this preset and no other option.

    Raises
    ------
    NotFoundError, UsageError
        When there is no such preset, or none for the detector.
    """
    exposures = [version.exposure for version in run.inputs]
    known = [exposure for exposure in exposures if exposure is not None]
    if not known:
        raise NotFoundError(f"Run {run.id} has no input that is known.")
    mode = mode_of(known)
    settings = AstroDrizzleSettings().completed(flags_of(mode))
    if preset != DEFAULT:
        settings = Wishes(preset=PresetService(context).find(preset)).for_mode(mode)
    given = run.parameters.get(run.engine.value)
    if run.engine is not Engine.SKYDB or not isinstance(given, Mapping) or "options" in given:
        return settings.as_parameters() if run.engine is not Engine.SKYDB else {}
    own = statistic_settings(statistic_of(settings))
    return {**own, "mosaic": settings.as_parameters()} if "mosaic" in given else own
