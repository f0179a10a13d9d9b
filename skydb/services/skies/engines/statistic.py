"""How the engine ``skydb`` takes a level, from the parameters that AstroDrizzle would be given."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from skydb.domain.vocabulary import SkyStat
from skydb.drizzle.settings import AstroDrizzleSettings
from skydb.errors import UsageError
from skydb.sky.levels import SkyStatistic

#: AstroDrizzle's names of what a :class:`SkyStatistic` is made of.
_NAMES: Mapping[str, tuple[str, Callable[[str], object]]] = {
    "skystat": ("stat", SkyStat),
    "skyclip": ("clip", int),
    "skylsigma": ("lower_sigma", float),
    "skyusigma": ("upper_sigma", float),
    "skywidth": ("width_sigma", float),
}

#: Parameters with which AstroDrizzle takes skies from elsewhere, or measures them otherwise.
_OTHER_SKIES = ("skyuser", "skyfile", "skylower", "skyupper", "skymask_cat")


def sky_why_not(settings: AstroDrizzleSettings) -> str | None:
    """Why the engine skydb cannot measure the sky as the settings ask; None when it can."""
    found = [
        f"{name}={settings.extra[name]}: it has no such sky"
        for name in _OTHER_SKIES
        if settings.extra.get(name) not in (None, "")
    ]
    return f"{'; '.join(found)}." if found else None


def only_sky(settings: AstroDrizzleSettings) -> None:
    """Refuse parameters that mean nothing without a mosaic: none is passed over in silence.

    Raises
    ------
    UsageError
        When there are some.
    """
    foreign = sorted(set(settings.extra) - set(_NAMES))
    if foreign:
        raise UsageError(
            f"Without mosaics nothing can be done with {', '.join(foreign)}.",
            advice=f"Parameters of the sky are {', '.join(_NAMES)}.",
        )


def statistic_of(settings: AstroDrizzleSettings) -> SkyStatistic:
    """The statistic that the sky parameters among the settings say.

    Raises
    ------
    UsageError
        When a parameter makes no sense, or no sky is to be subtracted.
    """
    if not settings.skysub:
        raise UsageError("Without sky subtraction the engine skydb would measure no sky.")
    extra = settings.extra
    chosen = {
        field: _value(name, extra[name]) for name, (field, _) in _NAMES.items() if name in extra
    }
    return SkyStatistic(
        sky_bits=_bits("sky_bits", settings.sky_bits),
        reset_bits=_bits("resetbits", settings.resetbits),
        **chosen,  # type: ignore[arg-type]
    )


def _value(name: str, value: object) -> object:
    try:
        return _NAMES[name][1](str(value))
    except ValueError as error:
        raise UsageError(f"{name} cannot be {value!r}.") from error


def _bits(name: str, flags: str | int) -> int:
    """A sum of DQ flags, from a number or a list such as ``64,32``."""
    try:
        numbers = {int(part) for part in str(flags).replace("+", ",").split(",") if part.strip()}
    except ValueError as error:
        raise UsageError(f"{name} cannot be {flags!r}; give DQ flags such as 64,32.") from error
    return sum(numbers)
