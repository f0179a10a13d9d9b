"""Pixels without a measurement: found in a file, and flagged in a copy of it.

AstroDrizzle takes a pixel that is not a number for good and makes a hole of it in the mosaic,
with weight, whatever the other exposures show there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits
from astropy.nddata.bitmask import interpret_bit_flags
from numpy.typing import NDArray

from skydb.domain.signal import FLAGS, flagged, has_sky_signal, measured
from skydb.domain.units import Conversion
from skydb.errors import FileRejectedError
from skydb.files.dqfile import flags_beside
from skydb.files.pixels import ChipPlanes, planes_of
from skydb.files.quiet import quiet_astropy

#: Flags for a pixel without a measurement, the fittest first; one that nothing accepts is taken.
_FLAGS = (4, 16, 8, 1, 2, 128, 32, 64, 256, 512, 1024, 2048, 8192, 16384)
#: Rows of a chip that nearly always show a signal.
_FEW_ROWS = 32
#: Types of flags for AstroDrizzle, the smallest first.
_PLAIN = (np.int16, np.int32, np.int64)
#: Steps that mask pixels, beside that of the sky.
_STEPS = ("final_bits", "driz_sep_bits")


@dataclass(frozen=True)
class AcceptedFlags:
    """DQ flags that do not make a pixel bad.

    Parameters
    ----------
    sky : int
        Flags that are good for the sky, ``resetbits`` included.
    anywhere : int
        Accepted by any step of a run.
    """

    sky: int
    anywhere: int

    @classmethod
    def of(cls, parameters: Mapping[str, object]) -> AcceptedFlags:
        """Read the accepted flags from AstroDrizzle's parameters; all where a step uses none."""
        bits = {name: _bits(parameters.get(name, 0)) for name in (*_STEPS, "sky_bits")}
        reset = _bits(parameters.get("resetbits", 0))
        steps = [bits[name] for name in bits]
        return cls(bits["sky_bits"] | reset, int(np.bitwise_or.reduce([reset, *steps])))

    @property
    def free(self) -> int | None:
        """A flag that every step uses; None when there is none."""
        return next((flag for flag in _FLAGS if not flag & self.anywhere), None)


@dataclass(frozen=True)
class ChipState:
    """State of the pixels of one chip.

    Parameters
    ----------
    extver : int
        The chip.
    unmeasured : int
        Pixels of SCI without a measurement that have no flag.
    has_signal : bool
        Whether there are good pixels for the sky.
    without_error : int
        Further pixels without a flag, whose ERR is not a number.
    lacks_errors : bool
        Whether there would be good pixels for the sky if their ERR were a number.
    has_plain_flags : bool
        Whether the flags are of a type that AstroDrizzle can reset bits of: it fails with
        unsigned ones, and with one byte.
    """

    extver: int
    unmeasured: int
    has_signal: bool
    without_error: int = 0
    lacks_errors: bool = False
    has_plain_flags: bool = True

    @property
    def needs_copy(self) -> bool:
        """Whether a tool must not be given the file as it is."""
        bad = self.unmeasured or self.without_error
        return bool(bad) or not (self.has_signal and self.has_plain_flags)


def chip_states(path: Path, accepted: AcceptedFlags) -> tuple[ChipState, ...]:
    """State of every chip of an exposure.

    Raises
    ------
    FileRejectedError
        When the file cannot be read.
    """
    return tuple(_state(planes, accepted) for planes in planes_of(path))


def lit_states(path: Path, accepted: AcceptedFlags) -> tuple[ChipState, ...]:
    """State of every chip of an exposure as far as its signal goes: no pixel is counted.

    Raises
    ------
    FileRejectedError
        When the file cannot be read.
    """
    found: list[ChipState] = []
    for rows in (_FEW_ROWS, None):
        found = [
            ChipState(planes.extver, 0, _is_lit(planes, accepted))
            for planes in planes_of(path, with_errors=False, rows=rows)
        ]
        if all(chip.has_signal for chip in found):
            break
    return tuple(found)


def prepared_copy(
    path: Path,
    target: Path,
    conversion: Conversion | None = None,
    accepted: AcceptedFlags | None = None,
) -> None:
    """Write a copy for a tool.

    Pixels without a measurement are flagged and made zero, so is every pixel of a chip
    without signal; SCI and ERR are converted, and BUNIT says so. Flags are of a signed type.

    Parameters
    ----------
    path : Path
        An exposure; only read.
    target : Path
        Its copy, with the flags beside it where they are a file of their own.
    conversion : Conversion, optional
        To the unit of the run.
    accepted : AcceptedFlags, optional
        Flags that must not be used; nothing is flagged when left out, or none is free.

    Raises
    ------
    FileRejectedError
        When the file cannot be read or the copy cannot be written.
    """
    free = accepted.free if accepted is not None else None
    target.parent.mkdir(parents=True, exist_ok=True)
    apart = flags_beside(path)
    try:
        with quiet_astropy(), fits.open(path, memmap=False) as hdus:
            beside = None if apart is None else fits.open(apart, memmap=False)
            if accepted is not None:
                for planes in planes_of(path):
                    if free is not None:
                        planes = _flagged(hdus, planes, accepted, free)
                    _put_flags(hdus, beside, planes)
            if conversion is not None:
                _convert(hdus, conversion)
            hdus.writeto(target, output_verify="ignore")
            if beside is not None and apart is not None:
                beside.writeto(target.with_name(apart.name), output_verify="ignore")
                beside.close()
    except (OSError, KeyError, ValueError) as error:
        raise FileRejectedError(
            path, f"no copy for a tool can be made of it ({error})", advice="Fetch it again."
        ) from error


def _state(planes: ChipPlanes, accepted: AcceptedFlags) -> ChipState:
    unflagged = ~_heeded(planes, accepted.anywhere)
    good, no_error = measured(planes.science), _no_error(planes)
    seen = good & ~_heeded(planes, accepted.sky)
    # Where no step uses flags, a pixel without ERR takes part.
    usable = seen if accepted.free is None else seen & ~no_error
    is_lit = has_sky_signal(planes.science, usable)
    return ChipState(
        extver=planes.extver,
        unmeasured=int((~good & unflagged).sum()),
        has_signal=is_lit,
        without_error=int((good & no_error & unflagged).sum()),
        lacks_errors=not is_lit and has_sky_signal(planes.science, seen),
        has_plain_flags=planes.quality is None or _is_plain(planes.quality),
    )


def _is_lit(planes: ChipPlanes, accepted: AcceptedFlags) -> bool:
    good = measured(planes.science) & ~_heeded(planes, accepted.sky)
    return has_sky_signal(planes.science, good)


def _no_error(planes: ChipPlanes) -> NDArray[np.bool_]:
    """Pixels whose ERR is not a number."""
    if planes.error is None or planes.error.shape != planes.science.shape:
        return np.zeros(planes.science.shape, dtype=bool)
    return np.asarray(~np.isfinite(planes.error))


def _is_plain(flags: NDArray[np.integer[Any]]) -> bool:
    return flags.dtype.kind == "i" and flags.dtype.itemsize > 1


def _plain(flags: NDArray[np.integer[Any]]) -> NDArray[np.integer[Any]]:
    """Flags in a type that AstroDrizzle can reset bits of: int16, or more where they need it."""
    if _is_plain(flags):
        return flags
    unsigned = flags.view(f"u{flags.dtype.itemsize}")
    largest = int(unsigned.max(initial=0))
    return unsigned.astype(next((one for one in _PLAIN if largest <= np.iinfo(one).max), np.int64))


def _heeded(planes: ChipPlanes, accepted: int) -> NDArray[np.bool_]:
    """Pixels with a flag that is not accepted."""
    if planes.quality is None or planes.quality.shape != planes.science.shape:
        return np.zeros(planes.science.shape, dtype=bool)
    return flagged(planes.quality, accepted)


def _flagged(
    hdus: fits.HDUList, planes: ChipPlanes, accepted: AcceptedFlags, free: int
) -> ChipPlanes:
    """Mend the pixels of a chip that are not usable, and give it with flags for them."""
    bad = ~measured(planes.science) | _no_error(planes)
    if not _state(planes, accepted).has_signal:
        bad[:] = True
    if not bad.any():
        return planes
    _put(hdus, hdus["SCI", planes.extver], np.where(bad, 0, planes.science))
    if planes.error is not None and planes.error.shape == bad.shape:
        _put(hdus, hdus["ERR", planes.extver], np.where(bad, 1, planes.error))
    quality = _plain(np.zeros(bad.shape, np.int16) if planes.quality is None else planes.quality)
    flags = np.where(bad, quality | quality.dtype.type(free), quality)
    return replace(planes, quality=flags)


def _put_flags(hdus: fits.HDUList, beside: fits.HDUList | None, planes: ChipPlanes) -> None:
    """Give the flags of a chip to the copy, in a type for AstroDrizzle."""
    if planes.quality is not None:
        holder = hdus if beside is None else beside
        _put(holder, _flags_hdu(hdus, beside, planes.extver), _plain(planes.quality))


def _flags_hdu(hdus: fits.HDUList, beside: fits.HDUList | None, extver: int) -> Any:  # noqa: ANN401
    """Find the flags of a chip, or make an extension in a file without any."""
    for hdu in _images(beside) if beside is not None else hdus[1:]:
        if hdu.ver == extver and (beside is not None or hdu.name == "DQ"):
            return hdu
    hdus.append(fits.ImageHDU(name="DQ", ver=extver))
    return hdus[-1]


def _images(beside: fits.HDUList) -> Sequence[Any]:
    images = [hdu for hdu in beside[1:] if isinstance(hdu, fits.ImageHDU)]
    return [hdu for hdu in images if hdu.name == images[0].name]


def _put(hdus: fits.HDUList, hdu: Any, data: NDArray[Any]) -> Any:  # noqa: ANN401
    """Put pixels in the place of an image: what its header says of the old ones is dropped."""
    header = hdu.header.copy()
    for card in ("PIXVALUE", "NPIX1", "NPIX2", "BSCALE", "BZERO", "BLANK"):
        header.remove(card, ignore_missing=True)
    place = hdus.index_of(hdu)
    hdus[place] = fits.ImageHDU(data, header)
    return hdus[place]


def _convert(hdus: fits.HDUList, conversion: Conversion) -> None:
    for hdu in _scaled(hdus):
        if hdu.data is not None:
            image = (hdu.data * np.float64(conversion.factor)).astype(np.float32)
            hdu = _put(hdus, hdu, image)
        elif "PIXVALUE" in hdu.header:
            hdu.header["PIXVALUE"] = float(hdu.header["PIXVALUE"]) * conversion.factor
        hdu.header["BUNIT"] = conversion.bunit
    if "BUNIT" in hdus[0].header:
        hdus[0].header["BUNIT"] = conversion.bunit


def _scaled(hdus: fits.HDUList) -> Iterator[Any]:
    return iter([hdu for hdu in hdus[1:] if hdu.name in ("SCI", "ERR")])


def _bits(flags: object) -> int:
    """A parameter as the flags that it accepts: all for None, which looks at no flag."""
    try:
        found = interpret_bit_flags(flags if isinstance(flags, int) else str(flags).strip() or 0)
    except (TypeError, ValueError):
        return 0  # AstroDrizzle itself refuses it
    return FLAGS if found is None else int(found) & FLAGS
