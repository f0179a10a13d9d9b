"""Numbers that an option can have: drizzlepac takes any, and makes something of it.

A negative ``final_scale`` gives a mirrored mosaic, an unknown word for ``final_wt_scl`` the weights
of another one, and no message says so. Limits are those of drizzlepac's documentation where it has
some (of ``adrizzle``, for the size of drops), else those beyond which a number means nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from skydb.errors import UsageError

_RIGHT_ANGLE_DEG, _CIRCLE_DEG = 90.0, 360.0


@dataclass(frozen=True)
class Range:
    """Numbers from a least one on, to a greatest one if there is one.

    Parameters
    ----------
    least : float
    most : float or None
    has_least : bool
        Whether the least number is one of them.
    """

    least: float
    most: float | None = None
    has_least: bool = True

    def __contains__(self, number: float) -> bool:
        is_above = number > self.least or (self.has_least and number == self.least)
        return is_above and (self.most is None or number <= self.most)

    def __str__(self) -> str:
        if self.most is None:
            return f"from {self.least:g} on" if self.has_least else f"above {self.least:g}"
        start = "from" if self.has_least else "above"
        return f"{start} {self.least:g} to {self.most:g}"


_POSITIVE = Range(0.0, has_least=False)
_NOT_NEGATIVE = Range(0.0)
_SHARE = Range(0.0, 1.0)
_RA = Range(-_CIRCLE_DEG, _CIRCLE_DEG)
_DEC = Range(-_RIGHT_ANGLE_DEG, _RIGHT_ANGLE_DEG)


def _each(limits: Range, *names: str) -> dict[str, Range]:
    return dict.fromkeys(names, limits)


def _of_grid(limits: Range, *names: str) -> dict[str, Range]:
    """The same for both output grids."""
    return {f"{prefix}{name}": limits for prefix in ("final_", "driz_sep_") for name in names}


#: Ranges of options that have one, by name; all tools together, which share no name.
_RANGES: Mapping[str, Range] = {
    **_each(_POSITIVE, "searchrad", "tolerance", "minobj", "threshold", "conv_width", "sigma"),
    **_each(_POSITIVE, "nbright", "refnbright", "nsigma", "ylimit", "labelsize"),
    **_each(_POSITIVE, "skywidth", "skylsigma", "skyusigma", "static_sig"),
    **_each(_POSITIVE, "combine_nsigma", "driz_cr_snr", "driz_cr_scale", "blot_sinscl"),
    **_each(_POSITIVE, "combine_bufsize"),
    # Halfway between the points of its table a mapping is off by a fiftieth of a pixel with 100,
    # and by two pixels with 1000 (quadratic terms of 9e-6 a pixel, WFC3/UVIS).
    **_each(Range(1.0, 100.0), "stepsize"),
    **_each(_NOT_NEGATIVE, "nclip", "separation", "skysigma", "skyclip", "crbit"),
    **_each(_NOT_NEGATIVE, "combine_nlow", "combine_nhigh", "combine_grow"),
    **_each(_NOT_NEGATIVE, "driz_cr_grow", "driz_cr_ctegrow"),
    **_each(_SHARE, "combine_maskpt"),
    **_each(Range(0.0, 1.0, has_least=False), "ratio"),
    **_of_grid(_POSITIVE, "scale", "outnx", "outny"),
    # The documented limit. Of square drops of 3 pixels two mosaics differ, as if what lies beyond
    # the table of positions had been read.
    **_of_grid(_SHARE, "pixfrac"),
    **_of_grid(_RA, "ra"),
    **_of_grid(_DEC, "dec"),
}

#: Texts that are numbers: one, or one for each amplifier.
_LISTS: Mapping[str, Range] = {
    **_each(_POSITIVE, "exptime", "gain"),
    **_each(_NOT_NEGATIVE, "rdnoise"),
}

#: Texts that are one of some words, or a positive number. Drizzlepac takes any other word for the
#: first, and a negative number for negative weights.
_WORDS: Mapping[str, tuple[str, ...]] = dict.fromkeys(
    ("final_wt_scl", "driz_sep_wt_scl"), ("exptime", "expsq")
)

#: Options of which the first is below the second, where both are given.
_ORDERED = (
    *(("skylower", "skyupper"), ("combine_lthresh", "combine_hthresh")),
    *(("minflux", "maxflux"), ("rminflux", "rmaxflux"), ("fluxmin", "fluxmax")),
    *(("peakmin", "peakmax"), ("sharplo", "sharphi"), ("roundlo", "roundhi")),
)


def range_of(name: str) -> Range | None:
    """Look up the numbers that an option can have; None for any."""
    return _RANGES.get(name)


def outside(name: str, numbers: Iterable[float]) -> str:
    """Range that some of the numbers of an option are outside of, in words; empty for none."""
    limits = range_of(name)
    if limits is None or all(number in limits for number in numbers):
        return ""
    return str(limits)


def allowed_text(name: str, text: str) -> str:
    """Words for the texts that an option can be; empty when the given one is among them."""
    if name in _WORDS:
        words = _WORDS[name]
        is_one = text in words or _are_numbers([text], _POSITIVE)
        return "" if is_one else f"{', '.join(words)} or a number {_POSITIVE}"
    limits = _LISTS.get(name)
    if limits is None or not text or _are_numbers(text.split(","), limits):
        return ""
    return f"a number {limits}, or one for each amplifier, such as '1.5,1.5'"


def _are_numbers(texts: Iterable[str], limits: Range) -> bool:
    try:
        numbers = [float(text) for text in texts]
    except ValueError:
        return False
    return all(math.isfinite(number) and number in limits for number in numbers)


def require_order(options: Mapping[str, object]) -> None:
    """Refuse limits of which the lower one is not below the upper one.

    Raises
    ------
    UsageError
        When there are such.
    """
    for low, high in _ORDERED:
        least, most = options.get(low), options.get(high)
        are_given = isinstance(least, (int, float)) and isinstance(most, (int, float))
        if are_given and least >= most:  # type: ignore[operator]
            raise UsageError(
                f"{low} {least:g} is not below {high} {most:g}, so that nothing is between them.",
                advice="Exchange them, or leave one out.",
            )
