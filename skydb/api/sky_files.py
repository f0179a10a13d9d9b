"""Mosaics and headers: the part of ``ledger.sky`` that is about files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skydb.api.base import Group, run_number
from skydb.api.checking import require_any
from skydb.api.pictures import Display
from skydb.api.results import DrawnResult, Result
from skydb.api.sky_methods import methods_to_show

if TYPE_CHECKING:
    from skydb.api.selecting import Names


class SkyFilesGroup(Group):
    """Mosaics of sky runs, and skies in the headers of your files."""

    def display(
        self,
        *runs: int | str,
        method: Names = (),
        vmin: float | None = None,
        vmax: float | None = None,
        stretch: str = "asinh",
        crop: Sequence[float | str] | None = None,
        keep_level: bool = False,
        out: str | Path | None = None,
    ) -> DrawnResult:
        """Show the mosaics of sky runs, one panel a method, all with one stretch.

        Parameters
        ----------
        *runs : int or str
            Sky runs.
        method : str or sequence of str
            Instead: this method of the run's group, or ``all``.
        vmin, vmax : float, optional
            Values of the darkest and the brightest colour, in the unit of the mosaics.
        stretch : str
            ``asinh`` or ``linear``.
        crop : sequence, optional
            A square: right ascension, declination and size (arcsec, or text with a unit).
        keep_level : bool
            Keep the median of each of several mosaics.
        out : path-like, optional
            Write the picture to this file (``.png``, ``.pdf``, ``.svg``) or directory.

        Returns
        -------
        DrawnResult
            With `out` one row: ``path``, ``runs``, ``levels``, ``vmin``, ``vmax``, ``unit``;
            :meth:`.DrawnResult.plot` gives the figure.

        Raises
        ------
        NotFoundError, UsageError
            When there is no such run or mosaic, or nothing of it is in the crop.

        Examples
        --------
        >>> db.sky.display(6, out="mosaic.png")[0].unit
        'electron/s'
        """
        display = Display.of(vmin, vmax, stretch, crop, keep_level=keep_level)
        require_any("sky run", runs)
        numbers = [run_number(run) for run in runs]
        methods = methods_to_show(method)
        services, pictures = self._services, self._pictures

        services.evidence.mosaics_beside(
            numbers, services.evidence.methods_beside(numbers[0]) if methods is None else methods
        )

        def write(path: Path) -> dict[str, Any]:
            return pictures.write_mosaics(services, numbers, methods, display, path)

        return DrawnResult(
            [] if out is None else [write(Path(out))],
            draw=lambda: pictures.mosaics(services, numbers, methods, display),
            write=lambda path: Path(write(path)["path"]),
        )

    def write_headers(self, run: int | str) -> Result:
        """Write MDRIZSKY of one run into the headers of your own exposures.

        All files are written or none; :meth:`.Ledger.restore_headers` puts them back.

        Parameters
        ----------
        run : int or str
            Number of the run, ``12`` or ``run:12``.

        Returns
        -------
        Result
            ``path``, ``extver``, ``mdrizsky`` (in the unit of BUNIT), ``status``.

        Raises
        ------
        NotFoundError
            When you have no file with the content that the run used.

        Examples
        --------
        >>> written = db.sky.write_headers(8)
        >>> restored = db.restore_headers(written[0].activity)
        """
        rows = self._services.sky_headers.write(run_number(run))
        reasons = dict.fromkeys(f"{row.rootname}: {row.reason}" for row in rows if row.reason)
        back = f"`skydb restore-headers run:{rows[0].activity}` puts the headers back."
        return Result(rows, remarks=[back, *reasons], is_flagged=bool(reasons))

    def restore_headers(self, activity: int | str) -> Result:
        """Put back the headers of your own files; see :meth:`.Ledger.restore_headers`.

        Parameters
        ----------
        activity : int
            Number of what wrote them, as :meth:`write_headers` gives it.

        Raises
        ------
        NotFoundError
            When it has written no headers.

        Examples
        --------
        >>> restored = db.sky.restore_headers(db.sky.write_headers(8)[0].activity)
        """
        return self._ledger.restore_headers(activity)
