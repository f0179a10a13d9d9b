"""Printed lines of the cells of a Jupyter notebook, with their positions in the file."""

from __future__ import annotations

import json
import json.scanner
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from skydb.errors import UnreadableFileError
from skydb.files.textfile import chunks_of

_LARGEST_BYTES = 256 << 20
#: Kinds of plain text among what a cell shows.
_PLAIN = "text/plain"


@dataclass(frozen=True)
class CellOutput:
    """Output of one cell.

    Parameters
    ----------
    number : int
        Of the cell in the notebook, counted from 1.
    execution_count : int or None
        As the notebook has it.
    times : mapping of str to str
        When the notebook says that the cell was executed, ISO 8601 in UTC.
    lines : tuple of (int, str)
        Lines of the file, counted from 1, and texts.
    """

    number: int
    execution_count: int | None
    times: Mapping[str, str] = field(default_factory=dict)
    lines: tuple[tuple[int, str], ...] = ()

    @property
    def facts(self) -> dict[str, Any]:
        """Facts of the cell that are kept with a run."""
        return {"cell": self.number, "execution_count": self.execution_count, **self.times}


class _Placed(str):
    """A text with its position in the file."""

    __slots__ = ("offset",)
    offset: int


def is_notebook(path: Path) -> bool:
    """Whether a file has the suffix of notebooks."""
    return path.name.lower().removesuffix(".gz").endswith(".ipynb")


def read_notebook(path: Path) -> Iterator[CellOutput]:
    """The outputs of a notebook's cells, in order.

    Raises
    ------
    UnreadableFileError
        When it is no notebook, or too large.
    """
    text = _text(path)
    try:
        notebook = _decoder().decode(text)
        cells = _cells(notebook)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise UnreadableFileError(path, f"is not a Jupyter notebook ({error})") from error
    ends = [index for index, character in enumerate(text) if character == "\n"]
    for number, cell in enumerate(cells, start=1):
        if isinstance(cell, Mapping) and cell.get("cell_type") == "code":
            yield _output(number, cell, lambda offset: bisect_left(ends, offset) + 1)


def _text(path: Path) -> str:
    content = bytearray()
    for chunk in chunks_of(path):
        content += chunk
        if len(content) > _LARGEST_BYTES:
            raise UnreadableFileError(path, f"is larger than {_LARGEST_BYTES >> 20} MB")
    return content.decode("utf-8-sig", errors="replace")


def _decoder() -> json.JSONDecoder:
    """Decoder of texts with their positions: the one of Python, not the one of C."""
    decoder: Any = json.JSONDecoder()
    plain = decoder.parse_string

    def placed(text: str, end: int, *strict: bool) -> tuple[str, int]:
        found, after = plain(text, end, *strict)
        value = _Placed(found)
        value.offset = end
        return value, after

    decoder.parse_string = placed
    decoder.scan_once = json.scanner.py_make_scanner(decoder)  # type: ignore[attr-defined]
    return decoder  # type: ignore[no-any-return]


def _cells(notebook: Mapping[str, Any]) -> list[Any]:
    """Cells of a notebook; format 3 keeps them in worksheets."""
    if "worksheets" in notebook:
        return [cell for sheet in notebook["worksheets"] for cell in sheet["cells"]]
    return list(notebook["cells"])


def _output(number: int, cell: Mapping[str, Any], line_of: Callable[[int], int]) -> CellOutput:
    count = cell.get("execution_count", cell.get("prompt_number"))
    metadata = cell.get("metadata")
    execution = metadata.get("execution") if isinstance(metadata, Mapping) else None
    times = {str(k): str(v) for k, v in execution.items()} if isinstance(execution, dict) else {}
    outputs = cell.get("outputs")
    lines = [
        line
        for output in (outputs if isinstance(outputs, list) else [])
        if isinstance(output, Mapping)
        for line in _lines(output, line_of)
    ]
    return CellOutput(number, count if isinstance(count, int) else None, times, tuple(lines))


def _lines(output: Mapping[str, Any], line_of: Callable[[int], int]) -> Iterator[tuple[int, str]]:
    """Lines of one output: a stream, what a cell gave back, or an error."""
    kind = output.get("output_type")
    if kind in ("stream", "pyout"):
        yield from _split(output.get("text"), line_of)
    elif kind in ("execute_result", "display_data"):
        data = output.get("data")
        yield from _split(data.get(_PLAIN) if isinstance(data, Mapping) else None, line_of)
    elif kind in ("error", "pyerr"):
        yield from _error(output, line_of)


def _error(output: Mapping[str, Any], line_of: Callable[[int], int]) -> Iterator[tuple[int, str]]:
    name, value = output.get("ename", ""), str(output.get("evalue", ""))
    if isinstance(name, _Placed):
        number = line_of(name.offset)
        yield number, "Traceback (most recent call last)"
        yield number, f"{name}: {value.splitlines()[0] if value else ''}".rstrip(": ")


def _split(text: object, line_of: Callable[[int], int]) -> Iterator[tuple[int, str]]:
    """Lines of a text that is given whole or in pieces, which need not be lines."""
    pieces = text if isinstance(text, list) else [text]
    rest, begun = "", 0
    for piece in pieces:
        if not isinstance(piece, _Placed):
            continue
        *lines, tail = piece.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        number = line_of(piece.offset)
        for line in lines:
            yield begun or number, rest + line
            rest, begun = "", 0
        rest, begun = rest + tail, (begun or number) if rest or tail else 0
    if rest:
        yield begun, rest
