"""List of all runs, and the record of each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from skydb.api.base import Facade, run_number, table_of

if TYPE_CHECKING:
    from astropy.table import QTable

    from skydb.store.scope import Scope

#: Keys of a run, where there is none to show them.
_NAMES = (
    *("run", "kind", "status", "started_at", "method", "about", "inputs", "mosaic"),
    *("stored_path", "requested_method", "effective_method", "mosaic_purged_at", "finished_at"),
    *("downgraded", "retention", "agent", "tool_version", "skydb_version", "imported_by"),
    *("deleted_at", "error"),
)
_OF_A_PARAMETER = ("name", "value", "usual", "source")


class RunsFacade(Facade):
    """List of all runs, and the record of each."""

    def runs(
        self,
        kind: str | Sequence[str] = (),
        *,
        status: str | Sequence[str] = (),
        since: str | date | None = None,
        deleted: bool = False,
        scope: Scope | None = None,
        **names: Any,  # noqa: ANN401 - the fields of a scope
    ) -> QTable:
        """Every activity of any kind, the newest first.

        Parameters
        ----------
        kind : str or sequence of str
            Only these kinds: ``sky-run``, ``alignment``, ...; a beginning is enough.
        status : str or sequence of str
            Only these states: ``succeeded``, ``failed``, ``interrupted``, ``running``.
        since : str or datetime.date, optional
            Only what ran on this day (UTC) or later; a text may have a time.
        deleted : bool
            Those that were deleted too.
        scope : Scope, optional
            Only runs about these exposures.
        **names
            In place of a scope: ``visit``, ``target``, ``filter``, ``detector``, ``proposal``,
            ``exposure``, ``exclude``, as the options of the commands.

        Returns
        -------
        QTable
            ``run``, ``kind``, ``status``, ``started_at`` (ISO 8601, UTC), ``method``,
            ``inputs`` (JSON: names of exposures, else of files), ``mosaic`` (absolute path,
            masked without one), ``stored_path`` and more.

        Raises
        ------
        NotFoundError, UsageError
            When a selection means nothing, a kind does not exist, or a date cannot be read.

        Examples
        --------
        >>> ledger.runs("sky", visit="bxl50")["run", "method", "mosaic"]  # doctest: +SKIP
        """
        from skydb.services.activities import kinds_named, moment_named, statuses_named
        from skydb.store.run_queries import RunFilter

        wanted = RunFilter(
            kinds_named(_several(kind)),
            statuses_named(_several(status)),
            None if since is None else moment_named(str(since)),
            deleted,
        )
        rows = self.services.runs.listed(scope or _scope(names), wanted)
        return table_of([_dated(row) for row in rows], _NAMES)

    def runs_show(self, run: int | str) -> QTable:
        """Parameters of a run that differ from its preset or the defaults.

        Parameters
        ----------
        run : int or str
            ``12`` or ``"run:12"``; of any kind.

        Returns
        -------
        QTable
            ``name``, ``value``, ``usual`` and ``source``; ``meta`` has all else that is known:
            ``used``, ``outputs``, ``findings``, ``attempts``, ``mosaic``, ``all_parameters`` ...

        Raises
        ------
        NotFoundError
            When there is no such run.

        Examples
        --------
        >>> ledger.runs_show(12).meta["outputs"]  # doctest: +SKIP
        """
        found = self.services.runs.show(run_number(run))
        table = table_of(found.pop("parameters"), _OF_A_PARAMETER)
        table.meta |= found
        return table


def _several(words: str | Sequence[str]) -> tuple[str, ...]:
    return (words,) if isinstance(words, str) else tuple(words)


def _dated(row: dict[str, Any]) -> dict[str, Any]:
    """Moments as text, which a column can hold beside what is missing."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in row.items()
    }


def _scope(names: dict[str, Any]) -> Scope:
    """The exposures that names mean, each as the option of a command has it.

    Raises
    ------
    UsageError
        When there is no option of a name.
    """
    from skydb.errors import UsageError
    from skydb.store.scope import Scope

    fields = {
        "visit": "visits",
        "exposure": "rootnames",
        "exclude": "exclude",
        "proposal": "proposal_id",
        **{name: name for name in ("target", "filter", "detector")},
    }
    unknown = sorted(names.keys() - fields)
    if unknown:
        known = ", ".join(fields)
        raise UsageError(f"Runs are not selected by {unknown[0]}.", advice=f"By {known}.")
    several = ("visit", "exposure", "exclude")
    given: dict[str, Any] = {
        fields[name]: _several(value) if name in several else value
        for name, value in names.items()
        if value is not None
    }
    return Scope(**given)
