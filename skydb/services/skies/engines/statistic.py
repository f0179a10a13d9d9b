"""Statistic of levels of the engine ``skydb``, from AstroDrizzle's parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from skydb.domain.vocabulary import SkyStat
from skydb.drizzle.options import ALL_FLAGS
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
    "skylower": ("lower", float),
    "skyupper": ("upper", float),
}

#: Options that say which skies there are; the rest of AstroDrizzle's are about mosaics.
SKY_OPTIONS = (
    *("skysub", "skyuser", "skyfile", "sky_bits", "resetbits", *_NAMES),
    *("use_static", "static", "static_sig", "skymask_cat", "group"),
)

#: Values with which the engine skydb measures what AstroDrizzle would, and why no others.
_ONLY: Mapping[str, tuple[tuple[object, ...], str]] = {
    "skymask_cat": (("",), "it knows no masks of users"),
    "static_sig": ((4.0,), "it clips where AstroDrizzle has static masks of 4 sigma"),
    "group": (("",), "it measures all chips of an exposure"),
}


def sky_limit_of(name: str) -> tuple[tuple[object, ...], str] | None:
    """Values of an option with which the sky can be measured, and why no others."""
    return _ONLY.get(name)


def sky_why_not(settings: AstroDrizzleSettings) -> str | None:
    """Explain why the engine skydb cannot measure the sky with the settings; None when it can."""
    extra = settings.extra
    found = [
        f"{name}={extra[name]}: {reason}"
        for name, (allowed, reason) in _ONLY.items()
        if name in extra and extra[name] not in allowed
    ]
    if extra.get("skywidth", 0.1) is None:
        found.append("skywidth=None: its bins have a width")
    found += [
        f"{name}={flags}: it knows sums of flags"
        for name, flags in (("sky_bits", settings.sky_bits), ("resetbits", settings.resetbits))
        if not _is_sum(flags)
    ]
    return f"{'; '.join(found)}." if found else None


def _is_sum(flags: str | int | None) -> bool:
    return flags is None or (str(flags) != ALL_FLAGS and str(flags).isdecimal())


def require_sky_options(names: Iterable[str]) -> None:
    """Refuse options that mean nothing without a mosaic: none is passed over in silence.

    Raises
    ------
    UsageError
        When there are some.
    """
    foreign = sorted(set(names) - set(SKY_OPTIONS))
    if foreign:
        raise UsageError(
            f"These options have no effect without mosaics: {', '.join(foreign)}.",
            advice=f"Parameters of the sky are {', '.join(SKY_OPTIONS)}.",
        )


def statistic_of(settings: AstroDrizzleSettings) -> SkyStatistic:
    """The statistic that the sky parameters among the settings say.

    Raises
    ------
    UsageError
        When the engine skydb cannot do what a parameter says, or none is to be measured.
    """
    if not settings.skysub:
        raise UsageError("Without sky subtraction the engine skydb would measure no sky.")
    reason = sky_why_not(settings)
    if reason is not None:
        raise UsageError(f"The engine skydb cannot: {reason}", advice="AstroDrizzle can.")
    extra = settings.extra
    chosen = {
        field: convert(str(extra[name]))
        for name, (field, convert) in _NAMES.items()
        if extra.get(name) is not None
    }
    return SkyStatistic(
        sky_bits=int(settings.sky_bits or 0),
        reset_bits=int(settings.resetbits),
        **chosen,  # type: ignore[arg-type]
    )
