"""Sets of options with a name: the tutorial's, and those of the archive's own mosaics.

HAP, the pipeline that makes the archive's single-visit mosaics, chooses options by detector
and number of exposures. Its choices come with drizzlepac (``pars/hap_pars``) and are read
from there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from skydb.drizzle.options import OWNED, typed_options
from skydb.drizzle.optionspec import Tool, drizzlepac_directory
from skydb.drizzle.settings import AstroDrizzleSettings
from skydb.drizzle.workspace import opened
from skydb.errors import NotFoundError, UsageError

TUTORIAL = "tutorial"
HAP = "hap"
BUILT_IN = (TUTORIAL, HAP)

#: Options of the DrizzlePac notebook on sky matching, where they are not AstroDrizzle's own.
TUTORIAL_OPTIONS: Mapping[str, object] = MappingProxyType(
    {
        "final_wcs": True,
        "final_rot": 257.0,
        "final_bits": "16",
        "sky_bits": "0",
        **dict.fromkeys(("driz_separate", "median", "blot", "driz_cr"), False),
    }
)

#: Options that HAP sets for its own files and machines, and not for the pixels.
_HOUSEKEEPING = frozenset(
    {
        *("build", "clean", "context", "in_memory", "num_cores", "preserve", "restore"),
        *("overwrite", "rules_file"),
    }
)
#: From this day on WFC3/UVIS was post-flashed (``haputils/config_utils.py``).
_UVIS_POST_FLASHED_MJD = 56239.1245
_GRISMS = ("g102", "g141")
_BLUE = ("f115lp", "f122m")
_FLAGS = ("sky_bits", "final_bits", "driz_sep_bits")
#: So many exposures that HAP's choice no longer depends on their number.
_MANY = 99


@dataclass(frozen=True)
class ObservingMode:
    """Properties by which options are chosen.

    Parameters
    ----------
    instrument, detector : str
        As headers have them.
    exposures : int
        How many there are.
    filters : str
        As the ledger writes them.
    mjd : float or None
        Start of the first.
    """

    instrument: str
    detector: str
    exposures: int = _MANY
    filters: str = ""
    mjd: float | None = None

    @property
    def key(self) -> str:
        """Such as ``wfc3_ir``."""
        detector = "pc" if self.instrument.upper() == "WFPC2" else self.detector
        return f"{self.instrument}_{detector}".lower().replace(" ", "")


def mode_of(paths: list[Path]) -> ObservingMode:
    """The observing mode of files, by the header of the first."""
    with opened(paths[0]) as hdus:
        header = hdus[0].header
        mjd = header.get("EXPSTART")
        return ObservingMode(
            str(header.get("INSTRUME", "")).strip(),
            str(header.get("DETECTOR", "")).strip(),
            len(paths),
            str(header.get("FILTER", "")).strip(),
            float(mjd) if isinstance(mjd, (int, float)) else None,
        )


def mode_named(detector: str, exposures: int) -> ObservingMode:
    """The mode of a detector by its name alone, or as ``INSTRUMENT/DETECTOR``.

    Raises
    ------
    UsageError
        When HAP has no such detector.
    """
    word = detector.strip().lower().replace("/", "_")
    found = [key for key in _detectors() if word in (key, *key.split("_")[1:], key.split("_")[0])]
    if len(found) != 1:
        raise UsageError(
            f"HAP has no options for {detector!r}.",
            advice=f"Detectors: {', '.join(key.replace('_', '/').upper() for key in _detectors())}",
        )
    instrument, name = found[0].split("_")
    return ObservingMode(instrument, name, exposures)


def hap_options(mode: ObservingMode) -> dict[str, tuple[object, str]]:
    """Options of HAP's mosaics in one filter, each with the file that it comes from.

    The sky method is a question of its own, and how files are kept is skydb's affair.

    Returns
    -------
    dict of str to (object, str)
        Value and source of every option.

    Raises
    ------
    UsageError
        When HAP has none for the detector.
    """
    index = _index(mode)
    found: dict[str, tuple[object, str]] = {}
    for condition in ("filter_basic", *_conditions(mode)):
        path = index.get(condition)
        for name, value in _flat(_read(path)) if path else ():
            found[name] = (value, path or "")
    passed = {name: pair for name, pair in found.items() if _is_passed_on(name)}
    plain = typed_options(Tool.ASTRODRIZZLE, {name: pair[0] for name, pair in passed.items()})
    return {name: (value, passed[name][1]) for name, value in plain.items()}


def flags_of(mode: ObservingMode) -> dict[str, str]:
    """Good DQ flags of the detector, as HAP has them for many exposures.

    For a single exposure HAP lets every flag pass, for want of another one.

    Returns
    -------
    dict of str to str
        ``sky_bits``, ``final_bits`` and ``driz_sep_bits``; no flag is good where HAP has no
        word on the detector.
    """
    many = ObservingMode(mode.instrument, mode.detector, _MANY, "", mode.mjd)
    if many.key not in _detectors():
        return dict.fromkeys(_FLAGS, "0")
    options = hap_options(many)
    return {name: str(options[name][0]) for name in _FLAGS}


def completed(settings: AstroDrizzleSettings, paths: list[Path]) -> AstroDrizzleSettings:
    """Settings with the flags of the detector of these files where they are open."""
    return settings.completed(flags_of(mode_of(paths))) if settings.is_open else settings


def _is_passed_on(name: str) -> bool:
    own = OWNED[Tool.ASTRODRIZZLE] | _HOUSEKEEPING
    return name not in own and not name.startswith("_")


def _conditions(mode: ObservingMode) -> list[str]:
    """Name the conditions as ``HapConfig._determine_conditions`` for a product of one filter."""
    count, filters = mode.exposures, mode.filters.lower()
    if count < 2:
        return ["any_n1"]
    steps, infix = _STEPS[mode.key], "any"
    if mode.key == "wfc3_ir" and any(grism in filters for grism in _GRISMS):
        infix = "grism"
    if mode.key == "wfc3_uvis":
        is_early = mode.mjd is not None and mode.mjd < _UVIS_POST_FLASHED_MJD
        infix = "any_pre" if is_early else "any_post"
    if mode.key == "acs_sbc":
        if not any(name in filters for name in _BLUE):
            return ["acs_sbc_any_any"]
        infix = "blue"
    reached = max(step for step in steps if step <= count)
    return [f"{mode.key}_{infix}_n{reached}"]


#: Numbers of exposures from which on HAP takes the next file.
_STEPS: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {
        "acs_hrc": (2, 6),
        "acs_sbc": (2, 6),
        "acs_wfc": (2, 6),
        "wfc3_ir": (2, 4),
        "wfc3_uvis": (2, 6),
        "wfpc2_pc": (2, 3, 4),
    }
)


def _home() -> Path:
    return drizzlepac_directory() / "pars" / "hap_pars" / "svm_parameters"


@cache
def _detectors() -> tuple[str, ...]:
    """Detectors that HAP has options for: those that come with drizzlepac and are known."""
    found = (path.name.removesuffix("_index.json") for path in _home().glob("*_index.json"))
    return tuple(sorted(set(found) & set(_STEPS)))


def _index(mode: ObservingMode) -> Mapping[str, str]:
    """Files of AstroDrizzle's options by the condition under which they hold."""
    if mode.key not in _detectors():
        raise UsageError(
            f"HAP has no options for {mode.instrument} {mode.detector}.".replace("  ", " "),
            advice=f"It has some for {', '.join(_detectors())}.",
        )
    index: Mapping[str, str] = _read(f"{mode.key}_index.json")["astrodrizzle"]
    return index


@cache
def _read(name: str) -> Mapping[str, Any]:
    path = _home() / name
    try:
        read: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise NotFoundError(f"drizzlepac's {name} cannot be read.") from error
    return read


def _flat(sections: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    for name, value in sections.items():
        if isinstance(value, Mapping):
            yield from _flat(value)
        else:
            yield name, value
