"""The exposures of a pass as drizzlepac sees them, with every file opened once and only read.

AstroDrizzle opens each exposure some twenty times, half of them for writing. Here its own
classes work on headers that are in memory, so that what they find is what it would find.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any
from unittest import mock

from astropy.io import fits

from skydb.drizzle.tasks.onepass_square import SquareKernel

_STEP_SEPARATE, _STEP_FINAL = 3, 7


class Library:
    """Headers of the exposures; a file is closed when the next one is opened."""

    def __init__(self) -> None:
        self._held: dict[str, fits.HDUList] = {}
        self._last: fits.HDUList | None = None

    def open_image(self, filename: str, *_: object, **__: object) -> fits.HDUList:
        """Replace ``fileutil.openImage``, without MDRIZSKY and never to be written."""
        name = filename.partition("[")[0]
        if name not in self._held:
            self.close()
            self._last = self._held[name] = _headers_of(name)
        return self._held[name]

    def close(self) -> None:
        """Close the file that is open; its headers stay."""
        if self._last is not None:
            fits.HDUList.close(self._last)
        self._last = None


def _headers_of(name: str) -> fits.HDUList:
    hdus = fits.open(name, memmap=False, lazy_load_hdus=False)
    for hdu in hdus:
        hdu.header.remove("MDRIZSKY", ignore_missing=True, remove_all=True)
    # drizzlepac closes what it has opened; here the next reader gets the same.
    hdus.close = lambda *_, **__: None
    return hdus


@dataclass
class Field:
    """State of AstroDrizzle when it begins to drizzle.

    Parameters
    ----------
    config : mapping
        Its parameters, defaults included.
    images : list of imageObject
        The exposures that it would take.
    left_out : list of str
        Those that it would not.
    wcs : WCSObject
        The output, named after the first mosaic.
    parameters : dict
        Parameters of its final step.
    library : Library
        Headers of the exposures.
    square : SquareKernel or None
        Faster kernel than drizzlepac's, for large chips.
    """

    config: Mapping[str, Any]
    images: list[Any]
    left_out: list[str]
    wcs: Any
    parameters: dict[str, Any]
    library: Library = field(repr=False)
    square: SquareKernel | None = None

    @property
    def separate_parameters(self) -> dict[str, Any]:
        """Parameters of the step that drizzles every exposure alone."""
        from drizzlepac import adrizzle

        own = adrizzle.buildDrizParamDict(self.config, single=True)
        same = ("crbit", "proc_unit", "rules_file", "clean", "logfile")
        return {**own, "wht_type": None, **{name: self.parameters[name] for name in same}}

    @property
    def first_chips(self) -> list[int]:
        """Number of the first chip of every exposure, counted from zero."""
        numbers, found = 0, []
        for image in self.images:
            found.append(numbers)
            numbers += image._nmembers
        return found

    @property
    def chips(self) -> int:
        """Number of chips."""
        return sum(image._nmembers for image in self.images)

    @property
    def pixels(self) -> int:
        """Number of pixels of all chips."""
        return sum(
            math.prod(hdu.shape)
            for image in self.images
            for hdu in image._image
            if hdu.name == image.scienceExt
        )

    @property
    def planes(self) -> int:
        """Planes that a context image of all chips has; 1 without one, as in ``run_driz``."""
        return (self.chips - 1) // 32 + 1 if self.has_context else 1

    @property
    def has_context(self) -> bool:
        """Whether a context image is asked for."""
        return bool(self.config["context"])


def read_field(exposures: Sequence[str], parameters: Mapping[str, Any], output: str) -> Field:
    """Everything that AstroDrizzle makes of its inputs before the first pixel.

    Parameters
    ----------
    exposures : sequence of str
        Names in the current directory.
    parameters : mapping
        As AstroDrizzle takes them.
    output : str
        Root of the name of one mosaic.

    Raises
    ------
    ValueError
        When no exposure can be drizzled.
    """
    from drizzlepac import adrizzle, processInput, util, wcs_functions

    config = configuration(exposures, parameters, output)
    library = Library()
    with reading_from(library):
        taken, left_out = _usable(exposures, library)
        if not taken:
            raise ValueError("drizzlepac takes none of the exposures.")
        instrument = dict(config["INSTRUMENT PARAMETERS"], proc_unit=config["proc_unit"])
        images = processInput.createImageObjectList(
            taken,
            instrument,
            output=output,
            group=config["group"],
            undistort=bool(config["coeffs"]),
        )
        library.close()
    processInput.applyContextPar(images, config["context"])
    name = product_name(output, taken[0], images[0]._instrument)
    wcs = wcs_functions.make_outputwcs(images, name, configObj=config, perfect=True)
    final = config[util.getSectionName(config, _STEP_FINAL)]
    parameters_of_step = adrizzle.buildDrizParamDict(config, single=False)
    parameters_of_step.update(
        crbit=None,
        proc_unit=config["proc_unit"],
        wht_type=final["final_wht_type"],
        rules_file=None,
        clean=True,
        logfile="onepass.log",
    )
    return Field(config, images, left_out, wcs, parameters_of_step, library)


def configuration(exposures: Sequence[str], parameters: Mapping[str, Any], output: str) -> Any:  # noqa: ANN401
    """AstroDrizzle's parameters, validated and merged with its defaults by its own means."""
    import drizzlepac
    from drizzlepac import util
    from stsci.tools import cfgpars
    from stsci.tools.bitmask import interpret_bit_flags

    given = {**parameters, "input": list(exposures), "output": output}
    given.pop("updatewcs", None)
    given.pop("mdriztab", None)
    config = cfgpars.ConfigObjPars(
        "", setAllToDefaults="astrodrizzle", strict=True, associatedPkg=drizzlepac
    )
    config = util.getDefaultConfigObj("astrodrizzle", config, given)
    util.applyUserPars_steps(config, given, step="7a")
    config["resetbits"] = interpret_bit_flags(config["resetbits"])
    for step, name in ((_STEP_SEPARATE, "driz_sep_bits"), (_STEP_FINAL, "final_bits")):
        section = config[util.getSectionName(config, step)]
        section[name] = interpret_bit_flags(section[name])
    return config


def product_name(output: str, first: str, instrument: str) -> str:
    """File name of a product (``processInput.process_input``): ``_drc`` for FLC files."""
    from stsci.tools import fileutil

    suffix = "_drc.fits" if first.endswith("_flc.fits") else "_drz.fits"
    if instrument.upper() == "WFPC2":
        suffix = "_drw.fits"
    if ".fits" in output.lower() or suffix[:4] in output.lower():
        return output
    return str(fileutil.buildNewRootname(output, extn=suffix))


@contextmanager
def reading_from(library: Library) -> Iterator[None]:
    """Let drizzlepac and fitsblender read headers from a library."""
    from drizzlepac import wcs_functions
    from stsci.tools import fileutil

    with ExitStack() as stack:
        _replace(stack, fileutil, "openImage", library.open_image)
        _replace(stack, wcs_functions, "get_hstwcs", _hstwcs)
        yield


def _replace(stack: ExitStack, module: ModuleType, name: str, new: object) -> None:
    stack.enter_context(mock.patch.object(module, name, new))


def _hstwcs(filename: str, extnum: int) -> Any:  # noqa: ANN401
    """Make a WCS as ``wcs_functions.get_hstwcs``, which opens the file three times.

    astropy takes the polynomials out of the header that it reads, so that it gets one of
    its own.
    """
    from stwcs.wcsutil import HSTWCS

    with fits.open(filename, memmap=False) as hdus:
        header = hdus[extnum].header
        expname, extver = header["EXPNAME"], header["EXTVER"]
        wcs = HSTWCS(hdus, ext=extnum)
    wcs.filename, wcs.expname, wcs.extver = filename, expname, extver
    return wcs


def _usable(exposures: Sequence[str], library: Library) -> tuple[list[str], list[str]]:
    """Exposures that ``check_files.checkFiles`` keeps, and the others."""
    from stsci.tools import check_files

    taken: list[str] = []
    left_out: list[str] = []
    for name in exposures:
        hdus = library.open_image(name)
        checks = (check_files.check_exptime, check_files.checkNGOODPIX, check_files.checkPA_V3)
        (left_out if any(check([hdus]) for check in checks) else taken).append(name)
    return taken, left_out
