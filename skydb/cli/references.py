"""Arguments that name runs, solutions and file versions, spelled alike in every command."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from skydb.errors import UsageError


def run_number(text: str) -> int:
    """Number of a run, ``12`` or ``run:12``."""
    from skydb.api import base

    return _typed(base.run_number, text)


def solution_number(text: str) -> int:
    """Number of a solution, ``29`` or ``solution:29``."""
    from skydb.api import base

    return _typed(base.solution_number, text)


def _typed(number_of: Callable[[str], int], text: str) -> int:
    try:
        return number_of(text)
    except UsageError as error:
        # typer shows the usage of the command beside it, and ends it with exit code 2.
        raise typer.BadParameter(str(error)) from error


AlignmentRunArgument = Annotated[
    int,
    typer.Argument(help="An alignment run, 4 or run:4.", parser=run_number, metavar="RUN"),
]
SkyRunArgument = Annotated[
    int, typer.Argument(help="A sky run, 12 or run:12.", parser=run_number, metavar="RUN")
]
SolutionArgument = Annotated[
    int,
    typer.Argument(
        help="A solution, 29 or solution:29; see `skydb align history`.",
        parser=solution_number,
        metavar="ID",
    ),
]
