"""Builder of runs of AstroDrizzle from the meaning of their lines.

The steps show what happened, not the parameters alone: the
method is known by the headings of the last skymatch that ended.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from skydb.domain.vocabulary import COMPUTED_METHODS
from skydb.files.logs.draft import Draft
from skydb.files.logs.patterns import PARAMETER, Event, LoggedTask, What
from skydb.files.logs.runs import Chip, LoggedRun, LoggedSky
from skydb.files.logs.skycall import SkyCall
from skydb.files.logs.values import base_name, latest_moment, moment, number_in

_FINAL = "Final Drizzle"
#: Name for parameters that are printed without their own heading.
_SECTIONS = {"Initialization": "Processing", "Subtract Sky": "Sky Subtraction"}
#: Lines after the box of a failure that may have its time.
_NEAR = 8


class DrizzleBuilder:
    """Takes the events of one run."""

    task = LoggedTask.ASTRODRIZZLE

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        draft.plain, draft.section = _plain, _plain(draft.section)
        draft.parameters = {_plain(title): found for title, found in draft.parameters.items()}
        self.run = LoggedRun(task=self.task, lines=draft.digest.close(), **draft.facts())
        self._has_banner = draft.banner is not None
        self._image = ""
        self._units_chip: Chip = ("", 0)
        self._call = SkyCall()
        self._broken_at: int | None = None
        self._clock: datetime | None = None
        self._last_words = ""
        self._has_last_words = False

    @property
    def is_over(self) -> bool:
        """Whether the run has ended or broken down."""
        return self.run.has_ended or self.run.failure is not None

    def take(self, event: Event) -> None:
        """Take one event."""
        if self.is_over:
            self._take_afterwards(event)
        elif self.draft.mixing.is_repeated(event, self.draft.section):
            self.draft.mixed(self.run, event)
        elif (take := _TAKE.get(event.what)) is not None:
            take(self, event)
        else:
            if event.what is PARAMETER:
                self._check_method(event)
            self.draft.take(event)

    def finish(self) -> LoggedRun:
        """The run, when its log has nothing more of it."""
        run = self.run
        run.python_version = self.draft.python_version
        run.tool_version = run.tool_version or run.packages.get("drizzlepac", "")
        if not self.is_over:
            self._close()
        if not run.inputs:
            run.inputs = list(dict.fromkeys(name for name, _ in (*run.drizzled, *run.computed)))
        return run

    def _take_afterwards(self, event: Event) -> None:
        """The reason of a failure may come after its box, and its time in it."""
        if event.what is What.BROKEN_AT and self._broken_at is not None:
            if self.run.finished_at is None and event.number - self._broken_at <= _NEAR:
                self.run.finished_at = moment(*event.groups)
                self._close()
        elif event.what is What.EXCEPTION and self._broken_at is not None:
            self.run.failure = f"{self._where()}: {self.run.cause(event.groups[0])}"
        elif event.what in _VALUES:
            self.draft.problem(event)
            self.run.is_mixed = self.run.is_mixed or self.draft.interrupts
        elif event.what in (What.STEP, What.SKYMATCH) and self.draft.interrupts:
            self.draft.mixed(self.run, event)
        elif event.what in (What.FINISHED, What.BROKEN) and self._is_other(event):
            # One end is due after the last step of a run whose first line is lost.
            if self._has_banner or self._has_last_words:
                self.draft.mixed(self.run, event)
            self._last_words, self._has_last_words = event.text, True

    def _is_other(self, end: Event) -> bool:
        """Whether an end is not the same one printed again."""
        return end.text != self._last_words or (self.draft.interrupts and self._has_banner)

    def _close(self) -> None:
        self.run.lines = self.draft.digest.close()

    def _check_method(self, event: Event) -> None:
        name, value = event.groups
        if name != "skymethod":
            return
        if self.run.sky_parameters.get(name, value) != value:
            self.draft.mixed(self.run, event)
        elif value not in COMPUTED_METHODS:
            self.draft.problem(event)

    def _step(self, event: Event) -> None:
        step, what, clock, day = event.groups
        when = moment(clock, day)
        self._check_clock(event, when)
        if what == "started":
            self.run.last_step = step
            self.run.started_at = self.run.started_at or when
            self.draft.section = _SECTIONS.get(step, step)
        elif step == _FINAL and not self._has_banner and "abort" not in what:
            # A run without a beginning in the log may also lack its end.
            self._end(event, *((clock, day) if when else ()))

    def _check_clock(self, event: Event, when: datetime | None) -> None:
        """Steps of one run follow each other; without a banner they are all that is dated."""
        if when is None and not self._has_banner:
            self.draft.problem(event)
        before, self._clock = self._clock or self.run.started_at, when or self._clock
        latest = latest_moment(*event.groups[2:]) if self.draft.interrupts else None
        if latest and before and latest < before:
            self.draft.mixed(self.run, event)

    def _total_time(self, event: Event) -> None:
        """The table of times ends a run whose last step was turned off."""
        if not self._has_banner:
            self._end(event)

    def _finished(self, event: Event) -> None:
        self._end(event, *event.groups)
        if self.run.finished_at is None:
            self.draft.problem(event)

    def _end(self, event: Event, clock: str = "", day: str = "") -> None:
        self.run.has_ended = True
        self.run.finished_at = moment(clock.rstrip("."), day)
        self._last_words = event.text
        self._close()

    def _broken(self, event: Event) -> None:
        self._broken_at = event.number
        self._last_words = event.text
        reason = f": {self.run.remark}" if self.run.remark else ""
        self.run.failure = f"{self._where()}{reason}"
        self.run.finished_at = moment(*event.groups)
        self._close()

    def _where(self) -> str:
        where = f" in step {self.run.last_step}" if self.run.last_step else ""
        return f"AstroDrizzle encountered a problem{where}"

    def _reason(self, event: Event) -> None:
        self.run.remark = event.groups[0]

    def _skymatch(self, event: Event) -> None:
        if event.groups[0] == "started":
            self._call = SkyCall()
            self.run.sky_calls.append(None)
        elif self.run.sky_calls:
            self.run.sky_calls[-1] = self._call.method
            if self._call.leave_out_steps():
                self.draft.problem(event)
            self.run.computed = dict(self._call.skies)

    def _alone(self, _: Event) -> None:
        """A single image is matched to nothing: it keeps the sky that it had."""
        self.run.is_alone = True
        self.run.undetermined += [x for x in self.run.inputs if x not in self.run.undetermined]

    def _final_skies(self, _: Event) -> None:
        self._call.begin_final()

    def _reverting(self, event: Event) -> None:
        """The method that was asked for is that which AstroDrizzle gave up first."""
        asked = self.run.reverted_from or event.groups[1]
        self.run.reverted_from = asked
        if self.run.sky_parameters.get("skymethod", asked) != asked:
            self.draft.problem(event)

    def _heading(self, event: Event) -> None:
        if self.run.sky_calls and not self._call.has_heading(event.groups[0]):
            self.draft.problem(event)

    def _skypac(self, event: Event) -> None:
        if self.run.sky_calls:
            self.run.packages.setdefault("stsci.skypac", event.groups[0])

    def _input_image(self, event: Event) -> None:
        self._image = base_name(event.groups[0])
        if self._image not in self.run.inputs:
            self.run.inputs.append(self._image)

    def _input_chip(self, event: Event) -> None:
        if self._image:
            self.run.matched[self._image, int(event.groups[0])] = event.number

    def _units_of(self, event: Event) -> None:
        self._units_chip = base_name(event.groups[0]), 0

    def _units_ext(self, event: Event) -> None:
        self._units_chip = self._units_chip[0], int(event.groups[0])

    def _units(self, event: Event) -> None:
        """Keep a unit, unless the same chip seems to have two: then the name of one is lost."""
        known = self.run.units.setdefault(self._units_chip, event.groups[0])
        if known != event.groups[0]:
            self.run.units[self._units_chip] = "UNKNOWN"

    def _sky_of(self, event: Event) -> None:
        self._image, sky = base_name(event.groups[0]), event.groups[1]
        if sky == "None" and self._image not in self.run.undetermined:
            self.run.undetermined.append(self._image)

    def _sky_change(self, event: Event) -> None:
        extver, _, change, new = event.groups
        if change != "None":
            self._compute(event, (self._image, int(extver)), new or change)

    def _final_sky(self, event: Event) -> None:
        filename, extver, printed = event.groups
        self._compute(event, (base_name(filename), int(extver)), printed)

    def _compute(self, event: Event, chip: Chip, printed: str) -> None:
        sky = self._sky(event, chip, printed)
        if sky is not None and self.run.sky_calls:
            self._call.skies[chip] = sky
        elif sky is not None:
            self.draft.problem(event)

    def _sky(self, event: Event, chip: Chip, printed: str) -> LoggedSky | None:
        """A sky, unless it is no number or of an image that the run does not have."""
        is_foreign = bool(self.run.matched) and chip[0] not in self.run.inputs
        try:
            value = number_in(printed)
        except ValueError:
            value = None
        if value is None or not chip[0] or is_foreign:
            self.draft.problem(event)
            return None
        return LoggedSky(*chip, value, printed, event.number)

    def _drizzling(self, event: Event) -> None:
        self.run.drizzled[base_name(event.groups[0]), int(event.groups[1])] = event.number

    def _applied(self, event: Event) -> None:
        printed, filename, extver = event.groups
        sky = self._sky(event, (base_name(filename), int(extver)), printed)
        if sky is not None:
            self.run.skies.append(sky)

    def _used_image(self, event: Event) -> None:
        name = base_name(event.groups[0])
        if not self.run.matched and name not in self.run.inputs:
            self.run.inputs.append(name)

    def _reference_sky(self, event: Event) -> None:
        self.run.reference_skies[base_name(event.groups[0])] = event.groups[1]

    def _output(self, event: Event) -> None:
        self.run.output = event.groups[0]

    def _written(self, event: Event) -> None:
        name = base_name(event.groups[0])
        if name not in self.run.written:
            self.run.written.append(name)

    def _static_mask(self, event: Event) -> None:
        self.run.static_masks.append(base_name(event.groups[0]))


def _plain(title: str) -> str:
    return title.removesuffix(" Steps").removesuffix(" Step")


_VALUES = frozenset({What.APPLIED, What.SKY_CHANGE, What.FINAL_SKY})

_TAKE: dict[What, Callable[[DrizzleBuilder, Event], None]] = {
    What.STEP: DrizzleBuilder._step,
    What.TOTAL_TIME: DrizzleBuilder._total_time,
    What.FINISHED: DrizzleBuilder._finished,
    What.BROKEN: DrizzleBuilder._broken,
    What.REASON: DrizzleBuilder._reason,
    What.SKYMATCH: DrizzleBuilder._skymatch,
    What.ALONE: DrizzleBuilder._alone,
    What.HEADING: DrizzleBuilder._heading,
    What.REVERTING: DrizzleBuilder._reverting,
    What.FINAL_SKIES: DrizzleBuilder._final_skies,
    What.SKYPAC: DrizzleBuilder._skypac,
    What.INPUT_IMAGE: DrizzleBuilder._input_image,
    What.INPUT_CHIP: DrizzleBuilder._input_chip,
    What.UNITS_OF: DrizzleBuilder._units_of,
    What.UNITS_CHIP: DrizzleBuilder._units_ext,
    What.UNITS: DrizzleBuilder._units,
    What.SKY_OF: DrizzleBuilder._sky_of,
    What.SKY_CHANGE: DrizzleBuilder._sky_change,
    What.FINAL_SKY: DrizzleBuilder._final_sky,
    What.DRIZZLING: DrizzleBuilder._drizzling,
    What.APPLIED: DrizzleBuilder._applied,
    What.USED_IMAGE: DrizzleBuilder._used_image,
    What.REFERENCE_SKY: DrizzleBuilder._reference_sky,
    What.OUTPUT: DrizzleBuilder._output,
    What.WRITTEN: DrizzleBuilder._written,
    What.STATIC_MASK: DrizzleBuilder._static_mask,
}
