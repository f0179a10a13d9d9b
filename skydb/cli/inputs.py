"""Options by which commands select exposures and their files, spelled alike everywhere."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from skydb.cli.completing import words
from skydb.cli.shell import Shell

if TYPE_CHECKING:
    from skydb.api.results import Result
    from skydb.api.selecting import Guarding, Selecting
    from skydb.errors import InputsRefusedError

Visits = Annotated[
    list[str] | None,
    typer.Option("--visit", help="Only this visit: 50, bxl50 or bxl5*. Repeatable."),
]
Exposures = Annotated[
    list[str] | None,
    typer.Option(
        "--exposure", "--rootname", help="Only this exposure; * is a wildcard. Repeatable."
    ),
]
ProposalOption = Annotated[
    str | None, typer.Option("--proposal", help="Only this proposal; * is a wildcard.")
]
FilterOption = Annotated[
    str | None, typer.Option("--filter", help="Only this filter, in any case; * is a wildcard.")
]
DetectorOption = Annotated[
    str | None,
    typer.Option(
        "--detector",
        help="Only this detector, in any case; * is a wildcard.",
        autocompletion=words("detector"),
    ),
]
TargetOption = Annotated[
    str | None, typer.Option("--target", help="Only this target, in any case; * is a wildcard.")
]
Exclude = Annotated[
    list[str] | None,
    typer.Option("--exclude", help="Not this exposure; * is a wildcard. Repeatable."),
]
FlavourOption = Annotated[
    str | None,
    typer.Option(
        "--flavour",
        help="Only these files: pipeline, svm, mvm, skydb or user.",
        autocompletion=words("flavour"),
    ),
]
AsOf = Annotated[
    str | None, typer.Option("--as-of", help="Only deliveries written by this day, YYYY-MM-DD.")
]
#: The options that select exposures, by the name of what :class:`Chosen` keeps of each.
SELECTING: dict[str, Any] = {
    "visit": Visits,
    "target": TargetOption,
    "filter": FilterOption,
    "detector": DetectorOption,
    "proposal": ProposalOption,
    "exposure": Exposures,
    "exclude": Exclude,
    "flavour": FlavourOption,
    "as_of": AsOf,
}
VersionOption = Annotated[
    list[str] | None,
    typer.Option("--version", help="Use this file version, e.g. ibxl50clq@2. Repeatable."),
]
FileOption = Annotated[
    list[str] | None, typer.Option("--file", help="Use this file of its exposure. Repeatable.")
]
Strict = Annotated[bool, typer.Option("--strict", help="Refuse whatever a guard would flag.")]
Allow = Annotated[
    list[str] | None,
    typer.Option(
        "--allow",
        help="Silence this guard for this run; recorded. Repeatable.",
        autocompletion=words("guard"),
    ),
]
ExplainInputs = Annotated[
    bool,
    typer.Option("--explain-inputs", help="Show which files would be used and why; run nothing."),
]


@dataclass(frozen=True)
class Chosen:
    """Values of the options that select exposures, as they were typed."""

    visit: Sequence[str] | None = None
    target: str | None = None
    filter: str | None = None
    detector: str | None = None
    proposal: str | None = None
    exposure: Sequence[str] | None = None
    exclude: Sequence[str] | None = None
    flavour: str | None = None
    as_of: str | None = None

    def words(self) -> Selecting:
        """Keyword arguments of the methods of a ledger."""
        return cast("Selecting", _given(asdict(self)))

    def run_words(
        self,
        *,
        version: Sequence[str] | None = None,
        file: Sequence[str] | None = None,
        strict: bool = False,
        allow: Sequence[str] | None = None,
    ) -> Guarding:
        """Keyword arguments of the methods that run."""
        of_run = {"version": version, "file": file, "strict": strict, "allow": allow}
        return cast("Guarding", _given({**asdict(self), **of_run}))


def _given(words: dict[str, Any]) -> dict[str, Any]:
    """Words without those that were left out, which typer may make an empty list."""
    return {name: value for name, value in words.items() if value not in (None, [], ())}


def selecting(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that select exposures, in place of its argument ``chosen``.

    Parameters
    ----------
    command : callable
        A command of typer with an argument ``chosen`` of type :class:`Chosen`.
    """

    def with_options(**words: Any) -> None:  # noqa: ANN401 - whatever the options hold
        named = {name: words.pop(f"selected_{name}") for name in SELECTING}
        command(**words, chosen=Chosen(**named))

    own = inspect.signature(command, eval_str=True)
    parameters: list[inspect.Parameter] = []
    for parameter in own.parameters.values():
        parameters += _options() if parameter.name == "chosen" else [_by_name(parameter)]
    with_options.__name__, with_options.__doc__ = command.__name__, command.__doc__
    with_options.__module__ = command.__module__
    with_options.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
    with_options.__annotations__ = {one.name: one.annotation for one in parameters}
    return with_options


def _options() -> list[inspect.Parameter]:
    kind = inspect.Parameter.KEYWORD_ONLY
    return [
        inspect.Parameter(f"selected_{name}", kind, default=None, annotation=annotation)
        for name, annotation in SELECTING.items()
    ]


def _by_name(parameter: inspect.Parameter) -> inspect.Parameter:
    return parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)


def show_inputs(shell: Shell, inputs: Result, *, as_json: bool) -> None:
    """Print the inputs that a run would use."""
    from skydb.report.columns import CHOSEN_INPUTS

    shell.present("Inputs", inputs, CHOSEN_INPUTS, as_json=as_json)


def show_refused(shell: Shell, error: InputsRefusedError) -> None:
    """The table of the inputs that there are, on stderr."""
    from skydb.report.columns import INPUTS_THERE_ARE
    from skydb.report.console import render_table

    if error.rows and not shell.quiet:
        render_table("Inputs", INPUTS_THERE_ARE, error.rows, shell.stderr)
