"""Conversion of an AstroDrizzle log to a plan of records."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from skydb.domain.values import SkyLevel
from skydb.domain.vocabulary import FindingKind, SkyUnit
from skydb.files.logs import Chip, LoggedRun, LoggedSky
from skydb.files.names import exposure_named
from skydb.services.history.plan import (
    CLOCK,
    Note,
    SkyPlan,
    Software,
    Source,
    as_recorded,
    unreadable,
)

#: Units of calibrated images by the first letter of their names: those of WFC3 and ACS are in
#: electrons, those of WFPC2, NICMOS and STIS in counts (HST data handbooks).
_ELECTRONS = {"COUNTS": SkyUnit.ELECTRON, "COUNT-RATE": SkyUnit.ELECTRON_PER_S}
_COUNTS = {"COUNTS": SkyUnit.COUNT, "COUNT-RATE": SkyUnit.COUNT_PER_S}
_UNITS = {**dict.fromkeys("ij", _ELECTRONS), **dict.fromkeys("uno", _COUNTS)}
_ACS = "j"
Values = Mapping[Chip, LoggedSky]
_BLANK = ("", "None", "INDEF")


def sky_plan(path: Path, run: LoggedRun, beside: Mapping[str, Any]) -> SkyPlan:
    """Plan the records of one run in a log; ``beside`` has the facts of its file."""
    source = Source.of(path, run, beside)
    reader = _Levels(path, run)
    requested = None if _asked_for_none(run) else run.requested_method
    notes = [
        *unreadable(path, [(p.line_number, p.text) for p in run.problems]),
        *reader.notes,
        *_contradictions(path, run, bool(reader.levels)),
        *_incomplete(source, run, reader.values),
    ]
    return SkyPlan(
        source=source,
        software=Software(
            f"AstroDrizzle {run.tool_version}".strip(), run.python_version, run.packages
        ),
        started_at=as_recorded(run.started_at),
        finished_at=_end(run),
        parameters=_parameters(run, source),
        notes=tuple(notes),
        error=_error(run),
        is_complete=run.is_complete,
        requested=requested,
        effective=run.effective_method,
        levels=tuple(reader.levels.values()),
        inputs=tuple(run.inputs),
        exposures=tuple(dict.fromkeys(reader.exposures.values())),
        written=tuple(run.written),
        lines=reader.lines,
    )


class _Levels:
    """The sky of every chip, with what is to be said of it."""

    def __init__(self, path: Path, run: LoggedRun) -> None:
        self._path = path
        self._run = run
        self.values = run.values
        self.levels: dict[tuple[str, int], SkyLevel] = {}
        self.notes: list[Note] = []
        self.exposures: dict[str, str] = {}
        self.lines: dict[tuple[str, int], int] = {}
        chips = (*run.drizzled, *self.values)
        for filename in dict.fromkeys([*run.inputs, *(name for name, _ in chips)]):
            self._recognise(filename)
        if run.is_complete and not _is_off(run, self.values):
            self._read()

    def _recognise(self, filename: str) -> None:
        try:
            self.exposures[filename] = exposure_named(filename).text
        except ValueError as error:
            self._note(FindingKind.REJECTED_FILE, filename, f"{error}; it is left out.")

    def _read(self) -> None:
        values = self.values
        for chip in dict.fromkeys([*self._run.drizzled, *self._run.matched, *values]):
            level = self._level(chip, values.get(chip))
            if level is not None:
                self._add(chip, level, values.get(chip))
        if not self._run.is_alone:
            self._note_units()
        for (filename, extver), printed in self._run.conflicts.items():
            given = " and ".join(dict.fromkeys(printed))
            taken = values[filename, extver].printed
            said = f"chip {extver} was given {given}; {taken} is recorded."
            self._note(FindingKind.CONTRADICTION, filename, said)

    def _note_units(self) -> None:
        without = sorted(level.rootname for level in self.levels.values() if level.unit is None)
        for rootname in dict.fromkeys(without):
            is_hidden = rootname[0] == _ACS and not self._run.shows_camera_of_acs
            why = "the log does not show the camera, and so not the unit." if is_hidden else ""
            self._note(FindingKind.UNIT_UNKNOWN, rootname, why or "the log has no unit.")

    def _level(self, chip: Chip, sky: LoggedSky | None) -> SkyLevel | None:
        filename, extver = chip
        rootname = self.exposures.get(filename)
        if rootname is None:
            return None
        is_alone = filename in self._run.undetermined
        if sky is None:
            return self._without_sky(chip, rootname, is_alone=is_alone)
        if is_alone and chip in self._run.computed:
            said = f"has no pixels to compute a sky from; AstroDrizzle took {sky.printed} for it."
            self._note(FindingKind.NO_SIGNAL, rootname, said)
        elif is_alone:
            said = f"could not be matched; the drizzle took {sky.printed}, which it had before."
            self._note(FindingKind.NO_OVERLAP, rootname, said)
        return SkyLevel(rootname, extver, sky.mdrizsky, self._unit(chip, rootname))

    def _without_sky(self, chip: Chip, rootname: str, *, is_alone: bool) -> SkyLevel | None:
        """Make a value of None, when the log has the reason; else a line is missing."""
        if is_alone:
            self._note(FindingKind.NO_OVERLAP, rootname, "could not be matched; it has no sky.")
            return SkyLevel(rootname, chip[1], None, self._unit(chip, rootname))
        line = self._run.drizzled.get(chip) or self._run.matched.get(chip)
        if (self._run.skies or self._run.computed) and line:
            where = f"{self._path.name}:{line}"
            said = f"the log does not contain the sky of {chip[0]}[sci,{chip[1]}]."
            self.notes.append(Note(FindingKind.UNREADABLE_LINE, where, said))
        return None

    def _add(self, chip: Chip, level: SkyLevel, sky: LoggedSky | None) -> None:
        key = (level.rootname, level.extver)
        if key in self.levels:
            self._note(
                FindingKind.CONTRADICTION,
                chip[0],
                f"is the second file of {level.rootname} in this run; it is left out.",
            )
        else:
            self.levels[key] = level
            if sky is not None:
                self.lines[key] = sky.line_number

    def _unit(self, chip: Chip, rootname: str) -> SkyUnit | None:
        units = _UNITS.get(rootname[0], {})
        # ACS/SBC counts photons, and shares its first letter with the cameras that do not.
        if rootname[0] == _ACS and not self._run.shows_camera_of_acs:
            return None
        if rootname[0] == _ACS and self._run.counts_photons:
            units = _COUNTS
        return units.get(self._run.units.get(chip, ""))

    def _note(self, kind: FindingKind, subject: str, message: str) -> None:
        self.notes.append(Note(kind, subject, message))


def _is_off(run: LoggedRun, values: Values) -> bool:
    """Whether no sky was taken off, as asked; zeros that are printed all the same are none."""
    off = run.sky_parameters.get("skysub", "True") == "False"
    return off and not any(sky.mdrizsky for sky in values.values())


def _incomplete(source: Source, run: LoggedRun, values: Values) -> list[Note]:
    """A finding on a run that computed skies of which none could be read."""
    missing = run.sky_calls and not values and not run.undetermined
    if not (missing and run.is_complete) or _is_off(run, values):
        return []
    said = "the run computed skies, and none of its lines with values could be read."
    return [Note(FindingKind.INCOMPLETE, source.place(run.first_line), said)]


def _users_own(run: LoggedRun) -> str | None:
    """Keyword or file that the user had the skies taken from, if any."""
    given = (f"{name} = {run.sky_parameters.get(name, '')}" for name in ("skyuser", "skyfile"))
    return next((text for text in given if text.split(" = ")[1] not in _BLANK), None)


def _asked_for_none(run: LoggedRun) -> bool:
    return run.sky_parameters.get("skysub") == "False" or _users_own(run) is not None


def _error(run: LoggedRun) -> str | None:
    if run.is_complete:
        return None
    if run.is_mixed:
        return "The log mixes lines of this run and another: its values are unknown."
    if run.failure:
        return f"{run.failure.rstrip('.')}."
    where = f"in step {run.last_step}" if run.last_step else "before its first step"
    return f"The log ends {where}, without the end of the run."


def _end(run: LoggedRun) -> datetime | None:
    """End of a run, not before its beginning: of either some digits may not be printed."""
    if run.ends_early or run.finished_at is None:
        return None
    return as_recorded(max(run.finished_at, run.started_at or run.finished_at))


def _contradictions(path: Path, run: LoggedRun, has_levels: bool) -> list[Note]:
    where = f"{path.name}:{run.first_line}"
    said = []
    if run.sky_parameters.get("skysub") == "False" and has_levels:
        said.append("skysub is off, but the drizzle took skies off.")
    elif (own := _users_own(run)) and has_levels:
        said.append(f"the skies are the user's own ({own}), of no method.")
    elif run.requested_method and not (run.effective_method or run.is_alone) and has_levels:
        said.append(f"{run.requested_method} was asked for; the method that ran is unknown.")
    if run.ends_early:
        said.append(f"its end, {run.finished_at}, is before its beginning; it is left out.")
    if run.first_line and not run.tool_version:
        said.append("the version that ran is unknown.")
    return [Note(FindingKind.CONTRADICTION, where, text) for text in said]


def _parameters(run: LoggedRun, source: Source) -> dict[str, object]:
    before_the_end = [] if run.is_complete else run.values.values()
    return {
        "astrodrizzle": run.parameters,
        "inputs": run.inputs,
        "output": run.output,
        "written": run.written,
        "clock": CLOCK,
        "log": source.facts,
        "complete": run.is_complete,
        "skysub": run.sky_parameters.get("skysub"),
        "reference_skies": run.reference_skies,
        "applied_before_the_end": [[s.filename, s.extver, s.printed] for s in before_the_end],
    }
