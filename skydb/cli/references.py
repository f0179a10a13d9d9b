"""Arguments that name runs, solutions and file versions, spelled alike in every command."""

from __future__ import annotations

from typing import Annotated

import typer

from skydb.errors import UsageError


def _number(text: str, kind: str) -> int:
    from skydb.domain.references import ReferenceKind, number_of

    try:
        return number_of(text, ReferenceKind(kind))
    except UsageError as error:
        # typer shows the usage of the command beside it, and ends it with exit code 2.
        raise typer.BadParameter(str(error)) from error


def run_number(text: str) -> int:
    """Number of a run, ``12`` or ``run:12``."""
    return _number(text, "run")


def solution_number(text: str) -> int:
    """Number of a solution, ``29`` or ``solution:29``."""
    return _number(text, "solution")


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
