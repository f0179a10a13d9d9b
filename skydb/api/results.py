"""Results of the methods of a ledger: rows, tables and figures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NoReturn, Self, overload

from skydb.api.checking import path
from skydb.domain.spelling import in_python, own_errors
from skydb.errors import UsageError

if TYPE_CHECKING:
    from astropy.table import QTable
    from matplotlib.figure import Figure
    from pandas import DataFrame

    from skydb.domain.columns import ColumnKind

#: Rows of a result that a notebook shows; the table has all.
_SHOWN = 60
#: Columns that the repr of a result names.
_NAMED = 8
#: Facts that the repr of one thing has.
_FACTS = 6


class Row(dict[str, Any]):
    """One row of a result: a dict whose keys are attributes too.

    Examples
    --------
    >>> row = Row(rootname="ibxl50clq", mdrizsky=1.2)
    >>> row["mdrizsky"], row.rootname
    (1.2, 'ibxl50clq')
    """

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever a row holds
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"This row has no {name!r}: it has {', '.join(self)}.") from None

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self]

    def copy(self) -> Row:
        """Copy the row; its values are the same objects."""
        return Row(self)


class Result(Sequence[Row]):
    """Rows of one answer, which are a table of astropy or pandas when asked for.

    Parameters
    ----------
    rows : iterable of mapping or dataclass
        The rows, with the keys that the command's ``--json`` has.
    names : sequence of str
        Names of the columns, where they are known even without a row.
    remarks : sequence of str
        Sentences on what was downgraded, skipped or flagged.
    kinds : mapping of str to ColumnKind
        Kinds of columns whose names have another kind in the registry.
    is_flagged : bool
        Whether the command ends with exit code 5: done, but see the remarks.
    has_failed : bool
        Whether it ends with exit code 1: the work failed; a row says how.

    Examples
    --------
    >>> skies = db.sky.compare()
    >>> skies[0].rootname, len(skies.table) == len(skies)
    ('ibxl50clq', True)
    >>> skies["match"].unit
    Unit("electron / s")
    """

    #: View or SELECT that the rows are of, where names have the kinds of a view.
    _source: str = ""

    def __init__(
        self,
        rows: Iterable[Any],
        names: Sequence[str] = (),
        *,
        remarks: Iterable[str] = (),
        kinds: Mapping[str, ColumnKind] = MappingProxyType({}),
        is_flagged: bool = False,
        has_failed: bool = False,
    ) -> None:
        self.rows: list[Row] = [_row(one) for one in rows]
        self.names: tuple[str, ...] = tuple(self.rows[0]) if self.rows else tuple(names)
        self._units: dict[str, str] = {}
        self._kinds = dict(kinds)
        self._is_for_python = False
        self.remarks: tuple[str, ...] = tuple(remarks)
        self.is_flagged = is_flagged
        self.has_failed = has_failed

    @overload
    def __getitem__(self, key: int) -> Row: ...
    @overload
    def __getitem__(self, key: slice) -> list[Row]: ...
    @overload
    def __getitem__(self, key: str) -> Any: ...  # noqa: ANN401 - a column or a quantity
    @overload
    def __getitem__(self, key: tuple[str, ...] | list[str]) -> Result: ...
    def __getitem__(self, key: int | slice | str | tuple[str, ...] | list[str]) -> Any:
        """Row by number, rows by slice, column of :attr:`table` by name, columns by names."""
        if isinstance(key, (tuple, list)):
            return self._columns(key)
        if not isinstance(key, str):
            return self.rows[key]
        self._require(key)
        return self.table[key]

    def _columns(self, names: Sequence[str]) -> Result:
        """The same rows with these columns only; units that other columns say are kept."""
        self._require(*names)
        found = Result(
            ({name: row[name] for name in names} for row in self.rows),
            names,
            remarks=self.remarks,
            kinds={name: kind for name, kind in self._kinds.items() if name in names},
            is_flagged=self.is_flagged,
            has_failed=self.has_failed,
        )
        found._units, found._source = self._said_units(), self._source
        return found

    def _require(self, *names: str) -> None:
        for name in names:
            if name not in self.names:
                raise KeyError(f"{name}: the columns are {', '.join(self.names)}.")

    def _said_units(self) -> dict[str, str]:
        """Units that rows say in another column, by the name of the column that has them."""
        from skydb.store.columns import units_among

        return self._units | units_among(self.names, self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    @property
    def _outcome(self) -> str:
        """A word on what ended otherwise than well, with a comma before it."""
        return ", failed" if self.has_failed else ", flagged" if self.is_flagged else ""

    def __repr__(self) -> str:
        said = f"<{type(self).__name__}: {len(self)} row{'' if len(self) == 1 else 's'}"
        said += self._outcome
        more = ", ..." if len(self.names) > _NAMED else ""
        return f"{said}: {', '.join(self.names[:_NAMED])}{more}>"

    def _repr_html_(self) -> str:
        from skydb.api import html

        more = len(self) - _SHOWN
        foot = [f"{more} more rows: .table has all."] if more > 0 else []
        shown = html.table(self.rows[:_SHOWN], self.names, self._said_units())
        return html.paragraphs(self.remarks) + shown + html.paragraphs(foot)

    @property
    def table(self) -> QTable:
        """The rows as a ``QTable``: units on quantities, what is missing masked."""
        from skydb.api.tables import as_qtable

        return as_qtable(self.rows, self.names, self._said_units(), self._source, self._kinds)

    def to_pandas(self) -> DataFrame:
        """Give the rows as a data frame of pandas; what is missing is NaN or None.

        Examples
        --------
        >>> list(db.runs().to_pandas()["kind"])[-1]
        'ingest'
        """
        frame: DataFrame = self.table.to_pandas()
        return frame

    def document(self) -> object:
        """Give what ``--json`` prints."""
        return self.rows


class DrawnResult(Result):
    """Rows of which there are pictures too.

    Parameters
    ----------
    rows, names, **outcome
        As of :class:`Result`.
    draw : callable
        Draws the figure; keyword arguments of :meth:`plot` go to it.
    write : callable
        Writes the pictures of the command to a directory or file; gives their paths.
    """

    def __init__(
        self,
        rows: Iterable[Any],
        names: Sequence[str] = (),
        *,
        draw: Callable[..., Figure],
        write: Callable[[Path], Any],
        **outcome: Any,  # noqa: ANN401 - see Result
    ) -> None:
        super().__init__(rows, names, **outcome)
        self._draw, self._write = draw, write

    def __getstate__(self) -> dict[str, Any]:
        # What draws holds connections: rows go into another process, pictures do not.
        return vars(self) | {"_draw": _not_here, "_write": _not_here}

    def __copy__(self) -> Self:
        found = type(self).__new__(type(self))
        vars(found).update(vars(self))
        return found

    def plot(self, **options: Any) -> Figure:  # noqa: ANN401 - of the picture
        """Draw what the command draws.

        Parameters
        ----------
        **options
            Of the picture, e.g. ``product`` of fits, ``quantity`` of a timeline.

        Returns
        -------
        matplotlib.figure.Figure
            A figure of its own; nothing of pyplot is used.

        Raises
        ------
        NotFoundError, UsageError
            When there is nothing to draw, or an option of the picture is wrong.

        Examples
        --------
        >>> db.sky.compare().plot().savefig("skies.png")
        """
        with own_errors(is_for_python=self._is_for_python):
            return self._draw(**options)

    def write(self, out: str | Path) -> list[Path]:
        """Write all pictures of the command into a directory, a single one into a file.

        Parameters
        ----------
        out : path-like
            The directory or file.

        Returns
        -------
        list of Path
            The files.

        Raises
        ------
        UsageError
            When a directory for several pictures has the name of one.

        Examples
        --------
        >>> [path.name for path in db.sky.timeline(visit="bxl50").write("figures")]
        ['timeline_sky.png', 'timeline_alignment.png']
        """
        with own_errors(is_for_python=self._is_for_python):
            made = self._write(path(out, "out"))
            return [made] if isinstance(made, Path) else list(made)


class Record(Result):
    """One thing, with all that is known of it.

    Parameters
    ----------
    known : mapping
        What ``--json`` prints: one object.
    rows : iterable
        Its rows.
    names, **outcome
        As of :class:`Result`.
    """

    def __init__(
        self,
        known: Mapping[str, Any],
        rows: Iterable[Any] | None = None,
        names: Sequence[str] = (),
        **outcome: Any,  # noqa: ANN401 - see Result
    ) -> None:
        super().__init__([known] if rows is None else rows, names, **outcome)
        self.known = _row(known)

    @overload
    def __getitem__(self, key: int) -> Row: ...
    @overload
    def __getitem__(self, key: slice) -> list[Row]: ...
    @overload
    def __getitem__(self, key: str) -> Any: ...  # noqa: ANN401 - whatever is known
    @overload
    def __getitem__(self, key: tuple[str, ...] | list[str]) -> Result: ...
    def __getitem__(self, key: int | slice | str | tuple[str, ...] | list[str]) -> Any:
        """Row by number, rows by slice, what is known by name, columns of the rows by names."""
        return self.known[key] if isinstance(key, str) else super().__getitem__(key)

    def __repr__(self) -> str:
        facts = [
            f"{name}={value!r}"
            for name, value in self.known.items()
            if isinstance(value, (str, int, float)) and value != ""
        ]
        more = ", ..." if len(facts) > _FACTS or len(self.known) > len(facts) else ""
        return f"<{type(self).__name__}: {', '.join(facts[:_FACTS])}{more}{self._outcome}>"

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever is known
        if name.startswith("_") or name == "known":
            raise AttributeError(name)
        return getattr(self.known, name)

    def _repr_html_(self) -> str:
        from skydb.api import html

        has_rows = len(self) > 0 and self.rows != [self.known]
        rows = html.table(self.rows[:_SHOWN], self.names, self._said_units()) if has_rows else ""
        return html.paragraphs(self.remarks) + html.listing(self.known) + rows

    def document(self) -> object:
        """Give what ``--json`` prints."""
        return self.known


def put_into_python(result: Result) -> None:
    """Put remarks of a result, and messages of its pictures, into the words of Python."""
    result.remarks = tuple(in_python(remark) for remark in result.remarks)
    result._is_for_python = True


def _not_here(*_: object, **__: object) -> NoReturn:
    """Stand for what draws in a result that was pickled or copied deeply.

    Raises
    ------
    UsageError
        Always.
    """
    raise UsageError(
        "This result was copied or comes from another process: it has rows and no pictures.",
        advice="Draw those of the ledger that made it.",
    )


def _row(row: Any) -> Row:  # noqa: ANN401 - a dataclass or a mapping
    return Row({name: _plain(value) for name, value in _items(row)})


def _items(row: Any) -> Iterable[tuple[str, Any]]:  # noqa: ANN401 - a dataclass or a mapping
    if is_dataclass(row) and not isinstance(row, type):
        return ((one.name, getattr(row, one.name)) for one in fields(row))
    items: Iterable[tuple[str, Any]] = row.items()
    return items


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever a row holds
    """A member of a vocabulary as its word, a scalar of numpy as a number; also in lists."""
    if isinstance(value, Enum):
        return value.value
    if type(value) in (list, tuple):
        return type(value)(_plain(one) for one in value)
    if is_dataclass(value) and not isinstance(value, type):
        return {name: _plain(one) for name, one in _items(value)}
    if isinstance(value, dict):
        return {_plain(name): _plain(one) for name, one in value.items()}
    is_scalar = getattr(value, "shape", None) == () and hasattr(value, "item")
    return value.item() if is_scalar else value
