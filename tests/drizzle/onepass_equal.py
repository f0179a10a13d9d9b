"""Equality of the files of one pass and of AstroDrizzle."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from astropy.io import fits

from skydb.drizzle.astrodrizzle import DrizzleOutcome
from skydb.drizzle.onepass import OnePassMosaic

#: What single precision keeps of a pixel, in AstroDrizzle's mosaic as in ours.
RELATIVE = 1.5e-6
ABSOLUTE_PER_S = 1e-5

#: Cards that may differ: the day, the log, and one line of HISTORY more.
MAY_DIFFER = {"DATE", "DRIZPARS", "HISTORY"}


def require_equal_pixels(reference: DrizzleOutcome, ours: OnePassMosaic) -> None:
    """Fail when pixels differ by more than single precision."""
    theirs, pixels = (fits.getdata(mosaic.science) for mosaic in (reference, ours))
    assert pixels.dtype == theirs.dtype
    np.testing.assert_array_equal(np.isnan(pixels), np.isnan(theirs))
    np.testing.assert_allclose(
        pixels, theirs, rtol=RELATIVE, atol=ABSOLUTE_PER_S * _seconds_of(reference.science)
    )


def require_equal_weights(reference: DrizzleOutcome, ours: OnePassMosaic) -> None:
    """Fail when weights differ by more than single precision."""
    theirs, weights = (fits.getdata(mosaic.weight) for mosaic in (reference, ours))
    np.testing.assert_allclose(weights, theirs, rtol=RELATIVE, atol=0)


def require_equal_contexts(reference: DrizzleOutcome, ours: OnePassMosaic) -> None:
    """Fail unless both made the same context image, or none."""
    theirs = reference.science.with_name(reference.science.name.replace("_sci", "_ctx"))
    assert (ours.context is not None) == theirs.exists()
    if ours.context is not None:
        np.testing.assert_array_equal(fits.getdata(ours.context), fits.getdata(theirs))
        assert different_cards(theirs, ours.context) <= MAY_DIFFER


def _seconds_of(science: Path) -> float:
    """Divisor from counts to a rate."""
    header = fits.getheader(science)
    return header["EXPTIME"] if header["D001OUUN"] == "counts" else 1.0


def different_cards(first: Path, second: Path) -> set[str]:
    """Keywords that differ in value, comment or place, over all HDUs."""
    found = set()
    with fits.open(first) as left, fits.open(second) as right:
        assert [hdu.name for hdu in left] == [hdu.name for hdu in right]
        for one, other in zip(left, right, strict=True):
            cards = [
                [(c.keyword, str(c.value), c.comment) for c in hdu.header.cards]
                for hdu in (one, other)
            ]
            found |= {card[0] for card in set(cards[0]) ^ set(cards[1])}
            keys = [[c[0] for c in some if c[0] not in MAY_DIFFER] for some in cards]
            assert keys[0] == keys[1]
    return found
