"""Comparison of methods, runs and dates: the part of ``ledger.sky`` that only reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Unpack

from skydb.api.base import Group, run_number
from skydb.api.checking import directory
from skydb.api.names import names_of
from skydb.api.results import DrawnResult, Result
from skydb.api.selecting import Selecting, member, require_member, scope_of
from skydb.domain.grouping import StatisticsBy, TimeAxis
from skydb.domain.vocabulary import SkyMethod
from skydb.errors import UsageError

if TYPE_CHECKING:
    from skydb.services.comparison import SkyChange
    from skydb.store.scope import Scope

#: Causes that are those of whole runs.
_OF_RUNS = ("alignment", "software", "parameters", "engine", "downgraded")

#: Said of statistics of islands, with their runs between the two.
_NO_MEDIAN = "Values of exposures that share no sky have several zeros, and no median"
_AS_FIELDS = "Run such islands as fields of their own."


class SkyComparison(DrawnResult):
    """MDRIZSKY of every chip, one column a method.

    Attributes
    ----------
    runs : list of int
        Sky runs that were named; none when the newest are shown.
    note : str
        Which runs these are, where none was named.
    """

    runs: list[int]
    note: str


class SkyChanges(Result):
    """Values of one method in different runs: differences, their sigma and their causes.

    Attributes
    ----------
    notes : list of str
        The criterion of a change, and causes that all chips of two runs share.
    """

    notes: list[str]


class Timeline(DrawnResult):
    """Skies and alignments in order of time.

    Attributes
    ----------
    label : str
        The selection, for a title.
    """

    label: str


class SkyComparisonGroup(Group):
    """Comparison of methods, runs and dates."""

    def compare(self, *runs: int | str, **chosen: Unpack[Selecting]) -> SkyComparison:
        """Show MDRIZSKY of every chip, one column for each method that really ran.

        Parameters
        ----------
        *runs : int or str
            Sky runs of different methods; the newest when left out. Runs of one method are
            compared by :meth:`changes`.
        **chosen
            Exposures: see :class:`.Selecting`.

        Returns
        -------
        SkyComparison
            ``rootname``, ``extver``, ``localmin``, ``match``, ``globalmin_match``,
            ``globalmin``, each with a ``..._sigma``, and ``unit``.

        Raises
        ------
        NotFoundError
            When no sky run has succeeded, or a run has no sky values.

        Examples
        --------
        >>> skies = db.sky.compare()
        >>> skies[0].unit
        'electron/s'
        >>> figure = skies.plot()
        """
        scope, numbers = scope_of(chosen), [run_number(run) for run in runs]
        services, pictures = self._services, self._pictures
        if numbers and services.comparison.skies.have_a_method_in_common(numbers):
            raise UsageError(
                "Two of these runs have one method.", advice="Use `db.sky.changes(*runs)`."
            )
        rows = services.comparison.methods.values(numbers, scope)
        found = SkyComparison(
            rows,
            draw=lambda: pictures.comparison(rows),
            write=lambda out: pictures.write_comparison(services, rows, numbers, directory(out)),
        )
        found.runs = numbers
        found.note = "" if numbers else self._newest(scope)
        return found

    def have_a_method_in_common(self, *runs: int | str) -> bool:
        """Whether runs are to be compared one by one, by :meth:`changes`.

        Parameters
        ----------
        *runs : int or str
            Sky runs.

        Raises
        ------
        UsageError
            When a run cannot be read.

        Examples
        --------
        >>> db.sky.have_a_method_in_common(6, 8)
        False
        """
        numbers = [run_number(run) for run in runs]
        return bool(self._services.comparison.skies.have_a_method_in_common(numbers))

    def changes(
        self,
        *runs: int | str,
        between: tuple[int, int] | None = None,
        history: bool = False,
        replays: bool = False,
        **chosen: Unpack[Selecting],
    ) -> SkyChanges:
        """Show how the values of each method differ from run to run, and why.

        Parameters
        ----------
        *runs : int or str
            Sky runs to compare with each other.
        between : tuple of int, optional
            Instead: two groups of runs.
        history : bool
            Instead: every value with the one before it.
        replays : bool
            With `history`: also runs that :meth:`.Ledger.replay` made.
        **chosen
            Exposures: see :class:`.Selecting`.

        Returns
        -------
        SkyChanges
            One row a chip and pair of runs; differences in the unit of the images, ``sigma``,
            ``cause``.

        Raises
        ------
        UsageError
            Unless exactly one of runs, `between` and `history` is given.

        Examples
        --------
        >>> sorted({row.method for row in db.sky.changes(history=True, visit="bxl50")})
        ['localmin', 'match']
        """
        asked = bool(runs) + history + (between is not None)
        if not asked:
            raise UsageError(
                "No runs are named that could be compared.",
                advice="Name some (`skydb runs --kind sky-run` lists them), or two groups "
                "(--between GROUP GROUP), or compare every run with the one before it (--history).",
            )
        if asked > 1:
            raise UsageError(
                "Runs, --between and --history were given together.",
                advice="Choose one: they compare different things.",
            )
        from skydb.services.comparison import SkyChange

        scope, service = scope_of(chosen), self._services.comparison.skies
        if between is not None:
            rows = service.groups(*between, scope)
        elif history:
            rows = service.history(scope, replays=replays)
        else:
            rows = service.runs([run_number(run) for run in runs], scope)
        found = SkyChanges(rows, names_of(SkyChange))
        found.notes = [*service.criterion(rows), *_shared_causes(rows)]
        return found

    def stats(
        self,
        by: str = "visit",
        method: str | None = None,
        *,
        replays: bool = False,
        **chosen: Unpack[Selecting],
    ) -> Result:
        """Show median, scatter and spread of the sky by visit, filter, detector or proposal.

        The newest value of every chip counts; each unit has its own rows.

        Parameters
        ----------
        by : str
            ``visit``, ``filter``, ``detector`` or ``proposal``.
        method : str or sequence of str
            Only these methods.
        replays : bool
            Count repetitions of runs, too.
        **chosen
            Exposures: see :class:`.Selecting`.

        Raises
        ------
        NotFoundError, UsageError
            When there are no sky values, or no such grouping or method.

        Examples
        --------
        >>> db.sky.stats(by="filter", method="localmin")[0].key
        'F160W'
        """
        what = require_member(StatisticsBy, by, "grouping")
        wanted, scope = member(SkyMethod, method, "sky method"), scope_of(chosen)
        service = self._services.comparison.statistics
        rows = service.statistics(what, wanted, scope, replays=replays)
        zeros = dict.fromkeys(row.zero for row in rows if row.is_of_islands)
        remarks = [f"{_NO_MEDIAN} ({'; '.join(zeros)}). {_AS_FIELDS}"] if zeros else []
        return Result(rows, remarks=remarks)

    def timeline(
        self, *, against: str | None = None, replays: bool = False, **chosen: Unpack[Selecting]
    ) -> Timeline:
        """Show skies and alignments of exposures against time.

        Parameters
        ----------
        against : str, optional
            Times of the plots, ``observed`` or ``processed``: by default the dates of
            observation, where there are several.
        replays : bool
            Also runs that a replay made to compare.

        Raises
        ------
        UsageError
            When there are no such times.

        Returns
        -------
        Timeline
            One row a value: ``quantity``, ``at``, ``value``, ``unit`` and more;
            ``plot(quantity="sky")`` or ``plot(quantity="alignment")``.

        Examples
        --------
        >>> figure = db.sky.timeline(visit="bxl50").plot(quantity="alignment")
        """
        scope, pictures = scope_of(chosen), self._pictures
        times = member(TimeAxis, against, "times")
        points = self._services.comparison.timeline.timeline(scope, replays=replays)
        found = Timeline(
            points,
            draw=lambda quantity="sky": pictures.timeline(points, scope.label, quantity, times),
            write=lambda out: pictures.write_timeline(points, scope.label, directory(out), times),
        )
        found.label = scope.label
        return found

    def _newest(self, scope: Scope) -> str:
        """Sentences on the runs that are shown when none is named."""
        services = self._services
        everything = scope.is_everything
        runs = services.comparison.methods.runs() if everything else services.coverage(scope).runs()
        groups: dict[int, list[Mapping[str, Any]]] = {}
        for run in runs:
            groups.setdefault(run["group"], []).append(run)
        return " ".join(
            f"Run{'s' * (len(same) > 1)} {', '.join(str(run['run']) for run in same)} "
            f"of group {group}, by "
            f"{', '.join(dict.fromkeys(run['engine'] for run in same))}: the newest."
            for group, same in groups.items()
        )


def _shared_causes(rows: Sequence[SkyChange]) -> list[str]:
    """Causes that all chips of two runs share, in sentences."""
    said = {
        f"{cause}: {_both(one, other)}."
        for row in rows
        for cause, (one, *more) in row.because.items()
        if cause in _OF_RUNS
        for other in more
    }
    if any(row.difference and not row.cause for row in rows):
        return [*sorted(said), "Where no cause is named, no row has one."]
    return sorted(said)


def _both(one: object, other: object) -> str:
    """Two values of a cause; two sets of parameters name by name."""
    if not (isinstance(one, dict) and isinstance(other, dict)):
        # Of a downgrade the run that did what was asked has no other method.
        return " -> ".join("as asked" if value is None else f"{value}" for value in (one, other))
    # The digest of other parameters differs wherever one of them does.
    names = [name for name in one if name != "recipe"] or [*one]
    return ", ".join(f"{name} {one[name]} -> {other[name]}" for name in names)
