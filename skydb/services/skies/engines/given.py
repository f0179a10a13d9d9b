"""The engine ``skydb`` for skies that are given: nothing is measured, and all is recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from skydb.domain import SkyRun
from skydb.domain.values import SkyLevel
from skydb.domain.vocabulary import Engine, FindingKind
from skydb.drizzle.optionfiles import RECORD
from skydb.drizzle.settings import AstroDrizzleSettings
from skydb.drizzle.skyheaders import read_skies
from skydb.drizzle.userskies import UserSkies, user_skies_of
from skydb.errors import FileRejectedError, NotFoundError, ParseError, StateError, UsageError
from skydb.services.core import Context
from skydb.services.skies.engines.base import guarded_runs
from skydb.services.skies.recipe import (
    RunInputs,
    left_out_levels,
    recorded_inputs,
    used_versions,
)
from skydb.store.version_queries import filenames_among

#: Options that say where skies come from.
_OPTIONS = ("skysub", "skyuser", "skyfile")


@dataclass(frozen=True)
class GivenSkies:
    """Values of a keyword or of a file, or none, without a mosaic.

    Parameters
    ----------
    context : Context
    drizzle : AstroDrizzleSettings
        Of which ``skysub``, ``skyuser`` and ``skyfile`` count.
    """

    context: Context
    drizzle: AstroDrizzleSettings = field(default_factory=AstroDrizzleSettings)

    name = Engine.SKYDB
    reads_files = True
    has_mosaic = False
    shares_work = True

    @property
    def given(self) -> UserSkies:
        """Source of the skies.

        Raises
        ------
        StateError
            When they are to be computed.
        """
        found = user_skies_of(self.drizzle)
        if found is None:
            raise StateError("These settings give no skies.")
        return found

    @property
    def settings(self) -> Mapping[str, object]:
        """Source of the skies, with the checksums of files."""
        parameters = self.drizzle.as_parameters()
        options = {name: parameters[name] for name in (*_OPTIONS, RECORD) if name in parameters}
        return {"options": options}

    def execute(self, run_ids: Sequence[int], inputs: RunInputs | None = None) -> None:
        """Read what is given, and record it; see :class:`.SkyEngine`."""
        try:
            with guarded_runs(self.context, run_ids, f"sky-{run_ids[0]}"):
                known = inputs or recorded_inputs(self.context, run_ids[0], read_files=True)
                for run_id in run_ids:
                    self._record(run_id, known)
        except (FileRejectedError, NotFoundError):
            return  # the rows say FAILED, with the reason

    def _record(self, run_id: int, inputs: RunInputs) -> None:
        given, paths = self.given, list(inputs.paths.values())
        values = given.values(paths)
        readings = read_skies(paths)
        levels = [
            SkyLevel(
                inputs.rootname_of(one.filename),
                one.extver,
                values.get((one.filename, one.extver)),
                one.unit,
            )
            for one in readings
        ]
        with self.context.closing(SkyRun, run_id) as (session, run):
            versions = used_versions(session, inputs)
            run.finish([*levels, *left_out_levels(versions, inputs)], versions, given.method)
            for level in levels:
                if level.mdrizsky is None:
                    message = f"{given.source} has no sky for chip {level.extver}."
                    run.notice(FindingKind.CONTRADICTION, level.rootname, message)


def require_given(context: Context, given: UserSkies, inputs: RunInputs) -> None:
    """Refuse skies that are given and would not be used as they are, before a run begins.

    Parameters
    ----------
    context : Context
    given : UserSkies
        Where they come from.
    inputs : RunInputs
        What they are for; a file may have lines for other exposures of the ledger too.

    Raises
    ------
    UsageError
        When exposures would be converted to the unit of others, or a line of a file has
        too few or too many values, or a name that the ledger does not have.
    FileRejectedError
        When a header does not have the keyword.
    """
    if inputs.conversions:
        raise UsageError(
            f"Skies are given, and {', '.join(sorted(inputs.conversions))} would be converted "
            "to the unit of the others.",
            advice="Run the exposures of each unit by themselves.",
        )
    paths = list(inputs.paths.values())
    try:
        given.values(paths)
        with context.store.reading() as session:
            known = filenames_among(session, given.file.values)
        given.file.require_known({*known, *(path.name for path in paths)})
    except ParseError as error:
        raise UsageError(error.what, advice=error.advice) from error
