"""Commands of the ledger without a group that do work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from skydb.api.base import run_number
from skydb.api.checking import options as named_options
from skydb.api.checking import path, require_any
from skydb.api.results import Result
from skydb.api.selecting import Guarding, policy_of, selection_of

if TYPE_CHECKING:
    from skydb.api.composition import Services


class Ingested(Result):
    """Outcome for every file: new, known, a new version, or rejected.

    Attributes
    ----------
    rejected : int
        Files that cannot be used.
    """

    rejected: int

    def require_any(self, paths: Sequence[str | Path]) -> None:
        """Check that there was a file.

        Parameters
        ----------
        paths : sequence of path-like
            What was searched.

        Raises
        ------
        NotFoundError
            When there is no FITS file below the paths.

        Examples
        --------
        >>> db.ingest("field").require_any(["field"])
        """
        from skydb.errors import NotFoundError
        from skydb.files.names import shown_path

        if not self.rows:
            raise NotFoundError(
                f"There is no FITS file below {', '.join(shown_path(Path(p)) for p in paths)}.",
                advice="Their names end in .fits, .fit, .fts or .fits.gz.",
            )


class WorkingCommands:
    """Commands without a group that do work."""

    if TYPE_CHECKING:

        @property
        def services(self) -> Services: ...  # noqa: D102 - see Ledger

    def ingest(self, *paths: str | Path, jobs: int | None = None) -> Ingested:
        """Record exposures, products, their versions and the archive's WCS solutions.

        Parameters
        ----------
        *paths : path-like
            Files, or directories to search; files are never changed.
        jobs : int, optional
            Files read at the same time; else one a processor.

        Returns
        -------
        Ingested
            ``path`` (absolute), ``rootname``, ``status`` (``new``, ``known``, ``new-version``,
            ``rejected``) and ``reason`` of every FITS file that was found.

        Raises
        ------
        UsageError
            When no path is given.

        Examples
        --------
        >>> {file.status for file in db.ingest("field")}
        {'known'}
        """
        from skydb.domain.vocabulary import IngestStatus

        require_any("file or directory", paths)
        files = [path(one) for one in paths]
        outcomes = [
            replace(one, path=str(Path(one.path).absolute()))
            for one in self.services.ingest.ingest(files, jobs=jobs)
        ]
        rejected = sum(one.status is IngestStatus.REJECTED for one in outcomes)
        found = Ingested(
            outcomes,
            has_failed=0 < rejected == len(outcomes),
            is_flagged=rejected > 0 or any(one.is_flawed for one in outcomes),
        )
        found.rejected = rejected
        return found

    def drizzle(
        self,
        *,
        preset: str = "hap",
        options: Mapping[str, object] | None = None,
        method: str = "localmin",
        force: bool = False,
        selftest: bool = True,
        **chosen: Unpack[Guarding],
    ) -> Result:
        """Make a visit-level DRZ or DRC of the exposures of each visit, filter and detector.

        A product that was made of the same files with the same parameters is found. It is
        fitted, accepted and explained as the archive's are; its flavour is ``skydb``.

        Parameters
        ----------
        preset : str
            How cosmic rays are rejected: ``hap`` (by detector and number of exposures),
            ``tutorial`` or one of the ledger.
        options : mapping, optional
            AstroDrizzle's; they win.
        method : str
            Sky that is subtracted, unless the options give skies or none.
        force : bool
            Make again what was made before.
        selftest : bool
            Check a new environment first.
        **chosen
            Exposures and guards: see :class:`.Guarding`.

        Returns
        -------
        Result
            ``visit``, ``filter``, ``product``, ``version``, ``path``, ``run``, ``members``,
            ``status`` of every product.

        Raises
        ------
        NotFoundError, UsageError, InputsRefusedError
            When the selection finds nothing, an option is wrong, or a guard refuses the inputs.

        Examples
        --------
        >>> made = db.drizzle(visit="bxl50", options={"driz_cr": False})
        >>> made[0].status
        'succeeded'
        """
        from skydb.api.sky_methods import method_to_drizzle
        from skydb.drizzle.settings import require_options

        options = named_options(options)
        require_options(options)
        sky, selection, policy = method_to_drizzle(method), selection_of(chosen), policy_of(chosen)
        rows = self.services.drizzle.drizzle(
            selection,
            preset=preset,
            options=options,
            method=sky,
            force=force,
            selftest=selftest,
            policy=policy,
        )
        failed = [row for row in rows if row["status"] != "succeeded"]
        return Result(
            rows,
            remarks=_drizzle_remarks(rows),
            has_failed=len(failed) == len(rows),
            is_flagged=bool(failed) or any(row["findings"] for row in rows),
        )

    def drizzle_inputs(self, **chosen: Unpack[Guarding]) -> Result:
        """Show the files that :meth:`drizzle` would use, and why these; nothing runs.

        Parameters
        ----------
        **chosen
            Exposures: see :class:`.Guarding`.

        Raises
        ------
        NotFoundError, UsageError
            When the selection finds nothing, or cannot be read.

        Examples
        --------
        >>> db.drizzle_inputs(visit="bxl50")[0].kind
        'flt'
        """
        selection = selection_of(chosen)
        return Result(self.services.drizzle.explain(selection))

    def restore_headers(self, activity: int | str) -> Result:
        """Put back the headers of your own files that an activity had written.

        Parameters
        ----------
        activity : int
            Number of what wrote them.

        Returns
        -------
        Result
            One row a file, which is then byte for byte what it was. A file that has another
            delivery now is left as it is: a remark names it, and the result is flagged.

        Raises
        ------
        StateError
            When another program, or a later activity, has written to a file since.

        Examples
        --------
        >>> restored = db.restore_headers(db.sky.write_headers(8)[0].activity)
        """
        restored = self.services.headers.restore(run_number(activity))
        return Result(restored, remarks=restored.remarks, is_flagged=bool(restored.remarks))


def _drizzle_remarks(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return [
        f"visit {row['visit']}, {row['filter']}: {sentence}"
        for row in rows
        for sentence in [*row["findings"], *([row["error"]] if row["error"] else [])]
    ]
