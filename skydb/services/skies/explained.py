"""Inputs that a run would use, for a preview."""

from __future__ import annotations

from collections.abc import Iterable

from skydb.domain.guards import Flag, flags_of
from skydb.services.core import Context
from skydb.services.intake import Selection, book_remarks, choose_inputs
from skydb.store.queries import Row


def explained_inputs(context: Context, selection: Selection) -> list[Row]:
    """The inputs that a run of a selection would use, why, and what is passed over.

    Raises
    ------
    NotFoundError, UsageError, InputsRefusedError
        When the rule cannot choose.
    """
    with context.store.reading() as session:
        chosen = choose_inputs(session, context.workspace, selection)
        flags = flags_of(chosen, book_remarks(session, chosen))
        return [
            {**one.as_row(), "flags": ", ".join(sorted(_about(one.rootname, flags)))}
            for one in chosen
        ]


def _about(rootname: str, flags: Iterable[Flag]) -> set[str]:
    """Names of the guards that flag an exposure, or the inputs as a whole."""
    return {flag.guard.value for flag in flags if flag.subject in (rootname, "inputs")}
