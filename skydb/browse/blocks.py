"""Parts that pages are made of: facts, tables, pictures and maps, without any markup.

One template sets them; what is not markup of the template is escaped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from skydb.browse.links import href_of
from skydb.report.tables import (
    EM_DASH,
    Cell,
    Column,
    Justify,
    Tone,
    with_units,
)

if TYPE_CHECKING:
    from skydb.browse.maps import SkyMap

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Linked:
    """A cell, and the page that it leads to, if any."""

    cell: Cell
    href: str | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """Paragraphs; a warning or bad news by its tone."""

    paragraphs: tuple[str, ...]
    tone: Tone = Tone.NEUTRAL


@dataclass(frozen=True, slots=True)
class Tiles:
    """Counts at a glance.

    Parameters
    ----------
    items : tuple of (str, str, str or None)
        The number, what it counts, and the page that lists it.
    """

    items: tuple[tuple[str, str, str | None], ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """Names and values of one thing."""

    items: tuple[tuple[str, Linked], ...]

    @classmethod
    def of(cls, row: Row, names: Mapping[str, str] | Sequence[str]) -> Facts:
        """Take the values of a row that are known.

        Parameters
        ----------
        row : mapping
        names : mapping or sequence of str
            Columns, with what they are called where that is not the header of the registry.
        """
        called = names if isinstance(names, Mapping) else dict.fromkeys(names, "")
        items = []
        for name, title in called.items():
            if row.get(name) is None or row.get(name) == "":
                continue
            column = column_of(name)
            unit = f" {column.shown_unit}" if column.shown_unit not in (None, "UTC") else ""
            cell = column.cell(row[name])
            shown = Cell(f"{cell.text}{unit}", cell.tone)
            items.append((title or column.title, Linked(shown, href_of(name, row[name], row))))
        return cls(tuple(items))


@dataclass(frozen=True, slots=True)
class Links:
    """Groups of links: other views of the same thing, or facets.

    Parameters
    ----------
    groups : tuple
        Title, and ``(text, address, is_current)`` of each link.
    is_list : bool
        Whether each is a sentence.
    """

    groups: tuple[tuple[str, tuple[tuple[str, str, bool], ...]], ...]
    is_list: bool = False


@dataclass(frozen=True, slots=True)
class Pictures:
    """Pictures side by side: ``(address, alternative text, caption, link)`` of each."""

    items: tuple[tuple[str, str, str, str | None], ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table whose ids lead to their pages.

    Parameters
    ----------
    title, caption : str
        Its name, and what it shows.
    columns : sequence of Column
    rows : sequence of mapping
    note : str
        Below the table.
    pages : tuple of (str, str)
        Text and address of links to more rows.
    choose : str
        Column by which rows can be chosen for a comparison; empty for none.
    marked : str
        Column whose truth makes a row stand out; empty for none.
    keeps : tuple of str
        Columns that are shown without any value, too: where that there is none says something.
    """

    title: str
    caption: str
    columns: Sequence[Column]
    rows: Sequence[Row]
    note: str = ""
    pages: tuple[tuple[str, str], ...] = ()
    choose: str = ""
    marked: str = ""
    keeps: tuple[str, ...] = ()

    @property
    def heads(self) -> tuple[tuple[Column, Justify], ...]:
        """Columns with their alignment; others than ``keeps`` are left out without a value."""
        shown = [one for one in self.columns if self._has_values(one)] or self.columns[:1]
        return tuple((one, one.justified(self.rows)) for one in with_units(shown, self.rows))

    @property
    def body(self) -> tuple[tuple[Row, tuple[Linked, ...]], ...]:
        """Rows with their cells."""
        columns = [column for column, _ in self.heads]
        return tuple((row, tuple(_linked(column, row) for column in columns)) for row in self.rows)

    def _has_values(self, column: Column) -> bool:
        return column.name in self.keeps or any(
            row.get(column.name) not in (None, "") for row in self.rows
        )


@dataclass(frozen=True, slots=True)
class Map:
    """A map of footprints."""

    drawn: SkyMap
    caption: str


@dataclass(frozen=True, slots=True)
class Form:
    """A search: its label, address, field and present value."""

    label: str
    action: str
    name: str
    value: str = ""
    button: str = "Show"
    hint: str = ""


Block: TypeAlias = Text | Tiles | Facts | Links | Pictures | Table | Map | Form


@dataclass(frozen=True, slots=True)
class Part:
    """A section of a page; without a block it is left out."""

    title: str
    blocks: tuple[Block, ...]

    @property
    def anchor(self) -> str:
        """Fragment that leads to it."""
        return "".join(c if c.isalnum() else "-" for c in self.title.lower())


@dataclass(frozen=True, slots=True)
class Page:
    """A whole page.

    Parameters
    ----------
    title, lead : str
        Heading, and a sentence below it.
    parts : tuple of Part
    trail : tuple of (str, str)
        Text and address of the pages above this one.
    status : int
        HTTP status.
    area : str
        Entry of the navigation that it belongs to.
    """

    title: str
    lead: str = ""
    parts: tuple[Part, ...] = ()
    trail: tuple[tuple[str, str], ...] = ()
    status: int = 200
    area: str = ""
    head: tuple[Block, ...] = field(default=())

    @property
    def sections(self) -> tuple[Part, ...]:
        """Parts that have something to show."""
        return tuple(
            part for part in self.parts if any(not _is_empty(block) for block in part.blocks)
        )


def shown(block: Block) -> bool:
    """Whether a block has something to show."""
    return not _is_empty(block)


def _is_empty(block: Block) -> bool:
    if isinstance(block, Table):
        return not block.rows
    if isinstance(block, (Facts, Pictures, Tiles)):
        return not block.items
    return isinstance(block, Links) and not block.groups


def column_of(name: str) -> Column:
    """A column as the registry has it, its states coloured."""
    if name in ("status", "run_status") or name.endswith("verdict"):
        return Column.status(name)
    if name == "run_id":
        return Column(name, "run")
    if name in ("downgraded", "truncated", "is_outdated"):
        return Column.alarm(name)
    if name == "current":
        return Column(name, "", tones={"in use": Tone.GOOD})
    return Column(name)


def columns_of(*names: str) -> tuple[Column, ...]:
    """Columns by their names."""
    return tuple(map(column_of, names))


def _linked(column: Column, row: Row) -> Linked:
    value = row.get(column.name)
    cell = column.cell(value)
    if cell.text == EM_DASH:
        return Linked(cell)
    return Linked(cell, row.get(f"{column.name}_href") or href_of(column.name, value, row))
