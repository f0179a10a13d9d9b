"""Export of tables, with the documentation of their columns."""

from __future__ import annotations

import pickle
import re
import tempfile
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any, TypeAlias

from sqlalchemy import URL

from skydb.domain.base import utc_now
from skydb.domain.columns import Cell
from skydb.errors import UsageError
from skydb.files.tableout.head import Rows, TableHead
from skydb.files.tableout.writers import write_table, writer_for
from skydb.store.columns import described
from skydb.store.found_columns import ColumnSurvey, SharedUnits, plain
from skydb.store.readonly import Rules, asking
from skydb.store.scope import Scope
from skydb.store.selected_queries import Selected
from skydb.store.unit_of_work import Store
from skydb.version import __version__

#: Default export.
DEFAULT_VIEW = "ivoa_obscore"

#: Rows that are held at once.
_PART = 10_000

#: Test whether a row is wanted.
_Test: TypeAlias = Callable[[Sequence[Any]], bool]
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class ExportOutcome:
    """A table that was written.

    Parameters
    ----------
    path : str
        The file.
    rows : int
        How many it has.
    columns : int
        How many it has.
    """

    path: str
    rows: int
    columns: int


@dataclass(frozen=True, slots=True)
class ExportStyle:
    """Query and format of a table.

    Parameters
    ----------
    is_raw : bool
        Whether texts that a spreadsheet would run stay as they are in CSV.
    as_is : bool
        As in :class:`.Rules`.
    """

    is_raw: bool = False
    as_is: bool = False


@dataclass(frozen=True)
class ExportService:
    """Writes views and answers to files of any length.

    Parameters
    ----------
    url : URL
        The ledger.
    store : Store
        The same, to find what is selected.
    """

    url: URL
    store: Store

    def export(
        self,
        path: Path,
        *,
        view: str | None = None,
        sql: str | None = None,
        scope: Scope | None = None,
        style: ExportStyle | None = None,
    ) -> ExportOutcome:
        """Write one table; the suffix of the file gives its format.

        The answer is read once, in parts, to a scratch file, for what a column holds is
        only known at its end.

        Parameters
        ----------
        path : Path
            ``.csv``, ``.ecsv``, ``.vot`` or ``.parquet``; an earlier file is replaced.
        view : str, optional
            A view or a table; ``ivoa_obscore`` when there is no ``sql`` either.
        sql : str, optional
            One SELECT.
        scope : Scope, optional
            Only rows of a view about these exposures, or about what was made of any of them.
        style : ExportStyle, optional
            How it is asked and written.

        Raises
        ------
        NotFoundError
            When the scope means nothing.
        UsageError
            When both are given, or one cannot be answered, or the suffix is not known, or the
            rows are about no exposures.
        """
        writer_for(path)
        style = style or ExportStyle()
        name, statement = _question(view, sql)
        selected = self._selected(scope, is_view=sql is None)
        with tempfile.TemporaryFile() as scratch:
            spool = _Spool(scratch)
            with asking(self.url, statement, Rules(as_is=style.as_is or sql is None)) as answer:
                surveys = [
                    ColumnSurvey(column_name, documented)
                    for column_name, documented in zip(
                        answer.columns, described(answer.columns, statement), strict=True
                    )
                ]
                units = SharedUnits(answer.columns)
                keeps = _is_about(answer.columns, selected, name) if selected else None
                while part := answer.fetch(_PART):
                    kept = [row for row in part if keeps is None or keeps(row)]
                    spool.keep(kept, surveys)
                    units.look_at(kept)
            columns = [units.completed(survey.column) for survey in surveys]
            about = "" if selected is None or scope is None else f" ({scope.label})"
            origin = {
                "query": f"{statement}{about}",
                "creator": f"skydb {__version__}",
                "created": utc_now().strftime("%Y-%m-%dT%H:%M:%S"),
            }
            head = TableHead(columns, name, spool.rows, origin, is_raw=style.is_raw)
            write_table(path, head, spool.parts([survey.converted for survey in surveys]))
        return ExportOutcome(str(path), spool.rows, len(columns))

    def _selected(self, scope: Scope | None, *, is_view: bool) -> Selected | None:
        """Resolve the selection; None for everything."""
        if scope is None or scope.is_everything:
            return None
        if not is_view:
            raise UsageError(
                "Options that select exposures restrict a view.",
                advice="Restrict the SELECT itself.",
            )
        with self.store.reading() as session:
            return Selected.of(session, scope)


def _is_about(columns: Sequence[str], selected: Selected, name: str) -> _Test:
    """Make the test that a row is about a selection, by its most specific exposure name."""
    labels = set(selected.visits.values())
    known: dict[str, Collection[object]] = {
        "rootname": selected.rootnames,
        "exposure_id": selected.exposures,
        "product_id": selected.products,
        "product": set(selected.products.values()),
    }
    tests = [(columns.index(one), values) for one, values in known.items() if one in columns]
    has_visit = {"program", "visit"} <= set(columns)
    if not tests and not has_visit:
        raise UsageError(
            f"The rows of {name} name no exposures to select by.",
            advice="Export it whole, or use --sql.",
        )

    def is_about(row: Sequence[Any]) -> bool:
        for place, values in tests:
            if row[place] is not None:
                return row[place] in values
        return has_visit and "".join(
            str(row[columns.index(one)]) for one in ("program", "visit")
        ) in labels  # fmt: skip

    return is_about


def _question(view: str | None, sql: str | None) -> tuple[str, str]:
    if view is not None and sql is not None:
        raise UsageError("Export a view or an answer, not both.")
    if sql is not None:
        return "answer", sql
    name = view or DEFAULT_VIEW
    if not _NAME.fullmatch(name):
        raise UsageError(f"Unknown view {name!r}.", advice="See docs/sql-views.md.")
    return name, f"SELECT * FROM {name}"


@dataclass
class _Spool:
    """Rows on disk between the reading of an answer and the writing of a table."""

    stream: IO[bytes]
    rows: int = field(default=0)

    def keep(self, part: list[tuple[Any, ...]], surveys: list[ColumnSurvey]) -> None:
        if not part:
            return
        cells = [tuple(plain(value) for value in row) for row in part]
        for survey, column in zip(surveys, zip(*cells, strict=True), strict=True):
            survey.look_at(column)
        pickle.dump(cells, self.stream, protocol=pickle.HIGHEST_PROTOCOL)
        self.rows += len(cells)

    def parts(self, converters: list[Any]) -> Iterator[Rows]:
        self.stream.seek(0)
        read = 0
        while read < self.rows:
            part: list[tuple[Cell | datetime, ...]] = pickle.load(self.stream)
            read += len(part)
            columns = zip(*part, strict=True)
            converted = [
                [convert(cell) for cell in column]
                for convert, column in zip(converters, columns, strict=True)
            ]
            yield list(zip(*converted, strict=True))
