"""One self-contained HTML page from a list of blocks.

The page needs nothing but itself: pictures are inside it, there is no script, and
its own policy forbids a browser to fetch anything, so that it can be mailed,
archived and opened in ten years. Everything that is not markup of the templates is
escaped: file names are data.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from skydb.errors import UsageError
from skydb.report.anchors import anchor_of
from skydb.report.output import write_atomic
from skydb.report.style import DARK, LIGHT, Theme, png_bytes
from skydb.report.tables import Cell, Column, Justify, PlainTable, rows_of, with_units

if TYPE_CHECKING:
    from jinja2 import Environment
    from matplotlib.figure import Figure

#: Rows that are shown without a scroll bar of their own.
_ROWS_AT_ONCE = 24
_MEDIA_TYPES = {b"\x89PNG\r\n\x1a\n": "image/png", b"GIF87a": "image/gif", b"GIF89a": "image/gif"}


@dataclass(frozen=True, slots=True)
class TextBlock:
    """Paragraphs, parted by empty lines."""

    text: str
    title: str = ""

    @property
    def paragraphs(self) -> list[str]:
        """The paragraphs."""
        return [part.strip() for part in re.split(r"\n\s*\n", self.text) if part.strip()]


@dataclass(frozen=True, slots=True)
class VerdictBlock:
    """A banner that says whether all is well, and why.

    Parameters
    ----------
    passed : bool
        Whether no problem was found.
    lines : tuple of str
        What it covers; the first is the headline.
    problems : tuple of ProblemList, optional
        What is wrong.
    """

    passed: bool
    lines: tuple[str, ...]
    problems: tuple[ProblemList, ...] = ()


@dataclass(frozen=True, slots=True)
class ProblemList:
    """Problems of one sort.

    Parameters
    ----------
    title : str
        What is wrong.
    items : tuple of (str, str, str)
        Subject, detail, and the fragment of the row that shows it; each may be empty.
    """

    title: str
    items: tuple[tuple[str, str, str], ...]

    @property
    def named(self) -> tuple[tuple[str, str, str], ...]:
        """Entries that have a subject."""
        return tuple(item for item in self.items if item[0])

    @property
    def has_details(self) -> bool:
        """Whether each is a line of its own."""
        return any(detail for _, detail, _ in self.items)


@dataclass(frozen=True, slots=True)
class TableBlock:
    """A table.

    Parameters
    ----------
    title, caption : str
        The name of the table, and what it shows; at least one of them.
    columns : sequence of Column
        Which values, in which order.
    rows : any plain table
        See :func:`skydb.report.tables.rows_of`.
    note : str, optional
        Below the table.
    anchors : tuple of str, optional
        Kind of a row and the column that identifies it, for
        :func:`skydb.report.anchors.anchor_of`: rows can be linked to.
    links : mapping of str to str, optional
        Fragment of the page that a text of the first column leads to.
    """

    title: str
    caption: str
    columns: Sequence[Column]
    rows: PlainTable
    note: str = ""
    anchors: tuple[str, str] | None = None
    links: Mapping[str, str] = field(default_factory=dict)

    def laid_out(self) -> LaidOutTable:
        """The table as formatted cells."""
        rows = rows_of(self.rows)
        columns = with_units(self.columns, rows)
        return LaidOutTable(
            heads=tuple((column, column.justified(rows)) for column in columns),
            body=tuple(
                tuple(column.cell(row.get(column.name)) for column in columns) for row in rows
            ),
            anchors=self._anchors(rows),
        )

    def _anchors(self, rows: Sequence[Mapping[str, object]]) -> tuple[str, ...]:
        """Make the anchor of the first row of each key; other rows have none."""
        if self.anchors is None:
            return ("",) * len(rows)
        what, key = self.anchors
        named = [anchor_of(what, row.get(key)) for row in rows]
        first = {anchor: place for place, anchor in reversed(list(enumerate(named)))}
        return tuple(one if first[one] == place else "" for place, one in enumerate(named))


@dataclass(frozen=True, slots=True)
class LaidOutTable:
    """Cells that are ready to be set, with the column and alignment of each."""

    heads: tuple[tuple[Column, Justify], ...]
    body: tuple[tuple[Cell, ...], ...]
    anchors: tuple[str, ...] = ()

    @property
    def is_long(self) -> bool:
        """Whether the table scrolls in a box of its own."""
        return len(self.body) > _ROWS_AT_ONCE


@dataclass(frozen=True, slots=True)
class FigureBlock:
    """A picture.

    Parameters
    ----------
    title, caption : str
        The name of the figure, and what to see in it.
    png_or_gif : bytes
        The picture.
    alt : str
        The same in words, for readers who do not see it.
    dark_png : bytes or None, optional
        The picture for a dark page; a light one gets a light mount there.
    """

    title: str
    caption: str
    png_or_gif: bytes
    alt: str
    dark_png: bytes | None = None

    @classmethod
    def drawn(
        cls,
        title: str,
        caption: str,
        alt: str,
        draw: Callable[[Theme], Figure],
        *,
        compact: bool = False,
    ) -> FigureBlock:
        """A figure drawn twice, for light and for dark pages.

        Parameters
        ----------
        title, caption, alt : str
            As for the block.
        draw : callable
            Makes the figure for a theme.
        compact : bool, optional
            As for :func:`skydb.report.style.png_bytes`.
        """
        light, dark = (png_bytes(draw(theme), compact=compact) for theme in (LIGHT, DARK))
        return cls(title, caption, light, alt, dark)


@dataclass(frozen=True, slots=True)
class BlinkBlock:
    """A blinking GIF whose frames can be held still, without a script.

    Parameters
    ----------
    title, caption, alt : str
        As for :class:`FigureBlock`.
    gif : bytes
        The animation; who prefers less motion sees the first frame.
    frames : sequence of (str, bytes)
        Label and PNG of each frame, from :func:`skydb.report.blink.frame_pngs`.
    """

    title: str
    caption: str
    gif: bytes
    frames: Sequence[tuple[str, bytes]]
    alt: str


Block: TypeAlias = TextBlock | VerdictBlock | TableBlock | FigureBlock | BlinkBlock


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page with a heading, listed in the contents."""

    title: str
    blocks: tuple[Block, ...]

    @property
    def anchor(self) -> str:
        """Fragment that links to the section."""
        return re.sub(r"[^a-z0-9]+", "-", self.title.lower()).strip("-") or "section"


@dataclass(frozen=True, slots=True)
class ReportContent:
    """Everything on a page.

    Parameters
    ----------
    title, subtitle : str
        Heading of the page.
    sections : tuple of Section
        In order; those without a block are left out.
    footer : tuple of (str, str)
        Provenance: skydb's version, the database, when.
    lang : str, optional
        Language of the text.
    """

    title: str
    subtitle: str
    sections: tuple[Section, ...]
    footer: tuple[tuple[str, str], ...] = field(default=())
    lang: str = "en"


def render_html(content: ReportContent) -> str:
    """The page; the same content gives the same text.

    Raises
    ------
    UsageError
        When a picture is neither PNG nor GIF, or has no alternative text.
    """
    sections = [section for section in content.sections if section.blocks]
    anchors = _distinct([section.anchor for section in sections])
    page = _environment().get_template("report.html.j2")
    return page.render(content=content, sections=list(zip(anchors, sections, strict=True)))


def write_report(content: ReportContent, path: Path) -> Path:
    """Write the page; it appears whole or not at all.

    Raises
    ------
    DiskError
        When the file cannot be written.
    UsageError
        As :func:`render_html`.
    """
    return write_atomic(path, render_html(content).encode("utf-8"))


def data_uri(picture: bytes) -> str:
    """The picture as a ``data:`` address.

    Raises
    ------
    UsageError
        When it is neither PNG nor GIF.
    """
    for magic, media_type in _MEDIA_TYPES.items():
        if picture.startswith(magic):
            return f"data:{media_type};base64,{base64.b64encode(picture).decode('ascii')}"
    raise UsageError(
        "A picture of a report is neither PNG nor GIF.", advice="Give the bytes of one of these."
    )


def _distinct(anchors: Sequence[str]) -> list[str]:
    """The anchors, numbered where the same one comes again."""
    return [
        f"{anchor}-{seen}" if (seen := anchors[:place].count(anchor)) else anchor
        for place, anchor in enumerate(anchors)
    ]


def _kind(block: Block) -> str:
    return type(block).__name__


def _described(text: str, title: str) -> str:
    if not text.strip():
        raise UsageError(
            f"The figure {title!r} has no alternative text.", advice="Say in words what it shows."
        )
    return text


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("skydb.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(data_uri=data_uri, kind=_kind, described=_described)
    return environment
