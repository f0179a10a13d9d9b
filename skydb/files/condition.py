"""Quality of an exposure, from the cards of its headers."""

from __future__ import annotations

from skydb.domain.condition import Condition
from skydb.domain.values import ChipGeometry
from skydb.files.cards import Cards
from skydb.files.structure import FitsSkeleton

#: Calibrated gains of the amplifiers of WFC3 and ACS.
_AMPLIFIERS = ("ATODGNA", "ATODGNB", "ATODGNC", "ATODGND")
#: Gains by precedence, the calibrated before the commanded: STIS and WFPC2, NICMOS, any CCD.
_GAINS = ("ATODGAIN", "ADCGAIN", "CCDGAIN", "GAIN")


def read_condition(skeleton: FitsSkeleton, chip: ChipGeometry) -> Condition:
    """Condition of an image.

    Parameters
    ----------
    skeleton : FitsSkeleton
        An open file with at least one SCI extension.
    chip : ChipGeometry
        The first chip, for an image without ORIENTAT.
    """
    primary, science = skeleton.primary.scanned, skeleton.named("SCI")[0].scanned
    cards = Cards(skeleton.path, (primary, science))
    of_chip = Cards(skeleton.path, (science, primary))
    turned = of_chip.number("ORIENTAT")
    exptime = cards.number("EXPTIME")
    return Condition(
        quality=cards.text("QUALITY"),
        expflag=cards.text("EXPFLAG"),
        fgslock=cards.text("FGSLOCK"),
        guideact=cards.text("GUIDEACT"),
        mtflag=_truth(cards, "MTFLAG"),
        scan_typ=cards.text("SCAN_TYP"),
        ngoodpix=_fewest_good(skeleton),
        exptime_s=cards.number("TEXPTIME") if exptime is None else exptime,
        gain=_gain(cards),
        bunit=of_chip.text("BUNIT"),
        orientat_deg=chip.orientat_deg if turned is None else turned,
    )


def _truth(cards: Cards, key: str) -> str | None:
    """Text of a flag that is a letter in some headers and a truth value in others."""
    value = cards.raw(key)
    if isinstance(value, bool):
        return "T" if value else "F"
    return cards.text(key)


def _fewest_good(skeleton: FitsSkeleton) -> int | None:
    chips = (Cards(skeleton.path, (chip.scanned,)) for chip in skeleton.named("SCI"))
    found = [good for chip in chips if (good := chip.integer("NGOODPIX")) is not None]
    return min(found, default=None)


def _gain(cards: Cards) -> float | None:
    """Mean of the amplifiers' calibrated gains, as drizzlepac has it, else the detector's."""
    amplifiers = [gain for key in _AMPLIFIERS if (gain := cards.number(key))]
    if amplifiers:
        return sum(amplifiers) / len(amplifiers)
    return next((gain for key in _GAINS if (gain := cards.number(key))), None)
