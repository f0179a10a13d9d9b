"""Tables of differences from run to run: one, or one a method where a terminal is narrow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from skydb.report.columns_comparison import SKY_CHANGES, SKY_CHANGES_SIGMA
from skydb.report.tables import Column

if TYPE_CHECKING:
    from skydb.api.results import Row

_TITLE = "MDRIZSKY, run by run"

#: Characters that a table of all methods needs for the columns that matter.
_ROOM = 120

#: Columns that are left out without a word where no row has a value.
_OFTEN_EMPTY = ("replay_of_b", "remark")


@dataclass(frozen=True)
class Table:
    """One table: its title, its columns and its rows, and a sentence on all of them."""

    title: str
    columns: Sequence[Column]
    rows: Sequence[Row]
    note: str = ""


def tables_of_changes(
    rows: Sequence[Row], *, sigma: bool, width: float = float("inf")
) -> Iterator[Table]:
    """Tables for a terminal of so many characters.

    Where the names of the methods take the room of the differences and their causes, each
    method has a table of its own. What all of its rows share is said beside it.

    Parameters
    ----------
    rows : sequence of Row
        Of :class:`.SkyChanges`, in the order of their methods.
    sigma : bool
        Whether the standard deviations are shown.
    width : float, optional
        Characters in a line; without a limit when left out.
    """
    columns = SKY_CHANGES_SIGMA if sigma else SKY_CHANGES
    if width >= _ROOM or not rows:
        yield Table(_TITLE, columns, rows)
        return
    for method in dict.fromkeys(row.method for row in rows):
        yield _narrow(columns, [row for row in rows if row.method == method])


def _narrow(columns: Sequence[Column], rows: Sequence[Row]) -> Table:
    title, note, shared = f"MDRIZSKY of {rows[0].method}, run by run", "", {"method"}
    runs = {(row.run_a, row.run_b) for row in rows} - {(None, None)}
    if len(runs) == 1 and None not in (pair := runs.pop()):
        title = f"MDRIZSKY of {rows[0].method}, run {pair[0]} and run {pair[1]}"
        shared |= {"run_a", "run_b"}
    causes = {", ".join(row.cause) for row in rows}
    if len(rows) > 1 and len(causes) == 1 and (cause := causes.pop()):
        note = f"Cause, in every row: {cause}."
        shared |= {"cause"}
    shared |= {name for name in _OFTEN_EMPTY if all(row[name] is None for row in rows)}
    kept = (one for one in columns if one.name not in shared)
    is_of_offsets = all(row.is_relative for row in rows)
    return Table(title, [_weighed(one) for one in kept] if is_of_offsets else [*kept], rows, note)


def _weighed(column: Column) -> Column:
    """A column of a table of offsets, of which the relative difference counts."""
    spare = {"difference": 5, "difference_relative": 0}.get(column.name, column.spare)
    return replace(column, spare=spare)
