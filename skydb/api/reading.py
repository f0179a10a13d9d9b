"""Commands of the ledger without a group that only read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from skydb.api import names
from skydb.api.answers import Lineage, Status, Todo
from skydb.api.base import run_number
from skydb.api.checking import counts, path
from skydb.api.results import Record, Result
from skydb.api.selecting import Selecting, member, require_member, scope_of
from skydb.errors import UsageError

if TYPE_CHECKING:
    from skydb.api.composition import Services
    from skydb.api.pictures import Pictures
    from skydb.store.readonly import OpenAnswer as OpenAnswer


class ReadingCommands:
    """Commands without a group that only read."""

    pictures: Pictures

    if TYPE_CHECKING:

        @property
        def services(self) -> Services: ...  # noqa: D102 - see Ledger

    def find(
        self,
        *,
        cone: Sequence[float | str] | None = None,
        position: Sequence[float | str] | None = None,
        overlapping: str | None = None,
        polygon: str | None = None,
        **chosen: Unpack[Selecting],
    ) -> Result:
        """Find the chips that observed a piece of sky, by their active WCS, nearest first.

        Parameters
        ----------
        cone : sequence, optional
            Right ascension, declination (degrees or sexagesimal), radius (arcsec, or a text
            with a unit).
        position : sequence, optional
            Right ascension and declination.
        overlapping : str, optional
            A rootname, file or visit.
        polygon : str, optional
            ``POLYGON ICRS RA DEC ...``.
        **chosen
            Exposures: see :class:`.Selecting`.

        Returns
        -------
        Result
            ``rootname``, ``product``, ``extver``, ``separation_deg`` and more.

        Raises
        ------
        UsageError
            Unless exactly one place is given.

        Examples
        --------
        >>> len(db.find(overlapping="ibxl50clq")) > 0
        True
        """
        from skydb.services.lookup import COLUMNS

        ways = {"cone": cone, "position": position, "overlapping": overlapping, "polygon": polygon}
        asked = {way: what for way, what in ways.items() if what is not None}
        scope = scope_of(chosen)
        return Result(self.services.finder.search(asked, scope), COLUMNS)

    def findings(self) -> Result:
        """List problems found: downgrades, rejections, weak fits, islands; newest first.

        Examples
        --------
        >>> sorted({finding.kind for finding in db.findings()})
        ['environment', 'mixed-frames']
        """
        return Result(self.services.plain.findings(), names.FINDINGS)

    def status(self, by: str = "visit", **chosen: Unpack[Selecting]) -> Status:
        """Count exposures downloaded, aligned, matched, flagged and stale.

        Parameters
        ----------
        by : str
            ``visit`` or ``program``.
        **chosen
            Exposures: see :class:`.Selecting`.

        Raises
        ------
        NotFoundError, UsageError
            When the selection finds nothing, or cannot be read.

        Examples
        --------
        >>> db.status()[0].visit
        'bxl50'
        """
        from skydb.services.bookkeeping import StatusBy

        wanted, scope = require_member(StatusBy, by, "--by"), scope_of(chosen)
        rows = Status(self.services.todo.status(wanted, scope), names.STATUS[wanted])
        rows.dead_runs = [problem.subject for problem in self.services.fsck.dead_runs()]
        return rows

    def todo(self, rule: str | None = None, *, limit: int = 0, **chosen: Unpack[Selecting]) -> Todo:
        """List what is due, since when, and the command that does it.

        Parameters
        ----------
        rule : str, optional
            Only by this rule, e.g. ``never-matched``.
        limit : int
            Most rows; with more, ``has_more`` is True. 0: all of them. The first rows of a
            survey are found without the others.
        **chosen
            Exposures: see :class:`.Selecting`.

        Raises
        ------
        NotFoundError, UsageError
            When the selection finds nothing, or cannot be read.

        Examples
        --------
        >>> due = db.todo(visit="bxl50")
        """
        from skydb.domain.todo import TodoRule

        wanted, scope = member(TodoRule, rule, "rule"), scope_of(chosen)
        counts(least=0, limit=limit)
        if limit:
            first, has_more = self.services.todo.first(limit, scope, wanted)
            rows = Todo(first, names.DUE)
            rows.has_more = has_more
        else:
            rows = Todo(self.services.todo.todo(scope, wanted), names.DUE)
        rows.silenced = self.services.todo.silenced()
        return rows

    def report(
        self,
        out: str | Path,
        *,
        title: str = "",
        runs: Sequence[int | str] = (),
        measured: Sequence[Mapping[str, Any]] = (),
        **chosen: Unpack[Selecting],
    ) -> Record:
        """Write one HTML page with the tables and pictures of the ledger or a selection.

        Parameters
        ----------
        out : path-like
            The page.
        title : str
            Heading; else the targets.
        runs : sequence of int or str
            Runs of sky or alignment to show, instead of the newest of their kind.
        measured : sequence of mapping
            Figures against a known truth: ``what``, ``measured``, ``bar``, ``unit``, ``passed``.
        **chosen
            Exposures: see :class:`.Selecting`.

        Returns
        -------
        Record
            ``path`` (absolute), ``verdict``, ``covers``, ``problems``.

        Raises
        ------
        NotFoundError, UsageError
            When the selection finds nothing, there is no such run, or `out` is no page.

        Examples
        --------
        >>> db.report("report.html", visit="bxl50").path.endswith("report.html")
        True
        """
        scope, numbers, page = scope_of(chosen), [run_number(run) for run in runs], path(out, "out")
        known, lines = self.pictures.write_report(
            self.services, page, title, scope, numbers, measured
        )
        return Record(known, remarks=lines, is_flagged=bool(known["problems"]))

    def explain(self, what: str, *, everything: bool = False, depth: int | None = None) -> Lineage:
        """Show where one thing comes from: what made it, of what, with which software.

        Parameters
        ----------
        what : str
            An exposure, a sky value ``ibxl50clq[1]@6``, a file ``ibxl50clq@2``, ``run:6``,
            ``mosaic:6``, ``solution:31`` or ``catalog:gaia``.
        everything : bool
            All inputs of all activities.
        depth : int, optional
            Only what is so many relations away.

        Returns
        -------
        Lineage
            Relations of W3C PROV; ``nodes`` has what is known of each thing.

        Raises
        ------
        NotFoundError
            When there is no such thing.
        UsageError
            When the depth is below 0.

        Examples
        --------
        >>> db.explain("ibxl50clq").root
        'exposure:ibxl50clq'
        """
        if depth is not None and depth < 0:
            raise UsageError(f"A depth is not {depth}.", advice="Give 0 or more.")
        graph = self.services.explain.explain(what, everything=everything, depth=depth)
        return Lineage.of(graph)
