"""Options by which commands select exposures and their files, spelled alike everywhere."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from skydb.cli.shell import Shell

if TYPE_CHECKING:
    from datetime import date

    from skydb.domain.guards import GuardPolicy
    from skydb.domain.vocabulary import Flavour
    from skydb.errors import InputsRefusedError
    from skydb.services.intake import Selection
    from skydb.store.scope import Scope

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
    str | None, typer.Option("--detector", help="Only this detector, in any case; * is a wildcard.")
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
    typer.Option("--flavour", help="Only these files: pipeline, svm, mvm, skydb or user."),
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
    typer.Option("--allow", help="Silence this guard for this run; recorded. Repeatable."),
]
ExplainInputs = Annotated[
    bool,
    typer.Option("--explain-inputs", help="Show which files would be used and why; run nothing."),
]


@dataclass(frozen=True)
class Chosen:
    """What the options that select exposures name, as they were typed."""

    visit: Sequence[str] | None = None
    target: str | None = None
    filter: str | None = None
    detector: str | None = None
    proposal: str | None = None
    exposure: Sequence[str] | None = None
    exclude: Sequence[str] | None = None
    flavour: str | None = None
    as_of: str | None = None

    def scope(self) -> Scope:
        """The exposures that are meant.

        Raises
        ------
        UsageError
            When a flavour or a day cannot be understood.
        """
        from skydb.store.scope import Scope

        return Scope(**self._named())

    def selection(self, version: Sequence[str] = (), file: Sequence[str] = ()) -> Selection:
        """The exposures that are meant, and which versions and files of them.

        Raises
        ------
        UsageError
            When a flavour, a version or a day cannot be understood.
        """
        from skydb.domain.references import exposure_version
        from skydb.services.intake import Selection

        versions = dict(map(exposure_version, version))
        return Selection(**self._named(), versions=versions, files=tuple(file))

    def _named(self) -> dict[str, Any]:
        return {
            "rootnames": tuple(name.strip().lower() for name in self.exposure or ()),
            "visits": tuple(self.visit or ()),
            "proposal_id": proposal_named(self.proposal),
            "filter": self.filter,
            "detector": self.detector,
            "target": self.target,
            "exclude": tuple(name.strip().lower() for name in self.exclude or ()),
            "flavour": flavour_named(self.flavour),
            "as_of": day_named(self.as_of),
        }


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


def flavour_named(text: str | None) -> Flavour | None:
    """The flavour of a name.

    Raises
    ------
    UsageError
        When there is none of that name.
    """
    from skydb.domain.vocabulary import Flavour
    from skydb.errors import UsageError

    try:
        return None if text is None else Flavour(text.lower())
    except ValueError as error:
        known = ", ".join(Flavour)
        raise UsageError(f"Unknown flavour {text!r}.", advice=f"Flavours: {known}.") from error


def proposal_named(text: str | None) -> int | str | None:
    """The number of a proposal, or a pattern of several."""
    return int(text) if text is not None and text.strip().isdecimal() else text


def day_named(text: str | None) -> date | None:
    """A day as people type it.

    Raises
    ------
    UsageError
        When it is not YYYY-MM-DD.
    """
    from datetime import date

    from skydb.errors import UsageError

    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"Invalid date {text!r}; use YYYY-MM-DD.") from error


def policy_of(*, strict: bool, allow: Iterable[str] | None) -> GuardPolicy:
    """What the user says of guards."""
    from skydb.domain.guards import GuardPolicy

    return GuardPolicy.of(strict=strict, allow=allow or ())


def show_inputs(shell: Shell, rows: Sequence[dict[str, Any]], *, as_json: bool) -> None:
    """The inputs that a run would use, as a table or as one document."""
    from skydb.report.columns import CHOSEN_INPUTS

    shell.show("Inputs", rows, CHOSEN_INPUTS, as_json=as_json)


def show_refused(shell: Shell, error: InputsRefusedError) -> None:
    """The table of the inputs that there are, on stderr."""
    from skydb.report.columns import INPUTS_THERE_ARE
    from skydb.report.console import render_table

    if error.rows and not shell.quiet:
        render_table("Inputs", INPUTS_THERE_ARE, error.rows, shell.stderr)
