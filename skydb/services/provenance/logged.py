"""Settings from what is on record of them in other words: logs, and recipes of a statistic."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from skydb.drizzle.settings import AstroDrizzleSettings
from skydb.errors import StateError

#: Parameters of AstroDrizzle that change values or mosaics, as its logs print them.
_OF_A_LOG = (
    *("skysub", "skystat", "skywidth", "skyclip", "skylsigma", "skyusigma", "skyuser", "skyfile"),
    *("sky_bits", "static", "static_sig", "resetbits", "build", "context"),
    *("driz_separate", "median", "blot", "driz_cr"),
    *("final_wcs", "final_bits", "final_pixfrac", "final_kernel", "final_wht_type", "final_units"),
    *("final_fillval", "final_rot", "final_scale", "final_ra", "final_dec", "final_refimage"),
    *("final_outnx", "final_outny"),
)
_WORDS: Mapping[str, bool] = {"True": True, "False": False}
_NOTHING = ("", "None", "INDEF")

#: Parameters that are lists of flags, and so text.
_FLAGS = ("sky_bits", "final_bits")

#: AstroDrizzle's names of what a statistic is made of.
_STATISTIC = {
    "stat": "skystat",
    "clip": "skyclip",
    "lower_sigma": "skylsigma",
    "upper_sigma": "skyusigma",
    "width_sigma": "skywidth",
}


def settings_of_a_log(sections: Mapping[str, object]) -> AstroDrizzleSettings:
    """Settings of AstroDrizzle as its log printed them, section by section.

    Raises
    ------
    StateError
        When the log printed none.
    """
    printed: dict[str, str] = {}
    for section in sections.values():
        if isinstance(section, Mapping):
            printed |= {str(name): str(text).strip() for name, text in section.items()}
    known = {
        name: _value(name, printed[name])
        for name in _OF_A_LOG
        if name in printed and printed[name] not in _NOTHING
    }
    if not known:
        raise StateError("The log of the run does not contain its parameters.")
    return AstroDrizzleSettings.recalled(known)


def _value(name: str, text: str) -> Any:  # noqa: ANN401 - whatever AstroDrizzle takes
    if name in _FLAGS:
        return text
    if text in _WORDS:
        return _WORDS[text]
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return text


def settings_of_a_statistic(statistic: object) -> AstroDrizzleSettings:
    """Settings with which the engine skydb takes levels in a recorded way.

    Raises
    ------
    StateError
        When no statistic is on record.
    """
    if not isinstance(statistic, Mapping):
        raise StateError("The statistic of the run's levels is not recorded.")
    extra = {name: statistic[key] for key, name in _STATISTIC.items() if key in statistic}
    return AstroDrizzleSettings(
        sky_bits=str(statistic["sky_bits"]), resetbits=int(statistic["reset_bits"]), extra=extra
    )
