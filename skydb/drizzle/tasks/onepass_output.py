"""The files of a pass, written by drizzlepac's own means.

Making the headers takes longer than writing the pixels. But for the names of the files
and MDRIZSKY they are the same for all mosaics, so that they are made once, while the
exposures are being drizzled.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from astropy.io import fits

from skydb.drizzle.tasks.onepass_chips import ChipRecord, chips_of, rehearse
from skydb.drizzle.tasks.onepass_field import Field, product_name, reading_from
from skydb.drizzle.tasks.onepass_mosaics import Array, Mosaics
from skydb.drizzle.tasks.versions import version_of

_SKY = "MDRIZSKY"
#: As skypac writes it.
_SKY_COMMENT = "Sky value computed by AstroDrizzle"
_TABLE = "HDRTAB"
#: FITS files come in blocks of so many bytes.
_BLOCK = 2880
#: Keywords of every chip (D001OUDA ...) and the name of a file that they hold.
_NAMES_OF_CHIPS = {"OUDA": "outFinal", "OUWE": "outWeight", "OUCO": "outContext"}


@dataclass(frozen=True)
class Draft:
    """The files of the first mosaic without their pixels.

    Parameters
    ----------
    files : mapping
        HDUs by what they are: ``outSci``, ``outWeight``, ``outContext``.
    chips : int
        Number of their chips.
    exptime_s : float
        Exposure time of the mosaic.
    sky_places : mapping
        Where in the header of each file MDRIZSKY stands, for instruments whose rules want
        the mean of the chips there.
    """

    files: Mapping[str, Any]
    chips: int
    exptime_s: float
    sky_places: Mapping[str, int]


def draft(field: Field) -> Draft:
    """Make the headers of a mosaic (``outputimage.OutputImage``).

    The headers of the exposures are of no use afterwards.
    """
    # With a sky in one chip the rules show whether a mosaic has one in its header.
    chips_of(field.images[0])[0].header[_SKY] = (0.0, _SKY_COMMENT)
    templates = _Templates(field)
    records = rehearse(field)
    names = field.wcs.outputNames
    with mock.patch.object(_outputimage(), "getTemplates", templates.get):
        made = _output_image(field, records).writeFITS(
            templates.chip_names,
            _blank(field, np.float32),
            _blank(field, np.float32),
            ctxarr=_blank(field, np.int32, field.planes) if field.has_context else None,
            versions=_versions(field),
            virtual=True,
            logfile=field.parameters["logfile"],
        )
    kinds = ["outSci", "outWeight", *(["outContext"] if field.has_context else [])]
    files = {kind: made[names[kind]] for kind in kinds}
    headers = {kind: hdus[0].header for kind, hdus in files.items()}
    places = {kind: header.index(_SKY) for kind, header in headers.items() if _SKY in header}
    return Draft(files, len(records), float(records[0]["texptime"]), places)


class _Templates:
    """Headers that a mosaic begins with, blended from those of all exposures."""

    def __init__(self, field: Field) -> None:
        self.chip_names = [
            chip.outputNames["data"] for image in field.images for chip in chips_of(image)
        ]
        get = _outputimage().getTemplates
        with reading_from(field.library):
            self._found = {blend: get(self.chip_names, blend=blend) for blend in (False, True)}

    def get(self, *_: object, blend: bool = True, **__: object) -> tuple[Any, Any]:
        """Replace ``outputimage.getTemplates``."""
        found: tuple[Any, Any] = self._found[blend]
        return found


def _outputimage() -> Any:  # noqa: ANN401
    from drizzlepac import outputimage

    return outputimage


def _output_image(field: Field, records: Sequence[ChipRecord]) -> Any:  # noqa: ANN401
    """Make the output as ``run_driz_chip`` has it at the last chip, whose scale and unit count."""
    last = _last_chip(field)
    units = str(field.parameters["units"])
    image = _outputimage().OutputImage(
        [dict(record) for record in records],
        {**field.parameters, "idcscale": last.wcs.idcscale},
        build=False,
        wcs=field.wcs.final_wcs,
        single=False,
    )
    image.set_bunit(_bunit(last, units))
    image.set_units(units)
    return image


def _last_chip(field: Field) -> Any:  # noqa: ANN401
    return chips_of(field.images[-1])[-1]


def _bunit(chip: Any, units: str) -> str | None:  # noqa: ANN401
    """Unit of the mosaic, None where the exposure's own is right (``run_driz_chip``)."""
    unit = str(chip._bunit)
    slash = unit.find("/")
    if units == "cps":
        return f"{unit}/S" if slash < 1 else None
    return unit[:slash] if slash > 0 else None


def _blank(field: Field, dtype: type, planes: int = 0) -> Array:
    """An image that says how large it is and takes no memory."""
    shape = field.wcs.final_wcs.array_shape
    return np.broadcast_to(dtype(0), (planes, *shape) if planes else shape)


def _versions(field: Field) -> dict[str, str]:
    """Lines of HISTORY: what AstroDrizzle notes, who called its kernel, and what compiled ours."""
    import drizzlepac
    from drizzlepac import util

    ours = {"numba, square kernel,": version_of("numba") or "unknown"} if field.square else {}
    return {
        "AstroDrizzle": drizzlepac.__version__,
        "PyFITS": util.__fits_version__,
        "Numpy": util.__numpy_version__,
        "skydb, one pass for all skies,": version_of("skydb") or "unknown",
        **ours,
    }


@dataclass(frozen=True)
class Writer:
    """Writes the mosaics of a pass.

    Parameters
    ----------
    field : Field
        The exposures.
    sums : Mosaics
        Those in the making, complete.
    outputs : sequence of str
        Root of the name of each mosaic.
    skies : sequence of mapping
        Sky of every chip in each, by file name and EXTVER.
    draft : Draft
        The headers.
    """

    field: Field
    sums: Mosaics
    outputs: Sequence[str]
    skies: Sequence[Mapping[tuple[str, int], float | None]]
    draft: Draft

    def write(self, index: int) -> dict[str, str | None]:
        """Write one mosaic; the names of its files.

        All that differs between mosaics is put into the draft, which is not copied: the
        table alone would take longer than the pixels.
        """
        names = self._names(self.outputs[index])
        for kind, hdus in self.draft.files.items():
            if kind in self.draft.sky_places:
                self._put_mean_sky(hdus[0].header, self.draft.sky_places[kind], index)
            _rename(hdus[0].header, names, kind, self.draft.chips)
            for table in (hdu for hdu in hdus if hdu.name == _TABLE):
                self._put_skies(table, index)
            write_in_parts(Path(names[kind]), list(hdus), self._parts(kind, index))
        return {
            "science": names["outSci"],
            "weight": names["outWeight"],
            "context": names["outContext"],
        }

    def _names(self, output: str) -> dict[str, Any]:
        from drizzlepac import imageObject

        first = self.field.images[0]
        made = imageObject.WCSObject(product_name(output, first._filename, first._instrument))
        context = made.outputNames["outContext"] if self.field.has_context else None
        return {**made.outputNames, "outContext": context}

    def _parts(self, kind: str, index: int) -> Iterator[Array]:
        """The image of one file, a few rows at a time."""
        if kind == "outSci":
            return self._science(index)
        if kind == "outWeight":
            return (self.sums.weight(index, rows) for rows in self.sums.blocks)
        planes, blocks = range(self.field.planes), list(self.sums.blocks)
        return (self.sums.context_of(index, one, rows) for one in planes for rows in blocks)

    def _science(self, index: int) -> Iterator[Array]:
        from drizzlepac import adrizzle, util

        options = self.field.parameters
        fill = None if util.is_blank(options["fillval"]) else float(options["fillval"])
        factor = self.draft.exptime_s if options["units"] == "counts" else 1.0
        native = self.field.images[-1].native_units.lower()
        if options["proc_unit"].lower() == "native" and native[:6] == "counts":
            factor /= _last_chip(self.field)._gain
        empty = adrizzle.interpret_maskval(options)
        for rows in self.sums.blocks:
            yield self.sums.science(index, empty, fill, factor, rows)

    def _put_mean_sky(self, header: fits.Header, place: int, index: int) -> None:
        """Write the mean of the skies into a header that has none when no chip has one."""
        header.remove(_SKY, ignore_missing=True)
        known = [sky for key in self._chips() if (sky := self.skies[index][key]) is not None]
        if known:
            header.insert(place, (_SKY, float(np.mean(known)), _SKY_COMMENT))

    def _put_skies(self, table: Any, index: int) -> None:  # noqa: ANN401
        """Write MDRIZSKY of every chip into HDRTAB; none is not a number, as in fitsblender."""
        if _SKY in table.columns.names:
            skies = [self.skies[index][key] for key in self._chips()]
            table.data[_SKY] = [np.nan if sky is None else sky for sky in skies]

    def _chips(self) -> Iterator[tuple[str, int]]:
        for image in self.field.images:
            for chip in chips_of(image):
                yield image._filename, chip.extver


def write_in_parts(path: Path, hdus: list[Any], parts: Iterable[Array]) -> None:
    """Write a file whose first image comes in parts.

    Parameters
    ----------
    path : Path
        The file; replaced when it is there.
    hdus : list of HDU
        Of the first one only the header counts, which says how large the image is.
    parts : iterable of array
        Its pixels, with the bytes in FITS's order.
    """
    rest = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), *hdus[1:]]).writeto(rest)
    fits.HDUList(hdus).update_extend()
    with path.open("wb") as stream:
        stream.write(hdus[0].header.tostring().encode("ascii"))
        size = sum(stream.write(part.tobytes()) for part in parts)
        if size != hdus[0].size:
            raise ValueError(f"{path.name}: {size} bytes of pixels, not {hdus[0].size}.")
        stream.write(bytes(-size % _BLOCK))
        # An empty primary HDU is one block.
        stream.write(rest.getbuffer()[_BLOCK:])


def _rename(header: fits.Header, names: Mapping[str, Any], kind: str, chips: int) -> None:
    """Put the names of another mosaic into a header (``OutputImage.writeFITS``)."""
    header["FILENAME"] = names[kind]
    header["ROOTNAME"] = names["outSci"].partition("_drz")[0]
    for number in range(1, chips + 1):
        for suffix, name in _NAMES_OF_CHIPS.items():
            header[f"D{number:03d}{suffix}"] = names[name] or ""
