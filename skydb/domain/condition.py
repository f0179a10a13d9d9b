"""Condition of an image, from its own header."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

#: Words that say that nothing was wrong (HST keyword dictionary).
_SOUND_QUALITY = frozenset({"", "OK", "NORMAL"})
_SOUND_EXPFLAG = frozenset({"", "NORMAL"})
_SOUND_LOCK = frozenset({"", "FINE", "FINE LOCK"})
_SCANS = {"C": "back and forth", "D": "back and forth with dwells"}


@dataclass(frozen=True, slots=True)
class Condition:
    """Quality of an exposure from header cards; None where a card is missing.

    It belongs to a file version, not to the exposure: the archive corrects these cards
    when it processes an exposure again.

    Parameters
    ----------
    quality : str or None
        QUALITY: what went wrong, in words; None when it is blank.
    expflag : str or None
        EXPFLAG: ``NORMAL``, ``INTERRUPTED``, ...
    fgslock : str or None
        FGSLOCK: the guiding that was asked for.
    guideact : str or None
        GUIDEACT: the guiding that was done.
    mtflag : str or None
        MTFLAG: ``T`` for a moving target.
    scan_typ : str or None
        SCAN_TYP of WFC3: ``C`` or ``D`` for a scan, ``N`` for none.
    ngoodpix : int or None
        NGOODPIX of the chip that has the fewest.
    exptime_s : float or None
        EXPTIME.
    gain : float or None
        Electrons for one count.
    bunit : str or None
        BUNIT, verbatim.
    orientat_deg : float or None
        ORIENTAT of the first chip.
    """

    quality: str | None = None
    expflag: str | None = None
    fgslock: str | None = None
    guideact: str | None = None
    mtflag: str | None = None
    scan_typ: str | None = None
    ngoodpix: int | None = None
    exptime_s: float | None = None
    gain: float | None = None
    bunit: str | None = None
    orientat_deg: float | None = None

    @property
    def has_no_signal(self) -> bool:
        """Whether there is no signal: no exposure time, or no good pixel."""
        return self.ngoodpix == 0 or (self.exptime_s is not None and self.exptime_s <= 0)

    @property
    def complaints(self) -> tuple[str, ...]:
        """Problems of the exposure, a phrase each; empty for an ordinary one."""
        return tuple(self._complaints())

    def _complaints(self) -> Iterator[str]:
        if _word(self.quality) not in _SOUND_QUALITY:
            yield f"QUALITY is {self.quality}"
        if _word(self.expflag) not in _SOUND_EXPFLAG:
            yield f"EXPFLAG is {self.expflag}"
        if _word(self.fgslock) not in _SOUND_LOCK:
            yield f"FGSLOCK is {self.fgslock}"
        if _word(self.guideact) not in _SOUND_LOCK:
            yield f"GUIDEACT is {self.guideact}"
        if _word(self.mtflag) == "T":
            yield "MTFLAG is T: the target moved"
        if _word(self.scan_typ) in _SCANS:
            yield f"SCAN_TYP is {self.scan_typ}: scanned {_SCANS[_word(self.scan_typ)]}"
        if self.ngoodpix == 0:
            yield "NGOODPIX is 0: no good pixel"
        if self.exptime_s is not None and self.exptime_s <= 0:
            yield f"EXPTIME is {self.exptime_s:g}"


def _word(text: str | None) -> str:
    return (text or "").strip(" ;.").upper()
