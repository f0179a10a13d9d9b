"""drizzlepac's work on the chips of one exposure before and after its kernel.

``adrizzle.run_driz_img`` makes masks and weights, converts units and collects values for
the headers of a mosaic. Here it gets its pixels from memory and another kernel, so
that all of this stays drizzlepac's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType, SimpleNamespace
from typing import Any
from unittest import mock

import numpy as np
from astropy.io import fits

from skydb.drizzle.tasks.onepass_field import Field
from skydb.drizzle.tasks.onepass_kernel import KernelCall
from skydb.drizzle.tasks.onepass_mosaics import Array

#: What is called in place of ``adrizzle.do_driz``.
Kernel = Callable[..., str]

#: Record of ``run_driz_chip`` for one chip.
ChipRecord = dict[str, Any]


def chips_of(image: Any) -> list[Any]:  # noqa: ANN401
    """Science extensions of an exposure that take part."""
    return list(image.returnAllChips(extname=image.scienceExt))


def drizzle_exposure(
    field: Field,
    index: int,
    kernel: Kernel,
    masks: Mapping[Any, Array] = MappingProxyType({}),
    *,
    is_separate: bool = False,
) -> list[ChipRecord]:
    """Let ``adrizzle.run_driz_img`` prepare the chips of one exposure for a kernel.

    Parameters
    ----------
    field : Field
        The exposures; this one must have pixels.
    index : int
        Which one.
    kernel : callable
        Stands in for drizzlepac's own; such as :class:`.KernelCall`.
    masks : mapping, optional
        Static mask of every kind of chip, by its signature.
    is_separate : bool
        Drizzle for the median (step 3), not for the mosaic (step 7).

    Returns
    -------
    list of dict
        What is noted of each chip.
    """
    from drizzlepac import adrizzle
    from stsci.tools import fileutil

    image = field.images[index]
    wcs = field.wcs.single_wcs if is_separate else field.wcs.final_wcs
    parameters = field.separate_parameters if is_separate else field.parameters
    records: list[ChipRecord] = []
    nothing = np.zeros((1, 1), np.float32)
    for chip in chips_of(image):
        mask = masks.get(chip.signature)
        chip.outputNames["staticMask"] = None if mask is None else SimpleNamespace(data=mask)
    with (
        mock.patch.object(fileutil, "openImage", lambda *_, **__: image._image),
        mock.patch.object(adrizzle, "do_driz", kernel),
    ):
        adrizzle.run_driz_img(
            image,
            chips_of(image),
            output_wcs=wcs,
            outwcs=wcs,
            template=None,
            paramDict=dict(parameters),
            single=is_separate,
            # Nothing is written: a chip of this number never comes.
            num_in_prod=field.chips + 1,
            build=False,
            _versions={},
            _numctx={"all": field.chips},
            _nplanes=field.planes,
            chipIdxCopy=field.first_chips[index],
            _outsci=nothing,
            _outwht=nothing,
            _outctx=nothing,
            _hdrlist=records,
            wcsmap=None,
        )
    return records


def rehearse(field: Field) -> list[ChipRecord]:
    """Collect drizzlepac's record of every chip, by a run with a single pixel.

    The headers of the exposures are not to be used afterwards: their images have shrunk.
    """
    records: list[ChipRecord] = []
    for index, image in enumerate(field.images):
        one_pixel = {
            hdu: np.ones((1, 1), np.uint16 if hdu.name == image.maskExt else np.float32)
            for hdu in image._image
            if hdu.name in (image.scienceExt, image.maskExt, image.errExt)
        }
        with _holding(one_pixel):
            records += drizzle_exposure(field, index, KernelCall(_ignore, has_context=False))
    return records


def _ignore(*_: object) -> None:
    """Receive a rehearsed chip."""


@contextmanager
def pixels(image: Any, names: set[str], resetbits: int = 0) -> Iterator[None]:  # noqa: ANN401
    """Let an exposure have its pixels for the block.

    Parameters
    ----------
    image : imageObject
        The exposure.
    names : set of str
        EXTNAME of the images that are needed.
    resetbits : int
        Flags that are taken out of the data quality, in memory only.
    """
    with fits.open(image._filename, memmap=False) as hdus:
        found: dict[Any, Array] = {
            held: _reset(hdu.data, resetbits) if held.name == image.maskExt else hdu.data
            for held, hdu in zip(image._image, hdus, strict=True)
            if held.name in names and hdu.data is not None
        }
    with _holding(found):
        yield


def _reset(flags: Array, bits: int) -> Array:
    """Reset flags as ``resetbits.reset_dq_bits``."""
    return (flags & ~bits).astype(flags.dtype) if bits > 0 else flags


@contextmanager
def _holding(found: dict[Any, Array]) -> Iterator[None]:
    for hdu, data in found.items():
        hdu.data = data
    try:
        yield
    finally:
        for hdu in found:
            del hdu.data
