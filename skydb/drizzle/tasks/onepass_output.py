"""The files of a pass, written by drizzlepac's own means.

Blending the headers of the exposures takes longer than anything else that is written;
but for MDRIZSKY the result is the same for all mosaics, so that it is done once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from unittest import mock

import numpy as np

from skydb import __version__
from skydb.drizzle.tasks.onepass_field import Field, product_name, reading_from
from skydb.drizzle.tasks.onepass_sums import Sums
from skydb.drizzle.tasks.onepass_work import ChipRecord, chips_of

_SKY = "MDRIZSKY"
#: Names of files that are the same for all chips and differ between the mosaics.
_NAMES = ("outMedian", "outFinal", "outSci", "outWeight")


@dataclass(frozen=True)
class Templates:
    """Headers that every mosaic begins with (``outputimage.getTemplates``).

    Parameters
    ----------
    single : tuple
        Headers of the first exposure.
    blended : tuple
        Headers of all exposures, by the rules of the instrument, and their table.
    """

    single: tuple[Any, Any]
    blended: tuple[Any, Any]

    def copy(self, *, blend: bool, skies: Sequence[float | None]) -> tuple[Any, Any]:
        """Headers to be changed, and the table with the sky of every chip."""
        headers, table = self.blended if blend else self.single
        copies = [None if header is None else header.copy() for header in headers]
        return copies, None if table is None else _with_skies(table, skies)


def blend(field: Field) -> Templates:
    """Blend the headers of all exposures."""
    from drizzlepac import outputimage

    with reading_from(field.library):
        names = chip_names(field)
        return Templates(
            outputimage.getTemplates(names, blend=False),
            outputimage.getTemplates(names, blend=True),
        )


def chip_names(field: Field) -> list[str]:
    """Every chip as drizzlepac calls it, in order."""
    return [chip.outputNames["data"] for image in field.images for chip in chips_of(image)]


def _with_skies(table: Any, skies: Sequence[float | None]) -> Any:  # noqa: ANN401
    copy = table.copy()
    if _SKY in copy.columns.names:
        copy.data[_SKY] = [np.nan if sky is None else sky for sky in skies]
    return copy


@dataclass(frozen=True)
class Writer:
    """Writes the mosaics of a pass.

    Parameters
    ----------
    field : Field
        The exposures.
    sums : Sums
        Their sums.
    outputs : sequence of str
        Root of the name of each mosaic.
    skies : sequence of mapping
        Sky of every chip in each.
    records : sequence of dict
        What was noted of each chip.
    templates : Templates
        Headers to begin with.
    """

    field: Field
    sums: Sums
    outputs: Sequence[str]
    skies: Sequence[Mapping[tuple[str, int], float | None]]
    records: Sequence[ChipRecord]
    templates: Templates

    def write(self, index: int) -> dict[str, str | None]:
        """Write one mosaic; the names of its files."""
        from drizzlepac import outputimage

        names = self._names(self.outputs[index])
        image = outputimage.OutputImage(
            [{**record, **names} for record in self.records],
            self._parameters(),
            build=False,
            wcs=self.field.wcs.final_wcs,
            single=False,
        )
        image.set_bunit(_bunit(self._last_chip(), self._units))
        image.set_units(self._units)
        with mock.patch.object(outputimage, "getTemplates", self._get_templates(index)):
            image.writeFITS(
                chip_names(self.field),
                self._finished(index),
                self.sums.weight(),
                ctxarr=self.sums.context,
                versions=_versions(),
                logfile=self.field.parameters["logfile"],
            )
        return {
            "science": names["outSci"],
            "weight": names["outWeight"],
            "context": names["outContext"],
        }

    @property
    def _units(self) -> str:
        return str(self.field.parameters["units"])

    def _names(self, output: str) -> dict[str, Any]:
        from drizzlepac import imageObject

        first = self.field.images[0]
        made = imageObject.WCSObject(product_name(output, first._filename, first._instrument))
        context = made.outputNames["outContext"] if self.field.has_context else None
        names = {name: made.outputNames[name] for name in _NAMES}
        return {**names, "outContext": context, "output": names["outFinal"]}

    def _parameters(self) -> dict[str, Any]:
        """With the scale of the last chip, as ``run_driz_chip`` leaves it."""
        return {**self.field.parameters, "idcscale": self._last_chip().wcs.idcscale}

    def _last_chip(self) -> Any:  # noqa: ANN401
        return chips_of(self.field.images[-1])[-1]

    def _get_templates(self, index: int) -> Any:  # noqa: ANN401
        skies = [
            self.skies[index][image._filename, chip.extver]
            for image in self.field.images
            for chip in chips_of(image)
        ]

        def get_templates(_: object, blend: bool = True, **__: object) -> tuple[Any, Any]:
            return self.templates.copy(blend=blend, skies=skies)

        return get_templates

    def _finished(self, index: int) -> Any:  # noqa: ANN401
        from drizzlepac import adrizzle, util

        told = self.field.parameters
        fill = None if util.is_blank(told["fillval"]) else float(told["fillval"])
        factor = float(self.records[0]["texptime"]) if self._units == "counts" else 1.0
        image = self.field.images[-1]
        if told["proc_unit"].lower() == "native" and image.native_units.lower()[:6] == "counts":
            factor /= self._last_chip()._gain
        return self.sums.science(index, adrizzle.interpret_maskval(told), fill, factor)


def _bunit(chip: Any, units: str) -> str | None:  # noqa: ANN401
    """Unit of the mosaic, None where the exposure's own is right (``run_driz_chip``)."""
    unit = str(chip._bunit)
    slash = unit.find("/")
    if units == "cps":
        return f"{unit}/S" if slash < 1 else None
    return unit[:slash] if slash > 0 else None


def _versions() -> dict[str, str]:
    """Lines of HISTORY: what AstroDrizzle notes, and who called its kernel."""
    import drizzlepac
    from drizzlepac import util

    return {
        "AstroDrizzle": drizzlepac.__version__,
        "PyFITS": util.__fits_version__,
        "Numpy": util.__numpy_version__,
        "skydb, one pass for all skies,": __version__,
    }
