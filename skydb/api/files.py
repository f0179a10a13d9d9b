"""``ledger.inspect`` and ``ledger.history``: files of the archive, and logs of earlier runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from skydb.api import names
from skydb.api.base import Group
from skydb.api.checking import path, require_any
from skydb.api.results import DrawnResult, Result
from skydb.api.selecting import Names, Selecting, require_member, scope_of, selection_of, several
from skydb.domain.vocabulary import ProductKind

if TYPE_CHECKING:
    from skydb.services.history import HistoryOutcome


class InspectGroup(Group):
    """Exposures and their WCS: the tutorial's tables 1.1 and 1.2."""

    def headers(self, **chosen: Unpack[Selecting]) -> Result:
        """Show exposures: association, detector, filter, exposure time (s), pointing (deg).

        Parameters
        ----------
        **chosen
            Exposures: see :class:`.Selecting`.

        Raises
        ------
        NotFoundError, UsageError
            When the selection finds nothing, or cannot be read.

        Examples
        --------
        >>> db.inspect.headers(visit="bxl50")["exptime_s"].unit
        Unit("s")
        """
        scope = scope_of(chosen)
        return Result(self._services.images.headers(scope), names.HEADERS)

    def wcs(self, kind: Names = (), **chosen: Unpack[Selecting]) -> Result:
        """Show the active WCS of every product, with its RMS in mas and in pixels.

        Parameters
        ----------
        kind : str or sequence of str
            Only products of this kind, e.g. ``drz``.
        **chosen
            Exposures: see :class:`.Selecting`.

        Raises
        ------
        NotFoundError, UsageError
            When the selection finds nothing, or cannot be read.

        Examples
        --------
        >>> db.inspect.wcs("drz", visit="bxl50")[0].filename
        'ibxl50030_drz.fits'
        """
        kinds, scope = kinds_of(kind), scope_of(chosen)
        return Result(self._services.images.wcs(kinds, scope), names.WCS)

    def footprints(
        self,
        refcat: str | None = None,
        *,
        epoch: float | None = None,
        **chosen: Unpack[Selecting],
    ) -> DrawnResult:
        """Show the footprints of chips by their active WCS, and draw them on a map.

        Parameters
        ----------
        refcat : str, optional
            Reference catalogue whose sources are drawn as well.
        epoch : float, optional
            Julian year to place its sources at; else where they are.
        **chosen
            Exposures: see :class:`.Selecting`.

        Returns
        -------
        DrawnResult
            ``rootname``, ``extver``, ``visit``, ``filter``, ``s_region`` (ICRS, degrees) ...

        Raises
        ------
        NotFoundError
            When nothing is selected, or there is no such catalogue.

        Examples
        --------
        >>> figure = db.inspect.footprints("gaia", visit="bxl50").plot()
        """
        from skydb.services.alignment import require_there

        scope = scope_of(chosen)
        services, pictures = self._services, self._pictures
        require_there(services.context, several(refcat))
        rows = [dict(row) for row in services.footprints.rows(scope)]
        for row in rows:
            row.pop("corners_deg")
        return DrawnResult(
            rows,
            draw=lambda: pictures.footprints(services, scope, refcat, epoch),
            write=lambda out: pictures.write_footprints(services, scope, refcat, epoch, out),
        )

    def paths(self, **chosen: Unpack[Selecting]) -> Result:
        """Show the file of every exposure that a run would use: ``rootname``, ``path``.

        Parameters
        ----------
        **chosen
            Exposures: see :class:`.Selecting`.

        Raises
        ------
        NotFoundError, UsageError
            When the selection finds nothing, or cannot be read.

        Examples
        --------
        >>> db.inspect.paths(exposure="ibxl50clq")[0].rootname
        'ibxl50clq'
        """
        selection = selection_of(chosen)
        paths = self._services.exposure_paths(selection)
        return Result({"rootname": name, "path": str(path)} for name, path in paths.items())


class HistoryGroup(Group):
    """Runs made without skydb."""

    def import_(self, *directories: str | Path) -> Imported:
        """Record runs of AstroDrizzle and TweakReg from their logs.

        Logs, trailers of runastrodriz, text of consoles and Jupyter notebooks are known by
        their content. A fit is ``applied`` only where the log shows that a header was written.

        Parameters
        ----------
        *directories : path-like
            Directories that the logs are in, or logs.

        Returns
        -------
        Imported
            ``run``, ``tool_version``, ``started_at``, ``method``, ``exposures``, ``skipped``.

        Raises
        ------
        NotFoundError
            When there is no such directory or file.

        Examples
        --------
        >>> db.history.import_("logs").has_failed
        True
        """
        from skydb.services.history import HistoryOutcome

        require_any("log or directory", directories)
        outcomes = self._services.history.import_dirs([path(one, "log") for one in directories])
        return Imported(
            outcomes,
            names.names_of(HistoryOutcome),
            remarks=[
                *(sentence for one in outcomes for sentence in _remarks(one)),
                *([] if outcomes else ["No run of AstroDrizzle or TweakReg was found."]),
            ],
            has_failed=not any(one.run is not None for one in outcomes),
            is_flagged=any(one.is_flagged for one in outcomes),
        )


class Imported(Result):
    """Runs that were found in logs, and what became of each: new, known or skipped."""

    def counted(self, directory: str | None = None) -> str:
        """Count the outcomes, of one directory or of all, in words.

        Parameters
        ----------
        directory : str, optional
            Only of this directory.

        Examples
        --------
        >>> Imported([]).counted("logs")
        'no run of AstroDrizzle or TweakReg was found.'
        """
        from skydb.services.history import HistoryStatus

        rows = [row for row in self if directory in (None, row["directory"])]
        if directory is not None and not any(row["run"] is not None for row in rows):
            return "no run of AstroDrizzle or TweakReg was found."
        counts = [sum(row["status"] == status.value for row in rows) for status in HistoryStatus]
        return "{} new, {} known, {} skipped".format(*counts)


def kinds_of(names: Names) -> list[ProductKind]:
    """Kinds of products by name.

    Raises
    ------
    UsageError
        When there is no such kind.
    """
    return [require_member(ProductKind, name, "kind of product") for name in several(names)]


def _remarks(outcome: HistoryOutcome) -> list[str]:
    """Sentences on what the rows have no room for."""
    who = f"run {outcome.run}" if outcome.run is not None else outcome.log
    said = []
    if outcome.downgraded:
        said.append(f"{outcome.requested_method} was asked for, {outcome.method} is what ran.")
    said += [outcome.reason] if outcome.reason else []
    return [f"{who}: {sentence}" for sentence in [*said, *outcome.findings]]
